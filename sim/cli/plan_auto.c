/* SPDX-License-Identifier: Apache-2.0 */
/* The few best by the estimate are simulated in children; the best is taken. */
#include "cli/plan_auto.h"

#include "cli/plan_serving.h"
#include "study/search.h"
#include "study/sweep_pool.h"

static bool training(struct run_job *job, struct error *error)
{
    struct search *search = arena_alloc(job->arena, sizeof *search);
    search->platform = job->platform;
    search->scenario = job->scenario;
    search->arena = job->arena;
    if (!search_run(search, error)) {
        return false;
    }
    struct search_decision decision = {
        .finalists = SEARCH_FINALISTS, .whole = 1, .jobs = sweep_pool_jobs(0)};
    struct search_simulation simulation;
    if (!search_decide(search, &decision, &simulation, error)) {
        return false;
    }
    job->scenario->plan = search_plan(search, &simulation.points[0]);
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
