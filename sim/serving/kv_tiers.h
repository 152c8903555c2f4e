/* SPDX-License-Identifier: Apache-2.0 */
/* Where keys and values lie below the chips' memory: memory of the hosts, their drives, a store
 * that all share. A tier is a number of stores, each a cache of its own with the longest unused
 * going first, and links that lead from there to the replicas. MODEL.md, "Serving: tiers" */
#pragma once

#include "hardware/platform.h"
#include "serving/kv_cache.h"
#include "serving/step_cost.h"
#include "serving/transfers.h"

enum { TIER_CROSSINGS = 3 };
enum tier_direction { TIER_SAVE, TIER_RESTORE, TIER_DIRECTIONS };

struct kv_tier {
    struct kv_cache *stores;
    int64_t store_count;
    int32_t *links; /* to the stores, of each replica */
    double latency_s;
    struct transfer_meter *meters;  /* [TIER_DIRECTIONS] */
    int64_t hit_blocks, hit_tokens; /* of prompts, that were brought back */
};

/* What decides it: the replicas of one pool. */
struct kv_tiers_place {
    const struct platform *platform;
    const struct serving_scenario *scenario;
    double token_bytes; /* keys and values of a token, on all chips of a replica */
    int64_t replica_count, chips_per_replica, first_chip;
};

struct kv_tiers {
    struct kv_tiers_place place;
    struct kv_tier tiers[KV_PLACES];
    int32_t *ports; /* links between a replica's chips and its hosts */
    int32_t store;  /* link of the shared store to all; -1: no bound */
    enum kv_place offload[KV_PLACES];
    int offload_count;
};

/* Reads the list of tiers and whether the platform has what the scenario names. INPUT errors.
 */
bool kv_tiers_read(struct kv_tiers *tiers, const struct kv_tiers_place *place,
                   struct error *error);

/* Empty stores, new links. */
void kv_tiers_start(struct kv_tiers *tiers, struct transfers *transfers, struct arena *arena);

struct kv_cache *kv_tiers_store(const struct kv_tiers *tiers, int64_t replica,
                                enum kv_place tier);

/* Whether the scenario leads anything there. */
bool kv_tiers_used(const struct kv_tiers *tiers, enum kv_place tier);

/* Whether its stores can be full. */
bool kv_tiers_limited(const struct kv_tiers *tiers, enum kv_place tier);

/* The way between a replica and a tier; crossings has room for TIER_CROSSINGS. */
struct transfer_way kv_tiers_way(const struct kv_tiers *tiers, int64_t replica,
                                 enum kv_place tier, struct link_use *crossings);

const char *kv_place_name(enum kv_place tier);
