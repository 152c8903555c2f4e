/* SPDX-License-Identifier: Apache-2.0 */
/* Plans simulated in children. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "record/summary.h"
#include "study/children.h"
#include "study/search.h"
#include "study/sweep_pool.h"
#include "training/training_tables.h"

/* One replica has run: the whole takes as many times as long as it has teams that differ. */
static bool is_cheap(const struct search_simulation *simulation, int64_t index,
                     const struct scenario *scenario, struct arena *arena, struct error *error)
{
    const struct search_result *replica = &simulation->results[index];
    struct training_options options = {.detail = DETAIL_FOLDED};
    struct training *training =
        training_prepare(simulation->search->platform, scenario, &options, arena, error);
    return training != NULL && replica->activities * training->job->team_count <=
                                   SEARCH_WHOLE_ACTIVITIES * training->plan.pipeline_parallel;
}

static bool simulate(struct arena *arena, const void *argument, int64_t index, void *into,
                     struct error *error)
{
    const struct search_simulation *simulation = argument;
    const struct search *search = simulation->search;
    struct search_result *result = into;
    struct scenario scenario = *search->scenario;
    scenario.plan = search_plan(search, &simulation->points[index]);
    struct training_options options = {.detail = DETAIL_FLOW, .one_replica = true};
    if (simulation->whole) {
        options = (struct training_options){.detail = DETAIL_FOLDED};
        if (!is_cheap(simulation, index, &scenario, arena, error)) {
            return true;
        }
    }
    struct training *training =
        training_run(search->platform, &scenario, &options, arena, error);
    if (training == NULL) {
        return false;
    }
    struct training_tables *tables = training_tables(training, simulation->price, arena);
    result->time_s = training->execution.time_s;
    result->energy_J = tables->energy.step_J;
    result->cost_usd_per_million_tokens = tables->summary->cells[SUMMARY_COST].f64;
    memcpy(result->part_s, training->execution.part_s, sizeof result->part_s);
    result->activities = training->execution.activities;
    result->whole = simulation->whole;
    result->done = true;
    return true;
}

static void ended(void *into, const char *message)
{
    struct search_result *result = into;
    snprintf(result->message, sizeof result->message, "%.250s", message);
}

bool search_simulate(struct search_simulation *simulation, struct error *error)
{
    struct children children = {
        simulation->jobs, simulation->count, sizeof *simulation->results, simulate, ended,
        simulation};
    return children_run(&children, simulation->results, simulation->search->arena, error);
}

struct search_simulation search_simulation_of(const struct search *search,
                                              struct search_point *points, int64_t count)
{
    struct search_simulation simulation = {
        .search = search, .points = points, .count = count, .jobs = sweep_pool_jobs(0)};
    simulation.results = arena_array(search->arena, count + 1, sizeof(struct search_result));
    return simulation;
}

static double result_value(const struct search *search, const struct search_result *result)
{
    if (!result->done) {
        return (double)INFINITY;
    }
    return search->objective == SEARCH_JOULE ? result->energy_J : result->time_s;
}

void search_rank(struct search_simulation *simulation)
{
    const struct search *search = simulation->search;
    struct search_result *results = simulation->results;
    struct search_point *points = simulation->points;
    for (int64_t i = 1; i < simulation->count; i++) {
        struct search_point point = points[i];
        struct search_result result = results[i];
        int64_t at = i;
        while (at > 0 &&
               result_value(search, &results[at - 1]) > result_value(search, &result)) {
            results[at] = results[at - 1];
            points[at] = points[at - 1];
            at--;
        }
        results[at] = result;
        points[at] = point;
    }
}

const char *search_objective_name(enum search_objective objective)
{
    static const char *const names[] = {"time", "usd", "joule"};
    return names[objective];
}

bool search_objective_read(const char *text, enum search_objective *objective,
                           struct error *error)
{
    for (enum search_objective o = SEARCH_TIME; o <= SEARCH_JOULE; o++) {
        if (strcmp(text, search_objective_name(o)) == 0) {
            *objective = o;
            return true;
        }
    }
    return error_fill(error, ERROR_USAGE,
                      "--objective: found '%.40s', expected time, usd or "
                      "joule",
                      text);
}
