/* SPDX-License-Identifier: Apache-2.0 */
/* Whole steps: Llama 3 8B on every shipped machine, arithmetic of the answer, refusals. */
#include "training/training.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "record/summary.h"
#include "support/support.h"
#include "training/training_tables.h"

static const char workload[] = SOURCE_FOLDER "/workloads/llama-3-8b-pretrain.yaml";

struct question {
    const char *platform;
    const char *overrides[4];
    int override_count;
};

static struct training *answer(const struct question *question, struct arena *arena,
                               struct error *error)
{
    const char *path =
        arena_format(arena, SOURCE_FOLDER "/platforms/%s.xml", question->platform);
    struct platform *platform = platform_read(path, arena, error);
    struct scenario *scenario =
        platform == NULL ? NULL
                         : scenario_read(workload, platform->name, question->overrides,
                                         question->override_count, arena, error);
    struct training_options options = {.detail = DETAIL_FLOW};
    return scenario == NULL ? NULL : training_run(platform, scenario, &options, arena, error);
}

static bool parts_sum_up(const struct execution *execution)
{
    double sum_s = 0;
    for (int p = 0; p < PART_OF_TIME_COUNT; p++) {
        sum_s += execution->part_s[p];
    }
    return near(sum_s, execution->time_s, 1e-10);
}

/* Forward FLOPs of a token: 2 for each weight of a matrix, that is 32 layers of 2 x 4096^2 (Q,
 * O)
 * + 2 x 4096 x 1024 (K, V) + 3 x 4096 x 14336, and the head of 4096 x 128256; and 4 x 8192 x
 * 4096 x 32 for scores and sums over all 8192 tokens. Three times that for a step. */
static double flops_per_token(void)
{
    double layer = 2 * 4096.0 * 4096 + 2 * 4096.0 * 1024 + 3 * 4096.0 * 14336;
    double forward = 2 * (32 * layer + 4096.0 * 128256) + 4 * 8192.0 * 4096 * 32;
    return 3 * forward;
}

static bool summary_is_right(const struct training *training, struct arena *arena)
{
    const struct training_tables *tables = training_tables(training, NULL, arena);
    const union cell *row = tables->summary->cells;
    double tokens = (double)row[SUMMARY_TOKENS_PER_STEP].i64;
    double step_s = training->execution.time_s;
    double peak = platform_chip(training->platform, 0)->headline_flops_per_s[DTYPE_BF16] *
                  (double)platform_chips(training->platform);
    return near(tokens, 8192.0 * (double)training->plan.batch_sequences, 0) &&
           near(row[SUMMARY_STEP_TIME].f64, step_s, 0) &&
           near(row[SUMMARY_TOKENS_PER_S].f64, tokens / step_s, 1e-12) &&
           near(row[SUMMARY_MODEL_FLOPS].f64, flops_per_token() * tokens, 1e-9) &&
           near(row[SUMMARY_MFU].f64, flops_per_token() * tokens / step_s / peak, 1e-9) &&
           row[SUMMARY_MFU].f64 > 0.02 && row[SUMMARY_MFU].f64 < 0.8;
}

static int run_platform(void *name)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    /* room for the model: eight ways to divide it, activations computed again */
    struct question question = {
        name, {"batch_tokens=262144", "plan.recompute=full", "plan.tensor_parallel=8"}, 3};
    struct training *training = answer(&question, arena, &error);
    bool right = training != NULL && parts_sum_up(&training->execution) &&
                 training->span_count > 0 && summary_is_right(training, arena);
    if (training == NULL) {
        printf("\n    %s", error.message);
    }
    arena_free(arena);
    return !right;
}

static void test_every_platform(void)
{
    static char names[][40] = {"trn1.32xlarge",
                               "trn1n.32xlarge",
                               "trn2.48xlarge",
                               "trn2-ultraserver",
                               "trn3-ultraserver",
                               "trn3-ultraserver-optimistic",
                               "trn3-ultraserver-pessimistic",
                               "trn3-ultraserver-gen1",
                               "p4d",
                               "p5",
                               "p5en",
                               "p6-b200",
                               "gb200-nvl72",
                               "hgx-a100",
                               "hgx-h100"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        bool right = in_child(run_platform, names[i]);
        if (!right) {
            printf("\n    on %s", names[i]);
        }
        CU_ASSERT(right);
    }
}

/* 8 chips, TP 2: 4 copies. 9 sequences become 12, 12 stay 12. */
static int round_up(void *unused)
{
    (void)unused;
    struct arena *arena = arena_create();
    struct error error = {0};
    struct question question = {"p5en", {"batch_tokens=73728"}, 1};
    struct training *training = answer(&question, arena, &error);
    bool right = training != NULL && training->batch_rounded_up &&
                 training->plan.batch_sequences == 12 && training->plan.micro_batches == 3;
    arena_free(arena);
    return !right;
}

static int stay(void *unused)
{
    (void)unused;
    struct arena *arena = arena_create();
    struct error error = {0};
    struct question question = {"p5en", {"batch_tokens=98304"}, 1};
    struct training *training = answer(&question, arena, &error);
    bool right =
        training != NULL && !training->batch_rounded_up && training->plan.batch_sequences == 12;
    arena_free(arena);
    return !right;
}

static void test_batch_rounding(void)
{
    CU_ASSERT(in_child(round_up, NULL));
    CU_ASSERT(in_child(stay, NULL));
}

/* An 8B model whole on one A100 of 40 GB: weights of 2 bytes alone are 15 GiB, gradients of 4
 * twice that. What would do is one of what is tried, in this order. */
static void test_memory_refusal(void)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    struct question question = {
        "p4d", {"batch_tokens=65536", "plan.tensor_parallel=1", "plan.recompute=full"}, 3};
    CU_ASSERT_PTR_NULL(answer(&question, arena, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_INFEASIBLE);
    CU_ASSERT_STRING_EQUAL(error.path, workload);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "pipeline stage 0 needs "));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "GiB a chip and "));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "weights 15.0 GiB, gradients and optimizer "));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "; it fits with recompute: full and "));
    arena_free(arena);
}

/* What the remedy names does fit. */
static void test_remedy_is_true(void)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    struct question question = {"p5", {"batch_tokens=65536", "plan.tensor_parallel=1"}, 2};
    CU_ASSERT_PTR_NULL(answer(&question, arena, &error));
    CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(error.message, "; it fits with recompute: full"));
    arena_free(arena);
}

static int remedied(void *unused)
{
    (void)unused;
    struct arena *arena = arena_create();
    struct error error = {0};
    struct question question = {
        "p5", {"batch_tokens=65536", "plan.tensor_parallel=1", "plan.recompute=full"}, 3};
    bool right = answer(&question, arena, &error) != NULL;
    arena_free(arena);
    return !right;
}

static void test_remedied_runs(void)
{
    CU_ASSERT(in_child(remedied, NULL));
}

static const char *const shares[] = {"plan.tensor_parallel=4", "batch_tokens=1179648",
                                     "plan.dtype=fp8", NULL};

static struct training *on_two_kinds(const char *platform, const char *share,
                                     struct arena *arena, struct error *error)
{
    struct question question = {platform, {shares[0], shares[1], shares[2], share}, 4};
    return answer(&question, arena, error);
}

/* 12 bytes of each of 8 G parameters, 90 GiB, are sent to a host with 64 GiB a chip, and to one
 * without a known way there. */
static void test_host_refusal(void)
{
    static const char *const overrides[] = {
        "batch_tokens=65536",  "plan.zero_stage=0",      "plan.gradient_bytes=2",
        "plan.recompute=full", "plan.tensor_parallel=1", "plan.offload_optimizer=on"};
    struct arena *arena = arena_create();
    struct error full = {0}, apart = {0};
    struct training_options options = {.detail = DETAIL_FLOW};
    struct platform *platform = platform_read(SOURCE_FOLDER "/platforms/p5.xml", arena, &full);
    struct scenario *scenario =
        scenario_read(SOURCE_FOLDER "/workloads/llama-3-8b-pretrain.yaml", "p5", overrides,
                      sizeof overrides / sizeof overrides[0], arena, &full);
    CU_ASSERT_TRUE_FATAL(platform != NULL && scenario != NULL);
    platform->host.bytes = 64.0 * (1 << 30);
    CU_ASSERT_PTR_NULL(training_prepare(platform, scenario, &options, arena, &full));
    CU_ASSERT_PTR_NOT_NULL(strstr(full.message, "offloads 89.7 GiB a chip"));
    platform->host.Bps = 0;
    CU_ASSERT_PTR_NULL(training_prepare(platform, scenario, &options, arena, &apart));
    CU_ASSERT_PTR_NOT_NULL(strstr(apart.message, "storage.host.bandwidth"));
    platform->host = (struct storage){.Bps = 50e9, .bytes = 128.0 * (1 << 30)};
    struct error none = {0};
    CU_ASSERT_PTR_NOT_NULL(training_prepare(platform, scenario, &options, arena, &none));
    arena_free(arena);
}

/* 144 sequences on 9 copies each on GB300 and on Trainium4: 8 a copy; with 0.6 of the batch for
 * the second kind 6.4 and 9.6: as whole numbers 6 and 10. The faster kind waits less. */
static int uneven(void *nothing)
{
    (void)nothing;
    struct arena *arena = arena_create();
    struct error error = {0};
    const struct training *training =
        on_two_kinds("trn4-gb300-estimate", "second_kind_share=0.6", arena, &error);
    bool right = training != NULL && training->plan.batch_sequences == 144 &&
                 parts_sum_up(&training->execution);
    arena_free(arena);
    return right ? 0 : 1;
}

static int one_kind(void *nothing)
{
    (void)nothing;
    struct arena *arena = arena_create();
    struct error error = {0};
    bool refused =
        on_two_kinds("gb300-nvl72", "second_kind_share=0.6", arena, &error) == NULL &&
        error.kind == ERROR_INFEASIBLE && strstr(error.message, "not two") != NULL;
    arena_free(arena);
    return refused ? 0 : 1;
}

static void test_two_kinds(void)
{
    CU_ASSERT(in_child(uneven, NULL));
    CU_ASSERT(in_child(one_kind, NULL));
}

void suite_training(void)
{
    static const struct test tests[] = {
        {"Llama 3 8B on every shipped machine", test_every_platform},
        {"shares by kind of chip", test_two_kinds},
        {"the batch is rounded up", test_batch_rounding},
        {"a plan that does not fit is refused", test_memory_refusal},
        {"a host refuses what it has no room for", test_host_refusal},
        {"the refusal names a remedy", test_remedy_is_true},
        {"with the remedy it runs", test_remedied_runs},
    };
    add_suite("training", tests, sizeof tests / sizeof tests[0]);
}
