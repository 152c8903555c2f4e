/* SPDX-License-Identifier: Apache-2.0 */
/* The rate found meets the level, and one that is a little higher does not. */
#include "serving/capacity.h"

#include <stdio.h>

#include "support/serving_case.h"
#include "support/support.h"

static bool meets(double scale)
{
    char text[200];
    snprintf(text, sizeof text, "requests=3000 rate=10 ttft=100ms tpot=15ms rate_scale=%.17g",
             scale);
    struct serving_case made = serving_case_run(text);
    const struct outcome *outcome = made.serving->outcome;
    bool met = histogram_quantile(&outcome->ttft_s, 0.99) <= 0.1 &&
               histogram_quantile(&outcome->tpot_s, 0.99) <= 0.015;
    serving_case_free(&made);
    return met;
}

static void test_found(void)
{
    struct serving_case made = serving_case_run("requests=3000 rate=10 ttft=100ms tpot=15ms");
    struct scenario scenario = *made.serving->scenario;
    struct capacity capacity;
    CU_ASSERT_FATAL(capacity_find(made.serving, &scenario, &capacity, &made.error));
    CU_ASSERT(capacity.factor > 0);
    CU_ASSERT(meets(capacity.factor));
    CU_ASSERT_FALSE(meets(capacity.factor * 1.02));
    serving_case_free(&made);
}

static void test_refused(void)
{
    struct serving_case made = serving_case_run("requests=10 arrivals=at-once");
    struct scenario scenario = *made.serving->scenario;
    struct capacity capacity;
    CU_ASSERT_FALSE(capacity_find(made.serving, &scenario, &capacity, &made.error));
    CU_ASSERT_EQUAL(made.error.kind, ERROR_INPUT);
    serving_case_free(&made);
}

void suite_capacity(void)
{
    static const struct test tests[] = {{"the highest rate", test_found},
                                        {"loads without a rate", test_refused}};
    add_suite("capacity", tests, sizeof tests / sizeof tests[0]);
}
