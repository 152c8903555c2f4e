/* SPDX-License-Identifier: Apache-2.0 */
/* Replicas that come, go and fail. */
#include "serving/fleet.h"

#include <stdio.h>

#include "serving/serving.h"
#include "support/serving_case.h"
#include "support/support.h"

/* One replica is enough at first; a burst brings the others, after delay, weights and start. */
static void test_autoscaler(void)
{
    struct serving_case made = serving_case_run(
        "requests=2000 rate=40 output_tokens=100 replicas=4 autoscaler=concurrency "
        "scale_target=8 scale_interval=5s scale_delay=10s startup=20s scale_down=30s "
        "router=least-loaded weights_tier=shared");
    const struct serving *serving = made.serving;
    double weights_s =
        serving->pools[POOL_MAIN].cost->weights_bytes / serving->platform->shared.Bps;
    CU_ASSERT(made.served);
    CU_ASSERT_EQUAL(serving->outcome->completed, 2000);
    CU_ASSERT(serving->fleet.starts >= 1);
    double chips_s = fleet_chips_s(serving, POOL_MAIN);
    CU_ASSERT(chips_s < 4 * serving->now_s);
    CU_ASSERT(chips_s >= serving->now_s - 1);
    CU_ASSERT(serving->now_s > 35 + weights_s);
    serving_case_free(&made);
}

/* Few requests: nobody is started, and chips are paid for one replica alone. */
static void test_small_load(void)
{
    struct serving_case made = serving_case_run(
        "requests=100 rate=1 replicas=4 autoscaler=concurrency scale_target=8");
    CU_ASSERT_EQUAL(made.serving->fleet.starts, 0);
    CU_ASSERT(near(fleet_chips_s(made.serving, POOL_MAIN),
                   made.serving->now_s - made.serving->outcome->first_arrival_s, 1e-9));
    serving_case_free(&made);
}

/* Failures: requests come again until they are done, or are given up. */
static void test_failures(void)
{
    static const char text[] = "requests=1000 rate=20 replicas=2 replica_mtbf=5s repair=1s "
                               "startup=1s output_tokens=200 ";
    char patient[256], impatient[256];
    snprintf(patient, sizeof patient, "%smax_retries=100000", text);
    snprintf(impatient, sizeof impatient, "%smax_retries=0", text);
    struct serving_case made = serving_case_run(patient),
                        given_up = serving_case_run(impatient);
    CU_ASSERT(made.serving->fleet.failed > 5);
    CU_ASSERT(made.serving->fleet.retried > 5);
    CU_ASSERT_EQUAL(made.serving->outcome->completed, 1000);
    CU_ASSERT_EQUAL(serving_totals(made.serving).produced, made.serving->outcome->asked_output);
    CU_ASSERT(given_up.serving->outcome->unfinished > 0);
    CU_ASSERT_EQUAL(given_up.serving->outcome->unfinished, given_up.serving->fleet.retried);
    serving_case_free(&made);
    serving_case_free(&given_up);
}

static double mean_queue_s(const char *order)
{
    char text[256];
    snprintf(text, sizeof text,
             "requests=400 arrivals=at-once input_tokens=10..1000 max_num_seqs=4 %s", order);
    struct serving_case made = serving_case_run(text);
    double mean_s = histogram_mean(&made.serving->outcome->queue_s);
    serving_case_free(&made);
    return mean_s;
}

/* Short prompts first wait less on average; of urgent ones the others pay. */
static void test_queue_order(void)
{
    double fcfs_s = mean_queue_s("queue_order=fcfs");
    CU_ASSERT(mean_queue_s("queue_order=shortest") < fcfs_s);
    CU_ASSERT(near(mean_queue_s("queue_order=priority urgent_fraction=1"), fcfs_s, 1e-12));
}

/* At one moment: the first is admitted, ten wait. */
static void test_full(void)
{
    struct serving_case made = serving_case_run("requests=100 arrivals=at-once max_queue=10 "
                                                "max_num_seqs=5");
    CU_ASSERT_EQUAL(made.serving->outcome->rejected, 89);
    CU_ASSERT_EQUAL(made.serving->outcome->completed, 11);
    serving_case_free(&made);
}

void suite_fleet(void)
{
    static const struct test tests[] = {
        {"autoscaler", test_autoscaler}, {"small load", test_small_load},
        {"failures", test_failures},     {"order of the queue", test_queue_order},
        {"full queues", test_full},
    };
    add_suite("fleet", tests, sizeof tests / sizeof tests[0]);
}
