/* SPDX-License-Identifier: Apache-2.0 */
/* The plan search on a small machine: what it finds is feasible, ordered, and near the
 * simulation. */
#include "study/search.h"

#include <math.h>
#include <string.h>

#include "hardware/platform.h"
#include "study/statistics.h"
#include "support/support.h"
#include "workload/transformer_memory.h"

struct space {
    const char *platform;
    int64_t domains;
    const char *workload, *batch;
};

static const struct space small = {"hgx-h100", 1, "llama-3-8b-pretrain", "batch_tokens=524288"};

static struct search *search_of(const struct space *space, struct arena *arena,
                                struct error *error)
{
    struct search *search = arena_alloc(arena, sizeof *search);
    search->arena = arena;
    struct platform *platform = platform_read(
        arena_format(arena, SOURCE_FOLDER "/platforms/%s.xml", space->platform), arena, error);
    search->platform = platform;
    search->scenario =
        scenario_read(arena_format(arena, SOURCE_FOLDER "/workloads/%s.yaml", space->workload),
                      space->platform, &space->batch, 1, arena, error);
    CU_ASSERT_TRUE_FATAL(platform != NULL && search->scenario != NULL);
    platform->domain_count = space->domains;
    return search_run(search, error) ? search : NULL;
}

/* All are simulated, and times are within the tolerance of the estimate. */
static struct search_simulation simulate_near(const struct search *search,
                                              struct search_point *points, int64_t count,
                                              double tolerance)
{
    struct error error = {.kind = ERROR_NONE};
    struct search_simulation simulation = search_simulation_of(search, points, count);
    CU_ASSERT_TRUE_FATAL(search_simulate(&simulation, &error));
    for (int64_t i = 0; i < count; i++) {
        CU_ASSERT_TRUE(simulation.results[i].done);
        CU_ASSERT_TRUE(near(points[i].time_s, simulation.results[i].time_s, tolerance));
    }
    return simulation;
}

static void every_plan_found_is_feasible(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct search *search = search_of(&small, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(search);
    CU_ASSERT_TRUE(search->count > 100);
    CU_ASSERT_TRUE(search->considered >= search->count);
    for (int64_t i = 0; i < search->count; i += 7) {
        struct plan plan = search_plan(search, &search->points[i]);
        struct training_shape shape = {search->scenario->model, &plan,
                                       search->scenario->sequence_tokens};
        double most = 0;
        CU_ASSERT_TRUE(plan.data_parallel > 0);
        CU_ASSERT_EQUAL(plan.batch_sequences * search->scenario->sequence_tokens, 524288);
        for (int64_t stage = 0; stage < plan.pipeline_parallel; stage++) {
            const struct chip *chip = platform_chip(search->platform, 0);
            most = fmax(most, transformer_memory(&shape, chip, stage).total_bytes);
        }
        CU_ASSERT_TRUE(near((double)search->points[i].memory_bytes, most, 1e-6));
        CU_ASSERT_TRUE(most <= platform_chip(search->platform, 0)->hbm_bytes);
    }
    arena_free(arena);
}

static void the_best_are_the_least(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct search *search = search_of(&small, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(search);
    CU_ASSERT_EQUAL(search->best_count, SEARCH_BEST);
    double bound = search_value(search, &search->best[SEARCH_BEST - 1]);
    int64_t below = 0;
    for (int64_t i = 0; i < search->count; i++) {
        below += search_value(search, &search->points[i]) < bound;
    }
    CU_ASSERT_TRUE(below < SEARCH_BEST);
    for (int i = 1; i < SEARCH_BEST; i++) {
        CU_ASSERT_TRUE(search_value(search, &search->best[i - 1]) <=
                       search_value(search, &search->best[i]));
    }
    arena_free(arena);
}

/* 24 plans spread over all: order as simulated, and times within a fifth. */
static void the_estimate_orders_as_the_simulation(void)
{
    enum { PLANS = 24 };
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct search *search = search_of(&small, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(search);
    struct search_point points[PLANS];
    double estimated[PLANS], simulated[PLANS];
    for (int i = 0; i < PLANS; i++) {
        points[i] = search->points[search->count * i / PLANS];
    }
    struct search_simulation simulation = simulate_near(search, points, PLANS, 0.2);
    for (int i = 0; i < PLANS; i++) {
        estimated[i] = points[i].time_s;
        simulated[i] = simulation.results[i].time_s;
    }
    CU_ASSERT_TRUE(statistics_spearman(estimated, simulated, PLANS, arena) > 0.97);
    search_rank(&simulation);
    for (int i = 1; i < PLANS; i++) {
        CU_ASSERT_TRUE(simulation.results[i - 1].time_s <= simulation.results[i].time_s);
    }
    arena_free(arena);
}

/* Of each schedule, some plans with experts elsewhere: times within a tenth. */
static void the_estimate_knows_every_schedule(void)
{
    enum { EACH = 4, PLANS = 2 * 4 * EACH };
    static const struct space space = {"hgx-h100", 2, "mixtral-8x7b-pretrain",
                                       "batch_tokens=131072"};
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct search *search = search_of(&space, arena, &error);
    struct search_point points[PLANS];
    int64_t seen[8] = {0}, taken[8] = {0}, count = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(search);
    for (int64_t i = 0; i < search->count; i++) {
        const struct search_point *point = &search->points[i];
        int kind = 2 * point->schedule + point->overlap_experts;
        if (seen[kind]++ % 4001 == 17 && taken[kind] < EACH) {
            taken[kind]++;
            points[count++] = *point;
        }
    }
    CU_ASSERT_EQUAL(count, PLANS - EACH); /* nothing alternates with GPipe */
    simulate_near(search, points, count, 0.1);
    arena_free(arena);
}

/* States over the ranks of a server, copies in the others: times within a tenth. */
static void the_estimate_knows_hybrid_sharding(void)
{
    enum { PLANS = 12, EACH = 401 };
    static const struct space space = {"hgx-h100", 4, "llama-3-8b-pretrain",
                                       "batch_tokens=524288"};
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct search *search = search_of(&space, arena, &error);
    struct search_point points[PLANS];
    int64_t seen = 0, count = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(search);
    for (int64_t i = 0; i < search->count; i++) {
        const struct search_point *point = &search->points[i];
        if (point->shard_chips > 0 && seen++ % EACH == 0 && count < PLANS) {
            struct plan plan = search_plan(search, point);
            CU_ASSERT_EQUAL(plan_shards(&plan), point->shard_chips);
            points[count++] = *point;
        }
    }
    CU_ASSERT_EQUAL(count, PLANS);
    simulate_near(search, points, count, 0.1);
    arena_free(arena);
}

/* Two chips: every plan is simulated, and the best of the finalists is
 * within a hundredth of the best of all. */
static void the_winner_is_the_best_of_all(void)
{
    static const struct space space = {"gh200-144gb", 2, "llama-3-8b-pretrain",
                                       "batch_tokens=16384"};
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct search *search = search_of(&space, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(search);
    struct search_decision decision = {.finalists = SEARCH_FINALISTS, .jobs = 2};
    struct search_simulation decided;
    struct search_simulation all = search_simulation_of(search, search->points, search->count);
    CU_ASSERT_TRUE_FATAL(search_decide(search, &decision, &decided, &error));
    CU_ASSERT_TRUE_FATAL(search_simulate(&all, &error));
    double best_s = INFINITY;
    for (int64_t i = 0; i < all.count; i++) {
        CU_ASSERT_TRUE(all.results[i].done);
        best_s = fmin(best_s, all.results[i].time_s);
    }
    CU_ASSERT_TRUE(all.count > 500);
    CU_ASSERT_TRUE(decided.results[0].time_s <= 1.01 * best_s);
    arena_free(arena);
}

static void nothing_fits_is_said(void)
{
    static const struct space space = {"hgx-h100", 1, "llama-3.1-405b-pretrain",
                                       "batch_tokens=8192"};
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct search *search = search_of(&space, arena, &error);
    CU_ASSERT_PTR_NULL(search);
    CU_ASSERT_EQUAL(error.kind, ERROR_INFEASIBLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "use more chips"));
    arena_free(arena);
}

void suite_search(void)
{
    static const struct test tests[] = {
        {"every plan found is feasible", every_plan_found_is_feasible},
        {"the best are the least", the_best_are_the_least},
        {"the estimate orders as the simulation", the_estimate_orders_as_the_simulation},
        {"the estimate knows every schedule", the_estimate_knows_every_schedule},
        {"the estimate knows hybrid sharding", the_estimate_knows_hybrid_sharding},
        {"the winner is the best of all", the_winner_is_the_best_of_all},
        {"nothing fits is said", nothing_fits_is_said}};
    add_suite("search", tests, sizeof tests / sizeof tests[0]);
}
