/* SPDX-License-Identifier: Apache-2.0 */
/* Chips, links and pairs get small numbers as they are met. */
#include "program/network.h"

#include "hardware/fabric.h"

void network_init(struct network *network, const struct platform *platform, struct arena *arena)
{
    *network = (struct network){.arena = arena, .platform = platform};
    network->wiring.arena = arena;
}

static int64_t slot_of(const struct network_table *table, int64_t key)
{
    uint64_t slot = (uint64_t)key * 0x9E3779B97F4A7C15u;
    slot = (slot ^ (slot >> 29)) & (uint64_t)(table->size - 1);
    while (table->keys[slot] != 0 && table->keys[slot] != key) {
        slot = (slot + 1) & (uint64_t)(table->size - 1);
    }
    return (int64_t)slot;
}

static void widen(struct network_table *table, struct arena *arena)
{
    struct network_table old = *table;
    table->size = old.size == 0 ? 64 : old.size * 2;
    table->keys = arena_array(arena, table->size, sizeof(int64_t));
    table->numbers = arena_array(arena, table->size, sizeof(int32_t));
    for (int64_t i = 0; i < old.size; i++) {
        if (old.keys[i] != 0) {
            int64_t slot = slot_of(table, old.keys[i]);
            table->keys[slot] = old.keys[i];
            table->numbers[slot] = old.numbers[i];
        }
    }
}

/* The place of key's number; *fresh tells that it must be filled now. key >= 0. */
static int32_t *number_of(struct network_table *table, int64_t key, bool *fresh,
                          struct arena *arena)
{
    if (table->count * 2 >= table->size) {
        widen(table, arena);
    }
    int64_t slot = slot_of(table, key + 1);
    *fresh = table->keys[slot] == 0;
    if (*fresh) {
        table->keys[slot] = key + 1;
        table->count++;
    }
    return &table->numbers[slot];
}

static int32_t end_point(struct network *network, int64_t chip)
{
    bool fresh;
    int32_t *number = number_of(&network->chips_seen, chip, &fresh, network->arena);
    if (fresh) {
        int64_t count = network->wiring.end_point_count++;
        network->chips = arena_grow(network->arena, network->chips, count,
                                    &network->chips_capacity, sizeof(int64_t));
        network->chips[count] = chip;
        *number = (int32_t)count;
    }
    return *number;
}

static int32_t wire(struct network *network, int64_t link)
{
    bool fresh;
    /* Trunks have negative numbers: fold them between the others. */
    int64_t key = link < 0 ? -2 * link - 1 : 2 * link;
    int32_t *number = number_of(&network->links_seen, key, &fresh, network->arena);
    if (fresh) {
        int64_t count = network->wiring.wire_count;
        network->wire_links = arena_grow(network->arena, network->wire_links, count,
                                         &network->wire_links_capacity, sizeof(int64_t));
        network->wire_links[count] = link;
        *number = wiring_wire(&network->wiring, NULL, fabric_link_Bps(network->platform, link),
                              fabric_link_policy(network->platform, link) == LINK_FATPIPE);
    }
    return *number;
}

static int32_t pair(struct network *network, int64_t from, int64_t to)
{
    struct fabric_path path;
    fabric_path(network->platform, from, to, &path);
    int32_t first = end_point(network, from);
    int32_t pair = wiring_pair(&network->wiring, first, end_point(network, to));
    for (int32_t i = 0; i < path.link_count; i++) {
        wiring_cross(&network->wiring, wire(network, path.links[i]), 1);
    }
    network->pair_latency_s = arena_grow(network->arena, network->pair_latency_s, pair,
                                         &network->pair_latency_capacity, sizeof(double));
    network->pair_latency_s[pair] = path.latency_s;
    network->pair_scale_out =
        arena_grow(network->arena, network->pair_scale_out, pair,
                   &network->pair_scale_out_capacity, sizeof(unsigned char));
    network->pair_scale_out[pair] = path.scale_out;
    return pair;
}

int32_t network_pair(struct network *network, int64_t from, int64_t to)
{
    bool fresh;
    int64_t key = from * platform_chips(network->platform) + to;
    int32_t *number = number_of(&network->pairs_seen, key, &fresh, network->arena);
    if (fresh) {
        *number = pair(network, from, to);
    }
    return *number;
}
