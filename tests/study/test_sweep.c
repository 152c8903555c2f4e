/* SPDX-License-Identifier: Apache-2.0 */
/* Sweep files: what points they make, in which order, and how mistakes are told. */
#include "study/sweep.h"

#include <string.h>

#include "study/sweep_condition.h"
#include "support/support.h"

#define HEAD "title: t\nworkload: w.yaml\nplatform: p.xml\n"

static struct sweep *read_text(const char *text, struct arena *arena, struct error *error)
{
    return sweep_read(temporary_file(text, ".yaml"), arena, error);
}

/* The values of a point in the order of the keys, joined by spaces, without workload and
 * platform. */
static const char *point_text(const struct sweep *sweep, int64_t point, struct arena *arena)
{
    const char *text = "";
    for (int k = 2; k < sweep->key_count; k++) {
        text =
            arena_format(arena, "%s%s%s", text, k > 2 ? " " : "", sweep_value(sweep, point, k));
    }
    return text;
}

static void check_points(const char *text, const char *const *expected, int64_t count)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct sweep *sweep = read_text(text, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sweep);
    CU_ASSERT_EQUAL(sweep->point_count, count);
    for (int64_t p = 0; p < count && p < sweep->point_count; p++) {
        CU_ASSERT_STRING_EQUAL(point_text(sweep, p, arena), expected[p]);
    }
    arena_free(arena);
}

static void grid_moves_the_last_axis_fastest(void)
{
    static const char *const expected[] = {"1 none", "1 full", "2 none",
                                           "2 full", "4 none", "4 full"};
    check_points(HEAD "axes:\n"
                      "  - {key: plan.tensor_parallel, from: 1, to: 4, factor: 2}\n"
                      "  - {key: plan.recompute, values: [none, full]}\n",
                 expected, 6);
}

static void zipped_keys_move_together(void)
{
    static const char *const expected[] = {"4 16", "8 8"};
    check_points(HEAD "axes:\n"
                      "  - zip:\n"
                      "      - {key: plan.tensor_parallel, values: [4, 8]}\n"
                      "      - {key: plan.pipeline_parallel, values: [16, 8]}\n",
                 expected, 2);
}

/* 1, 2.5 rounded to 3 (whole keys), 4; sizes keep their unit, the first where two differ: 1 + 2
 * i. */
static void ranges_are_stepped_and_counted(void)
{
    static const char *const counted[] = {"1", "3", "4"};
    static const char *const stepped[] = {"1MiB", "3MiB", "5MiB"};
    static const char *const scaled[] = {"1KiB", "1024KiB", "1048576KiB"};
    check_points(HEAD "axes: [{key: plan.micro_batch, from: 1, to: 4, count: 3}]\n", counted,
                 3);
    check_points(HEAD "axes: [{key: size, from: 1MiB, to: 6MiB, step: 2}]\n", stepped, 3);
    check_points(HEAD "axes: [{key: size, from: 1KiB, to: 1GiB, factor: 1024}]\n", scaled, 3);
}

/* Products 1 2 4 / 2 4 8 of TP x PP; at most 4 and not both 1 leaves 2, 4 / 2, 4. */
static void conditions_drop_points(void)
{
    static const char *const expected[] = {"1 2", "1 4", "2 1", "2 2"};
    check_points(HEAD "axes:\n"
                      "  - {key: plan.tensor_parallel, values: [1, 2]}\n"
                      "  - {key: plan.pipeline_parallel, values: [1, 2, 4]}\n"
                      "where:\n"
                      "  - tensor_parallel * plan.pipeline_parallel <= 4\n"
                      "  - not (tensor_parallel == 1 and pipeline_parallel == 1)\n",
                 expected, 4);
}

/* One draw in each quarter of 0 .. 8: sorted, draw i lies in [2 i, 2 i + 2). */
static void latin_hypercube_fills_every_stratum(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct sweep *sweep =
        read_text(HEAD "sample:\n  method: latin-hypercube\n  count: 4\n  axes:\n"
                       "    - {key: platform.x, from: 0, to: 8}\n"
                       "    - {key: platform.y, from: 0, to: 8}\n",
                  arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sweep);
    CU_ASSERT_EQUAL(sweep->point_count, 4);
    for (int key = 2; key < 4; key++) {
        unsigned strata = 0;
        for (int64_t p = 0; p < 4; p++) {
            double value;
            const char *rest;
            CU_ASSERT_TRUE(sweep_number(sweep_value(sweep, p, key), &value, &rest));
            strata |= 1u << (int)(value / 2);
        }
        CU_ASSERT_EQUAL(strata, 15);
    }
    arena_free(arena);
}

static void samples_depend_on_seed_and_key_alone(void)
{
    static const char text[] = HEAD "sample:\n  method: random\n  count: 3\n  axes:\n"
                                    "    - {key: seed, from: 1, to: 1000000}\n";
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct sweep *one = read_text(text, arena, &error), *two = read_text(text, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(one);
    CU_ASSERT_PTR_NOT_NULL_FATAL(two);
    for (int64_t p = 0; p < 3; p++) {
        CU_ASSERT_STRING_EQUAL(sweep_value(one, p, 2), sweep_value(two, p, 2));
    }
    arena_free(arena);
}

static void check_refused(const char *text, int line, const char *part)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    CU_ASSERT_PTR_NULL(read_text(text, arena, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
    CU_ASSERT_EQUAL(error.line, line);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, part));
    arena_free(arena);
}

static void mistakes_are_told_at_their_place(void)
{
    check_refused(HEAD "axes:\n  - {key: plan.tensor, values: [1]}\n", 5, "'plan.tensor'");
    check_refused(HEAD "axes:\n  - {key: seed}\n", 5, "has no values");
    check_refused(HEAD "axes:\n  - {key: seed, from: 1, to: 5, factor: 1}\n", 5, "factor");
    check_refused(HEAD "axes:\n  - {key: size, from: 1KiB, to: 1s, factor: 2}\n", 5, "unit");
    check_refused(HEAD "axes:\n  - {key: seed, values: [1]}\n  - {key: seed, values: [2]}\n", 6,
                  "another place");
    check_refused(HEAD "axes:\n  - {key: seed, values: [1]}\nwhere:\n  - dtype == 1\n", 7,
                  "'dtype'");
    check_refused(HEAD "axes:\n  - {key: seed, values: [1]}\nwhere:\n  - seed > 1\n", 6,
                  "leaves no point");
    check_refused(HEAD "axes:\n  - {key: seed, values: [1]}\nwhere: ['seed >']\n", 6,
                  "expected");
    check_refused("title: t\nworkload: w.yaml\naxes: []\n", 1, "names no platform");
}

static void quantities_compare_by_value(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct sweep *sweep =
        read_text(HEAD "axes: [{key: size, values: [1GiB]}]\n", arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sweep);
    static const struct {
        const char *text;
        bool holds;
    } cases[] = {{"size == 1024MiB", true},
                 {"size / 2 < 1GB", true},
                 {"size > 2GB or 1 + 1 == 2", true},
                 {"2 * 3 % 4 == 2", true},
                 {"platform == 'p.xml'", true},
                 {"platform != 'p.xml'", false},
                 {"-1 - -2 == 1", true},
                 {"8 / 2 / 2 == 2", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool holds = !cases[i].holds;
        CU_ASSERT_TRUE(sweep_condition(sweep, 0, cases[i].text, &holds, &error));
        CU_ASSERT_EQUAL(holds, cases[i].holds);
    }
    arena_free(arena);
}

void suite_sweep(void)
{
    static const struct test tests[] = {
        {"a grid moves its last axis fastest", grid_moves_the_last_axis_fastest},
        {"zipped keys move together", zipped_keys_move_together},
        {"ranges are stepped and counted", ranges_are_stepped_and_counted},
        {"conditions drop points", conditions_drop_points},
        {"a Latin hypercube fills every stratum", latin_hypercube_fills_every_stratum},
        {"samples depend on seed and key alone", samples_depend_on_seed_and_key_alone},
        {"mistakes are told at their place", mistakes_are_told_at_their_place},
        {"quantities compare by value", quantities_compare_by_value}};
    add_suite("sweep", tests, sizeof tests / sizeof tests[0]);
}
