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

static struct search *small_search(struct arena *arena, struct error *error)
{
    static const char *const overrides[] = {"batch_tokens=524288"};
    struct search *search = arena_alloc(arena, sizeof *search);
    search->arena = arena;
    search->platform = platform_read(SOURCE_FOLDER "/platforms/hgx-h100.xml", arena, error);
    search->scenario = scenario_read(SOURCE_FOLDER "/workloads/llama-3-8b-pretrain.yaml",
                                     "hgx-h100", overrides, 1, arena, error);
    return search->platform != NULL && search->scenario != NULL && search_run(search, error)
               ? search
               : NULL;
}

static void every_plan_found_is_feasible(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct search *search = small_search(arena, &error);
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
    struct search *search = small_search(arena, &error);
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
    struct search *search = small_search(arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(search);
    struct search_point points[PLANS];
    double estimated[PLANS], simulated[PLANS];
    for (int i = 0; i < PLANS; i++) {
        points[i] = search->points[search->count * i / PLANS];
    }
    struct search_simulation simulation = search_simulation_of(search, points, PLANS);
    CU_ASSERT_TRUE_FATAL(search_simulate(&simulation, &error));
    for (int i = 0; i < PLANS; i++) {
        CU_ASSERT_TRUE(simulation.results[i].done);
        estimated[i] = points[i].time_s;
        simulated[i] = simulation.results[i].time_s;
        CU_ASSERT_TRUE(near(estimated[i], simulated[i], 0.2));
    }
    CU_ASSERT_TRUE(statistics_spearman(estimated, simulated, PLANS, arena) > 0.97);
    search_rank(&simulation, points);
    for (int i = 1; i < PLANS; i++) {
        CU_ASSERT_TRUE(simulation.results[i - 1].time_s <= simulation.results[i].time_s);
    }
    arena_free(arena);
}

/* Of each schedule, some plans with experts elsewhere: times within a tenth. */
static void the_estimate_knows_every_schedule(void)
{
    enum { EACH = 4, PLANS = 2 * 4 * EACH };
    static const char *const overrides[] = {"batch_tokens=131072"};
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct search search = {.arena = arena};
    struct search_point points[PLANS];
    int64_t seen[8] = {0}, taken[8] = {0}, count = 0;
    struct platform *platform =
        platform_read(SOURCE_FOLDER "/platforms/hgx-h100.xml", arena, &error);
    platform->domain_count = 2;
    search.platform = platform;
    search.scenario = scenario_read(SOURCE_FOLDER "/workloads/mixtral-8x7b-pretrain.yaml",
                                    "hgx-h100", overrides, 1, arena, &error);
    CU_ASSERT_TRUE_FATAL(search_run(&search, &error));
    for (int64_t i = 0; i < search.count; i++) {
        const struct search_point *point = &search.points[i];
        int kind = 2 * point->schedule + point->overlap_experts;
        if (seen[kind]++ % 4001 == 17 && taken[kind] < EACH) {
            taken[kind]++;
            points[count++] = *point;
        }
    }
    CU_ASSERT_EQUAL(count, PLANS - EACH); /* nothing alternates with GPipe */
    struct search_simulation simulation = search_simulation_of(&search, points, count);
    CU_ASSERT_TRUE_FATAL(search_simulate(&simulation, &error));
    for (int64_t i = 0; i < count; i++) {
        CU_ASSERT_TRUE(simulation.results[i].done);
        CU_ASSERT_TRUE(near(points[i].time_s, simulation.results[i].time_s, 0.1));
    }
    arena_free(arena);
}

/* States over the ranks of a server, copies in the others: times within a tenth. */
static void the_estimate_knows_hybrid_sharding(void)
{
    enum { PLANS = 12, EACH = 401 };
    static const char *const overrides[] = {"batch_tokens=524288"};
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct search search = {.arena = arena};
    struct search_point points[PLANS];
    int64_t seen = 0, count = 0;
    struct platform *platform =
        platform_read(SOURCE_FOLDER "/platforms/hgx-h100.xml", arena, &error);
    platform->domain_count = 4;
    search.platform = platform;
    search.scenario = scenario_read(SOURCE_FOLDER "/workloads/llama-3-8b-pretrain.yaml",
                                    "hgx-h100", overrides, 1, arena, &error);
    CU_ASSERT_TRUE_FATAL(search_run(&search, &error));
    for (int64_t i = 0; i < search.count; i++) {
        const struct search_point *point = &search.points[i];
        if (point->shard_chips > 0 && seen++ % EACH == 0 && count < PLANS) {
            struct plan plan = search_plan(&search, point);
            CU_ASSERT_EQUAL(plan_shards(&plan), point->shard_chips);
            points[count++] = *point;
        }
    }
    CU_ASSERT_EQUAL(count, PLANS);
    struct search_simulation simulation = search_simulation_of(&search, points, count);
    CU_ASSERT_TRUE_FATAL(search_simulate(&simulation, &error));
    for (int64_t i = 0; i < count; i++) {
        CU_ASSERT_TRUE(simulation.results[i].done);
        CU_ASSERT_TRUE(near(points[i].time_s, simulation.results[i].time_s, 0.1));
    }
    arena_free(arena);
}

/* Two chips: every plan is simulated, and the best of the eight that the estimate puts first is
 * within a hundredth of the best of all. */
static void the_winner_is_the_best_of_all(void)
{
    enum { FINALISTS = 8 };
    static const char *const overrides[] = {"batch_tokens=16384"};
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct search search = {.arena = arena};
    struct platform *platform =
        platform_read(SOURCE_FOLDER "/platforms/gh200-144gb.xml", arena, &error);
    platform->domain_count = 2;
    search.platform = platform;
    search.scenario = scenario_read(SOURCE_FOLDER "/workloads/llama-3-8b-pretrain.yaml",
                                    "gh200-144gb", overrides, 1, arena, &error);
    CU_ASSERT_TRUE_FATAL(search_run(&search, &error));
    struct search_simulation finalists = search_simulation_of(&search, search.best, FINALISTS);
    struct search_simulation all = search_simulation_of(&search, search.points, search.count);
    CU_ASSERT_TRUE_FATAL(search_simulate(&finalists, &error));
    CU_ASSERT_TRUE_FATAL(search_simulate(&all, &error));
    search_rank(&finalists, search.best);
    double best_s = INFINITY;
    for (int64_t i = 0; i < all.count; i++) {
        CU_ASSERT_TRUE(all.results[i].done);
        best_s = fmin(best_s, all.results[i].time_s);
    }
    CU_ASSERT_TRUE(all.count > 500);
    CU_ASSERT_TRUE(finalists.results[0].time_s <= 1.01 * best_s);
    arena_free(arena);
}

static void nothing_fits_is_said(void)
{
    static const char *const overrides[] = {"batch_tokens=8192"};
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct search search = {.arena = arena};
    search.platform = platform_read(SOURCE_FOLDER "/platforms/hgx-h100.xml", arena, &error);
    search.scenario = scenario_read(SOURCE_FOLDER "/workloads/llama-3.1-405b-pretrain.yaml",
                                    "hgx-h100", overrides, 1, arena, &error);
    CU_ASSERT_FALSE(search_run(&search, &error));
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
