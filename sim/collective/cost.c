/* SPDX-License-Identifier: Apache-2.0 */
/* Steps, latencies and bytes of schedules. The bytes of a phase go by the fluid model of fair
 * sharing over all links that its transfers take. */
#include "collective/cost.h"

#include <math.h>
#include <string.h>

#include "collective/fluid.h"
#include "hardware/fabric.h"

void cost_ways(const struct collective *collective, const struct phase *phase,
               struct cost_ways *ways)
{
    *ways = (struct cost_ways){.rate_Bps = {INFINITY, INFINITY}};
    for (int64_t i = 0; i < phase->transfer_count; i++) {
        const struct transfer *transfer = &phase->transfers[i];
        struct fabric_path path;
        fabric_path(collective->platform, collective->chips[transfer->from],
                    collective->chips[transfer->to], &path);
        int way = path.scale_out;
        ways->used[way] = true;
        ways->latency_s[way] = fmax(ways->latency_s[way], path.latency_s);
        ways->bytes[way] = fmax(ways->bytes[way], transfer->bytes);
        for (int32_t l = 0; l < path.link_count; l++) {
            ways->rate_Bps[way] =
                fmin(ways->rate_Bps[way], fabric_link_Bps(collective->platform, path.links[l]));
        }
    }
}

/* A protocol of the platform, or the one that a platform without protocols means. */
static struct protocol protocol_at(const struct collective *collective,
                                   const struct schedule *schedule, int64_t index)
{
    const struct platform *platform = collective->platform;
    if (schedule->in_switch) {
        struct protocol protocol = platform->in_switch;
        protocol.efficiency_fraction = 1; /* holds inside only: the algorithm counts it */
        return protocol;
    }
    if (platform->protocol_count > 0) {
        return platform->protocols[index];
    }
    return (struct protocol){.efficiency_fraction = 1,
                             .step_s = platform->collective_step_s,
                             .step_scale_out_s = platform->collective_step_scale_out_s};
}

bool cost_word_in(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += strspn(at, ", ");
        if (strncmp(at, word, length) == 0 && strchr(", ", at[length]) != NULL) {
            return true;
        }
    }
    return list == NULL;
}

static bool by_pairs(const struct collective *collective)
{
    return collective->operation == COLLECTIVE_ALL_TO_ALL ||
           collective->operation == COLLECTIVE_SEND_RECEIVE;
}

bool cost_protocol_serves(const struct collective *collective, const struct schedule *schedule,
                          int64_t index)
{
    const struct platform *platform = collective->platform;
    return schedule->in_switch || platform->protocol_count == 0 || !by_pairs(collective) ||
           cost_word_in(platform->collective_pair_protocols, platform->protocols[index].name);
}

/* What a chip copies in its own memory beside the wires. */
double cost_copy_s(const struct collective *collective)
{
    const struct platform *platform = collective->platform;
    const struct chip *chip = platform_chip(platform, collective->chips[0]);
    double copies_Bps = chip->hbm_Bps * chip->hbm_efficiency_fraction / 2;
    double own = platform->collective_own_copy_fraction;
    double pair = platform->collective_pair_copy_fraction;
    if (collective->operation == COLLECTIVE_ALL_TO_ALL && pair > 0) {
        return collective->bytes / (copies_Bps * pair);
    }
    bool parts = collective->operation == COLLECTIVE_ALL_GATHER ||
                 collective->operation == COLLECTIVE_REDUCE_SCATTER;
    return parts && own > 0 ? collective->bytes / (double)collective->count / (copies_Bps * own)
                            : 0;
}

int64_t cost_protocol_count(const struct collective *collective,
                            const struct schedule *schedule)
{
    bool one = schedule->in_switch || collective->platform->protocol_count == 0;
    return one ? 1 : collective->platform->protocol_count;
}

/* One step over a way: a chip waits for half of what it then hands on, or for a slice. */
static double step_s(const struct phase *phase, const struct cost_ways *ways, int way,
                     const struct protocol *protocol)
{
    double bytes = phase->unit_bytes[way] > 0 ? phase->unit_bytes[way] : ways->bytes[way];
    double slice_bytes = way == 1 ? protocol->slice_scale_out_bytes : protocol->slice_bytes;
    double fill_bytes = fmin(bytes / 2, slice_bytes);
    return ways->latency_s[way] + (way == 1 ? protocol->step_scale_out_s : protocol->step_s) +
           (fill_bytes > 0 ? fill_bytes / ways->rate_Bps[way] : 0);
}

double cost_round_s(const struct collective *collective, const struct schedule *schedule,
                    const struct phase *phase, const struct cost_ways *ways, int64_t protocol)
{
    struct protocol by = protocol_at(collective, schedule, protocol);
    double inside_s = ways->used[0] ? step_s(phase, ways, 0, &by) : 0;
    double between_s = ways->used[1] ? step_s(phase, ways, 1, &by) : 0;
    if (phase->inside_steps + phase->between_steps == 0) {
        return fmax(inside_s, between_s);
    }
    return ((double)phase->inside_steps * inside_s + (double)phase->between_steps * between_s) /
           (double)phase->rounds;
}

double cost_efficiency(const struct collective *collective, const struct schedule *schedule,
                       int64_t protocol)
{
    return protocol_at(collective, schedule, protocol).efficiency_fraction;
}

void cost_settle(const struct collective *collective, struct schedule *schedule,
                 int64_t protocol)
{
    schedule->protocol = protocol_at(collective, schedule, protocol).name;
    double efficiency = cost_efficiency(collective, schedule, protocol);
    for (int64_t s = 0; s < schedule->phase_count; s++) {
        struct phase *phase = &schedule->phases[s];
        struct cost_ways ways;
        cost_ways(collective, phase, &ways);
        phase->latency_s = fmax(ways.latency_s[0], ways.latency_s[1]);
        phase->round_s = cost_round_s(collective, schedule, phase, &ways, protocol);
        if (s == 0) {
            phase->round_s += cost_copy_s(collective) / (double)phase->rounds;
        }
        for (int64_t i = 0; i < phase->transfer_count; i++) {
            phase->transfers[i].bytes /= efficiency;
        }
    }
}

double collective_round_along_s(const struct phase *phase, double latency_s)
{
    double steps = (double)(phase->inside_steps + phase->between_steps);
    int64_t longest = phase->between_steps > 0 ? phase->between_steps : phase->inside_steps;
    double part = steps > 0 ? (double)longest / (double)phase->rounds : 1;
    return phase->round_s + part * fmax(0, latency_s - phase->latency_s);
}

double collective_round_s(const struct collective *collective, const struct phase *phase)
{
    if (phase->round_s > 0) {
        return phase->round_s;
    }
    struct cost_ways ways;
    cost_ways(collective, phase, &ways);
    const struct platform *platform = collective->platform;
    double inside_s = ways.used[0] ? ways.latency_s[0] + platform->collective_step_s : 0;
    return ways.used[1]
               ? fmax(inside_s, ways.latency_s[1] + platform->collective_step_scale_out_s)
               : inside_s;
}

/* The links of one phase, numbered from 0 as they are met: an open-addressing table. */
struct numbering {
    int64_t *keys; /* from the link's id; 0: free */
    int32_t *numbers;
    int64_t size; /* a power of two */
    int32_t count;
    double *capacity_Bps;
    unsigned char *fatpipe;
};

static void numbering_init(struct numbering *numbering, int64_t most, struct arena *arena)
{
    numbering->size = 16;
    while (numbering->size < most * 2) {
        numbering->size *= 2;
    }
    numbering->keys = arena_array(arena, numbering->size, sizeof(int64_t));
    numbering->numbers = arena_array(arena, numbering->size, sizeof(int32_t));
    numbering->capacity_Bps = arena_array(arena, most, sizeof(double));
    numbering->fatpipe = arena_array(arena, most, 1);
}

static int32_t number_of(struct numbering *numbering, const struct platform *platform,
                         int64_t link)
{
    int64_t key = link < 0 ? -2 * link : 2 * link + 1; /* trunks have negative numbers */
    uint64_t slot = (uint64_t)link * 0x9E3779B97F4A7C15u;
    slot = (slot ^ (slot >> 32)) & (uint64_t)(numbering->size - 1);
    while (numbering->keys[slot] != 0 && numbering->keys[slot] != key) {
        slot = (slot + 1) & (uint64_t)(numbering->size - 1);
    }
    if (numbering->keys[slot] == 0) {
        numbering->keys[slot] = key;
        numbering->numbers[slot] = numbering->count;
        numbering->capacity_Bps[numbering->count] = fabric_link_Bps(platform, link);
        numbering->fatpipe[numbering->count] =
            fabric_link_policy(platform, link) == LINK_FATPIPE;
        numbering->count++;
    }
    return numbering->numbers[slot];
}

double cost_bytes_s(const struct collective *collective, const struct phase *phase,
                    struct arena *arena)
{
    struct fluid fluid = {.arena = arena, .flow_count = phase->transfer_count};
    fluid.flows = arena_array(arena, phase->transfer_count, sizeof(struct fluid_flow));
    struct fabric_path *paths =
        arena_array(arena, phase->transfer_count, sizeof(struct fabric_path));
    int64_t most = 1;
    for (int64_t i = 0; i < phase->transfer_count; i++) {
        fabric_path(collective->platform, collective->chips[phase->transfers[i].from],
                    collective->chips[phase->transfers[i].to], &paths[i]);
        most += paths[i].link_count;
    }
    struct numbering numbering = {0};
    numbering_init(&numbering, most, arena);
    int32_t *links = arena_array(arena, most, sizeof(int32_t));
    for (int64_t i = 0; i < phase->transfer_count; i++) {
        struct fluid_flow *flow = &fluid.flows[i];
        flow->links = links;
        flow->link_count = paths[i].link_count;
        flow->bytes = phase->transfers[i].bytes * (double)phase->rounds;
        for (int32_t l = 0; l < flow->link_count; l++) {
            *links++ = number_of(&numbering, collective->platform, paths[i].links[l]);
        }
    }
    fluid.capacity_Bps = numbering.capacity_Bps;
    fluid.fatpipe = numbering.fatpipe;
    fluid.link_count = numbering.count;
    return fluid_run(&fluid);
}

double collective_time_s(const struct collective *collective, const struct schedule *schedule)
{
    struct arena *scratch = arena_create();
    double time_s = collective->platform->collective_launch_s;
    for (int64_t s = 0; s < schedule->phase_count; s++) {
        const struct phase *phase = &schedule->phases[s];
        time_s += (double)phase->rounds * collective_round_s(collective, phase) +
                  cost_bytes_s(collective, phase, scratch);
    }
    arena_free(scratch);
    return time_s;
}
