/* SPDX-License-Identifier: Apache-2.0 */
/* Plans over chips: derived degrees, rounding of the batch, and every refusal. */
#include "workload/plan.h"

#include <stdio.h>
#include <string.h>

#include "support/support.h"

/* Llama 3.1 405B and Mixtral 8x7B, as far as plans look at them. */
static const struct model llama = {.name = "llama",
                                   .layers = 126,
                                   .hidden = 16384,
                                   .heads = 128,
                                   .kv_heads = 8,
                                   .head_dim = 128,
                                   .ffn_hidden = 53248};
static const struct model mixtral = {.name = "mixtral",
                                     .layers = 32,
                                     .hidden = 4096,
                                     .heads = 32,
                                     .kv_heads = 8,
                                     .head_dim = 128,
                                     .ffn_hidden = 14336,
                                     .expert_count = 8,
                                     .experts_per_token = 2,
                                     .expert_ffn_hidden = 14336};

static struct plan degrees(int64_t tensor, int64_t pipeline, int64_t context, int64_t expert)
{
    struct plan plan;
    plan_init(&plan);
    plan.tensor_parallel = tensor;
    plan.pipeline_parallel = pipeline;
    plan.context_parallel = context;
    plan.expert_parallel = expert;
    return plan;
}

static bool derive(struct plan *plan, const struct model *model, int64_t chips)
{
    struct error error = {.kind = ERROR_NONE};
    bool derived = plan_derive(plan, model, chips, 8192, 16777216, &error);
    if (!derived) {
        printf("\n    %s", error.message);
    }
    return derived;
}

static void test_derived(void)
{
    struct plan plan = degrees(8, 18, 1, 1);
    CU_ASSERT(derive(&plan, &llama, 2304));
    CU_ASSERT_EQUAL(plan.data_parallel, 16);     /* 2304 / 144 */
    CU_ASSERT_EQUAL(plan.batch_sequences, 2048); /* 16 Mi / 8192 */
    CU_ASSERT_EQUAL(plan.micro_batches, 128);    /* 2048 / 16 */
}

static void test_rounding(void)
{
    /* DP 3 x micro-batch 2 = 6 sequences a wave; 2048 / 6 = 341.3: 342 waves, 2052 sequences */
    struct plan plan = degrees(8, 18, 1, 1);
    plan.micro_batch = 2;
    CU_ASSERT(derive(&plan, &llama, 432));
    CU_ASSERT_EQUAL(plan.micro_batches, 342);
    CU_ASSERT_EQUAL(plan.batch_sequences, 2052);
    /* a batch of less than one sequence is one wave */
    struct error error = {.kind = ERROR_NONE};
    CU_ASSERT(plan_derive(&plan, &llama, 432, 8192, 1, &error));
    CU_ASSERT_EQUAL(plan.batch_sequences, 6);
}

static void test_experts(void)
{
    /* PP 2 of 64 chips: 32 a stage; EP 8: whole experts, 32 / 8 = 4 replicas of each */
    struct plan plan = degrees(4, 2, 1, 8);
    CU_ASSERT(derive(&plan, &mixtral, 64));
    CU_ASSERT_EQUAL(plan.data_parallel, 8);
    CU_ASSERT_EQUAL(plan_expert_tensor_parallel(&plan), 1);
    CU_ASSERT_EQUAL(plan_expert_replicas(&plan), 4);
    /* EP 1: experts cut over TP 4, 32 / 4 = 8 replicas of each slice */
    plan.expert_parallel = 1;
    CU_ASSERT_EQUAL(plan_expert_tensor_parallel(&plan), 4);
    CU_ASSERT_EQUAL(plan_expert_replicas(&plan), 8);
}

/* 126 layers: 16 stages have one less in first and last (128 / 16); so have 8 of 8 chunks; with
 * 16 of 8 the first chunk holds the embedding alone and the last the head; unequal stages only
 * when asked for. */
static void test_layers(void)
{
    struct plan plan = degrees(8, 16, 1, 1);
    CU_ASSERT(derive(&plan, &llama, 128));
    plan = degrees(8, 8, 1, 1);
    plan.virtual_stages = 8;
    CU_ASSERT(derive(&plan, &llama, 64));
    plan = degrees(8, 16, 1, 1);
    plan.virtual_stages = 8;
    CU_ASSERT(derive(&plan, &llama, 128));
    plan = degrees(8, 4, 1, 1);
    plan.uneven_stages = true;
    CU_ASSERT(derive(&plan, &llama, 32));
}

static void expect(struct plan plan, const struct model *model, int64_t chips,
                   const char *message)
{
    struct error error = {.kind = ERROR_NONE};
    CU_ASSERT_FALSE(plan_derive(&plan, model, chips, 8192, 16777216, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_INFEASIBLE);
    CU_ASSERT_STRING_EQUAL(error.message, message);
    if (strcmp(error.message, message) != 0) {
        printf("\n    got: %s", error.message);
    }
}

static void test_tensor_refusals(void)
{
    expect(degrees(24, 1, 1, 1), &llama, 24,
           "plan.tensor_parallel is 24, which does not divide the 128 attention heads; use 16 "
           "or 32");
    struct model odd = llama;
    odd.kv_heads = 12;
    odd.heads = 96;
    expect(degrees(8, 1, 1, 1), &odd, 8,
           "plan.tensor_parallel is 8, which neither divides the 12 KV heads of llama nor is a "
           "multiple of them; use 6 or 12");
    odd = llama;
    odd.ffn_hidden = 100;
    expect(degrees(8, 1, 1, 1), &odd, 8,
           "plan.tensor_parallel is 8, which does not divide the 100 columns of the MLP; use 5 "
           "or 10");
    odd = mixtral;
    odd.expert_ffn_hidden = 100;
    expect(degrees(8, 1, 1, 1), &odd, 8,
           "plan.tensor_parallel is 8, which does not divide the 100 columns of an expert; use "
           "5 or 10");
}

static void test_sequence_refusals(void)
{
    expect(degrees(8, 1, 3, 1), &llama, 24,
           "plan.context_parallel is 3, which does not divide the 8192 tokens of a sequence; "
           "use 2 or 4");
    expect(degrees(64, 1, 256, 1), &llama, 16384,
           "plan.tensor_parallel is 64, which does not divide the 32 tokens of a sequence on "
           "one chip (sequence_parallel is on); use 32");
}

static void test_layer_refusals(void)
{
    expect(degrees(8, 12, 1, 1), &llama, 96,
           "plan.pipeline_parallel 12 x virtual_stages 1 does not divide the 126 layers of "
           "llama, nor with one layer less in the first and last stage; use pipeline_parallel "
           "9 or 14, other virtual_stages, or uneven_stages: true");
}

static void test_chip_refusals(void)
{
    /* 100 / 8 is not whole: no depth helps; 160 / 8 = 20: depths 2 (63 layers), 4 (126 + 2) */
    expect(
        degrees(8, 18, 1, 1), &llama, 100,
        "tensor_parallel 8 x pipeline_parallel 18 x context_parallel 1 = 144 does not divide "
        "the 100 chips; use a multiple of 144 chips");
    expect(degrees(8, 3, 1, 1), &llama, 160,
           "tensor_parallel 8 x pipeline_parallel 3 x context_parallel 1 = 24 does not divide "
           "the 160 chips; use a multiple of 24 chips, or pipeline_parallel 2 or 4");
}

static void test_expert_refusals(void)
{
    expect(degrees(8, 1, 1, 2), &llama, 8,
           "plan.expert_parallel is 2, but llama has no experts; use 1");
    expect(degrees(1, 1, 1, 3), &mixtral, 12,
           "plan.expert_parallel is 3, which does not divide the 8 experts; use 2 or 4");
    expect(degrees(1, 2, 1, 8), &mixtral, 24,
           "plan.expert_parallel is 8, which does not divide the 12 chips of a pipeline stage; "
           "use 6 or 12");
    struct plan plan = degrees(2, 1, 1, 2);
    plan.sequence_parallel = false;
    expect(plan, &mixtral, 4,
           "plan.expert_parallel 2 with tensor_parallel 2 needs sequence_parallel, which is "
           "off; use sequence_parallel: true");
}

void suite_plan(void)
{
    static const struct test tests[] = {
        {"derived degrees", test_derived},
        {"rounding of the batch", test_rounding},
        {"experts", test_experts},
        {"layers", test_layers},
        {"tensor refusals", test_tensor_refusals},
        {"sequence refusals", test_sequence_refusals},
        {"layer refusals", test_layer_refusals},
        {"chip refusals", test_chip_refusals},
        {"expert refusals", test_expert_refusals},
    };
    add_suite("plan", tests, sizeof tests / sizeof tests[0]);
}
