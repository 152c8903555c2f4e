/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory and drives are those of a replica's own hosts, the shared store is one for all; a
 * replica reaches it at its hosts' rate. Whatever comes from below passes the ports between
 * chips and hosts. */
#include "serving/kv_tiers.h"

#include <math.h>
#include <string.h>

static const int64_t UNBOUNDED_BLOCKS = INT64_C(1) << 40;
static const char *const names[KV_PLACES] = {"hbm", "host", "ssd", "shared"};

const char *kv_place_name(enum kv_place tier)
{
    return names[tier];
}

static const struct storage *storage_of(const struct platform *platform, enum kv_place tier)
{
    return tier == KV_HOST  ? &platform->host
           : tier == KV_SSD ? &platform->ssd
                            : &platform->shared;
}

static bool check(const struct kv_tiers_place *place, enum kv_place tier, struct error *error)
{
    return tier == KV_HBM ||
           (storage_of(place->platform, tier)->Bps > 0 && place->platform->host.Bps > 0) ||
           error_fill(error, ERROR_INPUT,
                      "the workload keeps data in tier %s, and platform %s has no property "
                      "storage.%s.bandwidth (or storage.host.bandwidth); add it with a source",
                      names[tier], place->platform->name, names[tier]);
}

/* One name of the list; *text is moved behind it. */
static bool read_name(struct kv_tiers *tiers, const char **text, struct error *error)
{
    size_t length = strcspn(*text, ", ");
    for (int tier = KV_HOST; tier < KV_PLACES; tier++) {
        if (strlen(names[tier]) == length && strncmp(names[tier], *text, length) == 0 &&
            tiers->offload_count < KV_PLACES) {
            tiers->offload[tiers->offload_count++] = (enum kv_place)tier;
            *text += length + strspn(*text + length, ", ");
            return check(&tiers->place, (enum kv_place)tier, error);
        }
    }
    return error_fill(error, ERROR_INPUT,
                      "offload names '%.20s', expected none or host, ssd, shared with commas",
                      *text);
}

bool kv_tiers_read(struct kv_tiers *tiers, const struct kv_tiers_place *place,
                   struct error *error)
{
    const struct serving_scenario *scenario = place->scenario;
    const char *text = scenario->offload;
    *tiers = (struct kv_tiers){.place = *place};
    while (strcmp(scenario->offload, "none") != 0 && *text != '\0') {
        if (!read_name(tiers, &text, error)) {
            return false;
        }
    }
    bool starts = scenario->autoscaler != AUTOSCALER_NONE || scenario->replica_mtbf_s > 0;
    return (scenario->agents != AGENTS_STATEFUL ||
            check(place, (enum kv_place)scenario->state_tier, error)) &&
           (scenario->preemption != PREEMPTION_SWAP || check(place, KV_HOST, error)) &&
           (!starts || check(place, (enum kv_place)scenario->weights_tier, error));
}

static int64_t store_index(int64_t replica, enum kv_place tier)
{
    return tier == KV_SHARED ? 0 : replica;
}

/* Bytes of one store. */
static double store_bytes(const struct kv_tiers_place *place, enum kv_place tier)
{
    const struct serving_scenario *scenario = place->scenario;
    double chips = (double)place->chips_per_replica;
    double host = scenario->host_size_bytes, ssd = scenario->ssd_size_bytes;
    if (tier == KV_HOST) {
        return chips *
               (host > 0 ? host : place->platform->host.bytes * scenario->host_fraction);
    }
    if (tier == KV_SSD) {
        return chips * (ssd > 0 ? ssd : place->platform->ssd.bytes);
    }
    return scenario->shared_size_bytes > 0 ? scenario->shared_size_bytes : (double)INFINITY;
}

bool kv_tiers_limited(const struct kv_tiers *tiers, enum kv_place tier)
{
    return isfinite(store_bytes(&tiers->place, tier));
}

static void start_tier(struct kv_tiers *tiers, enum kv_place tier, struct transfers *transfers,
                       struct arena *arena)
{
    const struct kv_tiers_place *place = &tiers->place;
    const struct storage *storage = storage_of(place->platform, tier);
    double block_bytes = place->token_bytes * (double)place->scenario->block_tokens;
    double blocks = store_bytes(place, tier) / block_bytes;
    struct kv_tier *item = &tiers->tiers[tier];
    item->store_count = store_index(place->replica_count - 1, tier) + 1;
    item->stores = arena_array(arena, item->store_count, sizeof(struct kv_cache));
    item->links = arena_array(arena, place->replica_count, sizeof(int32_t));
    item->meters = arena_array(arena, TIER_DIRECTIONS, sizeof(struct transfer_meter));
    item->hit_blocks = item->hit_tokens = 0;
    item->latency_s = storage->latency_s;
    for (int64_t i = 0; i < item->store_count; i++) {
        kv_cache_init(&item->stores[i],
                      blocks < (double)UNBOUNDED_BLOCKS ? (int64_t)blocks : UNBOUNDED_BLOCKS,
                      arena);
    }
    for (int64_t i = 0; i < place->replica_count; i++) {
        item->links[i] =
            transfers_link(transfers, storage->Bps * (double)place->chips_per_replica);
    }
}

void kv_tiers_start(struct kv_tiers *tiers, struct transfers *transfers, struct arena *arena)
{
    const struct kv_tiers_place *place = &tiers->place;
    if (!(place->platform->host.Bps > 0)) {
        return; /* nothing needs it: kv_tiers_read() */
    }
    tiers->ports = arena_array(arena, place->replica_count, sizeof(int32_t));
    for (int64_t i = 0; i < place->replica_count; i++) {
        tiers->ports[i] = transfers_link(transfers, place->platform->host.Bps *
                                                        (double)place->chips_per_replica);
    }
    double total_Bps = place->platform->shared.total_Bps;
    tiers->store = total_Bps > 0 ? transfers_link(transfers, total_Bps) : -1;
    for (int tier = KV_HOST; tier < KV_PLACES; tier++) {
        start_tier(tiers, (enum kv_place)tier, transfers, arena);
    }
}

bool kv_tiers_used(const struct kv_tiers *tiers, enum kv_place tier)
{
    const struct serving_scenario *scenario = tiers->place.scenario;
    bool offloads = false;
    for (int i = 0; i < tiers->offload_count; i++) {
        offloads = offloads || tiers->offload[i] == tier;
    }
    return tier == KV_HBM || offloads ||
           (tier == KV_HOST && scenario->preemption == PREEMPTION_SWAP) ||
           (scenario->agents == AGENTS_STATEFUL && (int)tier == (int)scenario->state_tier);
}

struct kv_cache *kv_tiers_store(const struct kv_tiers *tiers, int64_t replica,
                                enum kv_place tier)
{
    return &tiers->tiers[tier].stores[store_index(replica, tier)];
}

struct transfer_way kv_tiers_way(const struct kv_tiers *tiers, int64_t replica,
                                 enum kv_place tier, struct link_use *crossings)
{
    struct transfer_way way = {.crossings = crossings, .flows = 1};
    if (tier == KV_HBM) {
        return way;
    }
    crossings[way.count++] = (struct link_use){tiers->ports[replica], 1};
    if (tier != KV_HOST) {
        crossings[way.count++] = (struct link_use){tiers->tiers[tier].links[replica], 1};
    }
    if (tier == KV_SHARED && tiers->store >= 0) {
        crossings[way.count++] = (struct link_use){tiers->store, 1};
    }
    way.latency_s = tiers->tiers[tier].latency_s;
    return way;
}
