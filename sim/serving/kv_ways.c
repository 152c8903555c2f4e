/* SPDX-License-Identifier: Apache-2.0 */
#include "serving/kv_ways.h"

#include <math.h>

#include "hardware/fabric.h"

enum { FIRST_SLOTS = 256, FIRST_SEEN = 1024 };

struct known_link {
    const struct platform *platform; /* NULL: an empty slot */
    int64_t link;
    int32_t index; /* of the transfers' link */
};

void kv_ways_init(struct kv_ways *ways, struct transfers *transfers, struct arena *arena)
{
    *ways = (struct kv_ways){.transfers = transfers, .slot_count = FIRST_SLOTS, .arena = arena};
    ways->known = arena_array(arena, ways->slot_count, sizeof(struct known_link));
}

static struct known_link *find(const struct kv_ways *ways, const struct platform *platform,
                               int64_t link)
{
    uint64_t mixed = (uint64_t)link * 0x9E3779B97F4A7C15u;
    uint64_t slot = (mixed >> 20) & (uint64_t)(ways->slot_count - 1);
    while (ways->known[slot].platform != NULL &&
           (ways->known[slot].platform != platform || ways->known[slot].link != link)) {
        slot = (slot + 1) & (uint64_t)(ways->slot_count - 1);
    }
    return &ways->known[slot];
}

static void grow(struct kv_ways *ways)
{
    struct known_link *old = ways->known;
    int64_t count = ways->slot_count;
    ways->slot_count *= 2;
    ways->known = arena_array(ways->arena, ways->slot_count, sizeof(struct known_link));
    for (int64_t i = 0; i < count; i++) {
        if (old[i].platform != NULL) {
            *find(ways, old[i].platform, old[i].link) = old[i];
        }
    }
}

static int32_t link_index(struct kv_ways *ways, const struct platform *platform, int64_t link)
{
    if (2 * (ways->known_count + 1) > ways->slot_count) {
        grow(ways);
    }
    struct known_link *known = find(ways, platform, link);
    if (known->platform == NULL) {
        int32_t index = transfers_link(ways->transfers, fabric_link_Bps(platform, link));
        *known = (struct known_link){platform, link, index};
        ways->known_count++;
    }
    return known->index;
}

/* One more flow on a link. */
static void cross(struct kv_ways *ways, const struct platform *platform, int64_t link,
                  struct transfer_way *way)
{
    if (!fabric_link_binds(platform, link) ||
        fabric_link_policy(platform, link) == LINK_FATPIPE) {
        return;
    }
    int32_t index = link_index(ways, platform, link);
    while (index >= ways->seen_capacity) {
        int64_t capacity = ways->seen_capacity == 0 ? FIRST_SEEN : ways->seen_capacity * 2;
        ways->seen = arena_array(ways->arena, capacity, sizeof(int32_t)); /* all 0: see below */
        ways->seen_capacity = capacity;
        for (int32_t i = 0; i < way->count; i++) {
            ways->seen[ways->crossings[i].link] = i + 1;
        }
    }
    if (ways->seen[index] == 0) {
        ways->crossings = arena_grow(ways->arena, ways->crossings, way->count,
                                     &ways->crossing_capacity, sizeof(struct link_use));
        ways->crossings[way->count++] = (struct link_use){index, 0};
        ways->seen[index] = way->count;
    }
    ways->crossings[ways->seen[index] - 1].flows++;
}

/* From a chip to its network, or back. */
static void cross_nic(struct kv_ways *ways, const struct platform *platform, int64_t chip,
                      bool out, struct transfer_way *way)
{
    int64_t chips = platform->chip_count, domain = chip / chips, local = chip % chips;
    int32_t count;
    const int32_t *links =
        platform_route(platform, out ? local : chips, out ? chips : local, &count);
    for (int32_t i = 0; i < count; i++) {
        cross(ways, platform, domain * platform->link_count + links[i], way);
        way->latency_s += platform->links[links[i]].latency_s;
    }
}

static void cross_fabric(struct kv_ways *ways, const struct platform *platform,
                         const int64_t chips[2], struct transfer_way *way)
{
    struct fabric_path path;
    fabric_path(platform, chips[0], chips[1], &path);
    for (int32_t i = 0; i < path.link_count; i++) {
        cross(ways, platform, path.links[i], way);
    }
    way->latency_s = fmax(way->latency_s, path.latency_s);
}

struct transfer_way kv_ways_between(struct kv_ways *ways, const struct kv_end *from,
                                    const struct kv_end *to)
{
    int64_t flows = from->chips > to->chips ? from->chips : to->chips;
    struct transfer_way way = {.flows = (int32_t)flows};
    double latency_s = 0;
    for (int64_t i = 0; i < flows; i++) {
        int64_t ends[2] = {from->first_chip + i * from->chips / flows,
                           to->first_chip + i * to->chips / flows};
        if (from->platform == to->platform) {
            cross_fabric(ways, from->platform, ends, &way);
        } else {
            way.latency_s = 0;
            cross_nic(ways, from->platform, ends[0], true, &way);
            cross_nic(ways, to->platform, ends[1], false, &way);
        }
        latency_s = fmax(latency_s, way.latency_s);
    }
    for (int32_t i = 0; i < way.count; i++) {
        ways->seen[ways->crossings[i].link] = 0;
    }
    way.crossings = ways->crossings;
    way.latency_s = latency_s + to->platform->collective_step_scale_out_s;
    return way;
}

bool kv_ways_check(const struct platform *from, const struct platform *to, struct error *error)
{
    return from == to || (from->nic_up_Bps != NULL && to->nic_down_Bps != NULL) ||
           error_fill(error, ERROR_INFEASIBLE,
                      "keys and values cannot go from %s to %s: one of them has no NICs; "
                      "use one machine for both",
                      from->name, to->name);
}
