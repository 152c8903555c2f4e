/* SPDX-License-Identifier: Apache-2.0 */
/* A flow's colour holds its owner's, what it carries and the facets of wires it crosses; a
 * facet's colour the flows that cross it; a group's its members and flows; a team's its groups,
 * peers and messages. Sums do not depend on the order of what is summed. */
#include "program/fold_flows.h"

#include <string.h>

#include "hardware/fabric.h"
#include "program/fold_classes.h"
#include "program/fold_wires.h"

/* Flows looked at in all rounds together, beyond which folding costs more than it saves. */
enum { VISITS_MAX = 20000000 };

struct round { /* what one round sums up */
    struct fold_flows *flows;
    uint64_t *team_sum, *group_sum, *wire_sum, *facet_sum;
    int64_t visits;
};

static uint64_t bits(double value)
{
    uint64_t pattern;
    memcpy(&pattern, &value, sizeof pattern);
    return pattern;
}

void fold_flows_of(const struct traffic *traffic, struct fold_flow owner,
                   fold_flows_visit *visit, void *argument)
{
    for (int64_t s = 0; traffic != NULL && s < traffic->stage_count; s++) {
        owner.stage = s;
        owner.of = &traffic->stages[s];
        for (int64_t f = 0; f < owner.of->flow_count; f++) {
            owner.flow = &owner.of->flows[f];
            visit(argument, &owner);
        }
    }
}

void fold_flows_each(const struct job *job, fold_flows_visit *visit, void *argument)
{
    for (int32_t g = 0; g < job->group_count; g++) {
        for (int32_t s = 0; s < job->spec_count; s++) {
            struct fold_flow owner = {.group = g, .team = -1, .peer = -1, .spec = s};
            fold_flows_of(job_exchange(job, g, s), owner, visit, argument);
        }
    }
    for (int32_t t = 0; t < job->team_count; t++) {
        for (int32_t p = 0; p < PEER_COUNT; p++) {
            for (int32_t s = 0; s < job->spec_count; s++) {
                struct fold_flow owner = {.group = -1, .team = t, .peer = p, .spec = s};
                fold_flows_of(job_message(job, t, p, s), owner, visit, argument);
            }
        }
    }
}

uint64_t fold_flows_colour(const struct fold_flows *flows, const struct fold_flow *flow)
{
    const struct network *network = &flows->job->network;
    const struct pair *pair = &network->wiring.pairs[flow->flow->pair];
    uint64_t colour = flow->group >= 0
                          ? fold_mix(flows->group_colour[flow->group], 1)
                          : fold_mix(flows->team_colour[flow->team], (uint64_t)flow->peer + 2);
    colour = fold_mix(fold_mix(colour, (uint64_t)flow->spec), (uint64_t)flow->stage);
    colour = fold_mix(colour, bits(flow->flow->bytes));
    colour = fold_mix(colour, network->pair_scale_out[flow->flow->pair]);
    uint64_t wires = 0;
    for (int32_t c = pair->first; c < pair->first + pair->count; c++) {
        const struct crossing *crossing = &network->wiring.crossings[c];
        if (flows->deciding[crossing->wire] && flows->blindness != FOLD_BLIND_TO_LINKS) {
            int64_t facet = fold_facets_at(&flows->facets, crossing->wire, flow->of->number);
            wires += fold_mix(flows->facet_colour[facet], (uint64_t)crossing->weight);
        }
    }
    return fold_mix(colour, wires);
}

static void add_flow(void *argument, const struct fold_flow *flow)
{
    struct round *round = argument;
    const struct wiring *wiring = &round->flows->job->network.wiring;
    const struct pair *pair = &wiring->pairs[flow->flow->pair];
    uint64_t colour = fold_flows_colour(round->flows, flow);
    if (flow->group >= 0) {
        round->group_sum[flow->group] += fold_mix(colour, 1);
    } else {
        round->team_sum[flow->team] += fold_mix(colour, 2);
    }
    for (int32_t c = pair->first; c < pair->first + pair->count; c++) {
        const struct crossing *crossing = &wiring->crossings[c];
        uint64_t crossed = fold_mix(colour, (uint64_t)crossing->weight);
        if (!wiring->wires[crossing->wire].fatpipe) {
            round->wire_sum[crossing->wire] += crossed;
            round->facet_sum[fold_facets_at(&round->flows->facets, crossing->wire,
                                            flow->of->number)] += crossed;
        }
    }
    round->visits++;
}

/* The first colours */

static uint64_t of_traffic(const struct traffic *traffic, int64_t spec)
{
    uint64_t colour = fold_mix(21, (uint64_t)spec);
    if (traffic == NULL) {
        return 0;
    }
    colour = fold_mix(colour, bits(traffic->launch_s));
    for (int64_t s = 0; s < traffic->stage_count; s++) {
        colour = fold_mix(colour, (uint64_t)traffic->stages[s].rounds);
        colour = fold_mix(colour, bits(traffic->stages[s].round_s));
    }
    return colour;
}

static void colour_first_teams(struct fold_flows *flows)
{
    const struct job *job = flows->job;
    for (int32_t t = 0; t < job->team_count; t++) {
        const struct team *team = &job->teams[t];
        uint64_t colour = fold_mix(22, (uint64_t)team->program);
        colour = fold_mix(fold_mix(colour, bits(team->slowness)), (uint64_t)team->chip_count);
        for (int32_t p = 0; p < PEER_COUNT; p++) {
            for (int32_t s = 0; s < job->spec_count; s++) {
                colour = fold_mix(colour, of_traffic(job_message(job, t, p, s), s));
            }
        }
        flows->team_colour[t] = colour;
    }
}

static void colour_first_groups(struct fold_flows *flows)
{
    const struct job *job = flows->job;
    for (int32_t g = 0; g < job->group_count; g++) {
        flows->group_colour[g] = fold_mix(23, job->groups[g].inner);
        for (int32_t s = 0; s < job->spec_count; s++) {
            flows->group_colour[g] =
                fold_mix(flows->group_colour[g], of_traffic(job_exchange(job, g, s), s));
        }
    }
}

/* Media are told apart for the tables of links alone. */
static void colour_first_wires(struct fold_flows *flows)
{
    const struct network *network = &flows->job->network;
    for (int64_t w = 0; w < network->wiring.wire_count; w++) {
        const struct wire *wire = &network->wiring.wires[w];
        int64_t link = network->wire_links[w], count = network->platform->link_count;
        uint64_t medium = link < 0 ? (uint64_t)fabric_trunk_of(link).tier + 1000000
                                   : (uint64_t)network->platform->links[link % count].medium;
        uint64_t colour = fold_mix(fold_mix(24, bits(wire->capacity_Bps)), wire->fatpipe);
        flows->wire_colour[w] = fold_mix(fold_mix(colour, medium), flows->deciding[w]);
        for (int64_t f = flows->facets.first[w]; f < flows->facets.first[w + 1]; f++) {
            flows->facet_colour[f] = flows->wire_colour[w];
        }
    }
}

/* Rounds */

static uint64_t members_colour(const struct fold_flows *flows, const struct group *group)
{
    uint64_t members = 0;
    for (int64_t m = 0; m < group->member_count && flows->blindness != FOLD_BLIND_TO_GROUPS;
         m++) {
        members += fold_mix(flows->team_colour[group->teams[m]], 5);
    }
    return members;
}

static uint64_t surroundings(const struct fold_flows *flows, const struct team *team)
{
    uint64_t colour = 0;
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        int32_t group = team->groups[slot];
        colour = fold_mix(colour, group < 0 ? 0 : flows->group_colour[group]);
    }
    for (int peer = 0; peer < PEER_COUNT; peer++) {
        int32_t other = team->peers[peer];
        colour = fold_mix(colour, other < 0 ? 0 : flows->team_colour[other]);
    }
    return colour;
}

/* Old colours are read until all sums are made. */
static void renew(struct round *round)
{
    struct fold_flows *flows = round->flows;
    const struct job *job = flows->job;
    for (int64_t g = 0; g < job->group_count; g++) {
        round->group_sum[g] += members_colour(flows, &job->groups[g]);
    }
    for (int64_t t = 0; t < job->team_count; t++) {
        round->team_sum[t] = fold_mix(round->team_sum[t], surroundings(flows, &job->teams[t]));
    }
    for (int64_t g = 0; g < job->group_count; g++) {
        flows->group_colour[g] = fold_mix(flows->group_colour[g], round->group_sum[g]);
        round->group_sum[g] = 0;
    }
    for (int64_t t = 0; t < job->team_count; t++) {
        flows->team_colour[t] = fold_mix(flows->team_colour[t], round->team_sum[t]);
        round->team_sum[t] = 0;
    }
    for (int64_t w = 0; w < job->network.wiring.wire_count; w++) {
        for (int64_t f = flows->facets.first[w]; f < flows->facets.first[w + 1]; f++) {
            if (flows->deciding[w]) {
                flows->facet_colour[f] = fold_mix(flows->facet_colour[f], round->facet_sum[f]);
            }
            round->facet_sum[f] = 0;
        }
        round->wire_sum[w] = 0;
    }
    flows->rounds++;
}

/* Wires have no part in the rounds but by their facets; their classes follow from the flows'.
 */
static void colour_wires(struct round *round)
{
    struct fold_flows *flows = round->flows;
    fold_flows_each(flows->job, add_flow, round);
    for (int64_t w = 0; w < flows->job->network.wiring.wire_count; w++) {
        flows->wire_colour[w] = fold_mix(flows->wire_colour[w], round->wire_sum[w]);
    }
}

static int64_t colour_count(const struct fold_flows *flows, uint64_t *scratch)
{
    const struct job *job = flows->job;
    return fold_classes_count(flows->team_colour, job->team_count, scratch) +
           fold_classes_count(flows->group_colour, job->group_count, scratch) +
           fold_classes_count(flows->facet_colour, flows->facets.count, scratch);
}

static void prepare(struct fold_flows *flows, struct round *round, struct arena *arena)
{
    const struct job *job = flows->job;
    int64_t wires = job->network.wiring.wire_count;
    flows->team_colour = arena_array(arena, job->team_count + 1, sizeof(uint64_t));
    flows->group_colour = arena_array(arena, job->group_count + 1, sizeof(uint64_t));
    flows->wire_colour = arena_array(arena, wires + 1, sizeof(uint64_t));
    flows->deciding = fold_wires_deciding(job, arena);
    flows->facets = fold_facets_find(job, arena);
    flows->facet_colour = arena_array(arena, flows->facets.count + 1, sizeof(uint64_t));
    *round = (struct round){
        .flows = flows,
        .team_sum = arena_array(arena, job->team_count + 1, sizeof(uint64_t)),
        .group_sum = arena_array(arena, job->group_count + 1, sizeof(uint64_t)),
        .wire_sum = arena_array(arena, wires + 1, sizeof(uint64_t)),
        .facet_sum = arena_array(arena, flows->facets.count + 1, sizeof(uint64_t))};
    colour_first_teams(flows);
    colour_first_groups(flows);
    colour_first_wires(flows);
}

static void number_all(uint64_t *colours, int64_t count, uint64_t kind)
{
    for (int64_t i = 0; i < count; i++) {
        colours[i] = fold_mix(kind, (uint64_t)i);
    }
}

/* Rounds until the number of colours stays; false when there were too many. */
static bool settle(struct round *round, int64_t visits_most, int64_t rounds_most,
                   uint64_t *scratch)
{
    struct fold_flows *flows = round->flows;
    int64_t before = 0, now = colour_count(flows, scratch), first = flows->rounds;
    round->visits = 0;
    while (now != before && round->visits <= visits_most &&
           flows->rounds - first < rounds_most) {
        before = now;
        fold_flows_each(flows->job, add_flow, round);
        renew(round);
        now = colour_count(flows, scratch);
    }
    return now == before;
}

/* Where marks run round all rings, teams and groups are told apart at once: chips of one team
 * are alike soon. Where even that does not settle, wires too: then only flows of one stage that
 * cross the same wires are alike. */
static void give_up(struct round *round, uint64_t *scratch)
{
    enum { VISITS_ANY = INT32_MAX, ROUNDS_MOST = 10 };
    struct fold_flows *flows = round->flows;
    const struct job *job = flows->job;
    flows->given_up = true;
    number_all(flows->team_colour, job->team_count, 31);
    number_all(flows->group_colour, job->group_count, 32);
    colour_first_wires(flows);
    if (!settle(round, VISITS_ANY, ROUNDS_MOST, scratch)) {
        number_all(flows->facet_colour, flows->facets.count, 33);
        number_all(flows->wire_colour, job->network.wiring.wire_count, 34);
    }
}

void fold_flows_refine(struct fold_flows *flows, const struct job *job,
                       enum fold_blindness blindness, struct arena *arena)
{
    struct round round;
    *flows = (struct fold_flows){.job = job, .blindness = blindness};
    prepare(flows, &round, arena);
    int64_t most = job->team_count + job->group_count + flows->facets.count;
    uint64_t *scratch = arena_array(arena, most + 1, sizeof(uint64_t));
    if (!settle(&round, fold_patience(blindness, VISITS_MAX), INT64_MAX, scratch)) {
        give_up(&round, scratch);
    }
    colour_wires(&round);
}
