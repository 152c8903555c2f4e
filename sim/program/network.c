/* SPDX-License-Identifier: Apache-2.0 */
/* Chips, links and pairs get small numbers as they are met. */
#include "program/network.h"

#include "engine/engine.h"
#include "hardware/fabric.h"

void network_init(struct network *network, const struct platform *platform, struct arena *arena)
{
    *network = (struct network){.arena = arena, .platform = platform};
    network->wiring.arena = arena;
}

static int32_t new_end_point(struct network *network, int64_t chip)
{
    int64_t count = network->wiring.end_point_count++;
    network->chips = arena_grow(network->arena, network->chips, count, &network->chips_capacity,
                                sizeof(int64_t));
    network->chips[count] = chip;
    return (int32_t)count;
}

static int32_t end_point(struct network *network, int64_t chip)
{
    bool fresh;
    int32_t *number =
        number_table_at(&network->chips_seen, (uint64_t)chip, &fresh, network->arena);
    if (fresh) {
        *number = new_end_point(network, chip);
    }
    return *number;
}

static int32_t wire(struct network *network, int64_t link)
{
    bool fresh;
    /* Trunks have negative numbers: fold them between the others. */
    uint64_t key = (uint64_t)(link < 0 ? -2 * link - 1 : 2 * link);
    int32_t *number = number_table_at(&network->links_seen, key, &fresh, network->arena);
    if (fresh) {
        int64_t count = network->wiring.wire_count;
        network->wire_links = arena_grow(network->arena, network->wire_links, count,
                                         &network->wire_links_capacity, sizeof(int64_t));
        network->wire_links[count] = link;
        const char *name = engine_is_traced()
                               ? fabric_link_name(network->platform, link, network->arena)
                               : NULL;
        double rate_Bps = fabric_link_Bps(network->platform, link) *
                          (double)fabric_link_units(network->platform, link);
        *number = wiring_wire(&network->wiring, name, rate_Bps,
                              fabric_link_policy(network->platform, link) == LINK_FATPIPE);
    }
    return *number;
}

static int32_t add_pair(struct network *network, int32_t from, int32_t to,
                        const struct fabric_path *path)
{
    int32_t pair = wiring_pair(&network->wiring, from, to);
    network->pair_latency_s = arena_grow(network->arena, network->pair_latency_s, pair,
                                         &network->pair_latency_capacity, sizeof(double));
    network->pair_latency_s[pair] = path->latency_s;
    network->pair_members = arena_grow(network->arena, network->pair_members, pair,
                                       &network->pair_members_capacity, sizeof(int64_t));
    network->pair_members[pair] = 0;
    network->pair_scale_out =
        arena_grow(network->arena, network->pair_scale_out, pair,
                   &network->pair_scale_out_capacity, sizeof(unsigned char));
    network->pair_scale_out[pair] = path->scale_out;
    if (path->cut && !network->cut) {
        network->cut = true;
        network->cut_from = network->chips[from];
        network->cut_to = network->chips[to];
    }
    return pair;
}

static int32_t pair_of_chips(struct network *network, int64_t from, int64_t to)
{
    struct fabric_path path;
    path.cut = true;
    path.link_count = 0;
    path.latency_s = 0;
    path.scale_out = false;
    if (!network->cut) { /* else the run is refused, and looking further is in vain */
        fabric_path(network->platform, from, to, &path);
    }
    int32_t first = end_point(network, from);
    int32_t pair = add_pair(network, first, end_point(network, to), &path);
    for (int32_t i = 0; i < path.link_count; i++) {
        if (fabric_link_binds(network->platform, path.links[i])) {
            network_cross(network, path.links[i], path.weights[i]);
        }
    }
    return pair;
}

void network_cross(struct network *network, int64_t link, int32_t weight)
{
    wiring_cross(&network->wiring, wire(network, link), weight);
}

int32_t network_class_pair(struct network *network, int64_t from, int64_t to,
                           const struct fabric_path *path)
{
    int32_t first = new_end_point(network, from);
    return add_pair(network, first, new_end_point(network, to), path);
}

int32_t network_pair(struct network *network, int64_t from, int64_t to)
{
    bool fresh;
    int64_t key = from * platform_all_chips(network->platform) + to;
    int32_t *number =
        number_table_at(&network->pairs_seen, (uint64_t)key, &fresh, network->arena);
    if (fresh) {
        *number = pair_of_chips(network, from, to);
    }
    return *number;
}

static int64_t divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

void network_reduce_weights(struct network *network)
{
    struct wiring *wiring = &network->wiring;
    int64_t *common = arena_array(network->arena, wiring->wire_count + 1, sizeof(int64_t));
    for (int64_t c = 0; c < wiring->crossing_count; c++) {
        int64_t *place = &common[wiring->crossings[c].wire];
        *place = divisor(wiring->crossings[c].weight, *place);
    }
    if (network->wire_scale == NULL) {
        network->wire_scale =
            arena_array(network->arena, wiring->wire_count + 1, sizeof(double));
        for (int64_t w = 0; w < wiring->wire_count; w++) {
            network->wire_scale[w] =
                1 / (double)fabric_link_units(network->platform, network->wire_links[w]);
        }
    }
    for (int64_t w = 0; w < wiring->wire_count; w++) {
        double share = wiring->wires[w].fatpipe ? 1 : (double)common[w];
        network->wire_scale[w] *= share;
        wiring->wires[w].capacity_Bps /= share;
    }
    for (int64_t c = 0; c < wiring->crossing_count; c++) {
        struct crossing *crossing = &wiring->crossings[c];
        crossing->weight = (int32_t)(crossing->weight / common[crossing->wire]);
    }
}
