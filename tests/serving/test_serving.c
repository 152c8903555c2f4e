/* SPDX-License-Identifier: Apache-2.0 */
/* The loop against queueing theory, against itself step by step, and by what must be conserved.
 */
#include "serving/serving.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "record/table.h"
#include "support/serving_case.h"
#include "support/support.h"

static double cell(const struct serving_case *made, int64_t row, const char *column)
{
    const struct table *rows = made->serving->outcome->rows;
    int c = table_find(rows, column);
    union cell found = rows->cells[row * rows->column_count + c];
    return rows->columns[c].type == COLUMN_I64 ? (double)found.i64 : found.f64;
}

/* Service time of one request alone. */
static double alone_s(const char *lengths)
{
    char text[256];
    snprintf(text, sizeof text, "requests=1 max_num_seqs=1 %s", lengths);
    struct serving_case made = serving_case_run(text);
    double time_s = cell(&made, 0, "e2e_s");
    serving_case_free(&made);
    return time_s;
}

/* One at a time, all alike: the mean wait of M/D/1 is rho D / (2 (1 - rho)). */
static void check_fixed(const char *lengths)
{
    double service_s = alone_s(lengths), rho = 0.7;
    char text[256];
    snprintf(text, sizeof text, "requests=400000 max_num_seqs=1 rate=%.17g %s", rho / service_s,
             lengths);
    struct serving_case made = serving_case_run(text);
    double wait_s = histogram_mean(&made.serving->outcome->queue_s);
    CU_ASSERT(made.served);
    CU_ASSERT(near(wait_s, rho * service_s / (2 * (1 - rho)), 0.03));
    serving_case_free(&made);
}

static void test_fixed_service(void)
{
    check_fixed("input_tokens=1000 output_tokens=1");
    check_fixed("input_tokens=100 output_tokens=20");
}

/* Prompts of 1 to 1000 tokens, equally likely, an answer of one token: the service is the
 * step's time S. Pollaczek and Khinchine: the mean wait is lambda E[S^2] / (2 (1 - rho)). */
static void test_general_service(void)
{
    struct serving_case first = serving_case_run("requests=1 input_tokens=10 output_tokens=1");
    double mean_s = 0, square_s2 = 0;
    for (int64_t tokens = 1; tokens <= 1000; tokens++) {
        double pairs = (double)tokens * ((double)tokens + 1) / 2;
        struct step step = {.prefill_tokens = tokens,
                            .rows = 1,
                            .prefill_pairs = pairs,
                            .prefill_context = (double)tokens};
        double time_s = step_cost_s(first.serving->pools[POOL_MAIN].cost, &step, NULL);
        mean_s += time_s / 1000;
        square_s2 += time_s * time_s / 1000;
    }
    serving_case_free(&first);
    double rho = 0.6, rate = rho / mean_s;
    char text[256];
    snprintf(text, sizeof text,
             "requests=400000 max_num_seqs=1 rate=%.17g input_tokens=1..1000 output_tokens=1",
             rate);
    struct serving_case made = serving_case_run(text);
    CU_ASSERT(near(histogram_mean(&made.serving->outcome->queue_s),
                   rate * square_s2 / (2 * (1 - rho)), 0.03));
    serving_case_free(&made);
}

/* One prompt of 200 tokens and 3 answers: a prefill step, then two decode steps that look back
 * on 201 and 202 tokens. */
static void test_one_request(void)
{
    struct serving_case made = serving_case_run("requests=1 input_tokens=200 output_tokens=3");
    const struct step_cost *cost = made.serving->pools[POOL_MAIN].cost;
    struct step prefill = {
        .prefill_tokens = 200, .rows = 1, .prefill_pairs = 20100, .prefill_context = 200};
    struct step decode = {.decode_count = 1, .rows = 1, .decode_context = 201};
    double ttft_s = step_cost_s(cost, &prefill, NULL);
    CU_ASSERT(near(cell(&made, 0, "ttft_s"), ttft_s, 1e-12));
    double tpot_s = step_cost_s(cost, &decode, NULL);
    decode.decode_context = 202;
    tpot_s = (tpot_s + step_cost_s(cost, &decode, NULL)) / 2;
    CU_ASSERT(near(cell(&made, 0, "tpot_s"), tpot_s, 1e-9));
    CU_ASSERT_EQUAL(serving_totals(made.serving).steps, 3);
    serving_case_free(&made);
}

static const char *draw(struct random_stream *stream, const char *const *texts, int count)
{
    return texts[random_below(stream, count)];
}

static const char *const random_loads[] = {"arrivals=poisson rate=50",
                                           "arrivals=at-once",
                                           "arrivals=closed concurrency=7",
                                           "arrivals=gamma cv=4 rate=5",
                                           "rate=50 turns=1..6 turn_tokens=1..90 think=1..3",
                                           "rate=50 turns=3 agents=stateless shared_tokens=64",
                                           "rate=50 turns=1..9 agents=stateful state_tier=hbm",
                                           "rate=20 turns=1..9 agents=stateful think=1..3",
                                           "rate=20 turns=9 agents=stateful state_tier=shared",
                                           "arrivals=closed concurrency=9 shared_tokens=99"};

/* Random engines, tiny caches, one to five replicas. */
static void test_conservation(void)
{
    static const char *const policies[] = {"chunked", "prefill-first", "static"};
    static const char *const routers[] = {"round-robin", "least-loaded", "session", "prefix"};
    static const char *const lengths[] = {"input_tokens=1..60 output_tokens=1..40",
                                          "input_tokens=100..700 output_tokens=1..300",
                                          "input_tokens=500 output_tokens=1"};
    static const char *const contexts[] = {
        "preemption=recompute",
        "preemption=swap",
        "preemption=swap host_size=100MB",
        "prefill_replicas=1",
        "prefill_replicas=2 kv_overlap=off preemption=swap",
        "prefill_replicas=3 prefill_tensor_parallel=2 prefill_max_num_seqs=3",
        "speculative_tokens=3 acceptance=0.7 preemption=swap",
        "tensor_parallel=4 attention_data_parallel=4",
        "pipeline_parallel=2 speculative_tokens=2 acceptance=1"};
    static const char *const fleets[] = {
        "",
        "replica_mtbf=20s repair=2s startup=1s max_retries=1000",
        "replica_mtbf=5s repair=1s startup=1s weights_tier=hbm max_retries=2",
        "autoscaler=concurrency scale_interval=2s scale_delay=1s startup=1s scale_down=4s",
        "autoscaler=queue scale_target=4 scale_interval=1s startup=1s replica_mtbf=30s",
        "queue_order=priority urgent_fraction=0.3",
        "queue_order=shortest max_queue=20"};
    struct random_stream stream;
    random_init(&stream, 7, "serving cases");
    for (int i = 0; i < 240; i++) {
        char text[1024];
        snprintf(
            text, sizeof text,
            "requests=%lld policy=%s %s %s router=%s %s %s replicas=%lld kv_tokens=%lld "
            "block_tokens=%lld max_num_seqs=%lld max_num_batched_tokens=%lld coalesce=%s "
            "admission=%s seed=%d",
            (long long)random_below(&stream, 300) + 1, draw(&stream, policies, 2 + (i < 60)),
            draw(&stream, contexts, i < 60 ? 3 : 9), draw(&stream, fleets, i < 120 ? 1 : 7),
            draw(&stream, routers, 4), draw(&stream, lengths, 3),
            draw(&stream, random_loads, 10), (long long)random_below(&stream, 5) + 1,
            (long long)random_below(&stream, 2000) + 64,
            (long long)random_below(&stream, 40) + 1, (long long)random_below(&stream, 20) + 1,
            (long long)random_below(&stream, 600) + 30, i % 2 == 0 ? "on" : "off",
            i % 3 == 0 ? "answer" : "prompt", i);
        struct serving_case made = serving_case_run(text);
        CU_ASSERT(made.served);
        if (!made.served) {
            printf("\n    %s: %s", text, made.error.message);
        } else {
            serving_case_check(&made);
        }
        serving_case_free(&made);
    }
}

static void check_equal_rows(const struct serving_case *a, const struct serving_case *b)
{
    const struct table *rows = a->serving->outcome->rows;
    double clock_s = a->serving->now_s;
    CU_ASSERT_EQUAL_FATAL(rows->row_count, b->serving->outcome->rows->row_count);
    int64_t wrong = 0;
    for (int64_t r = 0; r < rows->row_count; r++) {
        wrong += cell(a, r, "id") != cell(b, r, "id") ||
                 cell(a, r, "replica") != cell(b, r, "replica") ||
                 cell(a, r, "preemptions") != cell(b, r, "preemptions") ||
                 fabs(cell(a, r, "e2e_s") - cell(b, r, "e2e_s")) > 1e-9 * clock_s ||
                 fabs(cell(a, r, "ttft_s") - cell(b, r, "ttft_s")) > 1e-9 * clock_s;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Runs of decode steps taken at once, and step by step. */
static void test_coalesced(void)
{
    static const char *const cases[] = {
        "requests=2000 rate=40 output_tokens=1..300 kv_tokens=8000 replicas=2",
        "requests=500 rate=2 output_tokens=200..300",
        "requests=500 rate=20 policy=prefill-first kv_tokens=4000",
        "requests=500 rate=20 policy=static",
        "requests=1000 rate=60 prefill_replicas=2 replicas=2 kv_tokens=6000",
        "requests=1000 rate=60 output_tokens=50..300 preemption=swap kv_tokens=6000",
        "requests=1000 rate=30 replicas=3 replica_mtbf=20s repair=2s startup=1s",
        "requests=1000 rate=30 replicas=4 autoscaler=concurrency scale_interval=2s startup=1s",
    };
    for (int i = 0; i < 8; i++) {
        char text[256];
        snprintf(text, sizeof text, "%s coalesce=off", cases[i]);
        struct serving_case whole = serving_case_run(cases[i]);
        struct serving_case steps = serving_case_run(text);
        check_equal_rows(&whole, &steps);
        CU_ASSERT_EQUAL(serving_totals(whole.serving).steps,
                        serving_totals(steps.serving).steps);
        CU_ASSERT_EQUAL(serving_totals(whole.serving).preemptions,
                        serving_totals(steps.serving).preemptions);
        CU_ASSERT(near(whole.serving->now_s, steps.serving->now_s, 1e-9));
        serving_case_free(&whole);
        serving_case_free(&steps);
    }
}

/* Whether the tables of requests are the same to the last bit. */
static bool same_rows(const struct serving_case *a, const struct serving_case *b)
{
    const struct table *one = a->serving->outcome->rows, *two = b->serving->outcome->rows;
    size_t size = (size_t)(one->row_count * one->column_count) * sizeof(union cell);
    return one->row_count == two->row_count && memcmp(one->cells, two->cells, size) == 0;
}

/* Levels by the second are sums over replicas in both, in another order. */
static void check_equal_series(const struct series *a, const struct series *b)
{
    CU_ASSERT_EQUAL_FATAL(a->count, b->count);
    for (int64_t i = 0; i < a->count; i++) {
        CU_ASSERT(near(a->cells[i].running_s + 1, b->cells[i].running_s + 1, 1e-9));
        CU_ASSERT(near(a->cells[i].waiting_s + 1, b->cells[i].waiting_s + 1, 1e-9));
        CU_ASSERT(near(a->cells[i].output_tokens + 1, b->cells[i].output_tokens + 1, 1e-9));
    }
}

/* Replicas that go on apart, and all events in common order. */
static void test_apart(void)
{
    static const char *const cases[] = {
        "replicas=1 rate=20",
        "replicas=7 rate=200 requests=20000",
        "replicas=3 rate=60 kv_tokens=2000 output_tokens=1..300 requests=3000",
        "replicas=4 arrivals=at-once requests=9000",
        "replicas=5 rate=90 policy=static queue_order=priority urgent_fraction=0.2",
        "replicas=3 rate=30 policy=prefill-first pipeline_parallel=2 max_model_len=250",
    };
    for (int i = 0; i < 6; i++) {
        struct serving_case apart = serving_case_run(cases[i]);
        struct serving_case order = serving_case_run_in_order(cases[i]);
        CU_ASSERT(apart.serving->apart);
        CU_ASSERT(!order.serving->apart);
        CU_ASSERT(same_rows(&apart, &order));
        check_equal_series(&apart.serving->outcome->series, &order.serving->outcome->series);
        serving_case_check(&apart);
        CU_ASSERT_EQUAL(apart.serving->now_s, order.serving->now_s);
        serving_case_free(&apart);
        serving_case_free(&order);
    }
}

/* What couples replicas is served in common order. */
static void test_not_apart(void)
{
    static const char *const cases[] = {"replicas=2 router=least-loaded",
                                        "replicas=2 max_queue=10",
                                        "replicas=2 arrivals=closed concurrency=9",
                                        "replicas=2 preemption=swap",
                                        "replicas=2 autoscaler=queue",
                                        "replicas=2 replica_mtbf=100s",
                                        "replicas=2 prefill_replicas=1"};
    for (int i = 0; i < 7; i++) {
        struct serving_case made = serving_case_run(cases[i]);
        CU_ASSERT(made.served);
        CU_ASSERT(!made.serving->apart);
        serving_case_free(&made);
    }
}

/* The same seed gives the same rows, another seed others. */
static void test_deterministic(void)
{
    struct serving_case a = serving_case_run("seed=3"), b = serving_case_run("seed=3");
    struct serving_case c = serving_case_run("seed=4");
    CU_ASSERT(same_rows(&a, &b));
    CU_ASSERT(!same_rows(&a, &c));
    serving_case_free(&a);
    serving_case_free(&b);
    serving_case_free(&c);
}

/* 300 ids: every 16th would be 19 rows, every 32nd is 10. */
static void test_bounded_rows(void)
{
    struct serving_case made = serving_case_run("requests=300 request_rows=16");
    CU_ASSERT(made.serving->outcome->rows->row_count <= 16);
    CU_ASSERT_EQUAL(made.serving->outcome->row_stride, 32);
    for (int64_t r = 0; r < made.serving->outcome->rows->row_count; r++) {
        CU_ASSERT_EQUAL((int64_t)cell(&made, r, "id"), 32 * r);
    }
    CU_ASSERT_EQUAL(made.serving->outcome->completed, 300);
    serving_case_free(&made);
}

void suite_serving(void)
{
    static const struct test tests[] = {
        {"one request by hand", test_one_request},
        {"M/D/1", test_fixed_service},
        {"M/G/1", test_general_service},
        {"conservation", test_conservation},
        {"coalesced and step by step", test_coalesced},
        {"apart and in common order", test_apart},
        {"replicas that are not apart", test_not_apart},
        {"determinism", test_deterministic},
        {"rows are bounded", test_bounded_rows},
    };
    add_suite("serving", tests, sizeof tests / sizeof tests[0]);
}
