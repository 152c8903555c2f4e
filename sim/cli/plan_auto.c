/* SPDX-License-Identifier: Apache-2.0 */
/* The few best by the estimate are simulated in children; the fastest is taken. */
#include "cli/plan_auto.h"

#include <stdio.h>

#include "study/search.h"

enum { SIMULATED = 6 };

bool plan_auto(struct run_job *job, struct error *error)
{
    if (job->scenario->kind != SCENARIO_TRAINING) {
        return error_fill(error, ERROR_USAGE,
                          "--plan auto is for training workloads; leave it out");
    }
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
