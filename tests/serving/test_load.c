/* SPDX-License-Identifier: Apache-2.0 */
/* Saturation and capacity against loads of which it is known which is which. */
#include "serving/serving_load.h"

#include <math.h>
#include <stdio.h>

#include "record/table.h"
#include "support/serving_case.h"
#include "support/support.h"

static double service_s(const char *keys)
{
    char text[256];
    snprintf(text, sizeof text, "requests=1 %s", keys);
    struct serving_case made = serving_case_run(text);
    double time_s = histogram_mean(&made.serving->outcome->e2e_s);
    serving_case_free(&made);
    return time_s;
}

/* One server, all requests alike: stable exactly when rho is less than 1. */
static void test_single_server(void)
{
    static const char keys[] = "max_num_seqs=1 input_tokens=1000 output_tokens=1";
    static const double rhos[] = {0.3, 0.7, 0.9, 1.05, 1.3, 3};
    double alone_s = service_s(keys);
    for (int i = 0; i < 6; i++) {
        char text[256];
        snprintf(text, sizeof text, "%s requests=40000 rate=%.17g", keys, rhos[i] / alone_s);
        struct serving_case made = serving_case_run(text);
        CU_ASSERT_EQUAL(serving_load_saturated(made.serving), rhos[i] > 1);
        CU_ASSERT(near(serving_load_capacity_per_s(made.serving), 1 / alone_s, 0.02));
        serving_case_free(&made);
    }
}

/* What is served when far more comes, against the estimate from a light load. */
static void check_capacity(const char *keys, double tolerance)
{
    char text[512];
    static const char lengths[] = "input_tokens=200..600 output_tokens=50..150";
    snprintf(text, sizeof text, "%s %s requests=2000 rate=1", lengths, keys);
    struct serving_case light = serving_case_run(text);
    snprintf(text, sizeof text, "%s %s requests=6000 rate=2000", lengths, keys);
    struct serving_case heavy = serving_case_run(text);
    double served = (double)heavy.serving->outcome->completed / heavy.serving->now_s;
    CU_ASSERT(!serving_load_saturated(light.serving));
    CU_ASSERT(serving_load_saturated(heavy.serving));
    CU_ASSERT(near(serving_load_capacity_per_s(light.serving), served, tolerance));
    CU_ASSERT(near(serving_load_capacity_per_s(heavy.serving), served, tolerance));
    CU_ASSERT(serving_load_trusted_per_s(light.serving) < served);
    serving_case_free(&light);
    serving_case_free(&heavy);
}

static void test_capacity_estimate(void)
{
    check_capacity("", 0.1);
    check_capacity("replicas=5", 0.1);
    check_capacity("policy=prefill-first", 0.1);
    check_capacity("max_num_seqs=16", 0.1);
    check_capacity("prefill_replicas=1", 0.1);
    check_capacity("replicas=2 pipeline_parallel=2", 0.1);
}

/* The mean load is less than what can be served, its peak is not. */
static void test_drift(void)
{
    static const char keys[] =
        "input_tokens=1000 output_tokens=1 max_num_seqs=1 requests=20000 day_amplitude=0.8";
    double alone_s = service_s(keys);
    char text[256];
    snprintf(text, sizeof text, "%s rate=%.17g day=%.17gs", keys, 0.8 / alone_s,
             25000 * alone_s);
    struct serving_case made = serving_case_run(text);
    double mean = (double)made.serving->outcome->arrived / made.serving->now_s;
    CU_ASSERT(mean < serving_load_capacity_per_s(made.serving));
    CU_ASSERT(serving_load_saturated(made.serving));
    CU_ASSERT(near(series_peak(&made.serving->outcome->series), 1.7, 0.1));
    serving_case_free(&made);
}

/* Loads without a rate. */
static void test_no_rate(void)
{
    static const char *const cases[] = {"arrivals=at-once", "arrivals=closed concurrency=500"};
    for (int i = 0; i < 2; i++) {
        struct serving_case made = serving_case_run(cases[i]);
        CU_ASSERT(!serving_load_saturated(made.serving));
        serving_case_free(&made);
    }
}

/* A prompt longer than the budget has a step to itself, and nobody's decoding has to end first.
 */
static void test_long_prompts(void)
{
    static const char keys[] = "policy=prefill-first input_tokens=3000 output_tokens=100";
    char text[256];
    snprintf(text, sizeof text, "%s requests=300 rate=1000 max_num_batched_tokens=2048", keys);
    struct serving_case made = serving_case_run(text);
    CU_ASSERT(made.serving->outcome->completed == 300);
    CU_ASSERT(made.serving->now_s < 100 * service_s(keys));
    serving_case_free(&made);
}

static double column(const struct serving_case *made, int64_t row, const char *name)
{
    const struct table *rows = made->serving->outcome->rows;
    return rows->cells[row * rows->column_count + table_find(rows, name)].f64;
}

/* What a request needs before it reaches the engine its client waits for twice: once for each
 * request, so that a client's next comes when the last has been seen to end. */
static void test_overhead(void)
{
    struct serving_case made = serving_case_run(
        "arrivals=closed concurrency=2 requests=8 request_overhead=500ms output_tokens=10..90");
    int64_t rows = made.serving->outcome->rows->row_count, gone_on = 0;
    for (int64_t r = 0; r < rows; r++) {
        double seen_s = column(&made, r, "arrival_s") + column(&made, r, "e2e_s");
        CU_ASSERT(column(&made, r, "ttft_s") > 0.5);
        for (int64_t next = r + 1; next < rows; next++) {
            gone_on += fabs(column(&made, next, "arrival_s") - seen_s) < 1e-9;
        }
    }
    CU_ASSERT_EQUAL(rows, 8);
    CU_ASSERT_EQUAL(gone_on, 6);
    serving_case_free(&made);
}

void suite_load(void)
{
    static const struct test tests[] = {
        {"clients wait for what is on its way", test_overhead},
        {"one server, below and above 1", test_single_server},
        {"capacity from full batches", test_capacity_estimate},
        {"a rate that drifts", test_drift},
        {"loads without a rate", test_no_rate},
        {"prompts longer than the budget", test_long_prompts},
    };
    add_suite("load", tests, sizeof tests / sizeof tests[0]);
}
