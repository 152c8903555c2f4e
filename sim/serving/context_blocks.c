/* SPDX-License-Identifier: Apache-2.0 */
/* What a cache evicts goes to the first tier of the list, what that evicts to the next; a
 * prompt finds its leading blocks in any of them. */
#include "serving/context_parts.h"

/* The tier that has a block, made the newest there; KV_HBM: none. */
static enum kv_place tier_of(const struct pool *pool, int64_t replica, int64_t id)
{
    for (int i = 0; i < pool->tiers.offload_count; i++) {
        struct kv_cache *store = kv_tiers_store(&pool->tiers, replica, pool->tiers.offload[i]);
        if (kv_cache_has(store, id)) {
            kv_cache_hold(store, id, 0);
            kv_cache_release(store, id);
            return pool->tiers.offload[i];
        }
    }
    return KV_HBM;
}

/* Of the index-th block: all, or those before the last position, which is always computed. */
static int64_t token_count(const struct request *item, int64_t index, int64_t most)
{
    int64_t left = most - index * item->block_tokens;
    return left < item->block_tokens ? left : item->block_tokens;
}

int64_t context_blocks_find(struct serving *serving, const struct pool *pool,
                            const struct replica *replica, const struct request *item)
{
    struct block_walk walk;
    int64_t id, index = 0, first = item->prefilled / item->block_tokens;
    int64_t number = context_number(pool, replica), most = item->input_tokens - 1;
    block_walk_init(&walk, &serving->requests, item);
    while (block_walk_next(&walk, &id)) {
        enum kv_place tier = index >= first ? tier_of(pool, number, id) : KV_HBM;
        if (index >= first && tier == KV_HBM) {
            break;
        }
        serving->found_bytes[tier] +=
            (double)item->block_tokens * pool->tiers.place.token_bytes;
        serving->found_tokens[tier] += token_count(item, index, most);
        index++;
    }
    int64_t tokens = index * item->block_tokens < most ? index * item->block_tokens : most;
    if (tokens <= item->prefilled || context_restore_s(serving, pool, number) >
                                         context_prefill_s(pool, item->prefilled, tokens)) {
        return 0;
    }
    return tokens;
}

void context_write_out(struct serving *serving, struct replica *replica)
{
    const struct pool *pool = serving_pool_of(serving, replica);
    context_save(serving, pool, context_number(pool, replica), pool->tiers.offload[0],
                 replica->evicted_bytes, CONTEXT_NOBODY);
    replica->evicted_bytes = 0;
}

struct way_down { /* of a cache's evicted blocks */
    struct serving *serving;
    struct pool *pool;
    struct replica *replica; /* whose cache it is, or one above the store */
    int level;               /* of the list of tiers: where they go */
};

static void evicted(void *context, int64_t id, int32_t size)
{
    const struct way_down *down = context;
    const struct kv_tiers *tiers = &down->pool->tiers;
    if (id < CONTEXT_IDS_END || down->level >= tiers->offload_count) {
        return; /* a session's context; or the end of the way */
    }
    int64_t number = context_number(down->pool, down->replica);
    kv_cache_put(kv_tiers_store(tiers, number, tiers->offload[down->level]), id, size);
    if (down->level == 0) {
        down->replica->evicted_bytes +=
            (double)size * (double)down->pool->scenario.block_tokens * tiers->place.token_bytes;
    }
}

static void lead_down(struct serving *serving, struct pool *pool, struct replica *replica,
                      struct kv_cache *cache, int level)
{
    struct way_down *down = arena_alloc(pool->engine.arena, sizeof *down);
    *down = (struct way_down){serving, pool, replica, level};
    cache->evicted = evicted;
    cache->context = down;
}

void context_blocks_start(struct serving *serving, struct pool *pool)
{
    const struct kv_tiers *tiers = &pool->tiers;
    for (int32_t i = 0; i < pool->lane_count && tiers->offload_count > 0; i++) {
        struct replica *replica = &pool->replicas[i];
        lead_down(serving, pool, replica, &replica->cache, 0);
        for (int level = 0; level < tiers->offload_count; level++) {
            struct kv_cache *store =
                kv_tiers_store(tiers, context_number(pool, replica), tiers->offload[level]);
            if (store->context == NULL) {
                lead_down(serving, pool, replica, store, level + 1);
            }
        }
    }
}
