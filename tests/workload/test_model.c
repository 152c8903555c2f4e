/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter counts against published ones, and what is wrong with a config.json. */
#include "workload/model.h"

#include <stdio.h>
#include <string.h>

#include "support/support.h"

static struct model *read_shipped(const char *name, struct arena *arena)
{
    struct error error = {.kind = ERROR_NONE};
    struct model *model = model_read(
        arena_format(arena, SOURCE_FOLDER "/workloads/models/%s.json", name), arena, &error);
    if (model == NULL) {
        printf("\n    %s", error.message);
    }
    return model;
}

static void check_parameters(const char *name, double all, double active)
{
    struct arena *arena = arena_create();
    struct model *model = read_shipped(name, arena);
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    CU_ASSERT_STRING_EQUAL(model->name, name);
    CU_ASSERT_EQUAL(model_parameters(model), all);
    CU_ASSERT_EQUAL(model_active_parameters(model), active);
    arena_free(arena);
}

static void test_parameters(void)
{
    /* h = 16384: Q and output 2 h^2 = 536,870,912; K, V 2 h 1024 = 33,554,432; MLP
     * 3 h 53248 = 2,617,245,696; norms 2 h = 32,768: 3,187,703,808 a layer, 126 layers;
     * two tables 2 x 128256 h = 4,202,692,608; last norm 16,384. */
    check_parameters("llama-3.1-405b", 405853388800, 405853388800);
    /* 12 h^2 + 13 h = 1,812,099,072 a layer, 96 layers; (50257 + 2048) h; last norm 2 h. */
    check_parameters("gpt3-175b", 174604259328, 174604259328);
    /* Attention 41,943,040; router 32,768; norms 8,192; an expert 176,160,768: with 8 experts
     * 1,451,270,144 a layer, with 2 394,305,536; 32 layers; tables 262,144,000; norm 4,096. */
    check_parameters("mixtral-8x7b", 46702792704, 12879925248);
    check_parameters("llama-2-7b", 6738415616, 6738415616);
    check_parameters("llama-3-8b", 8030261248, 8030261248);
    check_parameters("llama-3-70b", 70553706496, 70553706496);
}

static void test_parts(void)
{
    struct arena *arena = arena_create();
    struct model *model = read_shipped("moe-2t", arena);
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    /* 384 experts of 3 x 8192 x 2944 */
    CU_ASSERT_EQUAL(model_layer_expert_parameters(model), 384.0 * 72351744);
    /* Attention 2 x 8192^2 + 2 x 8192 x 1024, router 8192 x 384, norms 2 x 8192 + 2 x 128 */
    CU_ASSERT_EQUAL(model_layer_parameters(model), 134217728.0 + 16777216 + 3145728 + 16640);
    CU_ASSERT_EQUAL(model_embedding_parameters(model), 2.0 * 128256 * 8192);
    CU_ASSERT(near(model_parameters(model), 2.0136e12, 1e-3));
    CU_ASSERT(near(model_active_parameters(model), 54.87e9, 1e-3));
    CU_ASSERT(model->query_key_norm && model->rotary && !model->tied_embeddings);
    arena_free(arena);
}

/* GPT-2 as its publisher writes it: other names, no width of the MLP. 124,439,808 parameters.
 */
static void test_gpt2_names(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct model *model = model_read(
        temporary_file("{\"architectures\": [\"GPT2LMHeadModel\"], \"n_embd\": 768,\n"
                       "\"n_layer\": 12, \"n_head\": 12, \"n_positions\": 1024,\n"
                       "\"n_inner\": null, \"vocab_size\": 50257, \"attn_pdrop\": 0.1,\n"
                       "\"resid_pdrop\": 0.1}",
                       ".json"),
        arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    CU_ASSERT_EQUAL(model->ffn_hidden, 3072);
    CU_ASSERT_EQUAL(model_parameters(model), 124439808);
    CU_ASSERT(model->attention_dropout && model->hidden_dropout && model->tied_embeddings);
    arena_free(arena);
}

/* Linear scaling stretches the positions stated, YaRN those trained first (else those stated),
 * llama3 none. */
static void test_positions(void)
{
    static const struct {
        const char *scaling;
        int64_t positions;
    } cases[] = {{"null", 1000},
                 {"{\"type\": \"linear\", \"factor\": 4}", 4000},
                 {"{\"rope_type\": \"yarn\", \"factor\": 32.0, "
                  "\"original_max_position_embeddings\": 500}",
                  16000},
                 {"{\"rope_type\": \"yarn\", \"factor\": 2}", 2000},
                 {"{\"rope_type\": \"llama3\", \"factor\": 8, "
                  "\"original_max_position_embeddings\": 500}",
                  1000},
                 {"{\"rope_type\": \"linear\", \"factor\": -4}", 1000},
                 {"{\"rope_type\": \"linear\", \"factor\": \"a\"}", 1000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena *arena = arena_create();
        struct error error = {.kind = ERROR_NONE};
        const struct model *model = model_read(
            temporary_file(
                arena_format(arena,
                             "{\"architectures\": [\"LlamaForCausalLM\"], "
                             "\"hidden_size\": 64, \"num_hidden_layers\": 2, "
                             "\"num_attention_heads\": 4, \"intermediate_size\": 128, "
                             "\"vocab_size\": 100, \"max_position_embeddings\": 1000, "
                             "\"rope_scaling\": %s}",
                             cases[i].scaling),
                ".json"),
            arena, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(model);
        CU_ASSERT_EQUAL(model->max_positions, cases[i].positions);
        arena_free(arena);
    }
}

static void check_outside(const char *name, double parameters)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    const char *path = outside_data(arena_format(arena, "data/models/%s.json", name));
    if (path != NULL) {
        struct model *model = model_read(path, arena, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(model);
        CU_ASSERT(near(model_parameters(model), parameters, 0.002));
    }
    arena_free(arena);
}

/* Published sizes; BLOOM's embedding norm (two rows) is not counted. */
static void test_other_architectures(void)
{
    check_outside("qwen3-30b-a3b", 30532122624);
    check_outside("qwen3-235b-a22b", 235.09e9);
    check_outside("qwen3-32b", 32.76e9);
    check_outside("qwen2.5-72b", 72.7e9);
    check_outside("bloom-176b", 176.25e9);
    check_outside("opt-66b", 65.72e9);
    check_outside("llama-2-70b", 68976648192);
    check_outside("minimax-m2.5", 228.7e9);
    check_outside("glm-4.5", 352.8e9);
}

#define LLAMA_HEAD "{\"architectures\": [\"LlamaForCausalLM\"],\n"
#define LLAMA_REST "\"hidden_size\": 64, \"vocab_size\": 100, \"num_hidden_layers\": 2,\n"

static void expect(const char *text, int line, const char *message)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    CU_ASSERT_PTR_NULL(model_read(temporary_file(text, ".json"), arena, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
    CU_ASSERT_EQUAL(error.line, line);
    bool told = strstr(error.message, message) != NULL;
    CU_ASSERT(told);
    if (!told) {
        printf("\n    got: %s", error.message);
    }
    arena_free(arena);
}

static void test_wrong_fields(void)
{
    expect(LLAMA_HEAD LLAMA_REST "\"num_attention_heads\": 4}", 1,
           "LlamaForCausalLM has no field 'intermediate_size");
    expect("\n" LLAMA_HEAD LLAMA_REST "\"intermediate_size\": 4}", 2,
           "has no field 'num_attention_heads|n_head', expected a whole number");
    expect(LLAMA_HEAD LLAMA_REST "\"num_attention_heads\": 4,\n\"intermediate_size\": \"8\"}",
           4, "'intermediate_size' is not a whole number, expected a whole number from 1");
    expect(LLAMA_HEAD LLAMA_REST "\"num_attention_heads\": -4, \"intermediate_size\": 8}", 3,
           "'num_attention_heads' is out of range");
    expect(LLAMA_HEAD LLAMA_REST "\"num_attention_heads\": 5, \"intermediate_size\": 8}", 3,
           "'num_attention_heads' does not fit the other fields, expected a divisor of hidden");
    expect(LLAMA_HEAD LLAMA_REST "\"num_attention_heads\": 8, \"intermediate_size\": 8,\n"
                                 "\"num_key_value_heads\": 3}",
           4, "expected a divisor of num_attention_heads");
    expect("{\"architectures\": [\"OPTForCausalLM\"],\n" LLAMA_REST
           "\"num_attention_heads\": 4}",
           1, "OPTForCausalLM has no field 'max_position_embeddings'");
}

#define MIXTURE                                                                                \
    "{\"architectures\": [\"Qwen3MoeForCausalLM\"],\n" LLAMA_REST                              \
    "\"num_attention_heads\": 4, \"intermediate_size\": 8, \"moe_intermediate_size\": 8,\n"

static void test_wrong_mixtures(void)
{
    expect(MIXTURE "\"num_experts\": 4,\n\"num_experts_per_tok\": 5}", 5,
           "expected at most the number of experts");
    expect(MIXTURE "\"num_experts\": 4, \"num_experts_per_tok\": 2,\n"
                   "\"decoder_sparse_step\": 2}",
           5, "'decoder_sparse_step' of Qwen3MoeForCausalLM is not one that can be simulated");
    expect(MIXTURE "\"num_experts\": 4, \"num_experts_per_tok\": 2,\n"
                   "\"mlp_only_layers\": [1]}",
           5, "expected an empty list");
    expect(
        "{\"architectures\": [\"Glm4MoeForCausalLM\"],\n" LLAMA_REST
        "\"num_attention_heads\": 4, \"intermediate_size\": 8, \"moe_intermediate_size\": 8,\n"
        "\"n_routed_experts\": 4, \"num_experts_per_tok\": 2, \"first_k_dense_replace\": 3}",
        4, "expected at most num_hidden_layers");
}

static struct model *read_text(const char *text, struct arena *arena)
{
    const char *path = "/tmp/trnsim-test-model.json";
    struct error error = {.kind = ERROR_NONE};
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    struct model *model = model_read(path, arena, &error);
    remove(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    return model;
}

/* DeepSeek-V3's published fields: 671 billion parameters, 37 of them active (arXiv 2412.19437),
 * without the layer that predicts a second token. */
static void test_latent(void)
{
    struct arena *arena = arena_create();
    const struct model *model = read_text(
        "{\"architectures\": [\"DeepseekV3ForCausalLM\"], \"hidden_size\": 7168,"
        "\"intermediate_size\": 18432, \"num_hidden_layers\": 61, \"vocab_size\": 129280,"
        "\"num_attention_heads\": 128, \"num_key_value_heads\": 128, \"n_shared_experts\": 1,"
        "\"num_experts_per_tok\": 8, \"moe_intermediate_size\": 2048, \"q_lora_rank\": 1536,"
        "\"n_routed_experts\": 256, \"first_k_dense_replace\": 3, \"kv_lora_rank\": 512,"
        "\"qk_nope_head_dim\": 128, \"qk_rope_head_dim\": 64, \"v_head_dim\": 128}",
        arena);
    CU_ASSERT(near(model_parameters(model), 671e9, 2e-3));
    CU_ASSERT(near(model_active_parameters(model), 37.5e9, 2e-2));
    CU_ASSERT(model->query_rank == 1536 && model->key_value_rank == 512);
    CU_ASSERT(model->position_dim == 64 && model->dense_layers == 3);
    arena_free(arena);
    expect("{\"architectures\": [\"DeepseekV3ForCausalLM\"],\n" LLAMA_REST
           "\"num_attention_heads\": 4, \"intermediate_size\": 8, \"kv_lora_rank\": 8,\n"
           "\"qk_nope_head_dim\": 32, \"qk_rope_head_dim\": 8, \"v_head_dim\": 16}",
           4, "expected as many as v_head_dim");
}

/* Every second layer of GPT-OSS looks back on 128 tokens; Mistral's on 4,096 in all; of Qwen2's
 * those from max_window_layers on, when windows are used. */
static void test_windows(void)
{
    struct arena *arena = arena_create();
    const struct model *model = read_text(
        "{\"architectures\": [\"GptOssForCausalLM\"], \"hidden_size\": 64, \"head_dim\": 64,"
        "\"intermediate_size\": 32, \"num_hidden_layers\": 4, \"vocab_size\": 100,"
        "\"num_attention_heads\": 8, \"num_key_value_heads\": 2, \"num_local_experts\": 4,"
        "\"num_experts_per_tok\": 2, \"sliding_window\": 128, \"layer_types\":"
        "[\"sliding_attention\", \"full_attention\", \"sliding_attention\","
        "\"full_attention\"]}",
        arena);
    CU_ASSERT(model->window == 128 && model->window_layers == 2 && model->expert_count == 4);
    model = read_text("{\"architectures\": [\"MistralForCausalLM\"], \"hidden_size\": 64,"
                      "\"intermediate_size\": 32, \"num_hidden_layers\": 4,"
                      "\"vocab_size\": 100, \"num_attention_heads\": 8,"
                      "\"sliding_window\": 4096}",
                      arena);
    CU_ASSERT(model->window == 4096 && model->window_layers == 4);
    static const char *const counts[] = {"true, \"max_window_layers\": 3",
                                         "true, \"max_window_layers\": 28",
                                         "false, \"max_window_layers\": 3"};
    for (int i = 0; i < 3; i++) {
        model = read_text(
            arena_format(arena,
                         "{\"architectures\": [\"Qwen2ForCausalLM\"], \"hidden_size\": 64,"
                         "\"intermediate_size\": 32, \"num_hidden_layers\": 4,"
                         "\"vocab_size\": 100, \"num_attention_heads\": 8,"
                         "\"sliding_window\": 16, \"use_sliding_window\": %s}",
                         counts[i]),
            arena);
        CU_ASSERT_EQUAL(model->window_layers, i == 0 ? 1 : 0);
    }
    arena_free(arena);
}

/* Eight-bit weights as published: a scale for each block where the config names its size. */
static void test_block_scales(void)
{
    struct arena *arena = arena_create();
    static const char *const stored[] = {"{\"weight_block_size\": [128, 128]}",
                                         "{\"quant_method\": \"fp8\"}", "null"};
    for (int i = 0; i < 3; i++) {
        const struct model *model = read_text(
            arena_format(arena,
                         "{\"architectures\": [\"LlamaForCausalLM\"], \"hidden_size\": 64,"
                         "\"intermediate_size\": 32, \"num_hidden_layers\": 4,"
                         "\"vocab_size\": 100, \"num_attention_heads\": 8,"
                         "\"quantization_config\": %s}",
                         stored[i]),
            arena);
        CU_ASSERT_EQUAL(model->block_scales, i == 0);
    }
    arena_free(arena);
}

static void test_wrong_files(void)
{
    expect("{\n\"architectures\": [\"DeepseekV4ForCausalLM\"]}", 2,
           "architecture 'DeepseekV4ForCausalLM' is not known, expected one of "
           "LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM, "
           "GPT2LMHeadModel, GPT3LMHeadModel, OPTForCausalLM, BloomForCausalLM, "
           "MixtralForCausalLM, MiniMaxM2ForCausalLM, Qwen3MoeForCausalLM, GptOssForCausalLM, "
           "DeepseekV2ForCausalLM, DeepseekV3ForCausalLM, Glm4MoeForCausalLM");
    expect("{\"hidden_size\": 5}", 1, "the config has no field 'architectures'");
    expect("{\n\"hidden_size\": 5,\n", 3, "not valid JSON");
    expect("{\"a\": 1,\n\"a\": 2}", 2, "duplicate object key");
    expect("[1]", 1, "the file is no JSON object");
    expect("", 1, "not valid JSON");
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    CU_ASSERT_PTR_NULL(model_read("/nowhere/config.json", arena, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_SYSTEM);
    arena_free(arena);
}

void suite_model(void)
{
    static const struct test tests[] = {
        {"published parameter counts", test_parameters},
        {"parts of a mixture", test_parts},
        {"GPT-2's own field names", test_gpt2_names},
        {"other architectures", test_other_architectures},
        {"wrong fields", test_wrong_fields},
        {"wrong mixtures", test_wrong_mixtures},
        {"wrong files", test_wrong_files},
        {"latent attention", test_latent},
        {"windows", test_windows},
        {"positions", test_positions},
        {"scales by block", test_block_scales},
    };
    add_suite("model", tests, sizeof tests / sizeof tests[0]);
}
