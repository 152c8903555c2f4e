/* SPDX-License-Identifier: Apache-2.0 */
/* Requests are read some way ahead and dealt to the replicas in the order of their coming; then
 * each replica goes through its own events up to the last of them. So many are dealt to each
 * that most begin and end while it is at work: they take the places of those that have just
 * ended, and what is fetched into the processor's cache once serves them all. Integrals over
 * time are kept replica by replica: sums over replicas do not mind the order. */
#include "serving/serving_apart.h"

#include <math.h>

#include "serving/serving_requests.h"

/* Requests dealt at a time: in all at least, and to a replica at most. */
enum { DEAL_LEAST = 1024, DEAL_REPLICA = 64 };

bool serving_apart_holds(const struct serving *serving)
{
    const struct serving_scenario *scenario = &serving->scenario->serving;
    const struct pool *pool = &serving->pools[POOL_MAIN];
    bool fixed = serving->fleet.items == NULL && serving->timers.count == 0;
    bool alone = serving->pool_count == 1 && pool->engine.find == NULL;
    return fixed && alone && scenario->max_queue == 0 &&
           scenario->router == ROUTER_ROUND_ROBIN && !arrivals_wait_for_ends(serving->arrivals);
}

static int64_t deal_size(const struct serving *serving)
{
    int64_t each = DEAL_LEAST / serving->lane_count;
    return each > DEAL_REPLICA ? each : DEAL_REPLICA;
}

/* Room for what is dealt at a time; turns are never more than one apart. */
static void make_room(struct serving *serving)
{
    int64_t each = deal_size(serving) + 1;
    struct request_come *room = arena_array(serving->pools[POOL_MAIN].engine.arena,
                                            serving->lane_count * each, sizeof *room);
    for (int32_t lane = 0; lane < serving->lane_count; lane++) {
        serving->replicas[lane].coming = room + lane * each;
    }
}

/* Reads what comes next and deals it out. False with the error of a trace. */
static bool read_ahead(struct serving *serving, double *until_s, struct error *error)
{
    int64_t most = serving->lane_count * deal_size(serving);
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

/* When the next of those dealt to the replica comes. */
static double next_arrival_s(const struct replica *replica)
{
    return replica->coming_next == replica->coming_count
               ? (double)INFINITY
               : replica->coming[replica->coming_next].arrival.time_s;
}

static void enqueue(struct serving *serving, struct replica *replica)
{
    const struct request_come *come = &replica->coming[replica->coming_next++];
    if (replica->coming_next == replica->coming_count) {
        replica->coming_next = replica->coming_count = 0;
    }
    serving_requests_enqueue(serving, replica, request_create(&serving->requests, come));
}

static bool go_on(struct serving *serving, struct replica *replica, double until_s,
                  struct error *error)
{
    for (;;) {
        double end_s = replica->busy ? replica->end_s : (double)INFINITY;
        double arrival_s = next_arrival_s(replica);
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
    make_room(serving);
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
