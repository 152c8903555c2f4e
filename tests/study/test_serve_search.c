/* SPDX-License-Identifier: Apache-2.0 */
/* The search for a fleet: what it finds can be prepared, the estimate orders as the simulation,
 * and nothing drawn at random beats what it says is best. */
#include "study/serve_search.h"

#include <math.h>
#include <string.h>

#include "study/statistics.h"
#include "support/support.h"

static const char *const few[] = {"load.requests=1500", "slo.tpot=50ms"};

static struct serve_search *search_of(const char *const *overrides, int count,
                                      struct arena *arena, struct error *error)
{
    struct serve_search *search = arena_alloc(arena, sizeof *search);
    search->arena = arena;
    search->platform = platform_read(SOURCE_FOLDER "/platforms/hgx-h100.xml", arena, error);
    search->scenario = scenario_read(SOURCE_FOLDER "/workloads/serve-llama-3-70b-conv.yaml",
                                     "hgx-h100", overrides, count, arena, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(search->scenario);
    return search;
}

/* 16 fleets over all that were found, with replicas that do both and with pools. */
static void the_best_is_not_beaten(void)
{
    enum { PLANS = 16, BEST = 6 };
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct serve_search *search = search_of(few, 2, arena, &error);
    CU_ASSERT_TRUE_FATAL(serve_search_run(search, &error));
    struct serve_simulation best = {
        .search = search, .points = search->best, .count = BEST, .jobs = 2};
    CU_ASSERT_TRUE_FATAL(serve_simulate(&best, &error));
    struct serve_point points[PLANS];
    double estimated[PLANS], simulated[PLANS];
    int64_t done = 0;
    for (int64_t i = 0; i < PLANS; i++) {
        points[i] = search->points[i * search->count / PLANS];
    }
    struct serve_simulation drawn = {
        .search = search, .points = points, .count = PLANS, .jobs = 2};
    CU_ASSERT_TRUE_FATAL(serve_simulate(&drawn, &error));
    for (int64_t i = 0; i < PLANS; i++) {
        if (drawn.results[i].done) {
            estimated[done] = serve_search_value(&points[i]);
            simulated[done] = serve_result_value(search, &points[i], &drawn.results[i]);
            CU_ASSERT_TRUE(simulated[done] <= 1.01 * serve_result_value(search, &best.points[0],
                                                                        &best.results[0]));
            done++;
        }
    }
    CU_ASSERT_TRUE(done > PLANS / 2);
    CU_ASSERT_TRUE(statistics_spearman(estimated, simulated, done, arena) > 0.85);
    arena_free(arena);
}

static void plans_fit_and_are_ordered(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct serve_search *search = search_of(few, 2, arena, &error);
    CU_ASSERT_TRUE_FATAL(serve_search_run(search, &error));
    int64_t divided = 0;
    for (int64_t i = 0; i < search->count; i++) {
        const struct serve_point *point = &search->points[i];
        divided += point->prefill_replicas > 0;
        CU_ASSERT_TRUE(point->chips <= 8 && point->capacity_per_s > 0);
        CU_ASSERT_TRUE(serve_search_value(point) <= serve_search_value(&search->best[0]));
        if (i % 997 == 0) {
            struct scenario scenario = serve_search_scenario(search, point);
            CU_ASSERT_PTR_NOT_NULL(serving_prepare(search->platform, &scenario, arena, &error));
        }
    }
    CU_ASSERT_TRUE(divided > 0 && divided < search->count);
    arena_free(arena);
}

static void refusals(void)
{
    static const char *const no_rate[] = {"load.arrivals=at-once"};
    static const char *const too_tight[] = {"slo.tpot=1ms"};
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    CU_ASSERT_FALSE(serve_search_run(search_of(no_rate, 1, arena, &error), &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
    error = (struct error){.kind = ERROR_NONE};
    CU_ASSERT_FALSE(serve_search_run(search_of(too_tight, 1, arena, &error), &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_INFEASIBLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "looser level"));
    arena_free(arena);
}

void suite_serve_search(void)
{
    static const struct test tests[] = {
        {"plans fit and are ordered", plans_fit_and_are_ordered},
        {"the best is not beaten", the_best_is_not_beaten},
        {"refusals", refusals}};
    add_suite("serve_search", tests, sizeof tests / sizeof tests[0]);
}
