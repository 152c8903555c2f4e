/* SPDX-License-Identifier: Apache-2.0 */
/* Requests are read some way ahead and dealt to the replicas in the order of their coming; then
 * each replica goes through its own events up to the last of them. Integrals over time are
 * kept replica by replica: sums over replicas do not mind the order. */
#include "serving/serving_apart.h"

#include <math.h>

#include "serving/serving_requests.h"

enum { READ_AHEAD = 4096, READ_AHEAD_REPLICA = 16 };

bool serving_apart_holds(const struct serving *serving)
{
    const struct serving_scenario *scenario = &serving->scenario->serving;
    const struct pool *pool = &serving->pools[POOL_MAIN];
    bool fixed = serving->fleet.items == NULL && serving->timers.count == 0;
    bool alone = serving->pool_count == 1 && pool->engine.find == NULL;
    return fixed && alone && scenario->max_queue == 0 &&
           scenario->router == ROUTER_ROUND_ROBIN && !arrivals_wait_for_ends(serving->arrivals);
}

/* Reads what comes next and deals it out. False with the error of a trace. */
static bool read_ahead(struct serving *serving, double *until_s, struct error *error)
{
    int64_t most = (int64_t)serving->lane_count * READ_AHEAD_REPLICA;
    most = most > READ_AHEAD ? most : READ_AHEAD;
    for (int64_t i = 0; i < most; i++) {
        double time_s = arrivals_time_s(serving->arrivals);
        if (!isfinite(time_s)) {
            *until_s = INFINITY;
            return true;
        }
        *until_s = serving->now_s = time_s;
        if (!serving_requests_deal(serving, error)) {
            return false;
        }
    }
    return true;
}

/* The replica's own time goes on: its share of the integrals. */
static void advance(struct serving *serving, struct replica *replica, double now_s)
{
    double queued = (double)(replica->queue.count + replica->incoming_count);
    double running = (double)replica->running_count;
    double used = (double)kv_cache_used(&replica->cache);
    struct outcome *outcome = serving->outcome;
    outcome->present_integral_s += (queued + running) * (now_s - replica->levels_s);
    series_add_levels(&outcome->series, replica->levels_s, now_s, running, queued, used);
    replica->levels_s = serving->now_s = now_s;
}

/* The next of those dealt to the replica comes to its queue. */
static void enqueue(struct serving *serving, struct replica *replica)
{
    int32_t coming = replica->coming.first;
    int32_t next = request_at(&serving->requests, coming)->next;
    replica->coming.first = next;
    if (next != REQUEST_NONE) {
        request_prefetch(&serving->requests, next);
    } else {
        replica->coming = REQUEST_LIST_EMPTY;
    }
    serving_requests_enqueue(serving, replica, coming);
}

static bool go_on(struct serving *serving, struct replica *replica, double until_s,
                  struct error *error)
{
    for (;;) {
        int32_t coming = replica->coming.first;
        double end_s = replica->busy ? replica->end_s : (double)INFINITY;
        double arrival_s = coming == REQUEST_NONE
                               ? (double)INFINITY
                               : request_at(&serving->requests, coming)->arrival_s;
        double next_s = fmin(end_s, arrival_s);
        if (!isfinite(next_s) || next_s > until_s) {
            return true;
        }
        advance(serving, replica, next_s);
        if (arrival_s < end_s) {
            enqueue(serving, replica);
        } else if (!serving_end_span(serving, replica, error)) {
            return false;
        }
    }
}

bool serving_apart_run(struct serving *serving, const struct serving_options *options,
                       struct error *error)
{
    double until_s = 0, end_s = 0;
    while (isfinite(until_s)) {
        if (!read_ahead(serving, &until_s, error)) {
            return false;
        }
        for (int32_t lane = 0; lane < serving->lane_count; lane++) {
            if (!go_on(serving, &serving->replicas[lane], until_s, error)) {
                return false;
            }
            end_s = fmax(end_s, serving->replicas[lane].levels_s);
        }
        serving_show(serving, options);
    }
    serving->now_s = fmax(end_s, serving->outcome->last_arrival_s);
    return serving_nothing_waits(serving, error);
}
