/* SPDX-License-Identifier: Apache-2.0 */
/* What moves: exchanges between teams on tracks of their own, every transfer of a collective
 * between chips, and what links carry as counters: all links of a medium together, and of each
 * medium the busiest, when the links are few enough to keep them all. */
#include "base/units.h"
#include "hardware/fabric.h"
#include "training/timeline_parts.h"

#include <stdio.h>
#include <string.h>

enum { WIRES_KEPT = 1024, EXCHANGE_THREADS = 64 };

/* Links as counters */

static int32_t medium_of(struct timeline *timeline, const char *name)
{
    for (int32_t m = 0; m < timeline->medium_count; m++) {
        if (strcmp(timeline->media[m], name) == 0) {
            return m;
        }
    }
    timeline->media[timeline->medium_count] = name;
    return (int32_t)timeline->medium_count++;
}

static void list_media(struct timeline *timeline)
{
    const struct network *network = &timeline->job->network;
    int64_t count = network->wiring.wire_count;
    struct arena *arena = timeline->arena;
    timeline->media = arena_array(arena, count + 1, sizeof(char *));
    timeline->wire_medium = arena_array(arena, count + 1, sizeof(int32_t));
    timeline->wire_share = arena_array(arena, count + 1, sizeof(double));
    timeline->medium_Bps = arena_array(arena, count + 1, sizeof(double));
    timeline->medium_links = arena_array(arena, count + 1, sizeof(int64_t));
    for (int64_t w = 0; w < count; w++) {
        double scale = network->wire_scale != NULL ? network->wire_scale[w] : 1;
        int64_t links = network->wire_members != NULL ? network->wire_members[w] : 1;
        int32_t medium = medium_of(
            timeline, fabric_link_medium(timeline->job->platform, network->wire_links[w]));
        timeline->wire_medium[w] = medium;
        timeline->wire_share[w] = scale * (double)links;
        timeline->medium_Bps[medium] +=
            network->wiring.wires[w].capacity_Bps * scale * (double)links;
        timeline->medium_links[medium] += links;
    }
    timeline->by_wire = count <= WIRES_KEPT;
    gauge_init(&timeline->gauge, 1 + timeline->medium_count + (timeline->by_wire ? count : 0),
               arena);
}

static void count_bytes(struct timeline *timeline, int32_t pair, double bytes, double start_s,
                        double end_s)
{
    const struct wiring *wiring = &timeline->job->network.wiring;
    const struct pair *what = &wiring->pairs[pair];
    for (int32_t c = what->first; c < what->first + what->count; c++) {
        int32_t wire = wiring->crossings[c].wire;
        double carried = bytes * wiring->crossings[c].weight;
        gauge_add(&timeline->gauge, 1 + timeline->wire_medium[wire], start_s, end_s,
                  carried * timeline->wire_share[wire]);
        if (timeline->by_wire) {
            gauge_add(&timeline->gauge, 1 + timeline->medium_count + wire, start_s, end_s,
                      carried);
        }
    }
}

static double total(const struct timeline *timeline, int64_t quantity)
{
    double sum = 0;
    for (int i = 0; i < GAUGE_INTERVALS; i++) {
        sum += timeline->gauge.amounts[quantity * GAUGE_INTERVALS + i];
    }
    return sum;
}

static void draw_medium(struct timeline *timeline, int64_t medium, double end_s)
{
    struct gauge_counter counter = {.process = TIMELINE_MACHINE, .scale = 1, .end_s = end_s};
    counter.name =
        arena_format(timeline->arena, "%s links (%lld in use): rate of all [B/s]",
                     timeline->media[medium], (long long)timeline->medium_links[medium]);
    gauge_write(&timeline->gauge, 1 + medium, &counter, timeline->file);
    counter.name =
        arena_format(timeline->arena, "%s links (%lld in use): mean use [%%]",
                     timeline->media[medium], (long long)timeline->medium_links[medium]);
    counter.scale = 100 / timeline->medium_Bps[medium];
    gauge_write(&timeline->gauge, 1 + medium, &counter, timeline->file);
}

static void draw_link(struct timeline *timeline, int64_t wire, double end_s)
{
    const struct network *network = &timeline->job->network;
    int64_t links = network->wire_members != NULL ? network->wire_members[wire] : 1;
    const char *link =
        fabric_link_name(timeline->job->platform, network->wire_links[wire], timeline->arena);
    const char *alike =
        links == 1 ? "" : arena_format(timeline->arena, ", stands for %lld", (long long)links);
    int64_t quantity = 1 + timeline->medium_count + wire;
    gauge_level(&timeline->gauge, quantity, network->wiring.wires[wire].capacity_Bps);
    struct gauge_counter counter = {
        .name = arena_format(timeline->arena, "busiest %s link, %s%s: use [%%]",
                             timeline->media[timeline->wire_medium[wire]], link, alike),
        .process = TIMELINE_MACHINE,
        .scale = 100 / network->wiring.wires[wire].capacity_Bps,
        .end_s = end_s};
    gauge_write(&timeline->gauge, quantity, &counter, timeline->file);
}

static int64_t busiest_wire(const struct timeline *timeline, int64_t medium)
{
    const struct wiring *wiring = &timeline->job->network.wiring;
    int64_t busiest = -1;
    double most = 0;
    for (int64_t w = 0; w < wiring->wire_count; w++) {
        if (timeline->wire_medium[w] != medium) {
            continue;
        }
        double use =
            total(timeline, 1 + timeline->medium_count + w) / wiring->wires[w].capacity_Bps;
        if (use > most) {
            most = use;
            busiest = w;
        }
    }
    return busiest;
}

/* Exchanges between teams */

static bool name_group(struct timeline *timeline, int32_t index)
{
    struct drawn_group *group = &timeline->groups[index];
    const struct group *what = &timeline->job->groups[index];
    if (group->track.thread > 0 || group->skipped) {
        return !group->skipped;
    }
    group->skipped = timeline->group_threads == EXCHANGE_THREADS;
    if (group->skipped) {
        return false;
    }
    if (timeline->group_threads == 0) {
        timeline_file_process(timeline->file, TIMELINE_EXCHANGES, "exchanges between teams",
                              NULL);
    }
    group->track = (struct timeline_track){TIMELINE_EXCHANGES, ++timeline->group_threads};
    const char *name =
        arena_format(timeline->arena, "group %d: %lld times %lld chips, with chip %lld",
                     (int)index, (long long)what->subgroup_count,
                     (long long)what->subgroup_size, (long long)what->chips[0]);
    timeline_file_thread(timeline->file, group->track, name, NULL);
    return true;
}

static void exchanged(void *argument, int32_t index, int32_t spec, double start_s, double end_s)
{
    struct timeline *timeline = argument;
    if (timeline->budget < 1 || !name_group(timeline, index)) {
        timeline->no_more_exchanges = true;
        return;
    }
    timeline->budget--;
    const struct spec *what = &timeline->job->specs[spec];
    const struct traffic *traffic = job_exchange(timeline->job, index, spec);
    char name[128], size[32], details[96];
    snprintf(name, sizeof name, "%s of %s", collective_operation_name(what->operation),
             units_print(size, sizeof size, what->bytes, UNIT_BYTES));
    snprintf(details, sizeof details, "\"bytes\":%.17g,\"algorithm\":\"%.40s\"", what->bytes,
             traffic->algorithm);
    struct timeline_slice slice = {name, "exchange", details};
    timeline_file_begin(timeline->file, timeline->groups[index].track, &slice, start_s);
    timeline_file_end(timeline->file, timeline->groups[index].track, end_s);
}

/* Transfers of a collective */

static int32_t process_of(const struct timeline *timeline, int32_t pair)
{
    const struct network *network = &timeline->job->network;
    return TIMELINE_FIRST_PIPELINE +
           (timeline->classes ? 0 : (int32_t)network->chips[network->wiring.pairs[pair].from]);
}

/* A pair inside a domain stands for that of each domain like it, as its links do. */
static int64_t stands_for(const struct network *network, int32_t pair)
{
    const struct pair *what = &network->wiring.pairs[pair];
    if (network->pair_members[pair] > 0 || network->wire_members == NULL || what->count == 0) {
        return network->pair_members[pair] > 0 ? network->pair_members[pair] : 1;
    }
    return network->wire_members[network->wiring.crossings[what->first].wire];
}

static struct lane *new_lane(struct timeline *timeline, int32_t pair)
{
    const struct network *network = &timeline->job->network;
    int64_t from = network->chips[network->wiring.pairs[pair].from];
    int64_t to = network->chips[network->wiring.pairs[pair].to];
    int64_t members = stands_for(network, pair);
    struct lane *lane = arena_alloc(timeline->arena, sizeof *lane);
    int32_t process = process_of(timeline, pair);
    int32_t *threads = &timeline->chip_threads[process - TIMELINE_FIRST_PIPELINE];
    lane->track = (struct timeline_track){process, ++*threads};
    const char *name =
        timeline->classes
            ? arena_format(timeline->arena, "chip %lld to chip %lld, stands for %lld flows",
                           (long long)from, (long long)to, (long long)members)
            : arena_format(timeline->arena, "to chip %lld", (long long)to);
    const char *details = arena_format(timeline->arena, "\"flows\":%lld", (long long)members);
    timeline_file_thread(timeline->file, lane->track, name, details);
    return lane;
}

static struct lane *free_lane(struct timeline *timeline, int32_t pair, double start_s)
{
    struct lane **place = &timeline->pairs[pair].lanes;
    while (*place != NULL && (*place)->end_s > start_s) {
        place = &(*place)->next;
    }
    if (*place == NULL) {
        *place = new_lane(timeline, pair);
    }
    return *place;
}

static void draw_transfer(struct timeline *timeline, int32_t pair, double bytes, double start_s,
                          double end_s)
{
    const struct network *network = &timeline->job->network;
    struct lane *lane = free_lane(timeline, pair, start_s);
    char name[48], details[64];
    units_print(name, sizeof name, bytes, UNIT_BYTES);
    snprintf(details, sizeof details, "\"bytes\":%.17g", bytes);
    struct timeline_slice slice = {name, "transfer", details};
    lane->end_s = end_s;
    timeline_file_begin(timeline->file, lane->track, &slice, start_s);
    if (!timeline->classes) {
        int64_t to = network->chips[network->wiring.pairs[pair].to];
        struct timeline_track other = {(int32_t)(TIMELINE_FIRST_PIPELINE + to), 1};
        int64_t number = timeline->transfer_arrows++;
        timeline_file_arrow(timeline->file, lane->track, TIMELINE_ARROW_OUT, "transfer", number,
                            start_s);
        timeline_file_arrow(timeline->file, other, TIMELINE_ARROW_IN, "transfer", number,
                            end_s);
    }
    timeline_file_end(timeline->file, lane->track, end_s);
}

static void moved(void *argument, int32_t pair, double bytes, double start_s, double end_s)
{
    struct timeline *timeline = argument;
    count_bytes(timeline, pair, bytes, start_s, end_s);
    if (timeline->pairs != NULL && timeline->pairs[pair].shown) {
        draw_transfer(timeline, pair, bytes, start_s, end_s);
    }
}

/* How often each pair is used; every time is a slice with two ends of an arrow. */
static int64_t *count_transfers(const struct timeline *timeline)
{
    const struct job *job = timeline->job;
    int64_t *counts =
        arena_array(timeline->arena, job->network.wiring.pair_count + 1, sizeof *counts);
    for (int64_t i = 0; i < job->group_count * job->spec_count; i++) {
        const struct traffic *traffic = job->exchanges[i];
        for (int64_t s = 0; traffic != NULL && s < traffic->stage_count; s++) {
            const struct traffic_stage *stage = &traffic->stages[s];
            for (int64_t f = 0; f < stage->flow_count; f++) {
                counts[stage->flows[f].pair] += 3 * stage->rounds;
            }
        }
    }
    return counts;
}

/* A collective is one exchange, which every chip takes part in from start to end. */
static void begin_chip(struct timeline *timeline, int64_t chip)
{
    struct timeline_track track = {(int32_t)(TIMELINE_FIRST_PIPELINE + chip), 1};
    const struct op *op = &timeline->job->sequences[0].ops[0];
    struct timeline_slice slice = {op->name, "exchange", NULL};
    timeline->chip_threads[chip] = 1;
    timeline_file_process(timeline->file, track.process,
                          arena_format(timeline->arena, "chip %lld", (long long)chip), NULL);
    timeline_file_thread(timeline->file, track, "exchange", NULL);
    timeline_file_begin(timeline->file, track, &slice, 0);
}

static void choose_pairs(struct timeline *timeline)
{
    const struct network *network = &timeline->job->network;
    int64_t *counts = count_transfers(timeline);
    timeline->pairs =
        arena_array(timeline->arena, network->wiring.pair_count + 1, sizeof(struct drawn_pair));
    for (int64_t p = 0; p < network->wiring.pair_count; p++) {
        if (counts[p] > 0) {
            timeline->request->all++;
            timeline->pairs[p].shown = counts[p] <= timeline->budget;
            timeline->request->drawn += timeline->pairs[p].shown;
            timeline->budget -= timeline->pairs[p].shown ? counts[p] : 0;
        }
    }
    timeline->request->detailed = timeline->request->drawn;
}

void timeline_transfers_start(struct timeline *timeline)
{
    const struct network *network = &timeline->job->network;
    const struct team *team = &timeline->job->teams[0];
    list_media(timeline);
    timeline->watch.moved = moved;
    timeline->watch.exchanged = exchanged;
    timeline->watch.each_transfer = timeline->request->transfers;
    if (!timeline->request->transfers) {
        return;
    }
    timeline->classes = network->wire_members != NULL;
    timeline->chip_threads = arena_array(
        timeline->arena, platform_all_chips(timeline->job->platform) + 1, sizeof(int32_t));
    timeline->budget -= timeline->job->teams[0].chip_count;
    choose_pairs(timeline);
    if (timeline->classes) {
        timeline_file_process(timeline->file, TIMELINE_FIRST_PIPELINE,
                              "flows: one of each class", NULL);
        return;
    }
    for (int64_t c = 0; c < team->chip_count; c++) {
        begin_chip(timeline, team->chips[c]);
    }
}

void timeline_transfers_end(struct timeline *timeline, double end_s)
{
    const struct team *team = &timeline->job->teams[0];
    struct gauge_counter power = {"power of the facility [W]", TIMELINE_MACHINE,
                                  timeline->base_W, 1, end_s};
    if (timeline->request->transfers && !timeline->classes) {
        for (int64_t c = 0; c < team->chip_count; c++) {
            struct timeline_track track = {(int32_t)(TIMELINE_FIRST_PIPELINE + team->chips[c]),
                                           1};
            timeline_file_end(timeline->file, track, end_s);
        }
    }
    gauge_write(&timeline->gauge, 0, &power, timeline->file);
    for (int64_t m = 0; m < timeline->medium_count; m++) {
        draw_medium(timeline, m, end_s);
        int64_t wire = timeline->by_wire ? busiest_wire(timeline, m) : -1;
        if (wire >= 0) {
            draw_link(timeline, wire, end_s);
        }
    }
}
