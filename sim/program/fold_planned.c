/* SPDX-License-Identifier: Apache-2.0 */
/* Of every class the first is kept. The weight of a flow class on a kept wire is what its flows
 * weigh there together, counted on that wire: n(L, F) of MODEL.md. */
#include "program/fold_planned.h"

#include <string.h>

#include "engine/engine.h"
#include "program/exchanges.h"
#include "program/fold_classes.h"
#include "program/fold_kept.h"

struct weight { /* of a flow class on a kept wire */
    int32_t wire, sum;
    int32_t next; /* weight + 1 of the same flow class; 0: none */
};

struct flow_class {
    int64_t members;
    int32_t sample;      /* old pair of the first one */
    int32_t first, last; /* weight + 1 */
    int32_t pair;        /* new */
    int64_t taken_by;    /* the stage that has it already */
};

struct condensing {
    const struct fold_flows *flows;
    const struct job *full;
    struct job *job;
    struct arena *arena;
    struct fold_kept kept;
    struct fold_classes wires;
    struct number_table classes_seen, weights_seen;
    struct flow_class *classes;
    int64_t class_count, class_capacity;
    struct weight *weights;
    int64_t weight_count, weight_capacity;
    int32_t *old_wire; /* [new wire] */
    struct traffic_stage *stage;
    int64_t stage_number, stage_capacity;
};

/* Flow classes */

static int32_t class_of(struct condensing *condensing, const struct fold_flow *flow)
{
    bool fresh;
    uint64_t colour = fold_flows_colour(condensing->flows, flow);
    int32_t *number =
        number_table_at(&condensing->classes_seen, colour, &fresh, condensing->arena);
    if (fresh) {
        condensing->classes =
            arena_grow(condensing->arena, condensing->classes, condensing->class_count,
                       &condensing->class_capacity, sizeof(struct flow_class));
        condensing->classes[condensing->class_count] =
            (struct flow_class){.sample = flow->flow->pair};
        *number = (int32_t)condensing->class_count++;
    }
    return *number;
}

static struct weight *weight_at(struct condensing *condensing, int32_t class, int32_t wire)
{
    bool fresh;
    uint64_t key = (uint64_t) class * (uint64_t)condensing->full->network.wiring.wire_count;
    int32_t *number = number_table_at(&condensing->weights_seen, key + (uint64_t)wire, &fresh,
                                      condensing->arena);
    if (fresh) {
        struct flow_class *of = &condensing->classes[class];
        condensing->weights =
            arena_grow(condensing->arena, condensing->weights, condensing->weight_count,
                       &condensing->weight_capacity, sizeof(struct weight));
        condensing->weights[condensing->weight_count] = (struct weight){wire, 0, 0};
        *number = (int32_t)condensing->weight_count++;
        if (of->last > 0) {
            condensing->weights[of->last - 1].next = *number + 1;
        } else {
            of->first = *number + 1;
        }
        of->last = *number + 1;
    }
    return &condensing->weights[*number];
}

/* How many flows a pair stands for; one inside a folded domain is in each domain like it. */
static int64_t members_of(const struct network *network, int32_t index)
{
    const struct pair *pair = &network->wiring.pairs[index];
    if (network->pair_members[index] > 0) {
        return network->pair_members[index];
    }
    bool alone = network->wire_members == NULL || pair->count == 0;
    return alone ? 1 : network->wire_members[network->wiring.crossings[pair->first].wire];
}

static void count_flow(void *argument, const struct fold_flow *flow)
{
    struct condensing *condensing = argument;
    const struct network *network = &condensing->full->network;
    const struct pair *pair = &network->wiring.pairs[flow->flow->pair];
    int32_t class = class_of(condensing, flow);
    condensing->classes[class].members += members_of(network, flow->flow->pair);
    for (int32_t c = pair->first; c < pair->first + pair->count; c++) {
        const struct crossing *crossing = &network->wiring.crossings[c];
        if (condensing->wires.first[crossing->wire] == crossing->wire) {
            weight_at(condensing, class, crossing->wire)->sum += crossing->weight;
        }
    }
}

/* The new network */

static void cross(struct condensing *condensing, const struct weight *weight)
{
    const struct network *old = &condensing->full->network;
    struct network *network = &condensing->job->network;
    int64_t before = network->wiring.wire_count;
    bool fatpipe = old->wiring.wires[weight->wire].fatpipe;
    network_cross(network, old->wire_links[weight->wire], fatpipe ? 1 : weight->sum);
    if (network->wiring.wire_count > before) {
        condensing->old_wire[before] = weight->wire;
        network->wiring.wires[before].capacity_Bps =
            old->wiring.wires[weight->wire].capacity_Bps;
        network->wiring.wires[before].idle =
            !condensing->flows->deciding[weight->wire] && !engine_is_traced();
    }
}

static int32_t new_pair(struct condensing *condensing, const struct flow_class *class)
{
    const struct network *old = &condensing->full->network;
    struct network *network = &condensing->job->network;
    const struct pair *pair = &old->wiring.pairs[class->sample];
    struct fabric_path path = {.latency_s = old->pair_latency_s[class->sample],
                               .scale_out = old->pair_scale_out[class->sample]};
    int32_t new =
        network_class_pair(network, old->chips[pair->from], old->chips[pair->to], &path);
    network->pair_members[new] = class->members;
    for (int32_t w = class->first; w > 0; w = condensing->weights[w - 1].next) {
        cross(condensing, &condensing->weights[w - 1]);
    }
    return new;
}

/* Classes that weigh alike on the same wires share a pair, as exchanges of equal chips do. */
static uint64_t way_of(const struct condensing *condensing, const struct flow_class *class)
{
    const struct network *old = &condensing->full->network;
    uint64_t latency,
        way = fold_mix((uint64_t) class->members, old->pair_scale_out[class->sample]);
    memcpy(&latency, &old->pair_latency_s[class->sample], sizeof latency);
    way = fold_mix(way, latency);
    for (int32_t w = class->first; w > 0; w = condensing->weights[w - 1].next) {
        const struct weight *weight = &condensing->weights[w - 1];
        way += fold_mix(fold_mix(31, (uint64_t)weight->wire), (uint64_t)weight->sum);
    }
    return way;
}

static void add_pairs(struct condensing *condensing)
{
    struct number_table ways = {0};
    condensing->old_wire =
        arena_array(condensing->arena, condensing->wires.count + 1, sizeof(int32_t));
    for (int64_t i = 0; i < condensing->class_count; i++) {
        struct flow_class *class = &condensing->classes[i];
        bool fresh;
        int32_t *pair =
            number_table_at(&ways, way_of(condensing, class), &fresh, condensing->arena);
        *pair = fresh ? new_pair(condensing, class) : *pair;
        class->pair = *pair;
    }
}

static void count_wires(struct condensing *condensing)
{
    const struct network *old = &condensing->full->network;
    struct network *network = &condensing->job->network;
    int64_t count = network->wiring.wire_count;
    int64_t *members =
        arena_array(condensing->arena, old->wiring.wire_count + 1, sizeof(int64_t));
    for (int64_t w = 0; w < old->wiring.wire_count; w++) {
        members[condensing->wires.first[w]] +=
            old->wire_members == NULL ? 1 : old->wire_members[w];
    }
    network->wire_members = arena_array(condensing->arena, count + 1, sizeof(int64_t));
    network->wire_scale = arena_array(condensing->arena, count + 1, sizeof(double));
    for (int64_t w = 0; w < count; w++) {
        int32_t wire = condensing->old_wire[w];
        network->wire_members[w] = members[wire];
        network->wire_scale[w] = old->wire_scale == NULL ? 1 : old->wire_scale[wire];
    }
    network_reduce_weights(network);
}

/* Which wire stands for each link of the first domain, so that it can be drawn whole. */
static void note_alike(struct condensing *condensing)
{
    const struct network *old = &condensing->full->network;
    struct network *network = &condensing->job->network;
    int64_t count = old->wiring.wire_count;
    int32_t *wires = arena_array(condensing->arena, count + 1, sizeof(int32_t));
    for (int64_t w = 0; w < network->wiring.wire_count; w++) {
        wires[condensing->old_wire[w]] = (int32_t)w + 1;
    }
    network->alike = arena_array(condensing->arena, count + 1, sizeof(struct alike));
    for (int64_t w = 0; w < count; w++) {
        int64_t link = old->wire_links[w];
        int32_t wire = wires[condensing->wires.first[w]];
        if (wire > 0 && link >= 0 && link < network->platform->link_count) {
            network->alike[network->alike_count++] = (struct alike){link, wire - 1};
        }
    }
}

/* Traffic */

static void take_flow(void *argument, const struct fold_flow *flow)
{
    struct condensing *condensing = argument;
    struct flow_class *class = &condensing->classes[class_of(condensing, flow)];
    struct traffic_stage *stage = &condensing->stage[flow->stage];
    int64_t number = condensing->stage_number + flow->stage;
    if (class->taken_by == number) {
        return;
    }
    class->taken_by = number;
    condensing->stage_capacity = stage->flow_count == 0 ? 0 : condensing->stage_capacity;
    stage->flows = arena_grow(condensing->arena, stage->flows, stage->flow_count,
                              &condensing->stage_capacity, sizeof(struct flow));
    stage->flows[stage->flow_count++] = (struct flow){class->pair, 0, 0, flow->flow->bytes};
}

static struct traffic *condense(struct condensing *condensing, const struct traffic *traffic,
                                struct fold_flow owner)
{
    if (traffic == NULL) {
        return NULL;
    }
    struct traffic *kept = arena_alloc(condensing->arena, sizeof *kept);
    *kept = *traffic;
    kept->position_count = 0;
    kept->stages =
        arena_array(condensing->arena, traffic->stage_count + 1, sizeof(struct traffic_stage));
    for (int64_t s = 0; s < traffic->stage_count; s++) {
        kept->stages[s].rounds = traffic->stages[s].rounds;
        kept->stages[s].round_s = traffic->stages[s].round_s;
        kept->stages[s].latency_s = traffic->stages[s].latency_s;
    }
    condensing->stage = kept->stages;
    fold_flows_of(traffic, owner, take_flow, condensing);
    condensing->stage_number += traffic->stage_count;
    return kept;
}

static void keep_traffic(struct condensing *condensing)
{
    const struct job *full = condensing->full;
    struct job *job = condensing->job;
    int64_t messages = job->team_count * PEER_COUNT * job->spec_count;
    job->exchanges = arena_array(condensing->arena, job->group_count * job->spec_count + 1,
                                 sizeof(struct traffic *));
    job->messages = arena_array(condensing->arena, messages + 1, sizeof(struct traffic *));
    condensing->stage_number = 1;
    for (int32_t g = 0; g < full->group_count; g++) {
        for (int32_t s = 0; condensing->kept.groups.first[g] == g && s < job->spec_count; s++) {
            struct fold_flow owner = {.group = g, .team = -1, .peer = -1, .spec = s};
            job->exchanges[condensing->kept.new_group[g] * job->spec_count + s] =
                condense(condensing, job_exchange(full, g, s), owner);
        }
    }
    for (int32_t t = 0; t < full->team_count; t++) {
        int64_t row = (int64_t)condensing->kept.new_team[t] * PEER_COUNT;
        for (int32_t i = 0;
             condensing->kept.teams.first[t] == t && i < PEER_COUNT * job->spec_count; i++) {
            int32_t peer = i / (int32_t)job->spec_count, s = i % (int32_t)job->spec_count;
            struct fold_flow owner = {.group = -1, .team = t, .peer = peer, .spec = s};
            job->messages[(row + peer) * job->spec_count + s] =
                condense(condensing, job_message(full, t, peer, s), owner);
        }
    }
}

static bool group_is_kept(const void *argument, int64_t group)
{
    const struct condensing *condensing = argument;
    return condensing->kept.groups.first[group] == group;
}

struct job *fold_planned(const struct fold_flows *flows, int32_t *team_class,
                         struct arena *arena)
{
    const struct job *full = flows->job;
    struct condensing condensing = {.flows = flows, .full = full, .arena = arena};
    condensing.kept.teams = fold_classes_of(flows->team_colour, full->team_count, arena);
    condensing.kept.groups = fold_classes_of(flows->group_colour, full->group_count, arena);
    fold_kept_teams(&condensing.kept, full, arena);
    fold_kept_groups(&condensing.kept, group_is_kept, &condensing);
    condensing.job = condensing.kept.job;
    condensing.wires =
        fold_classes_of(flows->wire_colour, full->network.wiring.wire_count, arena);
    fold_flows_each(full, count_flow, &condensing);
    add_pairs(&condensing);
    count_wires(&condensing);
    note_alike(&condensing);
    keep_traffic(&condensing);
    exchanges_time_all(condensing.job);
    for (int32_t t = 0; t < full->team_count; t++) {
        team_class[t] = fold_kept_team(&condensing.kept, t);
    }
    return condensing.job;
}
