/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: the next event is a request that comes, a span that ends, or a timer. */
#include "serving/serving.h"

#include <math.h>

#include "serving/batch_policy.h"
#include "serving/context.h"
#include "serving/queue_policy.h"
#include "serving/serving_apart.h"
#include "serving/serving_requests.h"

enum { LIVE_LOCK_STEPS = 100000, PROGRESS_EVENTS = 65536 };

static const struct batch_policy *const policies[] = {
    [BATCH_CHUNKED] = &batch_chunked,
    [BATCH_PREFILL_FIRST] = &batch_prefill_first,
    [BATCH_STATIC] = &batch_static,
};

static const struct queue_policy *const queue_policies[] = {
    [QUEUE_FCFS] = &queue_fcfs,
    [QUEUE_PRIORITY] = &queue_priority,
    [QUEUE_SHORTEST] = &queue_shortest,
};

static void advance(struct serving *serving, double now_s)
{
    serving->now_s = now_s;
    outcome_advance(serving->outcome, now_s);
    series_levels(&serving->outcome->series, now_s, (double)serving->running,
                  (double)serving->waiting, (double)serving->blocks_used);
}

static bool live_lock(const struct serving *serving, const struct replica *replica,
                      struct error *error)
{
    return error_fill(
        error, ERROR_INFEASIBLE,
        "live-lock: replica %d made %d steps without a new token at %.3f s, with "
        "%d requests running, %d waiting and %lld of %lld KV blocks in use; lower "
        "max_num_seqs or give the KV cache more room",
        (int)replica->index, LIVE_LOCK_STEPS, serving->now_s, (int)replica->running_count,
        (int)replica->queue.count, (long long)kv_cache_used(&replica->cache),
        (long long)replica->cache.block_count);
}

bool serving_end_span(struct serving *serving, struct replica *replica, struct error *error)
{
    struct serving_engine *engine = &serving_pool_of(serving, replica)->engine;
    int64_t produced = engine->totals.produced, prefilled = engine->totals.prefilled;
    serving_requests_take_levels(serving, replica);
    replica_finish(engine, replica);
    series_tokens(&serving->outcome->series, replica->start_s, replica->end_s,
                  (double)(engine->totals.produced - produced),
                  (double)(engine->totals.prefilled - prefilled));
    if (replica->idle_steps > LIVE_LOCK_STEPS) {
        return live_lock(serving, replica, error);
    }
    serving_requests_plan(serving, replica);
    serving_requests_put_levels(serving, replica);
    return true;
}

/* Transfers come to an end; a fleet's timers need not, and those in a row are counted. */
static void end_timer(struct serving *serving, int64_t *quiet)
{
    struct timer timer = timers_pop(&serving->timers);
    if (timer.kind == TIMER_TRANSFER) {
        context_moved(serving, &timer);
        *quiet = 0;
    } else {
        fleet_timer(serving, &timer);
    }
}

/* Nothing is going to happen any more: then nobody should be left. */
bool serving_nothing_waits(const struct serving *serving, struct error *error)
{
    return serving->requests.present == 0 ||
           error_fill(error, ERROR_INFEASIBLE,
                      "live-lock: at %.3f s %lld requests are present and nothing is under way "
                      "that could bring them on; give the KV caches more room",
                      serving->now_s, (long long)serving->requests.present);
}

void serving_show(const struct serving *serving, const struct serving_options *options)
{
    int64_t all = serving->scenario->serving.requests;
    if (options->progress != NULL && all > 0) {
        options->progress((double)serving->outcome->completed / (double)all * 0.999,
                          serving->now_s);
    }
}

static bool loop(struct serving *serving, const struct serving_options *options,
                 struct error *error)
{
    int64_t quiet = 0; /* events of a fleet alone, in which nobody was served */
    for (int64_t events = 1;; events++) {
        double arrival_s = arrivals_time_s(serving->arrivals);
        double end_s = span_queue_next_s(&serving->spans);
        double timer_s = timers_next_s(&serving->timers);
        double next_s = fmin(fmin(arrival_s, end_s), timer_s);
        bool done = true;
        bool over = !isfinite(arrival_s) && serving->requests.present == 0;
        if (over || quiet > LIVE_LOCK_STEPS || !isfinite(next_s)) {
            return serving_nothing_waits(serving, error);
        }
        advance(serving, next_s);
        quiet = end_s > next_s && arrival_s > next_s ? quiet + 1 : 0;
        if (end_s <= next_s) {
            span_queue_prefetch(&serving->spans);
            done = serving_end_span(serving, span_queue_first(&serving->spans), error);
        } else if (timer_s <= next_s) {
            end_timer(serving, &quiet);
        } else {
            done = serving_requests_take(serving, error);
        }
        if (!done) {
            return false;
        }
        if (events % PROGRESS_EVENTS == 0) {
            serving_show(serving, options);
        }
    }
}

static void start_pool(struct serving *serving, int kind, struct arena *arena)
{
    struct pool *pool = &serving->pools[kind];
    const struct serving_scenario *scenario = &pool->scenario;
    pool->engine = (struct serving_engine){
        .scenario = scenario,
        .policy = policies[scenario->policy],
        .queue_policy = queue_policies[scenario->queue_order],
        .cost = pool->cost,
        .pool = &serving->requests,
        .sequences = (scenario->max_num_seqs + scenario->pipeline_parallel - 1) /
                     scenario->pipeline_parallel,
        .coalesce = serving->scenario->coalesce,
        .arena = arena,
        .backlogs = arena_alloc(arena, sizeof(struct histogram)),
        .ended = serving_requests_ended,
        .owner = serving,
    };
    for (int32_t i = 0; i < pool->lane_count; i++) {
        replica_init(&pool->replicas[i], &pool->engine,
                     (int32_t)(&pool->replicas[i] - serving->replicas),
                     pool->block_count / scenario->pipeline_parallel);
        pool->replicas[i].pool = kind;
    }
    router_init(&pool->router, &pool->engine, pool->replicas, pool->lane_count, arena);
}

static void start(struct serving *serving, struct arena *arena)
{
    serving->lane_count = 0;
    request_pool_init(&serving->requests, arena);
    for (int kind = 0; kind < serving->pool_count; kind++) {
        struct pool *pool = &serving->pools[kind];
        pool->lane_count = (int32_t)(pool->replica_count * pool->scenario.pipeline_parallel);
        serving->lane_count += pool->lane_count;
    }
    serving->replicas = arena_array(arena, serving->lane_count, sizeof(struct replica));
    int32_t first = 0;
    for (int kind = 0; kind < serving->pool_count; kind++) {
        serving->pools[kind].replicas = serving->replicas + first;
        first += serving->pools[kind].lane_count;
        start_pool(serving, kind, arena);
    }
    span_queue_init(&serving->spans, serving->replicas, serving->lane_count, &serving->requests,
                    arena);
    timers_init(&serving->timers, arena);
    transfers_init(&serving->transfers, &serving->timers, arena);
    context_start(serving, arena);
    serving->outcome = outcome_create(&serving->scenario->serving, arena);
    serving->now_s = 0;
    serving->homeless = REQUEST_LIST_EMPTY;
    random_init(&serving->urgency, serving->scenario->seed, "urgent requests");
    fleet_start(serving, arena);
    serving->running = serving->waiting = serving->blocks_used = serving->longest_queue = 0;
}

bool serving_simulate(struct serving *serving, const struct serving_options *options,
                      struct arena *arena, struct error *error)
{
    start(serving, arena);
    serving->arrivals =
        arrivals_open(&serving->scenario->serving, serving->scenario->seed, arena, error);
    if (serving->arrivals == NULL) {
        return false;
    }
    serving->apart = !options->in_order && serving_apart_holds(serving);
    bool served = serving->apart ? serving_apart_run(serving, options, error)
                                 : loop(serving, options, error);
    arrivals_close(serving->arrivals);
    outcome_finish(serving->outcome, serving->now_s);
    if (options->progress != NULL) {
        options->progress(1, serving->now_s);
    }
    return served;
}

struct engine_totals serving_totals(const struct serving *serving)
{
    struct engine_totals sum = serving->pools[POOL_MAIN].engine.totals;
    for (int kind = 1; kind < serving->pool_count; kind++) {
        engine_totals_add(&sum, &serving->pools[kind].engine.totals);
    }
    return sum;
}

int64_t serving_chips(const struct serving *serving)
{
    int64_t chips = 0;
    for (int kind = 0; kind < serving->pool_count; kind++) {
        chips += serving->pools[kind].chips;
    }
    return chips;
}
