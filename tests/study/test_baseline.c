/* SPDX-License-Identifier: Apache-2.0 */
/* Measurements as summaries, by hand; and what is no measurement. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "record/summary.h"
#include "study/baseline.h"
#include "support/support.h"

static const char header[] =
    "id,system,accelerator,accelerators,model,time_s,tokens,tokens_per_step,power_W,"
    "power_scope,pue,price_usd_per_accelerator_h,price_high_usd_per_accelerator_h,source,date";

static const char *write_csv(const char *rows)
{
    static char text[4096];
    snprintf(text, sizeof text, "%s\n%s\n", header, rows);
    return temporary_file(text, ".csv");
}

static bool read_rows(const char *rows, const char *id, struct baseline *baseline,
                      struct arena *arena, struct error *error)
{
    *error = (struct error){.kind = ERROR_NONE};
    return baseline_read(write_csv(rows), id, baseline, arena, error);
}

/* 7.2e6 tokens in 2 min (60000 a second), steps of 1.2e6 (20 s); 100 accelerators, so a million
 * tokens are 100 x (1e6 / 60000) / 3600 = 0.46296 accelerator-hours, 0.92593 USD at 2 USD/h and
 * 1.3889 at 3; IT power 100 kW at a PUE of 1.2 is 120 kW, 2 MJ a million tokens. */
static void test_summary(void)
{
    struct arena *arena = arena_create();
    struct error error;
    struct baseline baseline;
    bool read = read_rows("a,lab,H100,100,m,2min,7.2e6,1200000,100kW,it,1.2,2,3,us,2026-11-23",
                          NULL, &baseline, arena, &error);
    CU_ASSERT_TRUE_FATAL(read);
    const union cell *row = baseline.summary->cells;
    CU_ASSERT(near(row[SUMMARY_STEP_TIME].f64, 20, 1e-12));
    CU_ASSERT(near(row[SUMMARY_TOKENS_PER_S].f64, 60000, 1e-12));
    CU_ASSERT(near(row[SUMMARY_TOKENS_PER_S_PER_CHIP].f64, 600, 1e-12));
    CU_ASSERT(near(row[SUMMARY_COST_PER_H].f64, 200, 1e-12));
    CU_ASSERT(near(row[SUMMARY_COST].f64, 2 * 100 / 60e-3 / 3600, 1e-12));
    CU_ASSERT(near(row[SUMMARY_COST_LOW].f64, row[SUMMARY_COST].f64, 1e-12));
    CU_ASSERT(near(row[SUMMARY_COST_HIGH].f64, 1.5 * row[SUMMARY_COST].f64, 1e-12));
    CU_ASSERT(near(row[SUMMARY_ENERGY].f64, 2e6, 1e-12));
    CU_ASSERT(isnan(row[SUMMARY_MFU].f64) && isnan(row[SUMMARY_PEAK_MEMORY].f64));
    CU_ASSERT_STRING_EQUAL(row[SUMMARY_WORKLOAD].text, "m");
    CU_ASSERT_FALSE(baseline.energy_unknown);
    arena_free(arena);
}

/* The power of accelerators is not that of a facility; without tokens_per_step the time is that
 * of one step. */
static void test_unknown(void)
{
    struct arena *arena = arena_create();
    struct error error;
    struct baseline baseline;
    bool read = read_rows("a,lab,H100,8,m,10,5000,,4000,accelerators,,,,us,2026", NULL,
                          &baseline, arena, &error);
    CU_ASSERT_TRUE_FATAL(read);
    const union cell *row = baseline.summary->cells;
    CU_ASSERT(isnan(row[SUMMARY_ENERGY].f64) && isnan(row[SUMMARY_COST].f64));
    CU_ASSERT(baseline.energy_unknown);
    CU_ASSERT_EQUAL(row[SUMMARY_TOKENS_PER_STEP].i64, 5000);
    CU_ASSERT(near(row[SUMMARY_STEP_TIME].f64, 10, 1e-12));
    arena_free(arena);
}

static void test_choice(void)
{
    static const char rows[] = "a,lab,H100,8,m,10,5000,,,,,,,us,2026\n"
                               "b,lab,H100,8,m,20,5000,,,,,,,us,2026";
    struct arena *arena = arena_create();
    struct error error;
    struct baseline baseline;
    CU_ASSERT_TRUE(read_rows(rows, "b", &baseline, arena, &error));
    CU_ASSERT(near(baseline.summary->cells[SUMMARY_STEP_TIME].f64, 20, 1e-12));
    CU_ASSERT_FALSE(read_rows(rows, NULL, &baseline, arena, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "--row ID, one of: a, b"));
    CU_ASSERT_FALSE(read_rows(rows, "c", &baseline, arena, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "no row 'c'"));
    arena_free(arena);
}

static void test_refused(void)
{
    static const struct {
        const char *row, *words;
    } cases[] = {
        {"a,lab,H100,8,m,0,5000,,,,,,,us,2026", "'time_s': found '0'"},
        {"a,lab,H100,8,m,soon,5000,,,,,,,us,2026", "'time_s': found 'soon'"},
        {"a,lab,H100,8,m,-1,5000,,,,,,,us,2026", "'time_s': found '-1'"},
        {"a,lab,H100,8,m,nan,5000,,,,,,,us,2026", "'time_s': found 'nan'"},
        {"a,lab,H100,8,m,inf,5000,,,,,,,us,2026", "'time_s': found 'inf'"},
        {"a,lab,H100,8,m,10W,5000,,,,,,,us,2026", "'time_s': found '10W'"},
        {"a,lab,H100,8,m,,5000,,,,,,,us,2026", "'time_s': found ''"},
        {"a,lab,H100,8.5,m,1,5000,,,,,,,us,2026", "'accelerators': found '8.5'"},
        {"a,lab,H100,0,m,1,5000,,,,,,,us,2026", "'accelerators': found '0'"},
        {"a,lab,H100,8,m,1,5000,6000,,,,,,us,2026", "'tokens_per_step'"},
        {"a,lab,H100,8,m,1,5000,,9,,,,,us,2026", "'power_scope': found ''"},
        {"a,lab,H100,8,m,1,5000,,9,rack,,,,us,2026", "'power_scope': found 'rack'"},
        {"a,lab,H100,8,m,1,5000,,9,it,0.9,,,us,2026", "'pue'"},
        {"a,lab,H100,8,m,1,5000,,,,,3,2,us,2026", "'price_usd_per_accelerator_h'"},
        {"a,lab,H100,8,m,1,5000,,,,,,,,2026", "'source': found ''"},
        {"a,lab,H100,8,m,1,5000,,,,,,,us,Nov 2026", "'date': found 'Nov 2026'"},
        {"a,lab,H100,8,m,1", "6 cells"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena *arena = arena_create();
        struct error error;
        struct baseline baseline;
        CU_ASSERT_FALSE(read_rows(cases[i].row, NULL, &baseline, arena, &error));
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, cases[i].words));
        CU_ASSERT_EQUAL(error.line, 2);
        arena_free(arena);
    }
}

void suite_baseline(void)
{
    static const struct test tests[] = {
        {"a summary by hand", test_summary},
        {"what is not measured is unknown", test_unknown},
        {"one row is chosen", test_choice},
        {"what is wrong is refused with its line", test_refused},
    };
    add_suite("baseline", tests, sizeof tests / sizeof tests[0]);
}
