/* SPDX-License-Identifier: Apache-2.0 */
/* Chip i has link 2i towards the switch (on a ring: to chip i + 1) and 2i + 1 back; trunks and
 * the backbone follow. */
#include "support/machine.h"

static const struct chip chip_type = {
    .type = "made-up",
    .title = "A made-up chip",
    .family = "gpu",
    .headline_flops_per_s = {[DTYPE_FP8] = 200e12, [DTYPE_BF16] = 100e12, [DTYPE_FP32] = 50e12},
    .array_flops_per_s = {[DTYPE_FP8] = 200e12, [DTYPE_BF16] = 100e12, [DTYPE_FP32] = 50e12},
    .hbm_bytes = 96.0 * (1 << 30),
    .hbm_Bps = 1e12,
    .matmul_efficiency_fraction = 0.8,
    .attention_efficiency_fraction = 0.5,
    .hbm_efficiency_fraction = 0.9,
    .op_overhead_s = 2e-6,
    .tile_m = 128,
    .tile_n = 128,
    .tile_k = 64,
    .unit_count = 100,
    .communication_compute_fraction = 0.1,
    .reserved_bytes = 1 << 30,
    .idle_W = 100,
    .tdp_W = 500,
};

static int64_t blocks_of(const struct machine *machine)
{
    return machine->kind == MACHINE_TREE ? (machine->chips - 1) / machine->block + 1 : 0;
}

static void add_links(struct platform *platform, const struct machine *machine,
                      struct arena *arena)
{
    int64_t trunks = machine->kind == MACHINE_PIPE ? 1 : 2 * blocks_of(machine);
    platform->link_count = 2 * machine->chips + trunks;
    platform->links = arena_array(arena, platform->link_count, sizeof(struct link));
    for (int64_t i = 0; i < platform->link_count; i++) {
        bool trunk = i >= 2 * machine->chips;
        double slower =
            machine->stream == NULL ? 0 : machine->spread * random_uniform(machine->stream);
        double Bps = (trunk ? machine->trunk_Bps : machine->Bps) * (1 - slower);
        platform->links[i] = (struct link){
            .name = arena_format(arena, "link-%lld", (long long)i),
            .raw_Bps = Bps,
            .bandwidth_Bps = Bps,
            .latency_s = machine->latency_s,
            .medium = trunk,
            .reverse = (int32_t)i,
            .policy = trunk && machine->kind == MACHINE_PIPE ? LINK_FATPIPE : LINK_SHARED,
        };
    }
}

/* The shorter way round; half way round goes upwards. */
static int32_t ring_route(const struct machine *machine, int64_t from, int64_t to,
                          int32_t *links)
{
    int64_t up = (to - from + machine->chips) % machine->chips, down = machine->chips - up;
    int32_t count = 0;
    for (int64_t i = from; i != to; count++) {
        int64_t before = (i + machine->chips - 1) % machine->chips;
        links[count] = (int32_t)(up <= down ? 2 * i : 2 * before + 1);
        i = up <= down ? (i + 1) % machine->chips : before;
    }
    return count;
}

static int32_t route(const struct machine *machine, int64_t from, int64_t to, int32_t *links)
{
    if (from == to || from == machine->chips || to == machine->chips) {
        return 0;
    }
    if (machine->kind == MACHINE_RING) {
        return ring_route(machine, from, to, links);
    }
    int32_t count = 0, trunks = (int32_t)(2 * machine->chips);
    links[count++] = (int32_t)(2 * from);
    if (machine->kind == MACHINE_PIPE) {
        links[count++] = trunks;
    } else if (machine->kind == MACHINE_TREE && from / machine->block != to / machine->block) {
        links[count++] = trunks + (int32_t)(2 * (from / machine->block));
        links[count++] = trunks + (int32_t)(2 * (to / machine->block) + 1);
    }
    links[count++] = (int32_t)(2 * to + 1);
    return count;
}

static void add_routes(struct platform *platform, const struct machine *machine,
                       struct arena *arena)
{
    int64_t ends = machine->chips + 1, longest = machine->chips / 2 + 4, next = 0;
    platform->route_start = arena_array(arena, ends * ends + 1, sizeof(int32_t));
    platform->route_links = arena_array(arena, ends * ends * longest, sizeof(int32_t));
    for (int64_t i = 0; i < ends * ends; i++) {
        platform->route_start[i] = (int32_t)next;
        next += route(machine, i / ends, i % ends, platform->route_links + next);
    }
    platform->route_start[ends * ends] = (int32_t)next;
}

struct platform *machine_create(const struct machine *machine, struct arena *arena)
{
    struct platform *platform = arena_alloc(arena, sizeof *platform);
    *platform = (struct platform){.name = "made-up",
                                  .title = "A made-up machine",
                                  .domain_noun = "server",
                                  .domain_count = 1,
                                  .chip_count = machine->chips,
                                  .chip_type_count = 1,
                                  .media_count = 2,
                                  .collective_launch_s = 5e-6,
                                  .collective_step_s = 0.5e-6,
                                  .collective_step_scale_out_s = 3e-6,
                                  .power_overhead_per_chip_W = 100,
                                  .pue = 1.2};
    platform->chip_types = arena_alloc(arena, sizeof(struct chip));
    *platform->chip_types = chip_type;
    platform->chips = arena_array(arena, machine->chips, sizeof(struct chip *));
    platform->chip_names = arena_array(arena, machine->chips, sizeof(char *));
    for (int64_t i = 0; i < machine->chips; i++) {
        platform->chips[i] = platform->chip_types;
        platform->chip_names[i] = arena_format(arena, "chip-%lld", (long long)i);
    }
    platform->media = arena_array(arena, 2, sizeof(struct medium));
    platform->media[0].name = "wire";
    platform->media[1].name = "trunk";
    add_links(platform, machine, arena);
    add_routes(platform, machine, arena);
    return platform;
}

struct platform *machine_draw(struct random_stream *stream, int64_t chips, struct arena *arena)
{
    struct machine machine = {
        .kind = (enum machine_kind)random_below(stream, MACHINE_KIND_COUNT),
        .chips = chips,
        .block = 2 + random_below(stream, 7),
        .Bps = 1e9 * (double)(1 + random_below(stream, 400)),
        .latency_s = 1e-7 * (double)random_below(stream, 30),
        .spread = random_below(stream, 2) == 0 ? 0 : 0.9,
        .stream = stream,
    };
    machine.trunk_Bps = machine.Bps * (0.3 + 4 * random_uniform(stream));
    return machine_create(&machine, arena);
}
