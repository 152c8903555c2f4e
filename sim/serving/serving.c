/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: the next event is a request that comes or a span that ends. Levels are summed over
 * replicas by taking a replica's share out before it changes and putting it back after. */
#include "serving/serving.h"

#include <math.h>

#include "serving/batch_policy.h"

enum { LIVE_LOCK_STEPS = 100000, PROGRESS_EVENTS = 65536 };

static const struct batch_policy *const policies[] = {
    [BATCH_CHUNKED] = &batch_chunked,
    [BATCH_PREFILL_FIRST] = &batch_prefill_first,
    [BATCH_STATIC] = &batch_static,
};

static void place_event(struct serving *serving, int64_t place, struct serving_event event)
{
    serving->events[place] = event;
    serving->replicas[event.replica].event_place = (int32_t)place;
}

static bool before(struct serving_event a, struct serving_event b)
{
    return a.time_s != b.time_s ? a.time_s < b.time_s : a.replica < b.replica;
}

static void event_up(struct serving *serving, int64_t place, struct serving_event event)
{
    while (place > 0 && before(event, serving->events[(place - 1) / 2])) {
        place_event(serving, place, serving->events[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    place_event(serving, place, event);
}

static void event_down(struct serving *serving, int64_t place, struct serving_event event)
{
    for (;;) {
        int64_t child = 2 * place + 1;
        if (child >= serving->event_count) {
            break;
        }
        if (child + 1 < serving->event_count &&
            before(serving->events[child + 1], serving->events[child])) {
            child++;
        }
        if (!before(serving->events[child], event)) {
            break;
        }
        place_event(serving, place, serving->events[child]);
        place = child;
    }
    place_event(serving, place, event);
}

static void remove_event(struct serving *serving, struct replica *replica)
{
    int64_t place = replica->event_place;
    struct serving_event last = serving->events[--serving->event_count];
    replica->event_place = -1;
    if (place == serving->event_count) {
        return;
    }
    if (place > 0 && before(last, serving->events[(place - 1) / 2])) {
        event_up(serving, place, last);
    } else {
        event_down(serving, place, last);
    }
}

/* The end of a replica's span, new or moved; or no event when it is idle. */
static void set_event(struct serving *serving, struct replica *replica)
{
    if (!replica->busy) {
        if (replica->event_place >= 0) {
            remove_event(serving, replica);
        }
        return;
    }
    struct serving_event event = {replica->end_s, replica->index};
    if (replica->event_place < 0) {
        event_up(serving, serving->event_count++, event);
    } else if (before(event, serving->events[replica->event_place])) {
        event_up(serving, replica->event_place, event);
    } else {
        event_down(serving, replica->event_place, event);
    }
}

static void take_levels(struct serving *serving, const struct replica *replica)
{
    serving->running -= replica->running_count;
    serving->waiting -= replica->queue_count;
    serving->blocks_used -= kv_cache_used(&replica->cache);
}

static void put_levels(struct serving *serving, const struct replica *replica)
{
    serving->running += replica->running_count;
    serving->waiting += replica->queue_count;
    serving->blocks_used += kv_cache_used(&replica->cache);
    if (replica->queue_count > serving->longest_queue) {
        serving->longest_queue = replica->queue_count;
    }
}

static void advance(struct serving *serving, double now_s)
{
    serving->now_s = now_s;
    outcome_advance(serving->outcome, now_s);
    series_levels(&serving->outcome->series, now_s, (double)serving->running,
                  (double)serving->waiting, (double)serving->blocks_used);
}

static void first_token(struct serving_engine *engine, int32_t request, double now_s)
{
    (void)engine;
    (void)request;
    (void)now_s;
}

static void record_end(struct serving *serving, const struct request *request,
                       enum request_state state, double now_s)
{
    double overhead_s = serving->scenario->serving.request_overhead_s;
    struct ended_request ended = {.arrival_s = request->arrival_s,
                                  .id = request->id,
                                  .input_tokens = request->input_tokens,
                                  .output_tokens = request->output_tokens,
                                  .cached_tokens = request->cached_tokens,
                                  .replica = request->replica,
                                  .preemptions = request->preemptions,
                                  .state = state};
    ended.present_s = now_s - request->arrival_s;
    if (state == STATE_COMPLETED) {
        ended.queue_s = request->admitted_s - request->arrival_s;
        ended.ttft_s = request->first_token_s - request->arrival_s + overhead_s;
        ended.e2e_s = now_s - request->arrival_s + overhead_s;
        ended.tpot_s = request->output_tokens > 1
                           ? (now_s - request->first_token_s) / (request->output_tokens - 1)
                           : 0;
    }
    outcome_ended(serving->outcome, &ended);
}

static void ended(struct serving_engine *engine, struct replica *replica, int32_t request,
                  double now_s)
{
    struct serving *serving = engine->owner;
    struct request *item = request_at(&engine->pool, request);
    item->replica = replica->index / (int32_t)serving->scenario->serving.pipeline_parallel;
    record_end(serving, item, STATE_COMPLETED, now_s);
    router_ended(&serving->router, replica);
    struct arrival arrival = {
        .time_s = item->arrival_s, .session = item->session, .chain = item->chain};
    arrivals_completed(serving->arrivals, &arrival, now_s);
    request_release(&engine->pool, request);
}

/* Longer than can ever be held. */
static bool too_long(const struct serving *serving, const struct request *request)
{
    const struct serving_scenario *scenario = &serving->scenario->serving;
    int64_t tokens = (int64_t)request->input_tokens + request->output_tokens;
    int64_t blocks = (tokens + scenario->block_tokens - 1) / scenario->block_tokens;
    return blocks > serving->replicas[0].cache.block_count ||
           (scenario->max_model_len > 0 && tokens > scenario->max_model_len);
}

static void reject(struct serving *serving, int32_t request)
{
    struct request *item = request_at(&serving->engine.pool, request);
    item->replica = -1;
    record_end(serving, item, STATE_REJECTED, serving->now_s);
    struct arrival arrival = {
        .time_s = item->arrival_s, .session = item->session, .chain = item->chain};
    arrivals_completed(serving->arrivals, &arrival, serving->now_s);
    request_release(&serving->engine.pool, request);
}

/* A context that was kept comes back before the request can be admitted, unless it is computed
 * sooner. MODEL.md, "Serving: agents" */
static double restore_s(const struct serving *serving, struct request *request)
{
    const struct step_cost *cost = serving->cost;
    double tokens = request->kept_tokens;
    struct step prefill = {.prefill_tokens = request->kept_tokens,
                           .prefill_pairs = tokens * (tokens + 1) / 2,
                           .prefill_context = tokens};
    double back_s = tokens * cost->kv_token_bytes / serving->scenario->serving.state_Bps;
    if (request->kept_tokens == 0) {
        return 0;
    }
    if (back_s > step_cost_s(cost, &prefill, NULL)) {
        request->kept_tokens = 0;
        return 0;
    }
    return back_s;
}

static void deliver(struct serving *serving, int32_t request)
{
    struct serving_engine *engine = &serving->engine;
    struct replica *replica =
        router_assign(&serving->router, request_at(&engine->pool, request));
    take_levels(serving, replica);
    bool first = replica->queue_count == 0;
    replica_enqueue(engine, replica, request);
    if (!replica->busy) {
        replica_plan(engine, replica, serving->now_s);
        set_event(serving, replica);
    } else if (first && replica_cut(engine, replica, serving->now_s)) {
        set_event(serving, replica);
    }
    put_levels(serving, replica);
}

/* Contexts on their way back, the first to arrive on top of a heap. */
static void add_restore(struct serving *serving, int32_t request)
{
    const struct request *item = request_at(&serving->engine.pool, request);
    struct serving_event event = {serving->now_s + item->restore_s, request};
    serving->restores =
        arena_grow(serving->engine.arena, serving->restores, serving->restore_count,
                   &serving->restore_capacity, sizeof(struct serving_event));
    int64_t place = serving->restore_count++;
    while (place > 0 && before(event, serving->restores[(place - 1) / 2])) {
        serving->restores[place] = serving->restores[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    serving->restores[place] = event;
}

static void end_restore(struct serving *serving)
{
    struct serving_event top = serving->restores[0];
    struct serving_event last = serving->restores[--serving->restore_count];
    int64_t place = 0, child;
    while ((child = 2 * place + 1) < serving->restore_count) {
        if (child + 1 < serving->restore_count &&
            before(serving->restores[child + 1], serving->restores[child])) {
            child++;
        }
        if (!before(serving->restores[child], last)) {
            break;
        }
        serving->restores[place] = serving->restores[child];
        place = child;
    }
    serving->restores[place] = last;
    advance(serving, top.time_s);
    deliver(serving, top.replica); /* a request here */
}

static bool take_arrival(struct serving *serving, struct error *error)
{
    if (!arrivals_take(serving->arrivals, &serving->taken, error)) {
        return false;
    }
    advance(serving, serving->taken.time_s);
    int32_t request =
        request_create(&serving->engine.pool, &serving->taken, serving->outcome->arrived);
    outcome_arrived(serving->outcome, &serving->taken);
    if (too_long(serving, request_at(&serving->engine.pool, request))) {
        reject(serving, request);
        return true;
    }
    struct request *item = request_at(&serving->engine.pool, request);
    item->restore_s = restore_s(serving, item);
    if (item->restore_s > 0) {
        add_restore(serving, request);
    } else {
        deliver(serving, request);
    }
    return true;
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
        (int)replica->queue_count, (long long)kv_cache_used(&replica->cache),
        (long long)replica->cache.block_count);
}

static bool end_span(struct serving *serving, struct error *error)
{
    struct serving_engine *engine = &serving->engine;
    struct replica *replica = &serving->replicas[serving->events[0].replica];
    int64_t produced = engine->totals.produced, prefilled = engine->totals.prefilled;
    advance(serving, replica->end_s);
    take_levels(serving, replica);
    replica_finish(engine, replica);
    series_tokens(&serving->outcome->series, replica->start_s, replica->end_s,
                  (double)(engine->totals.produced - produced),
                  (double)(engine->totals.prefilled - prefilled));
    if (replica->idle_steps > LIVE_LOCK_STEPS) {
        return live_lock(serving, replica, error);
    }
    replica_plan(engine, replica, serving->now_s);
    set_event(serving, replica);
    put_levels(serving, replica);
    return true;
}

static void show(const struct serving *serving, const struct serving_options *options)
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
    for (int64_t events = 1;; events++) {
        double arrival_s = arrivals_time_s(serving->arrivals);
        double end_s = serving->event_count > 0 ? serving->events[0].time_s : (double)INFINITY;
        double back_s =
            serving->restore_count > 0 ? serving->restores[0].time_s : (double)INFINITY;
        bool done = true;
        if (!isfinite(fmin(fmin(arrival_s, end_s), back_s))) {
            return true;
        }
        if (end_s <= fmin(arrival_s, back_s)) {
            done = end_span(serving, error);
        } else if (back_s <= arrival_s) {
            end_restore(serving);
        } else {
            done = take_arrival(serving, error);
        }
        if (!done) {
            return false;
        }
        if (events % PROGRESS_EVENTS == 0) {
            show(serving, options);
        }
    }
}

static void start_replicas(struct serving *serving, struct arena *arena)
{
    const struct serving_scenario *scenario = &serving->scenario->serving;
    serving->engine = (struct serving_engine){
        .scenario = scenario,
        .policy = policies[scenario->policy],
        .cost = serving->cost,
        .sequences = (scenario->max_num_seqs + scenario->pipeline_parallel - 1) /
                     scenario->pipeline_parallel,
        .coalesce = serving->scenario->coalesce,
        .arena = arena,
        .first_token = first_token,
        .ended = ended,
        .owner = serving,
    };
    request_pool_init(&serving->engine.pool, arena);
    serving->lane_count = (int32_t)(serving->replica_count * scenario->pipeline_parallel);
    serving->replicas = arena_array(arena, serving->lane_count, sizeof(struct replica));
    serving->events = arena_array(arena, serving->lane_count, sizeof(struct serving_event));
    for (int32_t i = 0; i < serving->lane_count; i++) {
        replica_init(&serving->replicas[i], &serving->engine, i,
                     serving->block_count / scenario->pipeline_parallel);
    }
    router_init(&serving->router, &serving->engine, serving->replicas, serving->lane_count,
                arena);
}

bool serving_simulate(struct serving *serving, const struct serving_options *options,
                      struct arena *arena, struct error *error)
{
    start_replicas(serving, arena);
    serving->outcome = outcome_create(&serving->scenario->serving, arena);
    serving->event_count = serving->restore_count = serving->restore_capacity = 0;
    serving->restores = NULL;
    serving->now_s = 0;
    serving->running = serving->waiting = serving->blocks_used = serving->longest_queue = 0;
    serving->arrivals =
        arrivals_open(&serving->scenario->serving, serving->scenario->seed, arena, error);
    if (serving->arrivals == NULL) {
        return false;
    }
    bool served = loop(serving, options, error);
    arrivals_close(serving->arrivals);
    outcome_finish(serving->outcome, serving->now_s);
    if (options->progress != NULL) {
        options->progress(1, serving->now_s);
    }
    return served;
}
