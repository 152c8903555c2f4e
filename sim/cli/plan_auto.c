/* SPDX-License-Identifier: Apache-2.0 */
/* The few best by the estimate are simulated in children; the best is taken. */
#include "cli/plan_auto.h"

#include "study/search.h"
#include "study/serve_search.h"
#include "study/sweep_pool.h"

enum { SIMULATED = 6 };

static bool none_done(const char *message, struct error *error)
{
    return error_fill(error, ERROR_INFEASIBLE, "no plan can be simulated: %s", message);
}

static bool training(struct run_job *job, struct error *error)
{
    struct search *search = arena_alloc(job->arena, sizeof *search);
    search->platform = job->platform;
    search->scenario = job->scenario;
    search->arena = job->arena;
    if (!search_run(search, error)) {
        return false;
    }
    int64_t count = search->best_count < SIMULATED ? search->best_count : SIMULATED;
    struct search_simulation simulation = search_simulation_of(search, search->best, count);
    if (!search_simulate(&simulation, error)) {
        return false;
    }
    search_rank(&simulation, search->best);
    if (!simulation.results[0].done) {
        return none_done(simulation.results[0].message, error);
    }
    job->scenario->plan = search_plan(search, &search->best[0]);
    return true;
}

static bool serving(struct run_job *job, struct error *error)
{
    struct serve_search *search = arena_alloc(job->arena, sizeof *search);
    search->platform = job->platform;
    search->scenario = job->scenario;
    search->price = job->price;
    search->arena = job->arena;
    if (!serve_search_run(search, error)) {
        return false;
    }
    struct serve_simulation simulation = {
        .search = search,
        .points = search->best,
        .count = search->best_count < SIMULATED ? search->best_count : SIMULATED,
        .jobs = sweep_pool_jobs(0)};
    if (!serve_simulate(&simulation, error)) {
        return false;
    }
    if (!simulation.results[0].done) {
        return none_done(simulation.results[0].message, error);
    }
    *job->scenario = serve_search_scenario(search, &search->best[0]);
    return true;
}

bool plan_auto(struct run_job *job, struct error *error)
{
    switch (job->scenario->kind) {
    case SCENARIO_TRAINING:
        return training(job, error);
    case SCENARIO_SERVING:
        return serving(job, error);
    case SCENARIO_COLLECTIVE:
        break;
    }
    return error_fill(error, ERROR_USAGE,
                      "--plan auto is for training and serving workloads; leave it out");
}
