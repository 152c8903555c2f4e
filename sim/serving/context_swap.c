/* SPDX-License-Identifier: Apache-2.0 */
/* A request that loses its place is moved to host memory when there is room, and comes back
 * from there or is computed again, whichever is sooner. */
#include "serving/context_parts.h"

#include "serving/replica_blocks.h"

void context_swap_out(struct serving_engine *engine, struct replica *replica, int32_t request,
                      int64_t context)
{
    struct serving *serving = engine->owner;
    struct pool *pool = serving_pool_of(serving, replica);
    struct request *item = request_at(engine->pool, request);
    struct kv_cache *store =
        kv_tiers_store(&pool->tiers, context_number(pool, replica), KV_HOST);
    int64_t id = CONTEXT_SWAP_IDS + item->id;
    int32_t size = (int32_t)context_blocks(pool, context);
    if (kv_cache_hold_cost(store, id, size) > kv_cache_available(store)) {
        return; /* no room: it will be computed again */
    }
    kv_cache_hold(store, id, size);
    item->swapped = item->saving = true;
    serving->swaps++;
    context_save(serving, pool, context_number(pool, replica), KV_HOST,
                 (double)context * pool->tiers.place.token_bytes, request);
}

void context_swap_forget(struct serving *serving, const struct replica *replica,
                         int32_t request)
{
    const struct pool *pool = &serving->pools[replica->pool];
    struct request *item = request_at(&serving->requests, request);
    if (item->saving) {
        transfers_forget(&serving->transfers, serving->now_s, request);
    }
    if (item->swapped) {
        struct kv_cache *store =
            kv_tiers_store(&pool->tiers, context_number(pool, replica), KV_HOST);
        kv_cache_release(store, CONTEXT_SWAP_IDS + item->id);
        kv_cache_drop(store, CONTEXT_SWAP_IDS + item->id);
    }
    item->swapped = item->saving = false;
}

int64_t context_swap_find(struct serving *serving, const struct pool *pool,
                          const struct replica *replica, int32_t request)
{
    struct request *item = request_at(&serving->requests, request);
    int64_t tokens = replica_blocks_target(item) - 1;
    serving->found_bytes[KV_HOST] = (double)tokens * pool->tiers.place.token_bytes;
    bool stored = tokens <= item->prefilled; /* in the replica's own cache, as shared blocks */
    if (stored || context_restore_s(serving, pool, context_number(pool, replica)) >
                      context_prefill_s(pool, 0, tokens + 1)) {
        context_swap_forget(serving, replica, request);
        return 0;
    }
    item->whole = true;
    return tokens;
}
