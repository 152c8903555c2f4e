/* SPDX-License-Identifier: Apache-2.0 */
#include "serving/tier_table.h"

#include <math.h>

#define TIER_ROW(NAME, column, type, unit, meaning) {column, COLUMN_##type, unit, meaning},
static const struct column columns[] = {TIER_COLUMNS(TIER_ROW)};

static double block_bytes(const struct pool *pool)
{
    return pool->tiers.place.token_bytes * (double)pool->scenario.block_tokens;
}

/* One more store of a row. limited: it can be full. */
static void add_store(const struct kv_cache *store, double bytes, bool limited, union cell *row)
{
    int64_t fullest = store->block_count - store->least_free_count;
    row[TIERS_STORES].i64++;
    row[TIERS_CAPACITY].f64 += limited ? (double)store->block_count * bytes : (double)INFINITY;
    row[TIERS_PEAK].f64 += (double)fullest * bytes;
    row[TIERS_EVICTED].f64 += (double)store->evicted_count * bytes;
}

static void add_hits(const struct pool *pool, int64_t blocks, int64_t tokens, union cell *row)
{
    const struct engine_totals *totals = &pool->engine.totals;
    double prompts = (double)(totals->cached + totals->prefilled);
    row[TIERS_HIT_BLOCKS].i64 = blocks;
    row[TIERS_HIT_TOKENS].i64 = tokens;
    row[TIERS_HIT_SHARE].f64 = prompts > 0 ? (double)tokens / prompts : 0;
}

static void fill_caches(const struct serving *serving, const struct pool *pool, union cell *row)
{
    const struct engine_totals *totals = &pool->engine.totals;
    for (int32_t i = 0; i < pool->lane_count; i++) {
        add_store(&pool->replicas[i].cache, block_bytes(pool), !serving->kv_unlimited, row);
    }
    add_hits(pool, totals->cache_hit_blocks, totals->cache_hit_tokens, row);
}

static void fill_tier(const struct pool *pool, enum kv_place place, union cell *row)
{
    const struct kv_tier *tier = &pool->tiers.tiers[place];
    for (int64_t i = 0; i < tier->store_count; i++) {
        bool limited = kv_tiers_limited(&pool->tiers, place);
        add_store(&tier->stores[i], block_bytes(pool), limited, row);
    }
    add_hits(pool, tier->hit_blocks, tier->hit_tokens, row);
    row[TIERS_RESTORES].i64 = tier->meters[TIER_RESTORE].count;
    row[TIERS_RESTORED].f64 = tier->meters[TIER_RESTORE].bytes;
    row[TIERS_RESTORE_TIME].f64 = tier->meters[TIER_RESTORE].time_s;
    row[TIERS_SAVES].i64 = tier->meters[TIER_SAVE].count;
    row[TIERS_SAVED].f64 = tier->meters[TIER_SAVE].bytes;
}

struct table *tier_table(const struct serving *serving, struct arena *arena)
{
    struct table *table =
        table_create(arena, "serving/tiers", "where keys and values lay and came back from",
                     columns, TIERS_COLUMN_COUNT);
    for (int kind = 0; kind < serving->pool_count; kind++) {
        const struct pool *pool = &serving->pools[kind];
        for (int place = KV_HBM; place < KV_PLACES; place++) {
            if (!kv_tiers_used(&pool->tiers, (enum kv_place)place)) {
                continue;
            }
            union cell *row = table_append(table);
            row[TIERS_POOL].text = kind == POOL_PREFILL ? "prefill" : "serving";
            row[TIERS_TIER].text = kv_place_name((enum kv_place)place);
            if (place == KV_HBM) {
                fill_caches(serving, pool, row);
            } else {
                fill_tier(pool, (enum kv_place)place, row);
            }
        }
    }
    return table;
}
