/* SPDX-License-Identifier: Apache-2.0 */
/* How far the replicas were used, and what they could serve. */
#include "serving/serving_load.h"

#include <math.h>

double serving_load_elapsed_s(const struct serving *serving)
{
    return serving->outcome->end_s - serving->outcome->first_arrival_s;
}

/* That a pool had over the run: all, or what its autoscaler took. */
double serving_load_chips(const struct serving *serving, const struct pool *pool)
{
    double span_s = serving_load_elapsed_s(serving);
    return span_s > 0 ? fleet_chips_s(serving, (int)(pool - serving->pools)) / span_s
                      : (double)pool->chips;
}

double serving_load_busy(const struct serving *serving, const struct pool *pool)
{
    double lanes =
        (double)pool->lane_count * serving_load_chips(serving, pool) / (double)pool->chips;
    return pool->engine.totals.busy_s / (lanes * serving_load_elapsed_s(serving));
}

/* MODEL.md, "Serving: statistics" */
static double pool_load_fraction(const struct serving *serving, const struct pool *pool)
{
    const struct engine_totals *totals = &pool->engine.totals;
    struct step one = {.rows = 1, .decode_count = 1, .decode_context = 1};
    double alone_s = (double)totals->steps * step_cost_s(pool->cost, &one, NULL);
    double added = 1 - alone_s / totals->busy_s;
    double running = totals->running_s / totals->busy_s / (double)pool->engine.sequences;
    double blocks =
        totals->blocks_s / totals->busy_s / (double)pool->replicas[0].cache.block_count;
    return fmax(fmax(added, 0), fmax(running, blocks)) * serving_load_busy(serving, pool);
}

/* Of the pool that has more of it. */
double serving_load_fraction(const struct serving *serving)
{
    double load = 0;
    for (int kind = 0; kind < serving->pool_count; kind++) {
        load = fmax(load, pool_load_fraction(serving, &serving->pools[kind]));
    }
    return load;
}

/* Share of a pool's replica time in backlogs that each last a notable part of the run. */
static double backlog_fraction(const struct serving *serving, const struct pool *pool,
                               double notable_s)
{
    double lanes =
        (double)pool->lane_count * serving_load_chips(serving, pool) / (double)pool->chips;
    return histogram_sum_from(pool->engine.backlogs, notable_s) /
           (lanes * serving_load_elapsed_s(serving));
}

/* Replicas could not keep up with the requests that came. MODEL.md, "Serving: saturation" */
bool serving_load_saturated(const struct serving *serving)
{
    static const double notable = 0.1;
    int arrivals = serving->scenario->serving.arrivals;
    if (arrivals_wait_for_ends(serving->arrivals) || arrivals == ARRIVALS_AT_ONCE) {
        return false; /* nobody said how many come in a second */
    }
    bool found = false;
    for (int kind = 0; kind < serving->pool_count; kind++) {
        found = found || backlog_fraction(serving, &serving->pools[kind],
                                          notable * serving_load_elapsed_s(serving)) > notable;
    }
    return found;
}

/* What a lane of a pool does for a request of the mean kind. */
struct mean_request {
    double prompt;  /* tokens that it computes of the prompt, again ones too */
    double output;  /* tokens that come out */
    double context; /* tokens looked back upon, while it decodes */
};

static struct mean_request mean_request(const struct serving *serving, const struct pool *pool)
{
    const struct engine_totals *totals = &pool->engine.totals;
    double ended = fmax((double)serving->outcome->completed, 1);
    struct mean_request mean = {.prompt =
                                    (double)(totals->prefilled + totals->recomputed) / ended,
                                .output = (double)totals->produced / ended};
    double input = (double)serving->outcome->asked_input / ended;
    mean.context = input + mean.output / 2;
    return mean;
}

static struct step full_step(const struct mean_request *mean, double prompts, double decodes)
{
    double tokens = prompts * mean->prompt;
    return (struct step){.prefill_tokens = (int64_t)ceil(tokens),
                         .prefill_count = (int64_t)ceil(prompts),
                         .prefill_pairs = tokens * mean->prompt / 2,
                         .prefill_context = tokens,
                         .rows = (int64_t)ceil(prompts + decodes),
                         .decode_count = (int64_t)ceil(decodes),
                         .decode_context = decodes * mean->context,
                         .growth = decodes};
}

static double step_s(const struct pool *pool, const struct mean_request *mean, double prompts,
                     double decodes)
{
    struct step step = full_step(mean, prompts, decodes);
    return prompts + decodes > 0 ? step_cost_s(pool->cost, &step, NULL) : 0;
}

/* Requests a second of one lane whose steps are as full as its limits let them be. */
static double lane_capacity_per_s(const struct serving *serving, const struct pool *pool)
{
    const struct serving_scenario *scenario = &pool->scenario;
    struct mean_request mean = mean_request(serving, pool);
    double budget = (double)scenario->max_num_batched_tokens;
    double room = (double)pool->replicas[0].cache.block_count * (double)scenario->block_tokens;
    double most = (double)pool->engine.sequences;
    double decodes = fmin(most, fmax(room / mean.context, 1));
    double prompts = fmin(budget / fmax(mean.prompt, 1), most);
    if (pool->engine.prefilled != NULL || mean.output <= 1) { /* prompts alone */
        return prompts / step_s(pool, &mean, prompts, 0);
    }
    if (scenario->policy != BATCH_CHUNKED) { /* prompts and decoding by turns */
        double prompt_s = step_s(pool, &mean, prompts, 0) / prompts;
        return 1 / (prompt_s + mean.output * step_s(pool, &mean, 0, decodes) / decodes);
    }
    decodes = fmin(decodes, budget / (1 + mean.prompt / mean.output));
    decodes = fmax(decodes, 1);
    return decodes / mean.output / step_s(pool, &mean, decodes / mean.output, decodes);
}

double serving_load_capacity_per_s(const struct serving *serving)
{
    double least = INFINITY;
    for (int kind = 0; kind < serving->pool_count; kind++) {
        const struct pool *pool = &serving->pools[kind];
        double lanes =
            (double)pool->lane_count * serving_load_chips(serving, pool) / (double)pool->chips;
        least = fmin(least, lanes * lane_capacity_per_s(serving, pool));
    }
    return serving->outcome->completed > 0 ? least : (double)NAN;
}

double serving_load_trusted_per_s(const struct serving *serving)
{
    static const double most = 0.9;
    const struct outcome *outcome = serving->outcome;
    double span_s = serving_load_elapsed_s(serving);
    double offered = (double)outcome->arrived /
                     fmax(outcome->last_arrival_s - outcome->first_arrival_s, span_s * 1e-9);
    double served = fmin(offered, (double)outcome->completed / span_s);
    double full =
        fmin(served / serving_load_fraction(serving), serving_load_capacity_per_s(serving));
    bool known = outcome->arrived > 1 && outcome->completed > 0;
    return known ? most * full / series_peak(&outcome->series) : (double)NAN;
}
