/* SPDX-License-Identifier: Apache-2.0 */
/* Doubling or halving until the answer changes, then bisection of the logarithm. Every trial is
 * a whole run with the same seed, in an arena of its own. */
#include "serving/capacity.h"

#include <math.h>

enum { DOUBLINGS = 24 };
static const double PRECISION = 1.01;

/* What is too long is refused at any rate: it says nothing about this one. */
static bool meets(const struct serving *serving)
{
    const struct serving_scenario *scenario = &serving->scenario->serving;
    const struct outcome *outcome = serving->outcome;
    double ttft_s = histogram_quantile(&outcome->ttft_s, 0.99);
    double tpot_s = histogram_quantile(&outcome->tpot_s, 0.99);
    return outcome->counted > 0 && outcome->rejected == outcome->too_long &&
           ttft_s <= scenario->slo_ttft_s && (isnan(tpot_s) || tpot_s <= scenario->slo_tpot_s);
}

/* One run at a multiple of the workload's rate. */
static bool try_factor(struct serving *serving, struct scenario *scenario, double factor,
                       struct capacity *capacity, bool *met, struct error *error)
{
    struct serving_options options = {.progress = NULL};
    struct arena *arena = arena_create();
    double before = scenario->serving.rate_scale;
    scenario->serving.rate_scale = before * factor;
    bool served = serving_simulate(serving, &options, arena, error);
    *met = served && meets(serving);
    capacity->all_too_long = served && serving->outcome->too_long == serving->outcome->arrived;
    capacity->runs++;
    scenario->serving.rate_scale = before;
    arena_free(arena);
    return served;
}

static bool check_load(const struct serving_scenario *scenario, struct error *error)
{
    return (scenario->arrivals != ARRIVALS_AT_ONCE && scenario->arrivals != ARRIVALS_CLOSED) ||
           error_fill(error, ERROR_INPUT,
                      "--find-capacity needs a load with a rate, and arrivals is %s; use "
                      "poisson, gamma or a trace",
                      scenario->arrivals == ARRIVALS_CLOSED ? "closed" : "at-once");
}

/* Two factors, one that meets the level and twice as much that does not. */
static bool bracket(struct serving *serving, struct scenario *scenario,
                    struct capacity *capacity, double *high, struct error *error)
{
    bool met;
    *high = 1;
    if (!try_factor(serving, scenario, *high, capacity, &met, error)) {
        return false;
    }
    bool rising = met;
    while (capacity->runs < DOUBLINGS && met == rising && !capacity->all_too_long) {
        *high = rising ? *high * 2 : *high / 2;
        if (!try_factor(serving, scenario, *high, capacity, &met, error)) {
            return false;
        }
    }
    capacity->factor = rising ? *high / 2 : *high;
    *high = capacity->factor * 2;
    if (met == rising) { /* never changed */
        capacity->factor = rising ? *high / 2 : 0;
        *high = capacity->factor;
    }
    return true;
}

bool capacity_find(struct serving *serving, struct scenario *scenario,
                   struct capacity *capacity, struct error *error)
{
    double high;
    *capacity = (struct capacity){0};
    serving->scenario = scenario;
    if (!check_load(&scenario->serving, error) ||
        !bracket(serving, scenario, capacity, &high, error)) {
        return false;
    }
    while (high > capacity->factor * PRECISION && capacity->factor > 0) {
        double middle = sqrt(capacity->factor * high);
        bool met;
        if (!try_factor(serving, scenario, middle, capacity, &met, error)) {
            return false;
        }
        if (met) {
            capacity->factor = middle;
        } else {
            high = middle;
        }
    }
    if (capacity->factor > 0) {
        scenario->serving.rate_scale *= capacity->factor;
    }
    return true;
}
