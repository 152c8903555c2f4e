/* SPDX-License-Identifier: Apache-2.0 */
/* Links of a domain: a star has 2i and 2i + 1 up and down of chip i; two racks are stars with
 * 2n + i from chip i to its counterpart; a torus has 4i to 4i + 3 of chip i to the right, left,
 * down, up. NICs follow, up and down. */
#include "support/cluster.h"

#include "hardware/fabric.h"
#include "support/machine.h"

struct way {
    int32_t *links;
    int32_t count;
};

static void pass(struct way *way, int64_t link)
{
    way->links[way->count++] = (int32_t)link;
}

static int64_t inner_links(const struct cluster *cluster)
{
    return cluster->chips * (cluster->kind == CLUSTER_STAR        ? 2
                             : cluster->kind == CLUSTER_TWO_RACKS ? 3
                                                                  : 4);
}

/* Steps from at to target round a ring of size, the shorter way. */
static int64_t step(int64_t at, int64_t target, int64_t size)
{
    return (target - at + size) % size <= size / 2 ? 1 : size - 1;
}

static void torus_way(const struct cluster *cluster, int64_t from, int64_t to, struct way *way)
{
    int64_t columns = cluster->columns, rows = cluster->chips / columns;
    int64_t x = from % columns, y = from / columns;
    while (x != to % columns) {
        int64_t by = step(x, to % columns, columns);
        pass(way, 4 * (y * columns + x) + (by == 1 ? 0 : 1));
        x = (x + by) % columns;
    }
    while (y != to / columns) {
        int64_t by = step(y, to / columns, rows);
        pass(way, 4 * (y * columns + x) + (by == 1 ? 2 : 3));
        y = (y + by) % rows;
    }
}

static void inner_way(const struct cluster *cluster, int64_t from, int64_t to, struct way *way)
{
    int64_t half = cluster->chips / 2;
    if (cluster->kind == CLUSTER_TORUS) {
        torus_way(cluster, from, to, way);
        return;
    }
    if (cluster->kind == CLUSTER_TWO_RACKS && from / half != to / half) {
        pass(way, 2 * cluster->chips + from);
        from = (from + half) % cluster->chips;
    }
    if (from != to) {
        pass(way, 2 * from);
        pass(way, 2 * to + 1);
    }
}

static void way_of(const struct cluster *cluster, int64_t from, int64_t to, struct way *way)
{
    int64_t fabric = cluster->chips, first = inner_links(cluster);
    int64_t chip = from == fabric ? to : from;
    int64_t nic = chip / cluster->nic_chips, owner = nic * cluster->nic_chips;
    if (from == to) {
        return;
    }
    if (to == fabric) {
        if (cluster->nic_inside) {
            inner_way(cluster, chip, owner, way);
        }
        pass(way, first + 2 * nic);
    } else if (from == fabric) {
        pass(way, first + 2 * nic + 1);
        if (cluster->nic_inside) {
            inner_way(cluster, owner, chip, way);
        }
    } else {
        inner_way(cluster, from, to, way);
    }
}

static void add_links(const struct cluster *cluster, struct platform *platform,
                      struct arena *arena)
{
    int64_t inner = inner_links(cluster);
    platform->link_count = inner + 2 * (cluster->chips / cluster->nic_chips);
    platform->links = arena_array(arena, platform->link_count, sizeof(struct link));
    for (int64_t i = 0; i < platform->link_count; i++) {
        double Bps = i < inner ? cluster->Bps : cluster->nic_Bps;
        platform->links[i] = (struct link){
            .name = arena_format(arena, "%s-%lld", i < inner ? "link" : "nic", (long long)i),
            .raw_Bps = Bps,
            .bandwidth_Bps = Bps,
            .latency_s = i < inner ? 3e-7 : 2e-6,
            .medium = i >= inner,
            .reverse = (int32_t)i};
    }
}

static void add_routes(const struct cluster *cluster, struct platform *platform,
                       struct arena *arena)
{
    int64_t ends = cluster->chips + 1, longest = cluster->chips + 4;
    platform->route_start = arena_array(arena, ends * ends + 1, sizeof(int32_t));
    platform->route_links = arena_array(arena, ends * ends * longest, sizeof(int32_t));
    struct way way = {platform->route_links, 0};
    for (int64_t i = 0; i < ends * ends; i++) {
        platform->route_start[i] = way.count;
        way_of(cluster, i / ends, i % ends, &way);
    }
    platform->route_start[ends * ends] = way.count;
}

struct platform *cluster_create(const struct cluster *cluster, struct arena *arena)
{
    struct machine one = {.kind = MACHINE_STAR, .chips = cluster->chips, .Bps = 1};
    struct platform *platform = machine_create(&one, arena);
    platform->domain_count = cluster->domains;
    add_links(cluster, platform, arena);
    add_routes(cluster, platform, arena);
    platform->tier_count = cluster->tier_count;
    platform->tiers = arena_array(arena, 3, sizeof(struct tier));
    platform->nic_up_Bps = arena_array(arena, cluster->chips, sizeof(double));
    platform->nic_down_Bps = arena_array(arena, cluster->chips, sizeof(double));
    for (int64_t t = 0; t < cluster->tier_count; t++) {
        platform->tiers[t] = cluster->tiers[t];
    }
    for (int64_t c = 0; c < cluster->chips; c++) {
        platform->nic_up_Bps[c] = cluster->nic_Bps / (double)cluster->nic_chips;
        platform->nic_down_Bps[c] = platform->nic_up_Bps[c];
    }
    fabric_prepare(platform, arena);
    return platform;
}

static void draw_tiers(struct cluster *cluster, struct random_stream *stream, bool narrow)
{
    static const double rates[] = {1, 2, 7};
    int64_t group = 1, tiers = 1 + random_below(stream, 3);
    cluster->tier_count = narrow && tiers == 1 ? 2 : tiers;
    for (int64_t t = 0; t < cluster->tier_count; t++) {
        group *= 2 + random_below(stream, 2);
        cluster->tiers[t] = (struct tier){
            .name = "tier",
            .domains = t + 1 == cluster->tier_count ? 1 << 20 : group,
            .rails = 1,
            .oversubscription = narrow ? rates[random_below(stream, 3)] : 1,
            .latency_s = 1e-7 * (double)(1 + random_below(stream, 9)),
        };
    }
    if (cluster->nic_chips == 1 && random_below(stream, 3) == 0) {
        cluster->tiers[0].rails = cluster->chips % 2 == 0 ? 2 : cluster->chips;
    }
}

struct cluster cluster_draw(struct random_stream *stream, int64_t domains, int64_t chips,
                            bool narrow)
{
    struct cluster cluster = {.kind = (enum cluster_kind)random_below(stream, 3),
                              .chips = chips,
                              .columns = chips % 4 == 0 ? chips / 2 : chips,
                              .domains = domains,
                              .nic_chips = 1,
                              .Bps = 1e9 * (double)(1 + random_below(stream, 400))};
    if (cluster.kind == CLUSTER_TWO_RACKS && chips % 2 != 0) {
        cluster.kind = CLUSTER_STAR;
    }
    if (narrow && random_below(stream, 2) == 0) {
        cluster.nic_chips = chips % 2 == 0 && random_below(stream, 2) == 0 ? 2 : chips;
        cluster.nic_inside = random_below(stream, 2) == 0;
    }
    cluster.nic_Bps = cluster.Bps * (0.05 + random_uniform(stream));
    draw_tiers(&cluster, stream, narrow);
    return cluster;
}
