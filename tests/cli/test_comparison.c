/* SPDX-License-Identifier: Apache-2.0 */
/* Two results with easy numbers: ratios, chip-hours per million tokens, parts in order. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/comparison.h"
#include "record/result_file.h"
#include "support/support.h"

struct sample {
    const char *kind, *platform;
    int64_t chips;
    double step_s, matmul_s, bubble_s, usd_per_h;
    double low, high; /* measured over simulated */
};

static void write_sample(const char *path, const struct sample *sample)
{
    struct error error = {.kind = ERROR_NONE};
    struct arena *arena = arena_create();
    struct table *summary = summary_table(arena), *breakdown = summary_breakdown_table(arena);
    summary->cells[SUMMARY_PLATFORM].text = sample->platform;
    summary->cells[SUMMARY_CHIPS].i64 = sample->chips;
    summary->cells[SUMMARY_DOMAINS].i64 = 2;
    summary->cells[SUMMARY_STEP_TIME].f64 = sample->step_s;
    summary->cells[SUMMARY_STEP_LOW].f64 = sample->step_s * sample->low;
    summary->cells[SUMMARY_STEP_HIGH].f64 = sample->step_s * sample->high;
    summary->cells[SUMMARY_TOKENS_PER_STEP].i64 = 2000000;
    summary->cells[SUMMARY_TOKENS_PER_S].f64 = 2000000 / sample->step_s;
    summary->cells[SUMMARY_COST_PER_H].f64 = sample->usd_per_h;
    union cell *row = table_append(breakdown);
    row[BREAKDOWN_PART].text = "matmul";
    row[BREAKDOWN_TIME].f64 = sample->matmul_s;
    row = table_append(breakdown);
    row[BREAKDOWN_PART].text = sample->bubble_s > 0 ? "bubble" : "vector";
    row[BREAKDOWN_TIME].f64 = sample->step_s - sample->matmul_s;
    struct table *tables[] = {summary, breakdown};
    const struct result result = {.kind = sample->kind, .tables = tables, .table_count = 2};
    bool wrote = result_file_write(path, &result, &error);
    CU_ASSERT_TRUE_FATAL(wrote);
    arena_free(arena);
}

static const struct sample ours = {"training", "a", 100, 36, 18, 18, 130, 0.8, 1.5};
static const struct sample theirs = {"training", "b", 50, 18, 9, 0, (double)NAN, 0.9, 1.25};

static void test_comparison(void)
{
    struct error error = {.kind = ERROR_NONE};
    struct arena *arena = arena_create();
    struct compared result, baseline;
    const char *path = arena_text(arena, temporary_file("", ".h5"));
    const char *base_path = arena_text(arena, temporary_file("", ".h5"));
    write_sample(path, &ours);
    write_sample(base_path, &theirs);
    CU_ASSERT_TRUE_FATAL(comparison_read(path, arena, &result, &error));
    CU_ASSERT_TRUE_FATAL(comparison_read(base_path, arena, &baseline, &error));
    CU_ASSERT_STRING_EQUAL(result.name, "a x 2");
    CU_ASSERT(near(comparison_ratio(&result, &baseline, SUMMARY_STEP_TIME), 2, 1e-12));
    CU_ASSERT(isnan(comparison_ratio(&result, &baseline, SUMMARY_COST_PER_H)));
    CU_ASSERT(near(comparison_usd_per_chip_h(&result), 1.3, 1e-12));

    /* Half a step makes a million tokens: 100 chips x 18 s = 0.5 chip-hours, 50 x 9 s = 0.125.
     */
    CU_ASSERT(near(comparison_chip_h(&result), 0.5, 1e-12));
    CU_ASSERT(near(comparison_chip_h(&baseline), 0.125, 1e-12));

    /* Parts: bubble 0.25 against none, matmul 0.25 against 0.0625, vector none against 0.0625.
     */
    int count = 0;
    struct comparison_part *parts = comparison_parts(&result, &baseline, arena, &count);
    CU_ASSERT_EQUAL_FATAL(count, 3);
    CU_ASSERT_STRING_EQUAL(parts[0].part, "bubble");
    CU_ASSERT(near(parts[0].chip_h, 0.25, 1e-12) && parts[0].baseline_chip_h == 0);
    CU_ASSERT_STRING_EQUAL(parts[1].part, "matmul");
    CU_ASSERT(near(parts[1].baseline_chip_h, 0.0625, 1e-12));
    CU_ASSERT_STRING_EQUAL(parts[2].part, "vector");
    arena_free(arena);
}

/* Twice the step, half the speed; the logarithms of what is known of both add in squares. */
static void test_ranges(void)
{
    struct error error = {.kind = ERROR_NONE};
    struct arena *arena = arena_create();
    struct compared result, baseline;
    const char *path = arena_text(arena, temporary_file("", ".h5"));
    const char *base_path = arena_text(arena, temporary_file("", ".h5"));
    struct sample measured = theirs;
    measured.low = measured.high = 1;
    write_sample(path, &ours);
    write_sample(base_path, &theirs);
    CU_ASSERT_TRUE_FATAL(comparison_read(path, arena, &result, &error));
    CU_ASSERT_TRUE_FATAL(comparison_read(base_path, arena, &baseline, &error));
    struct comparison_range both = comparison_time_range(&result, &baseline);
    CU_ASSERT(near(both.low, exp(-hypot(log(0.8), log(1.25))), 1e-12));
    CU_ASSERT(near(both.high, exp(hypot(log(1.5), log(0.9))), 1e-12));
    struct comparison_range speed = comparison_speed_range(&result, &baseline);
    CU_ASSERT(near(speed.low, 0.5 / both.high, 1e-12) &&
              near(speed.high, 0.5 / both.low, 1e-12));

    /* Against a measurement the range is the result's own. */
    write_sample(base_path, &measured);
    CU_ASSERT_TRUE_FATAL(comparison_read(base_path, arena, &baseline, &error));
    struct comparison_range one = comparison_time_range(&result, &baseline);
    CU_ASSERT(near(one.low, 0.8, 1e-12) && near(one.high, 1.5, 1e-12));
    arena_free(arena);
}

static void test_other_kind(void)
{
    struct error error = {.kind = ERROR_NONE};
    struct arena *arena = arena_create();
    struct compared result;
    struct sample collective = ours;
    collective.kind = "collective";
    const char *path = temporary_file("", ".h5");
    write_sample(path, &collective);
    CU_ASSERT_FALSE(comparison_read(path, arena, &result, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "'collective'"));
    arena_free(arena);
}

void suite_comparison(void)
{
    static const struct test tests[] = {
        {"ranges by what is known of both", test_ranges},
        {"ratios and parts", test_comparison},
        {"results of another kind", test_other_kind},
    };
    add_suite("comparison", tests, sizeof tests / sizeof tests[0]);
}
