/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that nobody may serve, and statistics of none. */
#include <math.h>

#include "support/serving_case.h"
#include "support/support.h"

static void test_rejected(void)
{
    struct serving_case made = serving_case_run("kv_tokens=256 requests=50 input_tokens=300");
    CU_ASSERT_EQUAL(made.serving->outcome->rejected, 50);
    CU_ASSERT_EQUAL(made.serving->outcome->completed, 0);
    serving_case_free(&made);
}

/* Llama 3 8B states 8,192 positions: engines refuse more, and serve it when they are told to.
 */
static void test_beyond_positions(void)
{
    static const struct {
        const char *load;
        int64_t rejected, beyond;
    } cases[] = {{"requests=5 input_tokens=8092 output_tokens=100", 0, 0},
                 {"requests=5 input_tokens=8093 output_tokens=100", 5, 5},
                 {"requests=5 input_tokens=8093 output_tokens=100 max_model_len=9000", 0, 5},
                 {"requests=5 input_tokens=8093 output_tokens=100 max_model_len=8000", 5, 5},
                 {"requests=5 input_tokens=100 output_tokens=100 max_model_len=150", 5, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct serving_case made = serving_case_run(cases[i].load);
        const struct outcome *outcome = made.serving->outcome;
        CU_ASSERT(made.served && outcome->beyond == cases[i].beyond);
        CU_ASSERT(outcome->rejected == cases[i].rejected &&
                  outcome->too_long == outcome->rejected);
        serving_case_free(&made);
    }
}

static void test_nothing_counted(void)
{
    struct serving_case made = serving_case_run("requests=5 rate=1 cooldown=1h");
    CU_ASSERT_EQUAL(made.serving->outcome->completed, 5);
    CU_ASSERT_EQUAL(made.serving->outcome->counted, 0);
    CU_ASSERT(isnan(outcome_window_s(made.serving->outcome)));
    serving_case_free(&made);
}

void suite_limits(void)
{
    static const struct test tests[] = {
        {"too long for the cache", test_rejected},
        {"too long for the model", test_beyond_positions},
        {"nothing between warm-up and cool-down", test_nothing_counted},
    };
    add_suite("limits", tests, sizeof tests / sizeof tests[0]);
}
