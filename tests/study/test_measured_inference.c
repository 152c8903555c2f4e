/* SPDX-License-Identifier: Apache-2.0 */
/* What a row of serving is simulated to give depends on its configuration alone: with names,
 * sources, notes and every measured column blanked or taken from other rows it stays. The
 * model's name stays too, for its shape is in no other column. */
#include "study/measured_inference.h"

#include <math.h>
#include <string.h>

#include "support/shipped_machines.h"
#include "support/support.h"

static const char *const hidden[] = {"id",
                                     "family",
                                     "source",
                                     "tag",
                                     "confidence",
                                     "notes",
                                     "throughput_kind",
                                     "qps_achieved",
                                     "out_tok_s_total",
                                     "out_tok_s_per_chip",
                                     "total_tok_s",
                                     "ttft_mean_ms",
                                     "ttft_p50_ms",
                                     "ttft_p99_ms",
                                     "tpot_mean_ms",
                                     "tpot_p50_ms",
                                     "tpot_p99_ms",
                                     "e2e_mean_ms",
                                     "slo_ttft_ms",
                                     "slo_tpot_ms"};

/* shift 0: these cells are blank; else they are those of the row so many further on. */
static struct csv *hide(const struct csv *csv, int64_t shift, struct arena *arena)
{
    struct csv *copy = arena_alloc(arena, sizeof *copy);
    *copy = *csv;
    int64_t cells = csv->row_count * csv->column_count;
    copy->cells = arena_array(arena, cells, sizeof(char *));
    memcpy(copy->cells, csv->cells, (size_t)cells * sizeof(char *));
    for (size_t b = 0; b < sizeof hidden / sizeof hidden[0]; b++) {
        int64_t column = csv_column(csv, hidden[b]);
        CU_ASSERT(column >= 0);
        for (int64_t row = 0; column >= 0 && row < csv->row_count; row++) {
            int64_t from = (row + shift) % csv->row_count;
            copy->cells[row * csv->column_count + column] =
                shift == 0 ? "" : csv->cells[from * csv->column_count + column];
        }
    }
    return copy;
}

static bool simulate(struct machines *machines, const struct csv *csv, int64_t row,
                     struct inference_result *result)
{
    struct arena *arena = arena_create();
    struct error ignored = {0};
    struct measured_row what = {.kind = MEASURED_INFERENCE, .csv = csv, .row = row};
    struct inference_case *made = measured_inference_case(machines, &what, arena, &ignored);
    bool done = made != NULL && measured_inference_run(made, result, arena, &ignored);
    arena_free(arena);
    return done;
}

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 0;
}

static int64_t changed_rows(struct machines *machines, const struct csv *csv, int64_t shift,
                            struct arena *arena)
{
    enum { STRIDE = 31 };
    const struct csv *bare = hide(csv, shift, arena);
    int64_t changed = 0, done = 0;
    for (int64_t row = shift; row < csv->row_count; row += STRIDE) {
        struct inference_result one = {0}, two = {0};
        bool first = simulate(machines, csv, row, &one);
        bool second = simulate(machines, bare, row, &two);
        done += first;
        changed += first != second || !same(one.tpot_mean_s, two.tpot_mean_s) ||
                   !same(one.ttft_mean_s, two.ttft_mean_s) ||
                   !same(one.output_per_s, two.output_per_s);
    }
    CU_ASSERT(done > csv->row_count / STRIDE / 2);
    return changed;
}

static void test_blind(void)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    struct machines *machines = shipped_machines(arena);
    const struct csv *csv =
        csv_read(SOURCE_FOLDER "/workloads/measured/inference.csv", arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(csv);
    CU_ASSERT_EQUAL(changed_rows(machines, csv, 0, arena), 0);
    CU_ASSERT_EQUAL(changed_rows(machines, csv, 7, arena), 0);
    arena_free(arena);
}

/* A row of the measured table's columns with these cells, the others empty. */
static const struct csv *row_of(const char *precision, const char *model, const char *hardware,
                                const char *pools, struct arena *arena)
{
    const char *text = arena_format(
        arena,
        "engine,engine_version,hardware,n_chips,model,precision,mode,tp,pp,ep,dp,prefill_cfg,"
        "decode_cfg,isl,osl,length_note,load_type,batch_or_concurrency,qps_target,spec_decode,"
        "max_num_batched_tokens\nvLLM,,%s,1,%s,%s,,1,,,,%s,%s,64,64,,closed_concurrency,64,,,"
        "\n",
        hardware, model, precision, pools, pools);
    struct error error = {0};
    return csv_read(temporary_file(text, ".csv"), arena, &error);
}

static const struct inference_case *case_of(struct machines *machines, const struct csv *csv,
                                            struct arena *arena)
{
    struct error error = {0};
    struct measured_row row = {.kind = MEASURED_INFERENCE, .csv = csv, .row = 0};
    const struct inference_case *what = measured_inference_case(machines, &row, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(what);
    return what;
}

/* What precisions' names say: weights, what is multiplied, keys and values. */
static void test_precisions(void)
{
    static const struct {
        const char *precision, *model, *hardware;
        enum dtype weights, multiplied, kv;
    } cases[] = {
        {"bf16", "llama-3-8b", "H100", DTYPE_BF16, DTYPE_BF16, DTYPE_BF16},
        {"FP8", "llama-3-8b", "H100", DTYPE_FP8, DTYPE_FP8, DTYPE_FP8},
        {"fp8", "llama-3-8b", "A100", DTYPE_FP8, DTYPE_BF16, DTYPE_FP8},
        {"NVFP4", "llama-3-8b", "B200", DTYPE_FP4, DTYPE_FP4, DTYPE_FP8},
        {"int4 AWQ", "llama-3-8b", "H100", DTYPE_FP4, DTYPE_BF16, DTYPE_BF16},
        {"w4a16 (gptq)", "llama-3-8b", "B200", DTYPE_FP4, DTYPE_BF16, DTYPE_BF16},
        {"w8a16", "llama-3-8b", "H100", DTYPE_FP8, DTYPE_BF16, DTYPE_BF16},
        {"fp8", "gpt-oss-20b", "H100", DTYPE_FP4, DTYPE_BF16, DTYPE_FP8},
        {"fp4", "gpt-oss-20b", "B200", DTYPE_FP4, DTYPE_FP8, DTYPE_FP8},
    };
    struct arena *arena = arena_create();
    struct machines *machines = shipped_machines(arena);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct csv *csv =
            row_of(cases[i].precision, cases[i].model, cases[i].hardware, "", arena);
        const struct inference_case *what = case_of(machines, csv, arena);
        CU_ASSERT_EQUAL(what->scenario->serving.weight_dtype, cases[i].weights);
        CU_ASSERT_EQUAL(what->scenario->serving.activation_dtype, cases[i].multiplied);
        CU_ASSERT_EQUAL(what->scenario->serving.kv_dtype, cases[i].kv);
    }
    arena_free(arena);
}

/* Pools apart: replicas as stated, or fewer and larger where experts are spread over several.
 */
static void test_pools(void)
{
    static const struct {
        const char *config;
        int64_t replicas, chips, parts;
    } cases[] = {{"2x(tp8 pp1 dp1 ep8) = 16 GPU", 2, 8, 1},
                 {"3x(tp1 pp1 dp8 ep8) = 24 GPU", 3, 8, 8},
                 {"4x(tp1 pp1 dp8 ep32) = 32 GPU", 1, 32, 32}};
    struct arena *arena = arena_create();
    struct machines *machines = shipped_machines(arena);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct csv *csv = row_of("fp8", "deepseek-r1", "H200", cases[i].config, arena);
        const struct inference_case *what = case_of(machines, csv, arena);
        const struct serving_scenario *serving = &what->scenario->serving;
        CU_ASSERT_EQUAL(serving->replicas, cases[i].replicas);
        CU_ASSERT_EQUAL(serving->prefill_replicas, cases[i].replicas);
        CU_ASSERT_EQUAL(serving->tensor_parallel, cases[i].chips);
        CU_ASSERT_EQUAL(serving->prefill_attention_data_parallel, cases[i].parts);
        struct error error = {0};
        struct inference_result result;
        bool served = measured_inference_run(what, &result, arena, &error);
        CU_ASSERT_STRING_EQUAL(error.message, "");
        CU_ASSERT_FATAL(served);
        CU_ASSERT(result.ttft_mean_s > 0 && result.tpot_mean_s > 0 && result.output_per_s > 0);
    }
    arena_free(arena);
}

void suite_measured_inference(void)
{
    static const struct test tests[] = {{"rows are blind to results and names", test_blind},
                                        {"names of precisions", test_precisions},
                                        {"pools apart", test_pools}};
    add_suite("measured_inference", tests, sizeof tests / sizeof tests[0]);
}
