/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks, and what they share: looking for a context, bringing it, and what follows when a
 * transfer has ended. */
#include "serving/context_parts.h"

#include "serving/replica_blocks.h"
#include "serving/serving_requests.h"

int64_t context_number(const struct pool *pool, const struct replica *replica)
{
    return (replica->index - pool->replicas[0].index) / pool->scenario.pipeline_parallel;
}

int64_t context_blocks(const struct pool *pool, int64_t tokens)
{
    return (tokens + pool->scenario.block_tokens - 1) / pool->scenario.block_tokens;
}

/* Positions [from, to) computed alone. */
double context_prefill_s(const struct pool *pool, int64_t from, int64_t to)
{
    double tokens = (double)(to - from);
    struct step step = {.prefill_tokens = to - from,
                        .prefill_pairs = tokens * ((double)from + (tokens + 1) / 2),
                        .prefill_context = (double)to};
    return step_cost_s(pool->cost, &step, NULL);
}

/* What found_bytes would take one after the other, as things are. */
double context_restore_s(const struct serving *serving, const struct pool *pool,
                         int64_t replica)
{
    struct link_use crossings[TIER_CROSSINGS];
    double sum_s = 0;
    for (int tier = KV_HOST; tier < KV_PLACES; tier++) {
        if (serving->found_bytes[tier] > 0) {
            struct transfer_way way =
                kv_tiers_way(&pool->tiers, replica, (enum kv_place)tier, crossings);
            sum_s +=
                transfers_estimate_s(&serving->transfers, &way, serving->found_bytes[tier]);
        }
    }
    return sum_s;
}

void context_find_nothing(struct serving *serving)
{
    for (int tier = 0; tier < KV_PLACES; tier++) {
        serving->found_bytes[tier] = 0;
        serving->found_tokens[tier] = 0;
    }
}

void context_save(struct serving *serving, const struct pool *pool, int64_t replica,
                  enum kv_place tier, double bytes, int32_t subject)
{
    struct link_use crossings[TIER_CROSSINGS];
    struct transfer_way way = kv_tiers_way(&pool->tiers, replica, tier, crossings);
    way.meter = &pool->tiers.tiers[tier].meters[TIER_SAVE];
    transfers_start(&serving->transfers, serving->now_s, &way, bytes, TRANSFER_SAVE, subject);
}

static int64_t find(struct serving_engine *engine, struct replica *replica, int32_t request)
{
    struct serving *serving = engine->owner;
    struct pool *pool = serving_pool_of(serving, replica);
    struct request *item = request_at(engine->pool, request);
    item->source = SOURCE_TIERS;
    context_find_nothing(serving);
    if (item->swapped) {
        return context_swap_find(serving, pool, replica, request);
    }
    if (pool->scenario.agents == AGENTS_STATEFUL) {
        return item->kept_tokens > 0 && item->admitted_s < 0
                   ? context_kept_find(serving, pool, replica, item)
                   : 0;
    }
    bool shares = pool->scenario.prefix_caching && item->block_count > 0;
    return shares && pool->tiers.offload_count > 0
               ? context_blocks_find(serving, pool, replica, item)
               : 0;
}

static void bring_tiers(struct serving *serving, struct pool *pool,
                        const struct replica *replica, int32_t request)
{
    struct request *item = request_at(&serving->requests, request);
    struct link_use crossings[TIER_CROSSINGS];
    if (item->swapped) { /* found_bytes may be of the past */
        context_find_nothing(serving);
        serving->found_bytes[KV_HOST] = (double)item->away * pool->tiers.place.token_bytes;
    }
    serving->restores++;
    for (int tier = KV_HOST; tier < KV_PLACES; tier++) {
        if (serving->found_bytes[tier] > 0) {
            struct transfer_way way = kv_tiers_way(&pool->tiers, context_number(pool, replica),
                                                   (enum kv_place)tier, crossings);
            way.meter = &pool->tiers.tiers[tier].meters[TIER_RESTORE];
            item->parts++;
            pool->tiers.tiers[tier].hit_tokens += serving->found_tokens[tier];
            pool->tiers.tiers[tier].hit_blocks +=
                context_blocks(pool, serving->found_tokens[tier]);
            transfers_start(&serving->transfers, serving->now_s, &way,
                            serving->found_bytes[tier], TRANSFER_RESTORE, request);
        }
    }
}

static void bring(struct serving_engine *engine, struct replica *replica, int32_t request)
{
    struct serving *serving = engine->owner;
    struct request *item = request_at(engine->pool, request);
    item->waits = item->saving || item->stream == STREAM_SENDING;
    if (item->waits) {
        return; /* until that has ended */
    }
    if (item->source == SOURCE_REMOTE) {
        context_handover_bring(serving, request);
    } else {
        bring_tiers(serving, serving_pool_of(serving, replica), replica, request);
    }
}

/* All that was away of a request is there. */
static void arrived(struct serving *serving, int32_t request)
{
    struct request *item = request_at(&serving->requests, request);
    struct replica *replica = &serving->replicas[item->lane];
    struct pool *pool = serving_pool_of(serving, replica);
    if (item->source == SOURCE_REMOTE) {
        serving->kv_wait_s += serving->now_s;
        context_handover_release(serving, item);
    } else {
        context_swap_forget(serving, replica, request);
    }
    serving_requests_take_levels(serving, replica);
    replica_landed(&pool->engine, replica, request);
    serving_requests_wake(serving, replica);
    serving_requests_put_levels(serving, replica);
}

void context_moved(struct serving *serving, const struct timer *timer)
{
    enum transfer_purpose purpose;
    int32_t request = transfers_subject(&serving->transfers, timer, &purpose);
    if (request == REQUEST_NONE) {
        return;
    }
    transfers_stop(&serving->transfers, serving->now_s, timer->subject);
    if (purpose == TRANSFER_WEIGHTS) {
        fleet_loaded(serving, request);
        return;
    }
    if (request == CONTEXT_NOBODY) {
        return;
    }
    struct request *item = request_at(&serving->requests, request);
    if (purpose == TRANSFER_SAVE) {
        item->saving = false;
    } else if (purpose == TRANSFER_KV && item->stream == STREAM_SENDING) {
        item->stream = STREAM_SENT;
    } else {
        item->parts--;
        if (item->parts == 0) {
            arrived(serving, request);
        }
        return;
    }
    if (item->waits) {
        struct replica *replica = &serving->replicas[item->lane];
        bring(&serving_pool_of(serving, replica)->engine, replica, request);
    }
}

/* Out of the replica that it is on, as far as it is on one. */
static void drop_from(struct serving *serving, int32_t lane, int32_t request)
{
    if (lane == REQUEST_NONE) { /* it waits for an open one */
        request_list_remove(&serving->homeless, &serving->requests, request);
        serving->waiting--;
        return;
    }
    struct replica *replica = &serving->replicas[lane];
    struct pool *pool = serving_pool_of(serving, replica);
    serving_requests_take_levels(serving, replica);
    replica_drop(&pool->engine, replica, request);
    router_ended(&pool->router, replica);
    serving_requests_wake(serving, replica);
    serving_requests_put_levels(serving, replica);
}

/* It is prefilled on one replica while its layers go to another. */
static void drop_streaming(struct serving *serving, int32_t request,
                           const struct replica *failed)
{
    struct request *item = request_at(&serving->requests, request);
    struct replica *target = &serving->replicas[item->lane];
    int32_t from = item->from;
    router_ended(&serving_pool_of(serving, target)->router, target);
    item->stream = STREAM_NONE;
    item->from = REQUEST_NONE;
    item->lane = from;
    if (from == failed->index) {
        drop_from(serving, from, request);
        item->lane = REQUEST_NONE;
        item->lost = true;
    }
}

void context_drop(struct serving *serving, int32_t request, struct replica *failed)
{
    struct request *item = request_at(&serving->requests, request);
    transfers_forget(&serving->transfers, serving->now_s, request);
    if (item->from >= 0 && item->away == 0) {
        drop_streaming(serving, request, failed);
        return;
    }
    drop_from(serving, item->lane, request);
    if (item->from >= 0) {
        serving->kv_wait_s += serving->now_s;
        context_handover_release(serving, item);
    }
    context_swap_forget(serving, failed, request);
    item->lane = REQUEST_NONE;
    item->away = 0;
    item->whole = item->waits = item->saving = false;
    item->parts = 0;
    item->lost = true;
}

void context_start(struct serving *serving, struct arena *arena)
{
    kv_ways_init(&serving->ways, &serving->transfers, arena);
    serving->kept = NULL;
    serving->kept_count = serving->kept_capacity = 0;
    serving->swaps = serving->restores = 0;
    serving->kv_moved_bytes = serving->kv_wait_s = 0;
    for (int kind = 0; kind < serving->pool_count; kind++) {
        struct pool *pool = &serving->pools[kind];
        struct serving_engine *engine = &pool->engine;
        bool swaps = pool->scenario.preemption == PREEMPTION_SWAP;
        bool stateful = pool->scenario.agents == AGENTS_STATEFUL;
        kv_tiers_start(&pool->tiers, &serving->transfers, arena);
        engine->find = swaps || stateful || pool->tiers.offload_count > 0 ? find : NULL;
        engine->preempted = swaps ? context_swap_out : NULL;
        engine->bring = bring;
        engine->admitted = kind == POOL_PREFILL ? context_handover_admitted : NULL;
        engine->prefilled = kind == POOL_PREFILL ? context_handover_prefilled : NULL;
        context_blocks_start(serving, pool);
    }
}
