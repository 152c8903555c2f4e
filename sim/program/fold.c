/* SPDX-License-Identifier: Apache-2.0 */
/* The unit is the domain: what it holds is ordered by the places of its chips, so that equal
 * colours mean equal chips place by place. Its inner colour tells all domains apart that could
 * ever differ in what their chips do; the colours of its ways out and in tell only what crosses
 * the NICs, so that a slow chip does not mark the whole ring of a collective: a flow's colour
 * holds the colour of its group and of its links, never its end points. */
#include "program/fold.h"

#include <stdlib.h>
#include <string.h>

#include "program/fold_classes.h"
#include "program/fold_edges.h"
#include "program/fold_ports.h"
#include "program/fold_turns.h"
#include "program/fold_uses.h"
#include "program/fold_ways.h"

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

int64_t fold_domain(const struct fold *fold, int64_t chip)
{
    return chip / fold->job->platform->chip_count;
}

int64_t fold_place(const struct fold *fold, int64_t chip)
{
    return chip % fold->job->platform->chip_count;
}

/* Where teams lie */

static void find_patterns(struct fold *fold)
{
    const struct job *job = fold->job;
    fold->team_pattern = arena_array(fold->arena, job->team_count, sizeof(uint64_t));
    fold->team_whole = arena_array(fold->arena, job->team_count, 1);
    fold->team_colour = arena_array(fold->arena, job->team_count, sizeof(uint64_t));
    for (int64_t t = 0; t < job->team_count; t++) {
        const struct team *team = &job->teams[t];
        uint64_t pattern = 7;
        bool whole = true;
        for (int64_t i = 0; i < team->chip_count; i++) {
            pattern = fold_mix(pattern, (uint64_t)fold_place(fold, team->chips[i]));
            whole &= fold_domain(fold, team->chips[i]) == fold_domain(fold, team->chips[0]);
        }
        fold->team_pattern[t] = pattern;
        fold->team_whole[t] = whole;
    }
}

/* A group inside one domain has no colour of its own: the domain's tells all about it. */
static void find_groups(struct fold *fold)
{
    const struct job *job = fold->job;
    fold->group_colour = arena_array(fold->arena, job->group_count + 1, sizeof(uint64_t));
    fold->group_parallel = arena_array(fold->arena, job->group_count + 1, 1);
    for (int64_t g = 0; g < job->group_count; g++) {
        const struct group *group = &job->groups[g];
        int64_t home = fold_domain(fold, group->chips[0]);
        bool inside = true, whole = true;
        for (int64_t i = 0; i < group->subgroup_count * group->subgroup_size && inside; i++) {
            inside = fold_domain(fold, group->chips[i]) == home;
        }
        for (int64_t m = 0; m < group->member_count; m++) {
            whole &= fold->team_whole[group->teams[m]];
        }
        fold->group_colour[g] = inside ? 0 : 1;
        fold->group_parallel[g] =
            whole && group->subgroup_size == group->member_count &&
            group->subgroup_count == job->teams[group->teams[0]].chip_count;
    }
}

/* Refinement: every round makes new colours of the old ones and of what touches. Sums do not
 * depend on the order of what is summed. */

struct sums {
    uint64_t *inner, *out, *in, *group;
    uint64_t *up[FOLD_TIERS], *down[FOLD_TIERS];
};

/* What a flow between domains is to those who send and receive it: a group is over when the
 * last of its flows is, a message when its own are. */
static void tell_owner(const struct fold_edge *edge, uint64_t colour, struct sums *sums)
{
    if (edge->group >= 0) {
        sums->group[edge->group] += fold_mix(colour, 5);
        return;
    }
    sums->inner[edge->from_domain] += fold_mix(colour, 6);
    sums->inner[edge->to_domain] += fold_mix(colour, 7);
}

static enum fold_wish add_edge(struct fold *fold, const struct fold_edge *edge, void *argument)
{
    struct sums *sums = argument;
    if (edge->from_domain == edge->to_domain) {
        sums->inner[edge->from_domain] +=
            fold_mix(fold_mix(edge->label, edge->from_places), edge->to_places);
        return FOLD_GO_ON;
    }
    uint64_t colour = fold_edges_colour(fold, edge);
    fold->visits++;
    struct fold_turn *turn = fold_turns_at(fold, edge);
    tell_owner(edge, colour, sums);
    fold_ports_add(fold, edge, true, sums->out, fold_mix(colour, 1));
    fold_ports_add(fold, edge, false, sums->in, fold_mix(colour, 2));
    if (turn != NULL) {
        turn->out_sum[edge->from_domain] += fold_mix(colour, 1);
        turn->in_sum[edge->to_domain] += fold_mix(colour, 2);
    }
    for (int64_t tier = 0; tier + 1 < fold->job->platform->tier_count; tier++) {
        int64_t domains = fold->job->platform->tiers[tier].domains;
        if (fold_edges_pass_up(fold, edge, tier)) {
            sums->up[tier][edge->from_domain / domains] += fold_mix(colour, 3);
        }
        if (fold_edges_pass_down(fold, edge, tier)) {
            sums->down[tier][edge->to_domain / domains] += fold_mix(colour, 4);
        }
    }
    return FOLD_GO_ON;
}

static void colour_teams(struct fold *fold)
{
    const struct job *job = fold->job;
    for (int64_t t = 0; t < job->team_count; t++) {
        const struct team *team = &job->teams[t];
        uint64_t colour = fold_mix(fold->team_pattern[t], (uint64_t)team->program);
        uint64_t homes = 0;
        colour = fold_mix(colour, bits_of(team->slowness));
        for (int64_t i = 0; i < (fold->team_whole[t] ? 1 : team->chip_count); i++) {
            homes += fold_mix(fold->inner[fold_domain(fold, team->chips[i])],
                              (uint64_t)fold_place(fold, team->chips[i]));
        }
        fold->team_colour[t] = fold_mix(colour, homes);
    }
}

static void colour_groups(struct fold *fold)
{
    const struct job *job = fold->job;
    for (int64_t g = 0; g < job->group_count; g++) {
        const struct group *group = &job->groups[g];
        uint64_t members = 0;
        if (fold->group_colour[g] == 0 || fold->blindness == FOLD_BLIND_TO_GROUPS) {
            continue;
        }
        for (int64_t m = 0; m < group->member_count; m++) {
            members += fold_mix(fold->team_colour[group->teams[m]], 5);
        }
        const struct team *first = &job->teams[group->teams[0]];
        for (int slot = 0; slot < SLOT_COUNT; slot++) {
            members += first->groups[slot] == g ? (uint64_t)slot + 1 : 0;
        }
        members = fold_mix(members, fold->group_ways[g]);
        members = fold_mix(members, fold->group_flows[g]);
        members = fold_mix(members, fold->group_parallel[g]);
        fold->group_colour[g] = fold_mix(members, (uint64_t)group->subgroup_size) | 1;
    }
}

/* What a team is to the domains that it lies in. */
static void add_team(const struct fold *fold, int64_t index, struct sums *sums)
{
    const struct team *team = &fold->job->teams[index];
    uint64_t colour = fold->team_colour[index];
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        if (team->groups[slot] >= 0) {
            colour = fold_mix(colour, fold->group_colour[team->groups[slot]]);
        }
    }
    for (int peer = 0; peer < PEER_COUNT; peer++) {
        if (team->peers[peer] >= 0) {
            colour = fold_mix(colour, fold->team_colour[team->peers[peer]]);
        }
    }
    for (int64_t i = 0; i < (fold->team_whole[index] ? 1 : team->chip_count); i++) {
        sums->inner[fold_domain(fold, team->chips[i])] +=
            fold_mix(colour, (uint64_t)fold_place(fold, team->chips[i]));
    }
}

/* New colours from the old ones and the sums, which are set to 0 again. */
static void renew(uint64_t *colours, uint64_t *sums, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        colours[i] = fold_mix(colours[i], sums[i]);
        sums[i] = 0;
    }
}

static void renew_all(struct fold *fold, struct sums *sums)
{
    for (int64_t d = 0; d < fold->domain_count; d++) {
        for (int64_t w = 0; w < fold->way_count && fold_mixed(fold, d); w++) {
            int64_t way = w * fold->domain_count + d;
            sums->out[way] += fold->inner[d];
            sums->in[way] += fold->inner[d];
            sums->inner[d] += fold_mix(fold_mix(fold->out[way], sums->out[way]), 8);
            sums->inner[d] += fold_mix(fold_mix(fold->in[way], sums->in[way]), 9);
        }
    }
    renew(fold->inner, sums->inner, fold->domain_count);
    renew(fold->out, sums->out, fold->way_count * fold->domain_count);
    renew(fold->in, sums->in, fold->way_count * fold->domain_count);
    for (int64_t tier = 0; tier < fold->job->platform->tier_count; tier++) {
        renew(fold->up[tier], sums->up[tier], fold->group_count[tier]);
        renew(fold->down[tier], sums->down[tier], fold->group_count[tier]);
    }
    for (int64_t t = 0; t < fold->turn_count; t++) {
        renew(fold->turns[t].out, fold->turns[t].out_sum, fold->domain_count);
        renew(fold->turns[t].in, fold->turns[t].in_sum, fold->domain_count);
    }
    for (int64_t g = 0; g < fold->job->group_count; g++) {
        fold->group_flows[g] = sums->group[g];
        sums->group[g] = 0;
    }
}

static uint64_t *numbers(struct fold *fold, int64_t count)
{
    return arena_array(fold->arena, count + 1, sizeof(uint64_t));
}

/* A round of an exchange lasts as long as its longest way, of which the links that decide rates
 * tell nothing. */
struct longest {
    double *latency_s; /* [spec x phase] */
};

static enum fold_wish note_latency(struct fold *fold, const struct fold_edge *edge,
                                   void *argument)
{
    const struct longest *longest = argument;
    double *place = &longest->latency_s[edge->spec * FOLD_PHASES + edge->phase];
    double latency_s = fold_edges_latency_s(fold, edge);
    *place = latency_s > *place ? latency_s : *place;
    bool outside = edge->from_domain != edge->to_domain;
    return outside && *place >= fold->most_latency_s ? FOLD_SKIP_PHASE : FOLD_GO_ON;
}

static bool find_ways(struct fold *fold, struct error *error)
{
    const struct job *job = fold->job;
    int64_t count = job->spec_count * FOLD_PHASES;
    struct longest longest = {arena_array(fold->arena, count + 1, sizeof(double))};
    fold->group_ways = numbers(fold, job->group_count);
    for (int32_t g = 0; g < job->group_count; g++) {
        if (fold->group_colour[g] == 0) {
            continue;
        }
        memset(longest.latency_s, 0, (size_t)count * sizeof(double));
        if (!fold_edges_group(fold, g, note_latency, &longest, error)) {
            return false;
        }
        for (int64_t i = 0; i < count; i++) {
            if (longest.latency_s[i] > 0) {
                uint64_t ways = fold_mix(fold->group_ways[g], (uint64_t)i);
                fold->group_ways[g] = fold_mix(ways, bits_of(longest.latency_s[i]));
            }
        }
    }
    return true;
}

static int64_t colour_count(const struct fold *fold, uint64_t *scratch)
{
    int64_t ways = fold->way_count * fold->domain_count;
    int64_t count = fold_classes_count(fold->inner, fold->domain_count, scratch) +
                    fold_classes_count(fold->out, ways, scratch) +
                    fold_classes_count(fold->in, ways, scratch) +
                    fold_classes_count(fold->group_flows, fold->job->group_count, scratch);
    for (int64_t t = 0; t < fold->turn_count; t++) {
        count += fold_classes_count(fold->turns[t].out, fold->domain_count, scratch) +
                 fold_classes_count(fold->turns[t].in, fold->domain_count, scratch);
    }
    for (int64_t tier = 0; tier < fold->job->platform->tier_count; tier++) {
        count += fold_classes_count(fold->up[tier], fold->group_count[tier], scratch) +
                 fold_classes_count(fold->down[tier], fold->group_count[tier], scratch);
    }
    return count;
}

/* Flows looked at in all rounds together, beyond which waves run round all rings: the first
 * time the ways that they run over are told apart at once, then there is little to fold. */
enum { VISITS_SPREAD = 10000000, VISITS_MAX = 60000000 };

static bool refine_once(struct fold *fold, struct sums *sums, struct error *error)
{
    const struct job *job = fold->job;
    colour_teams(fold);
    colour_groups(fold);
    for (int32_t t = 0; t < job->team_count; t++) {
        add_team(fold, t, sums);
        fold_edges_messages(fold, t, add_edge, sums);
    }
    for (int32_t g = 0; g < job->group_count; g++) {
        if (!fold_edges_group(fold, g, add_edge, sums, error)) {
            return false;
        }
    }
    renew_all(fold, sums);
    fold->rounds++;
    return true;
}

static void prepare(struct fold *fold, struct sums *sums)
{
    const struct platform *platform = fold->job->platform;
    int64_t domains = fold->domain_count = platform->domain_count;
    fold->inner = numbers(fold, domains);
    sums->inner = numbers(fold, domains);
    for (int64_t tier = 0; tier < platform->tier_count; tier++) {
        int64_t size = platform->tiers[tier].domains;
        int64_t groups = fold->group_count[tier] = (domains + size - 1) / size;
        fold->up[tier] = numbers(fold, groups);
        fold->down[tier] = numbers(fold, groups);
        sums->up[tier] = numbers(fold, groups);
        sums->down[tier] = numbers(fold, groups);
        /* The last group may hold fewer domains, and its trunk is then narrower. */
        fold->up[tier][groups - 1] = (uint64_t)(domains - (groups - 1) * size) % (uint64_t)size;
        fold->down[tier][groups - 1] = fold->up[tier][groups - 1];
    }
    fold_uses_find(fold);
    find_patterns(fold);
    find_groups(fold);
    fold->group_flows = numbers(fold, fold->job->group_count);
    sums->group = numbers(fold, fold->job->group_count);
    fold_ways_find(fold);
    sums->out = numbers(fold, fold->way_count * domains);
    sums->in = numbers(fold, fold->way_count * domains);
    fold_turns_find(fold);
}

struct fold *fold_refine(struct job *job, enum fold_blindness blindness, struct arena *arena,
                         struct error *error)
{
    struct fold *fold = arena_alloc(arena, sizeof *fold);
    *fold = (struct fold){.job = job, .arena = arena, .blindness = blindness};
    struct sums sums = {0};
    prepare(fold, &sums);
    if (!find_ways(fold, error)) {
        return NULL;
    }
    int64_t most = fold->way_count * fold->domain_count + job->group_count;
    uint64_t *scratch = numbers(fold, most);
    colour_teams(fold);
    colour_groups(fold);
    memcpy(fold->group_flows, fold->group_colour, (size_t)job->group_count * sizeof(uint64_t));
    int64_t before = 0, now = colour_count(fold, scratch);
    while (now != before && !fold->scattered) {
        before = now;
        if (!refine_once(fold, &sums, error)) {
            return NULL;
        }
        if (fold->way_count > 1 && !fold->spread &&
            fold->visits > fold_patience(blindness, VISITS_SPREAD)) {
            fold_ports_spread(fold);
        }
        now = colour_count(fold, scratch);
        fold->classes = fold_classes_count(fold->inner, fold->domain_count, scratch);
        fold->scattered =
            (fold->domain_count > 1 && 2 * fold->classes > fold->domain_count) ||
            (now != before && fold->visits > fold_patience(blindness, VISITS_MAX));
    }
    colour_teams(fold);
    colour_groups(fold);
    return fold;
}
