/* SPDX-License-Identifier: Apache-2.0 */
/* The price of a step against laws that hold for any engine: bounds from bytes over bandwidth
 * and operations over rate, monotone in what is asked, and what a width, a dtype or a floor
 * changes. */
#include "serving/step_cost.h"

#include <math.h>
#include <stdio.h>

#include "serving/step_experts.h"
#include "support/serving_case.h"
#include "support/support.h"

/* A case that has served one request, for its price list. */
static struct serving_case priced(const char *overrides)
{
    char text[512];
    snprintf(text, sizeof text,
             "requests=1 output_tokens=2 step_overhead=0s kv_tokens=auto "
             "max_num_batched_tokens=8192 %s",
             overrides);
    struct serving_case made = serving_case_run(text);
    CU_ASSERT_FATAL(made.served);
    return made;
}

static const struct step_cost *cost_of(const struct serving_case *made)
{
    return made->serving->pools[POOL_MAIN].cost;
}

static struct step decode(int64_t requests, double context)
{
    return (struct step){.decode_count = requests,
                         .rows = requests,
                         .decode_context = (double)requests * context,
                         .growth = (double)requests};
}

/* A chunk behind so many tokens of its own prompt. */
static struct step chunk(int64_t tokens, double before)
{
    double count = (double)tokens;
    return (struct step){.prefill_tokens = tokens,
                         .prefill_count = 1,
                         .rows = 1,
                         .prefill_pairs = count * before + count * (count + 1) / 2,
                         .prefill_context = before + count};
}

static double step_s(const struct step_cost *cost, struct step step)
{
    return step_cost_s(cost, &step, NULL);
}

/* Llama 3 8B: 7.5 billion parameters outside the table of words; 8 key-value heads of 128. */
static void check_decode_bound(const struct serving_case *made, double weight_bytes)
{
    const double layers_parameters = 6.98e9, head_parameters = 128256.0 * 4096;
    const double token_bytes = 2.0 * 32 * 8 * 128 * 2;
    const struct chip *chip = platform_chip(made->serving->platform, 0);
    for (int64_t requests = 1; requests <= 64; requests *= 4) {
        for (double context = 512; context <= 32768; context *= 8) {
            double bytes = layers_parameters * weight_bytes + head_parameters * 2 +
                           (double)requests * context * token_bytes;
            double bound_s = bytes / chip->hbm_Bps;
            double time_s = step_s(cost_of(made), decode(requests, context));
            CU_ASSERT(time_s > bound_s);
            CU_ASSERT(time_s < 2.5 * bound_s);
        }
    }
}

/* Decoding a few requests reads weights and keys and values once; no engine is faster. */
static void test_decode_bound(void)
{
    struct serving_case wide = priced(""), narrow = priced("weights=fp8 activations=fp8");
    check_decode_bound(&wide, 2);
    check_decode_bound(&narrow, 1);
    CU_ASSERT(step_s(cost_of(&narrow), decode(1, 128)) <
              step_s(cost_of(&wide), decode(1, 128)));
    serving_case_free(&wide);
    serving_case_free(&narrow);
}

/* A long prompt takes at least its multiplications at the array's rate, and not thrice that. */
static void test_prefill_bound(void)
{
    struct serving_case made = priced("");
    const struct chip *chip = platform_chip(made.serving->platform, 0);
    for (int64_t tokens = 2048; tokens <= 8192; tokens *= 2) {
        double count = (double)tokens;
        double flops = 2 * 6.98e9 * count + 4 * 32 * 4096 * count * (count + 1) / 2;
        double bound_s = flops / chip->array_flops_per_s[DTYPE_BF16];
        double time_s = step_s(cost_of(&made), chunk(tokens, 0));
        CU_ASSERT(time_s > bound_s);
        CU_ASSERT(time_s < 3 * bound_s);
    }
    serving_case_free(&made);
}

static void test_monotone(void)
{
    struct serving_case made = priced("");
    const struct step_cost *cost = cost_of(&made);
    double last_s = 0;
    for (double context = 16; context <= 65536; context *= 2) {
        double time_s = step_s(cost, decode(32, context));
        CU_ASSERT(time_s > last_s);
        last_s = time_s;
    }
    CU_ASSERT(step_s(cost, decode(256, 1024)) > step_s(cost, decode(64, 1024)));
    CU_ASSERT(step_s(cost, chunk(4096, 0)) > step_s(cost, chunk(1024, 0)));
    CU_ASSERT(step_s(cost, chunk(1024, 16384)) > step_s(cost, chunk(1024, 0)));
    serving_case_free(&made);
}

/* Chunks of a prompt together cost more than the prompt at once: weights are read again; and
 * its pairs of tokens are the same, so that the difference is no more than that reading. */
static void test_chunks(void)
{
    struct serving_case made = priced("");
    const struct step_cost *cost = cost_of(&made);
    double parts_s = 0, whole_s = step_s(cost, chunk(8192, 0));
    for (int i = 0; i < 4; i++) {
        parts_s += step_s(cost, chunk(2048, 2048.0 * i));
    }
    CU_ASSERT(parts_s > whole_s);
    CU_ASSERT(parts_s < whole_s + 3 * step_s(cost, decode(1, 16)));
    serving_case_free(&made);
}

/* Wider groups: sooner, but not by much more than their width, and with exchanges. */
static void test_tensor_parallel(void)
{
    double last_s = INFINITY, alone_s = 0;
    for (int width = 1; width <= 8; width *= 2) {
        char text[64];
        snprintf(text, sizeof text, "tensor_parallel=%d", width);
        struct serving_case made = priced(text);
        struct step_price price = {{0}};
        struct step step = decode(16, 2048);
        double time_s = step_cost_s(cost_of(&made), &step, &price);
        alone_s = width == 1 ? time_s : alone_s;
        CU_ASSERT(time_s < last_s);
        CU_ASSERT(time_s > 0.9 * alone_s / width); /* kernels have shapes that suit them */
        CU_ASSERT_EQUAL(price.part_s[STEP_COMMUNICATION] > 0, width > 1);
        last_s = time_s;
        serving_case_free(&made);
    }
}

/* Each part of a replica with requests of its own has a process that looks after them: 16
 * requests on four parts take the time of 4, a prompt that of one. */
static void test_host_by_part(void)
{
    static const char *const widths[] = {"attention_data_parallel=1",
                                         "attention_data_parallel=4"};
    for (int i = 0; i < 2; i++) {
        char text[2][128];
        for (int host = 0; host < 2; host++) {
            snprintf(text[host], sizeof text[host], "tensor_parallel=4 %s %s", widths[i],
                     host ? "sequence_overhead=1ms token_overhead=1us" : "");
        }
        struct serving_case free = priced(text[0]), paid = priced(text[1]);
        double decode_s =
            step_s(cost_of(&paid), decode(16, 64)) - step_s(cost_of(&free), decode(16, 64));
        double prompt_s =
            step_s(cost_of(&paid), chunk(512, 0)) - step_s(cost_of(&free), chunk(512, 0));
        CU_ASSERT(near(decode_s, i == 0 ? 16e-3 : 4e-3, 1e-9));
        CU_ASSERT(near(prompt_s, 1e-3 + 512e-6, 1e-9));
        serving_case_free(&free);
        serving_case_free(&paid);
    }
}

/* Eight-bit matrices with scales by block multiply slower, by the engine's factor; reading them
 * takes what it takes. */
static void test_block_scales(void)
{
    struct serving_case made = priced("weights=fp8 activations=fp8 block_rate_factor=1.5");
    const struct pool *pool = &made.serving->pools[POOL_MAIN];
    struct model blocks = *made.serving->scenario->model;
    struct error error = {0};
    blocks.block_scales = true;
    const struct step_cost *cost =
        step_cost_create(pool->platform, 0, &blocks, &pool->scenario, 8192, made.arena, &error);
    double slower = step_s(cost, chunk(8192, 0)) / step_s(pool->cost, chunk(8192, 0));
    CU_ASSERT(slower > 1.2 && slower < 1.5);
    CU_ASSERT(near(step_s(cost, decode(1, 16)), step_s(pool->cost, decode(1, 16)), 0.1));
    serving_case_free(&made);
}

/* Parts add up to the step; a run adds up to its steps. */
static void test_sums(void)
{
    struct serving_case made = priced("step_overhead=300us sequence_overhead=5us");
    struct step_price price = {{0}};
    struct step step = decode(40, 700);
    double sum_s = 0, steps_s = 0, time_s = step_cost_s(cost_of(&made), &step, &price);
    for (int part = 0; part < STEP_PART_COUNT; part++) {
        sum_s += price.part_s[part];
    }
    CU_ASSERT(near(sum_s, time_s, 1e-12));
    CU_ASSERT(near(price.part_s[STEP_OVERHEAD], 300e-6 + 40 * 5e-6, 1e-9));
    for (int i = 0; i < 100; i++) {
        steps_s += step_s(cost_of(&made), step);
        step.decode_context += step.growth;
    }
    CU_ASSERT(near(step_cost_run_s(cost_of(&made),
                                   &(struct step){.decode_count = 40,
                                                  .rows = 40,
                                                  .decode_context = 28000,
                                                  .growth = 40},
                                   100),
                   steps_s, 1e-9));
    serving_case_free(&made);
}

/* The host's floor of steps with prompts: kernels x time, and nothing for decodes. */
static void test_prompt_floor(void)
{
    struct serving_case plain = priced(""), bound = priced("prompt_kernel=200us");
    double floor_s = step_s(cost_of(&bound), chunk(16, 0));
    CU_ASSERT(floor_s > step_s(cost_of(&plain), chunk(16, 0)));
    CU_ASSERT(near(step_s(cost_of(&bound), chunk(64, 0)), floor_s, 1e-12));
    CU_ASSERT(near(floor_s, 200e-6 * 32 * 9, 1e-9));
    CU_ASSERT(near(step_s(cost_of(&bound), decode(8, 100)),
                   step_s(cost_of(&plain), decode(8, 100)), 1e-12));
    serving_case_free(&plain);
    serving_case_free(&bound);
}

/* The share of the memory: of all, of all but activations, or of what weights leave. */
static void test_memory_rules(void)
{
    struct serving_case total = priced("memory_rule=total graph_memory=1GiB");
    struct serving_case fixed = priced("memory_rule=static graph_memory=1GiB");
    struct serving_case left = priced("memory_rule=free graph_memory=1GiB");
    const struct chip *chip = platform_chip(total.serving->platform, 0);
    const struct step_cost *cost = cost_of(&total);
    double others = cost->activation_bytes + 1024.0 * 1024 * 1024;
    CU_ASSERT(near(cost->kv_bytes, 0.9 * chip->hbm_bytes - cost->weights_bytes - others, 1e-9));
    cost = cost_of(&fixed);
    CU_ASSERT(near(cost->kv_bytes, 0.9 * chip->hbm_bytes - cost->weights_bytes, 1e-9));
    cost = cost_of(&left);
    others = cost->activation_bytes + 1024.0 * 1024 * 1024;
    CU_ASSERT(near(
        cost->kv_bytes,
        0.9 * (chip->hbm_bytes - chip->reserved_bytes - cost->weights_bytes - others), 1e-9));
    serving_case_free(&total);
    serving_case_free(&fixed);
    serving_case_free(&left);
}

static const char mixture[] = "model=" SOURCE_FOLDER "/workloads/models/mixtral-8x7b.json "
                              "tensor_parallel=4";

/* Few tokens touch few experts; with many all are read, and the multiplications add to that. */
static void test_mixture(void)
{
    struct serving_case made = priced(mixture);
    const struct chip *chip = platform_chip(made.serving->platform, 0);
    const struct step_cost *cost = cost_of(&made);
    double expert_bytes = 32.0 * 3 * 4096 * 14336 * 2 / 4;
    double one_s = step_s(cost, decode(1, 16)), many_s = step_s(cost, decode(64, 16));
    CU_ASSERT(one_s > 2 * expert_bytes / chip->hbm_Bps);
    CU_ASSERT(many_s > 8 * expert_bytes / chip->hbm_Bps);
    CU_ASSERT(one_s < many_s);
    double flops = 2.0 * 8192 * 2 * 32 * 3 * 4096 * 14336 / 4;
    double prompt_s = step_s(cost, chunk(8192, 0));
    CU_ASSERT(prompt_s >
              flops / chip->array_flops_per_s[DTYPE_BF16] + 8 * expert_bytes / chip->hbm_Bps);
    serving_case_free(&made);
}

/* 8 experts on 16 places: each place has one, each expert two places. */
static void test_held_twice(void)
{
    struct serving_case made =
        priced("tensor_parallel=16 expert_parallel=16 model=" SOURCE_FOLDER
               "/workloads/models/mixtral-8x7b.json");
    double expert_bytes = 32.0 * 3 * 4096 * 14336 * 2;
    CU_ASSERT_EQUAL(step_experts_held(cost_of(&made)->maker), 1);
    CU_ASSERT(cost_of(&made)->weights_bytes > expert_bytes);
    CU_ASSERT(cost_of(&made)->weights_bytes < 1.1 * expert_bytes);
    serving_case_free(&made);
}

void suite_step_cost(void)
{
    static const struct test tests[] = {
        {"decoding is bound by bytes", test_decode_bound},
        {"prompts are bound by operations", test_prefill_bound},
        {"monotone", test_monotone},
        {"chunks", test_chunks},
        {"tensor parallelism", test_tensor_parallel},
        {"host's work by part", test_host_by_part},
        {"scales by block", test_block_scales},
        {"parts and runs add up", test_sums},
        {"host's floor of prompts", test_prompt_floor},
        {"memory rules", test_memory_rules},
        {"mixture", test_mixture},
        {"experts held twice", test_held_twice},
    };
    add_suite("step_cost", tests, sizeof tests / sizeof tests[0]);
}
