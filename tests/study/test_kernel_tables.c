/* SPDX-License-Identifier: Apache-2.0 */
/* Every known kind of kernel table, one small table each: all rows get a time, and a table or
 * format that is not known gets a reason. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "study/kernel_mixture.h"
#include "study/measured_kernels.h"
#include "study/validation.h"
#include "support/shipped_machines.h"
#include "support/support.h"

static const struct {
    const char *file, *text;
    int rows;
} tables[] = {
    {"gemm.csv",
     "device,op_name,kernel_source,gemm_dtype,m,n,k,latency\n"
     "NVIDIA H100 80GB HBM3,gemm,x,bfloat16,4096,4096,4096,0.2\n"
     "NVIDIA H100 80GB HBM3,gemm,DeepGemmFp8Block,fp8_block,64,128,128,0.09\n"
     "NVIDIA A100-SXM4-80GB,gemm,x,int4_wo,16,4096,4096,0.02\n",
     3},
    {"attention.csv",
     "device,op_name,attn_dtype,kv_cache_dtype,batch_size,isl,num_heads,num_key_value_heads,"
     "head_dim,step,window_size,latency\n"
     "NVIDIA H100,context_attention,bfloat16,fp8,2,4096,32,8,128,0,0,0.6\n"
     "NVIDIA H100,generation_attention,bfloat16,bfloat16,64,1,32,8,128,4095,0,0.4\n",
     2},
    {"moe.csv",
     "device,op_name,kernel_source,moe_dtype,num_tokens,hidden_size,inter_size,topk,num_"
     "experts,"
     "moe_tp_size,moe_ep_size,distribution,latency\n"
     "NVIDIA H100,moe,x_moe,bfloat16,1024,4096,1536,8,128,1,1,balanced,1.5\n"
     "NVIDIA H100,moe,x_moe,bfloat16,1024,4096,1536,8,128,1,8,power_law_1.2,0.5\n",
     2},
    {"mla.csv",
     "device,op_name,kernel_source,architecture,mla_dtype,kv_cache_dtype,gemm_type,num_heads,"
     "batch_size,isl,step,latency\n"
     "NVIDIA H100,mla_context_module,FLASH_ATTN,DeepseekV3ForCausalLM,bfloat16,fp8,bfloat16,16,"
     "2,4096,0,2.5\n"
     "NVIDIA "
     "H100,mla_generation_module,FLASHMLA,DeepseekV3ForCausalLM,bfloat16,fp8,bfloat16,16,"
     "32,1,4096,0.2\n",
     2},
    {"nccl.csv",
     "device,op_name,kernel_source,nccl_dtype,num_gpus,message_size,latency\n"
     "NVIDIA H100,all_reduce,NCCL,half,8,8388608,0.1\n"
     "NVIDIA H100,alltoall,NCCL,half,4,8388608,0.06\n",
     2},
    {"reduce.csv",
     "device,op_name,kernel_source,allreduce_dtype,num_gpus,message_size,latency\n"
     "NVIDIA H100,all_reduce,vLLM_custom_graph,bfloat16,8,16384,0.006\n",
     1},
    {"deepep.csv",
     "device,kernel_source,node_num,hidden_size,num_token,num_topk,num_experts,combine_avg_t_"
     "us,"
     "dispatch_avg_t_us\nNVIDIA H100,deepep,1,7168,128,8,256,66,37\n",
     2},
    {"v0_TPU-v6e-1_Llama-3.1-8B_layers.csv",
     "layer_name,input,kv_cache,tp_size,latency(ns)\ngate_proj,2048,0,1,380579\n"
     "rope,2048,0,1,30000\n",
     2},
    {"v0_TPU-v6e-1_Llama-3.1-8B_attention.csv",
     "prefill_chunk_size,kv_cache_size,batch_size,is_prefill,p50_ns\n320,800,1,True,123703\n"
     "0,448,115,False,715461\n",
     2},
    {"h100_dgx_send_recv.csv",
     "time_stats.send_recv.median,num_workers,size,collective,devices_per_node\n"
     "0.04,2,13172736,send_recv,2\n0.4,2,13172736,send_recv,1\n",
     2},
};
enum { TABLES = sizeof tables / sizeof tables[0] };

static void write_text(const char *folder, const char *file, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/kernels/%s", folder, file);
    FILE *out = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    fputs(text, out);
    fclose(out);
}

static void remove_text(const char *folder, const char *file)
{
    char path[512];
    snprintf(path, sizeof path, "%s/kernels/%s", folder, file);
    unlink(path);
}

static struct validation *validate(const char *folder, struct arena *arena)
{
    static const char *const kinds[] = {"kernels"};
    struct error error = {0};
    struct machines *machines = shipped_machines(arena);
    struct measured *measured = measured_read(folder, kinds, 1, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(measured);
    return validation_run(measured, machines, 1, arena, &error);
}

static void test_all_kinds(void)
{
    char folder[] = "/tmp/trnsim-test-XXXXXX", kernels[64];
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(kernels, sizeof kernels, "%s/kernels", folder);
    mkdir(kernels, 0700);
    int rows = 0;
    for (int i = 0; i < TABLES; i++) {
        write_text(folder, tables[i].file, tables[i].text);
        rows += tables[i].rows;
    }
    struct arena *arena = arena_create();
    struct validation *validation = validate(folder, arena);
    CU_ASSERT_EQUAL(validation->measured->row_count, rows);
    for (int64_t i = 0; i < validation->measured->row_count; i++) {
        CU_ASSERT(validation->outcomes[i].done);
        CU_ASSERT(fabs(validation_error(validation, i)) < 0.8);
    }
    arena_free(arena);
    for (int i = 0; i < TABLES; i++) {
        remove_text(folder, tables[i].file);
    }
    rmdir(kernels);
    rmdir(folder);
}

static void test_unknown(void)
{
    char folder[] = "/tmp/trnsim-test-XXXXXX", kernels[64];
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(kernels, sizeof kernels, "%s/kernels", folder);
    mkdir(kernels, 0700);
    write_text(folder, "a.csv", "what,ever\n1,2\n3,4\n");
    write_text(folder, "b.csv",
               "device,gemm_dtype,m,n,k,latency\nNVIDIA H100,octal,1,1,1,1\n"
               "Abacus 9,bfloat16,1,1,1,1\n");
    struct arena *arena = arena_create();
    struct validation *validation = validate(folder, arena);
    CU_ASSERT_EQUAL_FATAL(validation->measured->row_count, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(validation->outcomes[0].reason, "columns"));
    CU_ASSERT_PTR_NOT_NULL(strstr(validation->outcomes[1].reason, "octal"));
    CU_ASSERT_PTR_NOT_NULL(strstr(validation->outcomes[2].reason, "Abacus 9"));
    arena_free(arena);
    remove_text(folder, "a.csv");
    remove_text(folder, "b.csv");
    rmdir(kernels);
    rmdir(folder);
}

static double rows_of(const struct row_group *groups, int64_t count)
{
    double rows = 0;
    for (int64_t g = 0; g < count; g++) {
        rows += groups[g].rows * groups[g].count;
    }
    return rows;
}

/* 1,024 tokens to 8 of 128 experts: 8,192 pairs, 64 an expert; on 8 places 16 experts each. 2
 * tokens meet 16 experts. With a power law the fullest of 8 places has more than its share, all
 * places together all pairs, and no expert more than all tokens. */
static void test_loads(void)
{
    static struct row_group groups[MIXTURE_MOST_EXPERTS];
    struct kernel_mixture mixture = {"balanced", 1024, 4096, 1536, 8, 128, 8};
    CU_ASSERT_EQUAL(kernel_mixture_groups(&mixture, groups), 1);
    CU_ASSERT(groups[0].rows == 64 && groups[0].count == 16);
    mixture.tokens = 2;
    mixture.places = 1;
    kernel_mixture_groups(&mixture, groups);
    CU_ASSERT(groups[0].rows == 1 && groups[0].count == 16);
    mixture = (struct kernel_mixture){"power_law_1.2", 1024, 4096, 1536, 8, 128, 1};
    int64_t count = kernel_mixture_groups(&mixture, groups);
    CU_ASSERT_EQUAL(count, 128);
    CU_ASSERT(near(rows_of(groups, count), 8192, 1e-6));
    mixture.places = 8;
    count = kernel_mixture_groups(&mixture, groups);
    CU_ASSERT_EQUAL(count, 16);
    CU_ASSERT(rows_of(groups, count) > 1.2 * 1024 && rows_of(groups, count) < 8192);
    for (int64_t g = 0; g < count; g++) {
        CU_ASSERT(groups[g].rows * groups[g].count <= 1024 * (1 + 1e-9));
    }
}

/* Tiles of 64 x 64 on one unit of 1 TFLOP/s: 64 rows are one tile, 65 rows two. */
static void test_ragged_rows(void)
{
    struct chip chip = {.type = "round",
                        .family = "gpu",
                        .matmul_efficiency_fraction = 1,
                        .hbm_Bps = 1e15,
                        .hbm_efficiency_fraction = 1,
                        .tile_m = 64,
                        .tile_n = 64,
                        .tile_k = 64,
                        .unit_count = 1};
    chip.array_flops_per_s[DTYPE_BF16] = 1e12;
    struct row_group groups[] = {{64, 1}, {65, 2}};
    struct work work = {.kind = WORK_MATMUL,
                        .dtype = DTYPE_BF16,
                        .m = 64.6,
                        .n = 64,
                        .k = 64,
                        .batch_count = 3,
                        .groups = groups,
                        .group_count = 2,
                        .alone = true};
    /* 1 + 2 x 2 tiles of 2 x 64^3 FLOPs */
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 5 * 2 * 64.0 * 64 * 64 / 1e12, 1e-9));
}

void suite_kernel_tables(void);

void suite_kernel_tables(void)
{
    static const struct test tests[] = {
        {"every kind of table", test_all_kinds},
        {"unknown tables, formats, devices", test_unknown},
        {"loads of experts", test_loads},
        {"matrices of unlike rows", test_ragged_rows},
    };
    add_suite("kernel_tables", tests, sizeof tests / sizeof tests[0]);
}
