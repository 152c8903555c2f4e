/* SPDX-License-Identifier: Apache-2.0 */
/* Speculative decoding and attention data parallelism by their laws. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "support/serving_case.h"
#include "support/support.h"

/* The formula against throws: a draft's tokens are right until the first that is not, and the
 * model adds one. */
static void check_throws(int64_t proposed, double acceptance)
{
    enum { STEPS = 200000 };
    struct random_stream stream;
    random_init(&stream, 5, "drafts");
    double sum = 0;
    for (int i = 0; i < STEPS; i++) {
        int64_t right = 0;
        while (right < proposed && random_uniform(&stream) < acceptance) {
            right++;
        }
        sum += (double)right + 1;
    }
    CU_ASSERT(near(step_accepted_tokens((double)proposed, acceptance), sum / STEPS, 0.01));
}

static void test_accepted(void)
{
    CU_ASSERT_EQUAL(step_accepted_tokens(4, 0), 1);
    CU_ASSERT_EQUAL(step_accepted_tokens(4, 1), 5);
    CU_ASSERT_EQUAL(step_accepted_tokens(0, 0.7), 1);
    check_throws(1, 0.5);
    check_throws(3, 0.8);
    check_throws(7, 0.95);
}

/* Mean time per token of one request alone. */
static double tpot_s(const char *keys)
{
    char text[256];
    snprintf(text, sizeof text, "requests=1 input_tokens=100 output_tokens=200 %s", keys);
    struct serving_case made = serving_case_run(text);
    CU_ASSERT_FATAL(made.served);
    double time_s = histogram_mean(&made.serving->outcome->tpot_s);
    serving_case_free(&made);
    return time_s;
}

/* The time per step is the same whatever is accepted. */
static void test_alone(void)
{
    double none_s = tpot_s("speculative_tokens=4 acceptance=0");
    for (int i = 0; i <= 10; i++) {
        char text[64];
        snprintf(text, sizeof text, "speculative_tokens=4 acceptance=%g", i / 10.0);
        double step_time_s = tpot_s(text) * step_accepted_tokens(4, i / 10.0);
        CU_ASSERT(near(step_time_s, none_s, 1e-9));
    }
    CU_ASSERT(near(tpot_s("speculative_tokens=4 acceptance=1") * 5, none_s, 1e-9));
    CU_ASSERT(near(tpot_s("speculative_tokens=4 accepted_tokens=2.5") * 2.5, none_s, 1e-9));
    CU_ASSERT_EQUAL(tpot_s("speculative_tokens=0 acceptance=0.9"), tpot_s(""));
    CU_ASSERT(none_s > tpot_s("")); /* nothing is won, and the draft costs */
    double free_s = tpot_s("speculative_tokens=4 acceptance=0 draft_fraction=0");
    CU_ASSERT(near(none_s, free_s * (1 + 4 * 0.05), 1e-9));
}

/* Beside a prompt decoding costs its part, and the prompt what it costs without a draft. */
static void test_mixed_step(void)
{
    struct serving_case made =
        serving_case_run("requests=1 speculative_tokens=3 acceptance=0.6 draft_fraction=0.1");
    struct step_cost plain = *made.serving->pools[POOL_MAIN].cost;
    plain.draft_fraction = 0; /* the same tokens verified, and each step gives one */
    plain.accepted_tokens = 1;
    struct step prompt = {.prefill_tokens = 500,
                          .prefill_count = 1,
                          .rows = 1,
                          .prefill_pairs = 125000,
                          .prefill_context = 500};
    struct step decode = {.rows = 30, .decode_count = 30, .decode_context = 9000};
    struct step both = prompt;
    both.rows += decode.rows;
    both.decode_count = decode.decode_count;
    both.decode_context = decode.decode_context;
    const struct step_cost *cost = made.serving->pools[POOL_MAIN].cost;
    double added_s = step_cost_s(cost, &both, NULL) - step_cost_s(cost, &decode, NULL);
    double plain_s = step_cost_s(&plain, &both, NULL) - step_cost_s(&plain, &decode, NULL);
    CU_ASSERT(near(added_s, plain_s, 1e-9));
    CU_ASSERT_EQUAL(step_cost_s(cost, &prompt, NULL), step_cost_s(&plain, &prompt, NULL));
    serving_case_free(&made);
}

/* A draft of a tenth of the weights and a quarter of the keys and values. */
static void test_memory(void)
{
#define DRAFT "kv_tokens=auto speculative_tokens=3 acceptance=0.6 draft_fraction=0.1 "
    struct serving_case none = serving_case_run("kv_tokens=auto");
    struct serving_case told = serving_case_run(DRAFT "draft_kv=0.25");
    struct serving_case like = serving_case_run(DRAFT "draft_weights=0.1 draft_kv=0.1");
    struct serving_case same = serving_case_run(DRAFT);
#undef DRAFT
    const struct step_cost *a = none.serving->pools[POOL_MAIN].cost;
    const struct step_cost *b = told.serving->pools[POOL_MAIN].cost;
    CU_ASSERT(near(b->kv_bytes, a->kv_bytes - 0.1 * a->weights_bytes, 1e-12));
    CU_ASSERT(near(b->kv_token_bytes, 1.25 * a->kv_token_bytes, 1e-12));
    CU_ASSERT_EQUAL(like.serving->pools[POOL_MAIN].block_count,
                    same.serving->pools[POOL_MAIN].block_count);
    serving_case_free(&none);
    serving_case_free(&told);
    serving_case_free(&like);
    serving_case_free(&same);
}

/* What is said about a draft is possible. */
static void test_refused(void)
{
    static const char *const cases[] = {"speculative_tokens=3",
                                        "speculative_tokens=3 accepted_tokens=4.5",
                                        "speculative_tokens=3 accepted_tokens=0.5"};
    for (int i = 0; i < 3; i++) {
        struct serving_case made = serving_case_run(cases[i]);
        CU_ASSERT(!made.served);
        CU_ASSERT(strstr(made.error.message, "accept") != NULL);
        serving_case_free(&made);
    }
}

/* Parts with their own requests hold each key and value once instead of sharing heads: with 8
 * heads on 8 chips both hold the same, beyond the heads the parts hold more. */
static void test_attention_parts(void)
{
    struct serving_case shared = serving_case_run("tensor_parallel=8 kv_tokens=auto");
    struct serving_case parts =
        serving_case_run("tensor_parallel=8 attention_data_parallel=8 kv_tokens=auto");
    CU_ASSERT(shared.served && parts.served);
    const struct step_cost *a = shared.serving->pools[POOL_MAIN].cost;
    const struct step_cost *b = parts.serving->pools[POOL_MAIN].cost;
    CU_ASSERT(b->weights_bytes > a->weights_bytes); /* attention is on every chip */
    CU_ASSERT_EQUAL(parts.serving->outcome->completed, 1000);
    CU_ASSERT_EQUAL(serving_totals(parts.serving).produced,
                    parts.serving->outcome->asked_output);
    /* 8 requests, one a part, read what one part reads; 9 make one part read twice as much. */
    struct step eight = {.rows = 8, .decode_count = 8, .decode_context = 8 * 50000.0};
    struct step nine = {.rows = 9, .decode_count = 9, .decode_context = 9 * 50000.0};
    double more_s = step_cost_s(b, &nine, NULL) - step_cost_s(b, &eight, NULL);
    double read_s = 50000 * b->attention.decode_read_s;
    CU_ASSERT(near(more_s, read_s, 0.1));
    serving_case_free(&shared);
    serving_case_free(&parts);
}

void suite_draft(void)
{
    static const struct test tests[] = {
        {"tokens that are accepted", test_accepted},
        {"one request with a draft", test_alone},
        {"a draft beside a prompt", test_mixed_step},
        {"memory of a draft", test_memory},
        {"impossible drafts", test_refused},
        {"attention data parallelism", test_attention_parts},
    };
    add_suite("draft", tests, sizeof tests / sizeof tests[0]);
}
