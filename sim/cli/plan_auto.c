/* SPDX-License-Identifier: Apache-2.0 */
/* The few best by the estimate are simulated in children; the best is taken. */
#include "cli/plan_auto.h"

#include "cli/plan_serving.h"
#include "study/search.h"
#include "study/sweep_pool.h"

enum { SIMULATED = 6 };

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
        return error_fill(error, ERROR_INFEASIBLE, "no plan can be simulated: %s",
                          simulation.results[0].message);
    }
    job->scenario->plan = search_plan(search, &search->best[0]);
    return true;
}

static bool serving(struct run_job *job, struct error *error)
{
    struct plan_serving_request request = {.top = 1, .jobs = sweep_pool_jobs(0)};
    struct serve_simulation best;
    if (!plan_serving_best(job, &request, &best, error)) {
        return false;
    }
    *job->scenario = serve_search_scenario(best.search, &best.points[0]);
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
