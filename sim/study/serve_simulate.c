/* SPDX-License-Identifier: Apache-2.0 */
/* The capacity of each of a few plans, searched in children. */
#include <math.h>
#include <stdio.h>

#include "serving/capacity.h"
#include "serving/serving_tables.h"
#include "study/children.h"
#include "study/serve_search.h"

static void take_result(const struct serve_search *search, struct serving *serving,
                        struct serve_result *result, struct arena *arena)
{
    const struct price *prices[POOL_KINDS] = {search->price, search->price};
    const union cell *row = serving_tables_summary(serving, prices, arena)->cells;
    struct engine_totals totals = serving_totals(serving);
    double all_s = 0;
    result->goodput_per_s = row[SERVING_GOODPUT].f64;
    result->ttft_s = row[SERVING_TTFT_P99].f64;
    result->tpot_s = row[SERVING_TPOT_P99].f64;
    result->energy_J_per_million_tokens = row[SERVING_ENERGY].f64;
    result->cost_usd_per_million_tokens = row[SERVING_COST].f64;
    snprintf(result->limit, sizeof result->limit, "%.40s", row[SERVING_LIMIT].text);
    for (int p = 0; p < STEP_PART_COUNT; p++) {
        all_s += totals.parts.part_s[p];
    }
    for (int p = 0; p < STEP_PART_COUNT; p++) {
        result->part_share[p] = all_s > 0 ? totals.parts.part_s[p] / all_s : 0;
    }
}

static bool simulate(struct arena *arena, const void *argument, int64_t index, void *into,
                     struct error *error)
{
    const struct serve_simulation *simulation = argument;
    const struct serve_search *search = simulation->search;
    struct serve_result *result = into;
    struct scenario scenario = serve_search_scenario(search, &simulation->points[index]);
    struct serving_options options = {.progress = NULL};
    struct capacity capacity = {0};
    int64_t asked = scenario.serving.requests;
    scenario.serving.requests = asked == 0 || asked > SERVE_REQUESTS ? SERVE_REQUESTS : asked;
    struct serving *serving = serving_prepare(search->platform, &scenario, arena, error);
    if (serving == NULL || !capacity_find(serving, &scenario, &capacity, error)) {
        return false;
    }
    if (!(capacity.factor > 0)) {
        return error_fill(error, ERROR_INFEASIBLE, "no rate meets the service level");
    }
    if (!serving_simulate(serving, &options, arena, error)) {
        return false;
    }
    take_result(search, serving, result, arena);
    result->capacity_per_s = result->goodput_per_s;
    result->done = true;
    return true;
}

static void ended(void *into, const char *message)
{
    struct serve_result *result = into;
    snprintf(result->message, sizeof result->message, "%.190s", message);
}

double serve_result_value(const struct serve_search *search, const struct serve_point *point,
                          const struct serve_result *result)
{
    switch (search->objective) {
    case SEARCH_USD:
        return result->cost_usd_per_million_tokens;
    case SEARCH_JOULE:
        return result->energy_J_per_million_tokens;
    case SEARCH_TIME:
        break;
    }
    return result->goodput_per_s / (double)point->chips;
}

/* Smaller is better. */
static double order_of(const struct serve_simulation *simulation, int64_t i)
{
    double value =
        serve_result_value(simulation->search, &simulation->points[i], &simulation->results[i]);
    if (!simulation->results[i].done) {
        return (double)INFINITY;
    }
    return simulation->search->objective == SEARCH_TIME ? -value : value;
}

static void rank(struct serve_simulation *simulation)
{
    for (int64_t i = 1; i < simulation->count; i++) {
        for (int64_t at = i; at > 0 && order_of(simulation, at - 1) > order_of(simulation, at);
             at--) {
            struct serve_point point = simulation->points[at];
            struct serve_result result = simulation->results[at];
            simulation->points[at] = simulation->points[at - 1];
            simulation->results[at] = simulation->results[at - 1];
            simulation->points[at - 1] = point;
            simulation->results[at - 1] = result;
        }
    }
}

bool serve_simulate(struct serve_simulation *simulation, struct error *error)
{
    struct arena *arena = simulation->search->arena;
    struct children children = {
        simulation->jobs, simulation->count, sizeof *simulation->results, simulate, ended,
        simulation};
    simulation->results =
        arena_array(arena, simulation->count + 1, sizeof *simulation->results);
    bool ran = children_run(&children, simulation->results, arena, error);
    rank(simulation);
    return ran;
}
