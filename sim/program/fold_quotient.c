/* SPDX-License-Identifier: Apache-2.0 */
/* Of every colour the first is kept. A flow of colour F stands for |F| flows, a link of colour
 * L for |L| links; where m of the flows pass one of these links, each is crossed by n(L, F) =
 * m / |L| of them, which becomes the flow's weight on the link. Flows of one colour may pass
 * links of several: those tell apart what crosses them at any time, flows what they meet in
 * their own turn. */
#include "program/fold_quotient.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hardware/fabric.h"
#include "program/exchanges.h"
#include "program/fold_classes.h"
#include "program/fold_edges.h"
#include "program/fold_kept.h"
#include "program/fold_ports.h"

struct side {      /* ways of one class by which flows of a colour leave, or enter */
    int64_t first; /* of them: fold_ports_way(), or a domain whose ways are mixed */
    int64_t chip;  /* of the edges that go this way; -1: all */
    int64_t count; /* of the edges */
    int64_t next;  /* side + 1 of the same flows; 0: none */
};

struct kept_edge { /* the first edge of its colour */
    struct fold_edge edge;
    int64_t count;
    int64_t out, in; /* side + 1; 0: none */
};

struct quotient {
    struct fold *fold;
    const struct job *full;
    struct job *job;
    struct arena *arena;
    struct fold_kept kept;
    struct fold_classes inner, out, in;
    struct fold_classes up[FOLD_TIERS], down[FOLD_TIERS];
    int32_t *next_group; /* [group]: the next one of its class; -1: none */
    /* of the group that is being folded */
    struct number_table edges_seen;
    struct kept_edge *edges;
    int64_t edge_count, edge_capacity;
    struct side *sides;
    int64_t side_count, side_capacity;
    double *latency_s; /* [spec x phase]: the longest of all edges, kept or not */
    bool uneven;       /* flows of a class are not spread evenly over a class of links */
};

/* Chains the groups of each class, the first one first. */
static void chain_groups(struct quotient *quotient)
{
    int64_t count = quotient->full->group_count;
    int32_t *last = arena_array(quotient->arena, count + 1, sizeof(int32_t));
    quotient->next_group = arena_array(quotient->arena, count + 1, sizeof(int32_t));
    for (int32_t g = 0; g < count; g++) {
        int64_t first = quotient->kept.groups.first[g];
        quotient->next_group[g] = -1;
        if (first != g) {
            quotient->next_group[last[first]] = g;
        }
        last[first] = g;
    }
}

static bool group_is_inner(const struct quotient *quotient, int64_t group)
{
    return quotient->fold->group_colour[group] == 0;
}

/* Groups inside one domain go with their domain's teams; others have classes of their own. */
static bool group_is_kept(const void *argument, int64_t group)
{
    const struct quotient *quotient = argument;
    if (group_is_inner(quotient, group)) {
        int64_t team = quotient->full->groups[group].teams[0];
        return quotient->kept.teams.first[team] == team;
    }
    return quotient->kept.groups.first[group] == group;
}

static void find_all_classes(struct quotient *quotient)
{
    struct fold *fold = quotient->fold;
    const struct job *full = quotient->full;
    quotient->inner = fold_classes_of(fold->inner, fold->domain_count, fold->arena);
    int64_t ways = fold->way_count * fold->domain_count;
    quotient->out = fold_classes_of(fold->out, ways, fold->arena);
    quotient->in = fold_classes_of(fold->in, ways, fold->arena);
    for (int64_t tier = 0; tier < full->platform->tier_count; tier++) {
        int64_t count = fold->group_count[tier];
        quotient->up[tier] = fold_classes_of(fold->up[tier], count, fold->arena);
        quotient->down[tier] = fold_classes_of(fold->down[tier], count, fold->arena);
    }
    struct fold_kept *kept = &quotient->kept;
    kept->teams = fold_classes_of(fold->team_colour, full->team_count, fold->arena);
    kept->groups = fold_classes_of(fold->group_colour, full->group_count, fold->arena);
    for (int64_t g = 0; g < full->group_count; g++) {
        kept->groups.first[g] = group_is_inner(quotient, g) ? g : kept->groups.first[g];
    }
    chain_groups(quotient);
}

/* The chip in the domain that is kept for a chip's own: teams of one class may be kept from
 * other domains than these, where plans do not follow the order of chips. */
static int64_t kept_chip(const struct quotient *quotient, int64_t chip)
{
    const struct fold *fold = quotient->fold;
    int64_t domain = quotient->inner.first[fold_domain(fold, chip)];
    return domain * quotient->full->platform->chip_count + fold_place(fold, chip);
}

static void move_inner_groups(struct quotient *quotient)
{
    const struct job *full = quotient->full;
    for (int64_t g = 0; g < full->group_count; g++) {
        const struct group *group = &full->groups[g];
        int64_t count = group->subgroup_count * group->subgroup_size;
        if (!group_is_inner(quotient, g) || !group_is_kept(quotient, g) ||
            kept_chip(quotient, group->chips[0]) == group->chips[0]) {
            continue;
        }
        int64_t *chips = arena_array(quotient->arena, count, sizeof(int64_t));
        for (int64_t i = 0; i < count; i++) {
            chips[i] = kept_chip(quotient, group->chips[i]);
        }
        quotient->job->groups[quotient->kept.new_group[g]].chips = chips;
    }
}

/* Flows */

/* The classes by which the links of a domain's ways out, or in, are told apart. */
static const struct fold_classes *classes_of_way(const struct quotient *quotient,
                                                 int64_t domain, bool out)
{
    return fold_mixed(quotient->fold, domain) ? &quotient->inner
           : out                              ? &quotient->out
                                              : &quotient->in;
}

static void count_chip(struct quotient *quotient, int64_t *side, int64_t first, int64_t chip,
                       int64_t count)
{
    for (int64_t s = *side; s > 0; s = quotient->sides[s - 1].next) {
        if (quotient->sides[s - 1].first == first && quotient->sides[s - 1].chip == chip) {
            quotient->sides[s - 1].count += count;
            return;
        }
    }
    quotient->sides = arena_grow(quotient->arena, quotient->sides, quotient->side_count,
                                 &quotient->side_capacity, sizeof(struct side));
    quotient->sides[quotient->side_count] = (struct side){first, chip, count, *side};
    *side = ++quotient->side_count;
}

static void count_side(struct quotient *quotient, int64_t *side, const struct fold_edge *edge,
                       bool out, int64_t count)
{
    const struct fold *fold = quotient->fold;
    int64_t domain = out ? edge->from_domain : edge->to_domain;
    const int64_t *chips = out ? edge->from_chips : edge->to_chips;
    const struct fold_classes *classes = classes_of_way(quotient, domain, out);
    if (edge->plain || fold_mixed(fold, domain)) {
        count_chip(quotient, side, classes->first[domain], -1, count);
        return;
    }
    for (int64_t i = 0; i < edge->chip_count; i++) {
        int64_t way = fold_ports_way(fold, domain, fold_place(fold, chips[i]));
        count_chip(quotient, side, classes->first[way], i, count);
    }
}

static bool cross(struct quotient *quotient, int64_t link, int64_t count, int64_t size)
{
    network_cross(&quotient->job->network, link, (int32_t)(count / size));
    return count % size == 0;
}

/* count: of flows, times the weight of each. */
static bool cross_trunk(struct quotient *quotient, int64_t link, int64_t count)
{
    struct fabric_trunk trunk = fabric_trunk_of(link);
    const struct fold_classes *classes =
        trunk.down ? &quotient->down[trunk.tier] : &quotient->up[trunk.tier];
    int64_t size = classes->size[trunk.group];
    trunk.group = classes->first[trunk.group];
    return cross(quotient, fabric_trunk_link(&trunk), count, size);
}

/* A link on the source's side, or on the destination's: one in a domain of each class that the
 * flows of this chip of the edges leave, or enter. */
static bool cross_link(struct quotient *quotient, int64_t link, int32_t weight,
                       const struct kept_edge *kept, int64_t chip)
{
    const struct platform *platform = quotient->full->platform;
    const struct fold *fold = quotient->fold;
    bool out = fabric_link_domain(platform, link) == kept->edge.from_domain, even = true;
    for (int64_t s = out ? kept->out : kept->in; s > 0; s = quotient->sides[s - 1].next) {
        const struct side *side = &quotient->sides[s - 1];
        int64_t domain = side->first % fold->domain_count;
        const struct fold_classes *classes = classes_of_way(quotient, domain, out);
        if (side->chip >= 0 && side->chip != chip) {
            continue;
        }
        /* A detour may lead over another way. */
        even &= fold_mixed(fold, domain) || side->first / fold->domain_count ==
                                                fold->way_of_link[link % platform->link_count];
        even &= cross(quotient, fabric_link_in(platform, link, domain), side->count * weight,
                      classes->size[side->first]);
    }
    return even;
}

/* The pair of a class of flows between domains, of which kept is the first, by its chips; -1
 * when they are not spread evenly. */
static int32_t class_pair(struct quotient *quotient, int64_t from, int64_t to,
                          const struct kept_edge *kept, int64_t chip)
{
    struct network *network = &quotient->job->network;
    struct fabric_path path;
    bool even = true;
    fabric_path(quotient->full->platform, from, to, &path);
    int32_t pair = network_class_pair(network, from, to, &path);
    network->pair_members[pair] = kept->count;
    for (int32_t i = 0; i < path.link_count; i++) {
        int64_t link = path.links[i];
        if (fabric_link_binds(network->platform, link)) {
            even &= link < 0 ? cross_trunk(quotient, link, kept->count * path.weights[i])
                             : cross_link(quotient, link, path.weights[i], kept, chip);
        }
    }
    return even ? pair : -1;
}

static bool add_flow(struct quotient *quotient, struct traffic_stage *stage, int64_t *capacity,
                     int64_t chip, double bytes, const struct kept_edge *kept)
{
    const int64_t chips[2] = {kept->edge.from_chips[chip], kept->edge.to_chips[chip]};
    struct job *job = quotient->job;
    bool inside =
        fold_domain(quotient->fold, chips[0]) == fold_domain(quotient->fold, chips[1]);
    int32_t pair = inside ? network_pair(&job->network, kept_chip(quotient, chips[0]),
                                         kept_chip(quotient, chips[1]))
                          : class_pair(quotient, chips[0], chips[1], kept, chip);
    if (pair < 0) {
        return false;
    }
    stage->flows = arena_grow(quotient->arena, stage->flows, stage->flow_count, capacity,
                              sizeof(struct flow));
    stage->flows[stage->flow_count++] = (struct flow){pair, 0, 0, bytes};
    stage->latency_s = fmax(stage->latency_s, job->network.pair_latency_s[pair]);
    return true;
}

/* Collects the edges of a group: all of kept domains' inside, one of each colour between. */
static enum fold_wish keep_edge(struct fold *fold, const struct fold_edge *edge, void *argument)
{
    struct quotient *quotient = argument;
    bool fresh = true;
    int32_t number = 0;
    double *longest_s = &quotient->latency_s[edge->spec * FOLD_PHASES + edge->phase];
    if (*longest_s < fold->most_latency_s) {
        double latency_s = fold_edges_latency_s(fold, edge);
        *longest_s = latency_s > *longest_s ? latency_s : *longest_s;
    }
    if (edge->from_domain == edge->to_domain) {
        if (quotient->inner.first[edge->from_domain] != edge->from_domain) {
            return FOLD_GO_ON;
        }
    } else {
        int32_t *place = number_table_at(&quotient->edges_seen, fold_edges_colour(fold, edge),
                                         &fresh, quotient->arena);
        if (fresh) {
            *place = (int32_t)quotient->edge_count;
        }
        number = *place;
    }
    if (fresh) {
        quotient->edges = arena_grow(quotient->arena, quotient->edges, quotient->edge_count,
                                     &quotient->edge_capacity, sizeof(struct kept_edge));
        number = (int32_t)quotient->edge_count++;
        quotient->edges[number] = (struct kept_edge){*edge, 0, 0, 0};
    }
    struct kept_edge *kept = &quotient->edges[number];
    kept->count++;
    if (edge->from_domain != edge->to_domain) {
        count_side(quotient, &kept->out, edge, true, 1);
        count_side(quotient, &kept->in, edge, false, 1);
    }
    return FOLD_GO_ON;
}

static bool edge_flows(struct quotient *quotient, const struct kept_edge *kept,
                       struct traffic_stage *stage, int64_t *capacity)
{
    bool even = true;
    for (int64_t i = 0; even && i < kept->edge.chip_count; i++) {
        even = add_flow(quotient, stage, capacity, i, kept->edge.bytes, kept);
    }
    return even;
}

static const struct schedule *schedule_of(struct quotient *quotient, const int64_t *chips,
                                          int64_t count, int64_t spec, struct error *error)
{
    const struct spec *what = &quotient->full->specs[spec];
    struct collective collective = {what->operation, what->bytes, quotient->full->platform,
                                    chips, count};
    return exchanges_schedule(quotient->job, &collective, what, error);
}

/* Equal flows may have ways of different latency: a round is as long as the longest. */
static bool set_rounds(struct quotient *quotient, int32_t index, int64_t spec,
                       struct traffic *traffic, struct error *error)
{
    const struct group *group = &quotient->full->groups[index];
    const struct schedule *schedule =
        schedule_of(quotient, group->chips, group->subgroup_size, spec, error);
    for (int64_t s = 0; schedule != NULL && s < traffic->stage_count; s++) {
        struct traffic_stage *stage = &traffic->stages[s];
        stage->latency_s = quotient->latency_s[spec * FOLD_PHASES + s];
        stage->round_s = collective_round_along_s(&schedule->phases[s], stage->latency_s);
    }
    return schedule != NULL;
}

static struct traffic *empty_traffic(struct quotient *quotient, const struct group *group,
                                     const struct spec *spec, struct error *error)
{
    struct collective collective = {spec->operation, spec->bytes, quotient->full->platform,
                                    group->chips, group->subgroup_size};
    const struct schedule *schedule =
        exchanges_schedule(quotient->job, &collective, spec, error);
    if (schedule == NULL) {
        return NULL;
    }
    struct traffic *traffic = arena_alloc(quotient->arena, sizeof *traffic);
    traffic->algorithm = schedule->algorithm;
    traffic->stage_count = schedule->phase_count;
    traffic->stages =
        arena_array(quotient->arena, schedule->phase_count, sizeof(struct traffic_stage));
    traffic->launch_s = quotient->full->platform->collective_launch_s;
    for (int64_t s = 0; s < schedule->phase_count; s++) {
        traffic->stages[s].rounds = schedule->phases[s].rounds;
    }
    return traffic;
}

static bool fold_group(struct quotient *quotient, int32_t index, struct error *error)
{
    const struct group *group = &quotient->full->groups[index];
    struct job *job = quotient->job;
    quotient->edges_seen = (struct number_table){0};
    quotient->edge_count = quotient->side_count = 0;
    memset(quotient->latency_s, 0,
           (size_t)(quotient->full->spec_count * FOLD_PHASES) * sizeof(double));
    /* Equal groups may lie in different domains: together they hold what kept domains need. */
    for (int32_t g = index; g >= 0; g = quotient->next_group[g]) {
        if (!fold_edges_group(quotient->fold, g, keep_edge, quotient, error)) {
            return false;
        }
    }
    struct traffic **row = &job->exchanges[quotient->kept.new_group[index] * job->spec_count];
    int64_t capacity = 0;
    struct traffic_stage *last = NULL;
    for (int64_t e = 0; e < quotient->edge_count; e++) {
        const struct kept_edge *kept = &quotient->edges[e];
        struct traffic **place = &row[kept->edge.spec];
        if (*place == NULL) {
            *place = empty_traffic(quotient, group, &job->specs[kept->edge.spec], error);
            if (*place == NULL) {
                return false;
            }
        }
        struct traffic_stage *stage = &(*place)->stages[kept->edge.phase];
        capacity = stage == last ? capacity : stage->flow_count;
        last = stage;
        if (!edge_flows(quotient, kept, stage, &capacity)) {
            quotient->uneven = true;
            return false;
        }
    }
    for (int64_t spec = 0; spec < job->spec_count; spec++) {
        if (row[spec] != NULL && !set_rounds(quotient, index, spec, row[spec], error)) {
            return false;
        }
    }
    return true;
}

struct message_place {
    struct quotient *quotient;
    bool even;
};

/* The messages of a kept team: chip by chip to its peer. */
static enum fold_wish fold_message(struct fold *fold, const struct fold_edge *edge,
                                   void *argument)
{
    struct message_place *place = argument;
    struct quotient *quotient = place->quotient;
    struct job *job = quotient->job;
    int32_t team = quotient->kept.new_team[edge->team];
    struct traffic **traffic =
        &job->messages[(team * PEER_COUNT + edge->phase) * job->spec_count + edge->spec];
    if (*traffic == NULL) {
        *traffic = arena_alloc(quotient->arena, sizeof **traffic);
        (*traffic)->algorithm = "direct";
        (*traffic)->stage_count = 1;
        (*traffic)->stages = arena_alloc(quotient->arena, sizeof(struct traffic_stage));
        (*traffic)->stages->rounds = 1;
        (*traffic)->launch_s = job->platform->collective_launch_s;
    }
    const struct team *from = &fold->job->teams[edge->from];
    const struct team *to = &fold->job->teams[edge->to];
    int64_t capacity = (*traffic)->stages->flow_count;
    struct traffic_stage *stage = (*traffic)->stages;
    /* All chips go by the schedule of the first, as in exchanges_plan(). */
    int64_t pair[2] = {from->chips[0], to->chips[0]};
    struct error error = {.kind = ERROR_NONE};
    const struct schedule *schedule = schedule_of(quotient, pair, 2, edge->spec, &error);
    if (schedule == NULL) {
        return FOLD_STOP; /* cannot be: there is but one way for a pair */
    }
    const struct phase *phase = schedule->phases;
    int64_t count = quotient->kept.teams.size[edge->team];
    struct kept_edge kept = {*edge, count, 0, 0};
    quotient->side_count = 0;
    count_side(quotient, &kept.out, edge, true, count);
    count_side(quotient, &kept.in, edge, false, count);
    for (int64_t i = 0; place->even && i < edge->chip_count; i++) {
        place->even = add_flow(quotient, stage, &capacity, i, phase->transfers->bytes, &kept);
    }
    stage->round_s = collective_round_along_s(phase, stage->latency_s);
    return place->even ? FOLD_GO_ON : FOLD_STOP;
}

static bool fold_flows(struct quotient *quotient, struct error *error)
{
    struct job *job = quotient->job;
    const struct job *full = quotient->full;
    job->exchanges = arena_array(quotient->arena, job->group_count * job->spec_count + 1,
                                 sizeof(struct traffic *));
    job->messages =
        arena_array(quotient->arena, job->team_count * PEER_COUNT * job->spec_count + 1,
                    sizeof(struct traffic *));
    for (int32_t g = 0; g < full->group_count; g++) {
        if (!group_is_inner(quotient, g) && group_is_kept(quotient, g) &&
            !fold_group(quotient, g, error)) {
            return false;
        }
    }
    struct message_place place = {quotient, true};
    for (int32_t t = 0; t < full->team_count; t++) {
        if (quotient->kept.teams.first[t] == t) {
            fold_edges_messages(quotient->fold, t, fold_message, &place);
        }
    }
    quotient->uneven = !place.even;
    return place.even;
}

/* How many links each wire stands for. */
static void count_members(struct quotient *quotient)
{
    struct network *network = &quotient->job->network;
    const struct platform *platform = quotient->full->platform;
    network->wire_members =
        arena_array(quotient->arena, network->wiring.wire_count + 1, sizeof(int64_t));
    for (int64_t w = 0; w < network->wiring.wire_count; w++) {
        int64_t link = network->wire_links[w];
        if (link < 0) {
            struct fabric_trunk trunk = fabric_trunk_of(link);
            network->wire_members[w] =
                (trunk.down ? quotient->down : quotient->up)[trunk.tier].size[trunk.group];
            continue;
        }
        int64_t domain = fabric_link_domain(platform, link);
        int64_t place = link % platform->link_count;
        unsigned char facing = quotient->fold->facing[place];
        const struct fold_classes *classes =
            facing ? classes_of_way(quotient, domain, facing == FOLD_FACING_OUT)
                   : &quotient->inner;
        int64_t way = quotient->fold->way_of_link[place] * quotient->fold->domain_count;
        network->wire_members[w] =
            classes->size[domain + (classes == &quotient->inner ? 0 : way)];
    }
}

struct job *fold_quotient(struct fold *fold, int32_t *team_class, bool *even,
                          struct error *error)
{
    struct job *full = fold->job;
    struct quotient *quotient = arena_alloc(fold->arena, sizeof *quotient);
    *quotient = (struct quotient){.fold = fold, .full = full, .arena = fold->arena};
    quotient->latency_s =
        arena_array(quotient->arena, full->spec_count * FOLD_PHASES + 1, sizeof(double));
    find_all_classes(quotient);
    fold_kept_teams(&quotient->kept, full, fold->arena);
    fold_kept_groups(&quotient->kept, group_is_kept, quotient);
    struct job *job = quotient->job = quotient->kept.job;
    move_inner_groups(quotient);
    if (!fold_flows(quotient, error) || !exchanges_plan_untimed(job, error)) {
        *even = !quotient->uneven;
        return NULL;
    }
    count_members(quotient);
    network_reduce_weights(&job->network);
    for (int32_t t = 0; t < full->team_count; t++) {
        team_class[t] = fold_kept_team(&quotient->kept, t);
    }
    *even = true;
    return job;
}
