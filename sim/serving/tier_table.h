/* SPDX-License-Identifier: Apache-2.0 */
/* Where keys and values lay and came back from: a row for the chips' memory and each tier that
 * a pool uses. MODEL.md, "Serving: tiers" */
#pragma once

#include "record/table.h"
#include "serving/serving.h"

/* X(NAME, column, type, unit, meaning) */
#define TIER_COLUMNS(X)                                                                        \
    X(POOL, "pool", TEXT, "",                                                                  \
      "replicas that use it: serving, or prefill where they only do that")                     \
    X(TIER, "tier", TEXT, "", "hbm: the replicas' own KV cache; host, ssd, shared: below it")  \
    X(STORES, "stores", I64, "1", "caches of their own; each forgets what was unused longest") \
    X(CAPACITY, "capacity_bytes", F64, "B", "of all stores; inf: no limit")                    \
    X(PEAK, "stored_peak_bytes", F64, "B", "each store at its fullest, summed over stores")    \
    X(EVICTED, "evicted_bytes", F64, "B", "that went for the room of others, ever")            \
    X(HIT_BLOCKS, "hit_blocks", I64, "1", "KV blocks that the tokens found there fill")        \
    X(HIT_TOKENS, "hit_tokens", I64, "1",                                                      \
      "prompt tokens that came from there instead of being computed; again for a request "     \
      "whose replica failed")                                                                  \
    X(HIT_SHARE, "hit_token_fraction", F64, "1", "of all prompt tokens of the pool")           \
    X(RESTORES, "restores", I64, "1", "transfers back to a replica")                           \
    X(RESTORED, "restored_bytes", F64, "B", "moved back")                                      \
    X(RESTORE_TIME, "restore_wait_s", F64, "s",                                                \
      "that requests waited for these, summed over transfers")                                 \
    X(SAVES, "saves", I64, "1", "transfers from a replica")                                    \
    X(SAVED, "saved_bytes", F64, "B",                                                          \
      "moved there from a replica; what a tier hands down to the next is not moved over its "  \
      "links")

#define TIER_ENUM(NAME, column, type, unit, meaning) TIERS_##NAME,
enum tier_column { TIER_COLUMNS(TIER_ENUM) TIERS_COLUMN_COUNT };
#undef TIER_ENUM

struct table *tier_table(const struct serving *serving, struct arena *arena);
