/* SPDX-License-Identifier: Apache-2.0 */
#include "serving/serving_requests.h"

#include "serving/context.h"

void serving_requests_take_levels(struct serving *serving, const struct replica *replica)
{
    serving->running -= replica->running_count;
    serving->waiting -= replica->queue.count + replica->incoming_count;
    serving->blocks_used -= kv_cache_used(&replica->cache);
}

void serving_requests_put_levels(struct serving *serving, const struct replica *replica)
{
    serving->running += replica->running_count;
    serving->waiting += replica->queue.count + replica->incoming_count;
    serving->blocks_used += kv_cache_used(&replica->cache);
    if (replica->queue.count > serving->longest_queue) {
        serving->longest_queue = replica->queue.count;
    }
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

/* The request leaves, and the load learns of it: closed loads and sessions go on, and what they
 * ask next is as long on its way to the engine. */
static void leave(struct serving *serving, int32_t request, enum request_state state)
{
    struct request *item = request_at(&serving->requests, request);
    struct arrival arrival = {
        .time_s = item->arrival_s, .session = item->session, .chain = item->chain};
    record_end(serving, item, state, serving->now_s);
    arrivals_completed(serving->arrivals, &arrival,
                       serving->now_s + serving->scenario->serving.request_overhead_s);
    request_release(&serving->requests, request);
}

void serving_requests_ended(struct serving_engine *engine, struct replica *replica,
                            int32_t request, double now_s)
{
    struct serving *serving = engine->owner;
    struct pool *pool = serving_pool_of(serving, replica);
    struct request *item = request_at(&serving->requests, request);
    (void)now_s; /* the present */
    item->replica =
        (replica->index - pool->replicas[0].index) / (int32_t)pool->scenario.pipeline_parallel;
    router_ended(&pool->router, replica);
    context_keep(serving, replica, item);
    leave(serving, request, STATE_COMPLETED);
    fleet_left(serving, replica);
}

/* Longer than the model was made for: noted. */
static bool is_beyond(const struct serving *serving, int64_t tokens)
{
    int64_t positions = serving->scenario->model->max_positions;
    bool beyond = positions > 0 && tokens > positions;
    serving->outcome->beyond += beyond;
    return beyond;
}

/* Longer than may be served, or than can ever be held. */
static bool is_too_long(const struct serving *serving, const struct arrival *arrival)
{
    int64_t most = serving->scenario->serving.max_model_len;
    int64_t tokens = (int64_t)arrival->input_tokens + arrival->output_tokens;
    bool beyond = is_beyond(serving, tokens);
    if (most > 0 ? tokens > most : beyond) {
        return true;
    }
    for (int kind = 0; kind < serving->pool_count; kind++) {
        const struct pool *pool = &serving->pools[kind];
        int64_t held = kind == POOL_PREFILL ? arrival->input_tokens : tokens;
        int64_t size = pool->scenario.block_tokens;
        if ((held + size - 1) / size > pool->replicas[0].cache.block_count) {
            return true;
        }
    }
    return false;
}

static void set_span(struct serving *serving, struct replica *replica)
{
    if (!serving->apart) {
        span_queue_set(&serving->spans, replica);
    }
}

void serving_requests_plan(struct serving *serving, struct replica *replica)
{
    replica_plan(&serving_pool_of(serving, replica)->engine, replica, serving->now_s);
    set_span(serving, replica);
    if (replica->evicted_bytes > 0) {
        context_write_out(serving, replica);
    }
}

void serving_requests_wake(struct serving *serving, struct replica *replica)
{
    struct serving_engine *engine = &serving_pool_of(serving, replica)->engine;
    if (replica->down) {
        return;
    }
    if (!replica->busy) {
        serving_requests_plan(serving, replica);
    } else if (replica_cut(engine, replica, serving->now_s)) {
        set_span(serving, replica);
    }
}

void serving_requests_enqueue(struct serving *serving, struct replica *replica, int32_t request)
{
    serving_requests_take_levels(serving, replica);
    request_at(&serving->requests, request)->lane = replica->index;
    replica_enqueue(&serving_pool_of(serving, replica)->engine, replica, request);
    if (replica->queue.first == request || !replica->busy) {
        serving_requests_wake(serving, replica);
    }
    serving_requests_put_levels(serving, replica);
}

void serving_requests_deliver(struct serving *serving, struct pool *pool, int32_t request)
{
    struct request *item = request_at(&serving->requests, request);
    struct replica *replica = router_assign(&pool->router, item);
    item->lane = REQUEST_NONE;
    if (replica != NULL) {
        serving_requests_enqueue(serving, replica, request);
        return;
    }
    item->goes_to = (int8_t)(pool - serving->pools);
    request_list_append(&serving->homeless, &serving->requests, request);
    serving->waiting++;
}

void serving_requests_rehouse(struct serving *serving)
{
    for (int32_t left = serving->homeless.count; left > 0; left--) {
        int32_t request = serving->homeless.first;
        request_list_remove(&serving->homeless, &serving->requests, request);
        serving->waiting--;
        serving_requests_deliver(
            serving, &serving->pools[request_at(&serving->requests, request)->goes_to],
            request);
    }
}

/* Begins again with what it has said so far, or is given up. */
static void retry(struct serving *serving, int32_t request)
{
    struct request *item = request_at(&serving->requests, request);
    serving->fleet.retried++;
    if (item->retries++ >= serving->scenario->serving.max_retries) {
        item->replica = -1;
        leave(serving, request, STATE_UNFINISHED);
    } else {
        serving_requests_deliver(serving, &serving->pools[serving->pool_count - 1], request);
    }
}

/* What a request has to do with a replica that failed. */
static bool concerns(const struct request *item, int32_t lane)
{
    return item->lane == lane || item->from == lane;
}

void serving_requests_evacuate(struct serving *serving, struct replica *replica)
{
    serving_requests_take_levels(serving, replica);
    replica_stop(&serving_pool_of(serving, replica)->engine, replica, serving->now_s);
    replica->down = true;
    span_queue_set(&serving->spans, replica);
    serving_requests_put_levels(serving, replica);
    int64_t all = serving->requests.count;
    for (int32_t request = 0; request < all; request++) {
        if (concerns(request_at(&serving->requests, request), replica->index)) {
            context_drop(serving, request, replica);
        }
    }
    for (int32_t request = 0; request < all; request++) {
        struct request *item = request_at(&serving->requests, request);
        if (item->lost) {
            item->lost = false;
            retry(serving, request);
        }
    }
}

/* As many wait as the replicas that are open may have waiting. */
static bool too_many(const struct serving *serving)
{
    const struct pool *pool = &serving->pools[serving->pool_count - 1];
    int64_t most = serving->scenario->serving.max_queue;
    return most > 0 && serving->waiting >=
                           most * (pool->router.open_count > 0 ? pool->router.open_count : 1);
}

/* Takes the next request from the load; *welcome: it is not turned away. */
static bool take(struct serving *serving, struct request_come *come, bool *welcome,
                 struct error *error)
{
    if (!arrivals_take(serving->arrivals, &come->arrival, error)) {
        return false;
    }
    double urgent = serving->scenario->serving.urgent_fraction;
    come->id = serving->outcome->arrived;
    come->blocks = request_keep_blocks(&serving->requests, &come->arrival);
    come->arrival.ranges = NULL;
    come->urgent = urgent > 0 && random_uniform(&serving->urgency) < urgent;
    outcome_arrived(serving->outcome, &come->arrival);
    bool too_long = is_too_long(serving, &come->arrival);
    serving->outcome->too_long += too_long;
    *welcome = !too_long && !too_many(serving);
    if (!*welcome) {
        int32_t request = request_create(&serving->requests, come);
        request_at(&serving->requests, request)->replica = -1;
        leave(serving, request, STATE_REJECTED);
    }
    return true;
}

bool serving_requests_take(struct serving *serving, struct error *error)
{
    struct request_come come;
    bool welcome, taken = take(serving, &come, &welcome, error);
    if (!taken || !welcome) {
        return taken;
    }
    int32_t request = request_create(&serving->requests, &come);
    struct request *item = request_at(&serving->requests, request);
    struct replica *home = context_home(serving, item);
    if (home != NULL) {
        router_count(&serving->pools[POOL_MAIN].router, item, home);
        serving_requests_enqueue(serving, home, request);
    } else {
        serving_requests_deliver(serving, &serving->pools[serving->pool_count - 1], request);
    }
    return true;
}

bool serving_requests_deal(struct serving *serving, struct error *error)
{
    struct request_come come;
    bool welcome, taken = take(serving, &come, &welcome, error);
    if (taken && welcome) {
        struct request anybody = {.session = come.arrival.session};
        struct replica *replica = router_assign(&serving->pools[POOL_MAIN].router, &anybody);
        replica->coming[replica->coming_count++] = come;
    }
    return taken;
}
