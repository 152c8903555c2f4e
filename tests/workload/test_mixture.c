/* SPDX-License-Identifier: Apache-2.0 */
/* What experts add to a layer's operations beside their products, by hand. */
#include "workload/mixture.h"

#include <string.h>

#include "support/support.h"
#include "workload/routing.h"
#include "workload/transformer.h"

/* 8 experts, 2 per token, with offsets and clamped activations. */
static const struct model odd = {.name = "odd",
                                 .layers = 32,
                                 .hidden = 4096,
                                 .heads = 32,
                                 .kv_heads = 8,
                                 .head_dim = 128,
                                 .ffn_hidden = 14336,
                                 .vocabulary = 32000,
                                 .gated_mlp = true,
                                 .rotary = true,
                                 .expert_count = 8,
                                 .experts_per_token = 2,
                                 .expert_ffn_hidden = 14336,
                                 .biased_experts = true,
                                 .clamped_experts = true};

static double bytes_of(const struct operation_list *list, const char *name)
{
    double bytes = 0;
    for (int i = 0; i < list->count; i++) {
        bytes += strcmp(list->items[i].name, name) == 0 ? list->items[i].work.bytes : 0;
    }
    return bytes;
}

static int count_of(const struct operation_list *list, const char *name)
{
    int count = 0;
    for (int i = 0; i < list->count; i++) {
        count += strcmp(list->items[i].name, name) == 0;
    }
    return count;
}

/* Fused experts: no activation, one conversion instead of two beside those of attention;
 * offsets and clamps of experts are 28 bytes a column of the stream and 16 of the inside. */
static void test_fused_experts(void)
{
    struct plan plan;
    plan_init(&plan);
    plan.micro_batch = 1;
    plan.dtype = DTYPE_FP8;
    struct training_shape shape = {&odd, &plan, 8192};
    struct operation_list list;
    transformer_forward(&shape, PART_LAYER, &list);
    double pairs = 2 * 8192.0;
    CU_ASSERT_EQUAL(count_of(&list, "activation"), 1);
    CU_ASSERT_EQUAL(count_of(&list, "quantise input"), 4);
    CU_ASSERT_EQUAL(bytes_of(&list, "expert offsets"), pairs * 4096 * 28);
    CU_ASSERT_EQUAL(bytes_of(&list, "clamps"), pairs * 14336 * 16);
    plan.fused_experts = true;
    transformer_forward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(count_of(&list, "activation"), 0);
    CU_ASSERT_EQUAL(count_of(&list, "quantise input"), 3);
    CU_ASSERT_EQUAL(count_of(&list, "expert offsets") + count_of(&list, "clamps"), 0);
    transformer_backward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(count_of(&list, "activation backward"), 0);
    CU_ASSERT_EQUAL(count_of(&list, "quantise gradient"), 3);
}

/* By hand: of 8 experts in 4 groups over 2 places 2 are drawn from 2 groups. Both groups in one
 * place (2 of 6): 1 place; else both experts in one (2 of 6) or not: 5 / 3. Without groups: 2
 * (1 - 6 / 28). Of 16 places half a group each a token meets 8 (1 - C(14,2) / C(16,2)). */
static void test_places(void)
{
    struct model model = {.expert_count = 8, .experts_per_token = 2};
    CU_ASSERT_DOUBLE_EQUAL(routing_places(&model, 2), 2 * (1 - 6.0 / 28), 1e-12);
    model.router_groups = 4;
    model.router_groups_chosen = 2;
    CU_ASSERT_DOUBLE_EQUAL(routing_places(&model, 2), 1.0 / 3 + 2.0 / 3 * 5.0 / 3, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(routing_places(&model, 4), 2 * (1 - 1.0 / 6), 1e-12);
    model = (struct model){.expert_count = 32,
                           .experts_per_token = 2,
                           .router_groups = 8,
                           .router_groups_chosen = 4};
    CU_ASSERT_DOUBLE_EQUAL(routing_places(&model, 16), 8 * (1 - 91.0 / 120), 1e-12);
    model.router_groups_chosen = 8;
    CU_ASSERT_DOUBLE_EQUAL(routing_places(&model, 16), 16 * (1 - 435.0 / 496), 1e-12);
}

void suite_mixture(void);
void suite_mixture(void)
{
    static const struct test tests[] = {
        {"experts in fused kernels, with offsets and clamps", test_fused_experts},
        {"places that a token meets", test_places},
    };
    add_suite("mixture", tests, sizeof tests / sizeof tests[0]);
}
