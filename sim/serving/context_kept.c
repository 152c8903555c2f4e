/* SPDX-License-Identifier: Apache-2.0 */
/* After a call the context of its agent is kept in the tier that the workload names, the
 * longest unused giving way; the next call gets it back, or computes it where that is sooner.
 */
#include "serving/context_parts.h"

#include <math.h>

#include "serving/replica_blocks.h"

struct kept_context { /* of an agent, by its chain */
    int32_t replica;  /* that keeps it + 1; 0: none does */
    int32_t tokens;
};

static struct kept_context *kept_of(struct serving *serving, int32_t chain)
{
    while (chain >= serving->kept_count) {
        serving->kept = arena_grow(serving->pools[POOL_MAIN].engine.arena, serving->kept,
                                   serving->kept_count, &serving->kept_capacity,
                                   sizeof(struct kept_context));
        serving->kept[serving->kept_count++] = (struct kept_context){0};
    }
    return &serving->kept[chain];
}

/* The cache that keeps contexts: the replica's own, or a store. */
static struct kv_cache *keeper_of(const struct pool *pool, struct replica *replica)
{
    enum kv_place tier = (enum kv_place)pool->scenario.state_tier;
    return tier == KV_HBM ? &replica->cache
                          : kv_tiers_store(&pool->tiers, context_number(pool, replica), tier);
}

static void drop_kept(struct pool *pool, const struct kept_context *kept, int32_t chain)
{
    if (kept->replica > 0) {
        kv_cache_drop(keeper_of(pool, &pool->replicas[kept->replica - 1]),
                      CONTEXT_KEPT_IDS + chain);
    }
}

/* Leading tokens of the prompt that are kept with the replica's keeper; 0: none are. */
static int64_t kept_tokens(const struct pool *pool, struct replica *replica,
                           const struct kept_context *kept, const struct request *item)
{
    struct kv_cache *keeper = keeper_of(pool, replica);
    int64_t most = item->input_tokens - 1;
    int64_t tokens = item->kept_tokens < kept->tokens ? item->kept_tokens : kept->tokens;
    bool there = kept->replica > 0 &&
                 keeper_of(pool, &pool->replicas[kept->replica - 1]) == keeper &&
                 kv_cache_has(keeper, CONTEXT_KEPT_IDS + item->chain);
    return !there ? 0 : tokens < most ? tokens : most;
}

/* Until so many tokens are back from the tier; found_bytes say what. */
static double restore_s(struct serving *serving, const struct pool *pool,
                        const struct replica *replica, int64_t tokens)
{
    enum kv_place tier = (enum kv_place)pool->scenario.state_tier;
    context_find_nothing(serving);
    if (tier == KV_HBM) {
        return 0;
    }
    serving->found_bytes[tier] = (double)tokens * pool->tiers.place.token_bytes;
    serving->found_tokens[tier] = tokens;
    return context_restore_s(serving, pool, context_number(pool, replica));
}

struct replica *context_home(struct serving *serving, const struct request *item)
{
    struct pool *pool = &serving->pools[POOL_MAIN];
    if (serving->pool_count == 1 || pool->scenario.agents != AGENTS_STATEFUL ||
        item->kept_tokens == 0) {
        return NULL;
    }
    const struct kept_context *kept = kept_of(serving, item->chain);
    struct replica *replica = kept->replica > 0 ? &pool->replicas[kept->replica - 1] : NULL;
    int64_t tokens = replica == NULL ? 0 : kept_tokens(pool, replica, kept, item),
            all = item->input_tokens;
    if (tokens == 0 || !router_is_open(&pool->router, replica)) {
        return NULL;
    }
    double back_s =
        fmin(restore_s(serving, pool, replica, tokens), context_prefill_s(pool, 0, tokens));
    double here_s = back_s + context_prefill_s(pool, tokens, all);
    double there_s = context_prefill_s(&serving->pools[POOL_PREFILL], 0, all) +
                     context_handover_s(serving, replica, all);
    return here_s <= there_s ? replica : NULL;
}

void context_keep(struct serving *serving, struct replica *replica,
                  const struct request *request)
{
    struct pool *pool = &serving->pools[POOL_MAIN];
    if (pool->scenario.agents != AGENTS_STATEFUL || request->session < 0 ||
        serving_pool_of(serving, replica) != pool) { /* one token, which a prompt's end gave */
        return;
    }
    enum kv_place tier = (enum kv_place)pool->scenario.state_tier;
    int64_t tokens = (int64_t)request->input_tokens + request->output_tokens;
    struct kept_context *kept = kept_of(serving, request->chain);
    drop_kept(pool, kept, request->chain);
    *kept = (struct kept_context){0};
    if (!kv_cache_put(keeper_of(pool, replica), CONTEXT_KEPT_IDS + request->chain,
                      (int32_t)context_blocks(pool, tokens))) {
        return;
    }
    *kept = (struct kept_context){(int32_t)(replica - pool->replicas) + 1, (int32_t)tokens};
    if (tier != KV_HBM) {
        double bytes =
            (double)(tokens - request->cached_tokens) * pool->tiers.place.token_bytes;
        context_save(serving, pool, context_number(pool, replica), tier, bytes, CONTEXT_NOBODY);
    }
}

int64_t context_kept_find(struct serving *serving, struct pool *pool, struct replica *replica,
                          struct request *item)
{
    const struct kept_context *kept = kept_of(serving, item->chain);
    int64_t tokens = kept_tokens(pool, replica, kept, item);
    if (tokens == 0) {
        return 0;
    }
    if (pool->scenario.state_tier == (int)KV_HBM) { /* its blocks become the request's */
        kv_cache_drop(&replica->cache, CONTEXT_KEPT_IDS + item->chain);
        item->prefilled = (int32_t)tokens;
        replica_blocks_count(&pool->engine, item, 0, tokens, FILL_CACHE);
        return 0;
    }
    return restore_s(serving, pool, replica, tokens) > context_prefill_s(pool, 0, tokens)
               ? 0
               : tokens;
}
