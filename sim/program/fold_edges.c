/* SPDX-License-Identifier: Apache-2.0 */
/* The transfers of groups and messages as edges between domains, without making them all: chips
 * that send in parallel are one edge. */
#include "program/fold_edges.h"

#include <math.h>
#include <string.h>

#include "hardware/detours.h"
#include "program/exchanges.h"
#include "program/fold_turns.h"
#include "program/fold_uses.h"

static uint64_t bits(double value)
{
    uint64_t pattern;
    memcpy(&pattern, &value, sizeof pattern);
    return pattern;
}

struct visiting { /* one schedule on one group, being visited */
    struct fold *fold;
    const struct group *group;
    int64_t subgroup;
    struct fold_edge edge;
    fold_edges_visit *visit;
    void *argument;
};

static void set_chips(const struct fold *fold, struct fold_edge *edge, const int64_t *from,
                      const int64_t *to)
{
    edge->from_domain = fold_domain(fold, *from);
    edge->to_domain = fold_domain(fold, *to);
    edge->from_places = (uint64_t)fold_place(fold, *from);
    edge->to_places = (uint64_t)fold_place(fold, *to);
    edge->from_chips = from;
    edge->to_chips = to;
    edge->chip_count = 1;
}

static void set_teams(const struct fold *fold, struct fold_edge *edge, int32_t from, int32_t to)
{
    set_chips(fold, edge, fold->job->teams[from].chips, fold->job->teams[to].chips);
    edge->from_places = fold->team_pattern[from];
    edge->to_places = fold->team_pattern[to];
    edge->chip_count = fold->job->teams[from].chip_count;
}

static bool visit_phase(struct visiting *visiting, const struct phase *phase)
{
    struct fold *fold = visiting->fold;
    const struct group *group = visiting->group;
    struct fold_edge *edge = &visiting->edge;
    uint64_t label = fold_mix(fold->group_colour[edge->group], (uint64_t)edge->spec);
    label = fold_mix(fold_mix(label, (uint64_t)edge->phase), (uint64_t)phase->rounds);
    label = fold_mix(label, bits(phase->round_s));
    const int64_t *chips = group->chips + visiting->subgroup * group->subgroup_size;
    for (int64_t i = 0; i < phase->transfer_count; i++) {
        const struct transfer *transfer = &phase->transfers[i];
        edge->from = transfer->from;
        edge->to = transfer->to;
        edge->bytes = transfer->bytes;
        edge->label = fold_mix(label, bits(transfer->bytes));
        if (fold->group_parallel[edge->group]) {
            set_teams(fold, edge, group->teams[transfer->from], group->teams[transfer->to]);
        } else {
            edge->from += visiting->subgroup * group->subgroup_size;
            edge->to += visiting->subgroup * group->subgroup_size;
            set_chips(fold, edge, &chips[transfer->from], &chips[transfer->to]);
        }
        enum fold_wish wish = visiting->visit(fold, edge, visiting->argument);
        if (wish != FOLD_GO_ON) {
            return wish == FOLD_SKIP_PHASE;
        }
    }
    return true;
}

static bool visit_spec(struct visiting *visiting, int32_t spec, struct error *error)
{
    struct job *job = visiting->fold->job;
    const struct group *group = visiting->group;
    struct collective collective = {job->specs[spec].operation, job->specs[spec].bytes,
                                    job->platform, group->chips, group->subgroup_size};
    const struct schedule *schedule =
        exchanges_schedule(job, &collective, &job->specs[spec], error);
    if (schedule == NULL) {
        return false;
    }
    bool parallel = visiting->fold->group_parallel[visiting->edge.group];
    visiting->edge.spec = spec;
    for (int64_t g = 0; g < (parallel ? 1 : group->subgroup_count); g++) {
        visiting->subgroup = g;
        for (int64_t p = 0; p < schedule->phase_count; p++) {
            visiting->edge.phase = p;
            if (!visit_phase(visiting, &schedule->phases[p])) {
                return false;
            }
        }
    }
    return true;
}

bool fold_edges_group(struct fold *fold, int32_t index, fold_edges_visit *visit, void *argument,
                      struct error *error)
{
    const struct group *group = &fold->job->groups[index];
    const struct team *first = &fold->job->teams[group->teams[0]];
    struct visiting visiting = {
        .fold = fold,
        .group = group,
        .edge = {.group = index, .team = -1, .chip = -1, .plain = fold->group_plain[index]},
        .visit = visit,
        .argument = argument};
    if (fold->group_colour[index] == 0) {
        return true;
    }
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        const struct fold_use *specs = fold_use(fold, first->program, slot);
        for (int64_t s = 0; first->groups[slot] == index && s < specs->count; s++) {
            if (!visit_spec(&visiting, specs->specs[s], error)) {
                return false;
            }
        }
    }
    return true;
}

/* Where all chips are as far from the fabric, the tier where a way meets says it all. */
static double way_s(const struct fold *fold, int64_t from, int64_t to)
{
    const struct platform *platform = fold->job->platform;
    bool known = fold->equal_nics && fold_domain(fold, from) != fold_domain(fold, to) &&
                 (platform->detours == NULL || !detours_touch(platform, from, to));
    double *memory =
        known ? &fold->tier_latency_s[fabric_meeting_tier(platform, from, to)] : NULL;
    if (known && *memory > 0) {
        return *memory;
    }
    struct fabric_path path;
    fabric_path(platform, from, to, &path);
    if (known) {
        *memory = path.latency_s;
    }
    return path.latency_s;
}

/* The longest way of an edge's chips: chips on equal places have equal ways when all NICs are
 * as far away. */
double fold_edges_latency_s(const struct fold *fold, const struct fold_edge *edge)
{
    bool alike = fold->equal_nics && edge->from_domain != edge->to_domain &&
                 edge->from_places == edge->to_places &&
                 !detours_between(fold->job->platform, edge->from_domain, edge->to_domain);
    double longest_s = 0;
    for (int64_t i = 0; i < (alike ? 1 : edge->chip_count); i++) {
        double latency_s = way_s(fold, edge->from_chips[i], edge->to_chips[i]);
        longest_s = latency_s > longest_s ? latency_s : longest_s;
    }
    return longest_s;
}

/* Larger domains have too many ways inside to look at them all. */
enum { LOOK_AT_CHIPS = 256 };

double fold_edges_latency_most_s(const struct fold *fold)
{
    const struct platform *platform = fold->job->platform;
    int64_t chips = platform->chip_count;
    bool known = fold->equal_nics && fold->domain_count > 1 && chips <= LOOK_AT_CHIPS &&
                 platform->detours == NULL;
    for (int64_t t = 0; known && t < platform->tier_count; t++) {
        known = platform->tiers[t].rails == 1;
    }
    if (!known) {
        return INFINITY;
    }
    double most_s = way_s(fold, 0, (fold->domain_count - 1) * chips);
    for (int64_t i = 0; i < chips * chips; i++) {
        if (i / chips != i % chips) {
            most_s = fmax(most_s, way_s(fold, i / chips, i % chips));
        }
    }
    return most_s;
}

static bool visit_message(struct fold *fold, struct fold_edge *edge, fold_edges_visit *visit,
                          void *argument)
{
    const struct team *from = &fold->job->teams[edge->from];
    const struct team *to = &fold->job->teams[edge->to];
    if (fold->team_whole[edge->from] && fold->team_whole[edge->to]) {
        set_teams(fold, edge, (int32_t)edge->from, (int32_t)edge->to);
        edge->label = fold_mix(edge->label, bits(fold_edges_latency_s(fold, edge)));
        return visit(fold, edge, argument) != FOLD_STOP;
    }
    for (int64_t i = 0; i < from->chip_count; i++) {
        set_chips(fold, edge, &from->chips[i], &to->chips[i]);
        edge->chip = i;
        edge->label = fold_mix(edge->label, edge->from_domain == edge->to_domain);
        edge->label = fold_mix(edge->label, bits(fold_edges_latency_s(fold, edge)));
        if (visit(fold, edge, argument) == FOLD_STOP) {
            return false;
        }
    }
    return true;
}

bool fold_edges_messages(struct fold *fold, int32_t team, fold_edges_visit *visit,
                         void *argument)
{
    const struct team *from = &fold->job->teams[team];
    for (int peer = 0; peer < PEER_COUNT; peer++) {
        const struct fold_use *specs = fold_use(fold, from->program, SLOT_COUNT + peer);
        for (int64_t s = 0; s < specs->count; s++) {
            int32_t spec = specs->specs[s];
            uint64_t label = fold_mix(fold_mix(fold->team_colour[team], (uint64_t)spec),
                                      (uint64_t)peer + 11);
            struct fold_edge edge = {.label = label,
                                     .group = -1,
                                     .team = team,
                                     .spec = spec,
                                     .phase = peer,
                                     .chip = -1,
                                     .plain = fold->way_count == 1,
                                     .from = team,
                                     .to = from->peers[peer],
                                     .bytes = fold->job->specs[spec].bytes};
            if (!visit_message(fold, &edge, visit, argument)) {
                return false;
            }
        }
    }
    return true;
}

static bool passes(const struct fold *fold, const struct fold_edge *edge, int64_t tier)
{
    const struct tier *at = &fold->job->platform->tiers[tier];
    return at->rails > 1 || edge->from_domain / at->domains != edge->to_domain / at->domains;
}

bool fold_edges_pass_up(const struct fold *fold, const struct fold_edge *edge, int64_t tier)
{
    int64_t domains = fold->job->platform->tiers[tier].domains;
    return fold->up_binds[tier][edge->from_domain / domains] && passes(fold, edge, tier);
}

bool fold_edges_pass_down(const struct fold *fold, const struct fold_edge *edge, int64_t tier)
{
    int64_t domains = fold->job->platform->tiers[tier].domains;
    return fold->down_binds[tier][edge->to_domain / domains] && passes(fold, edge, tier);
}

static uint64_t trunk_colour(const struct fold *fold, const struct fold_edge *edge,
                             int64_t tier)
{
    int64_t domains = fold->job->platform->tiers[tier].domains;
    int64_t from = edge->from_domain / domains, to = edge->to_domain / domains;
    bool up = fold_edges_pass_up(fold, edge, tier),
         down = fold_edges_pass_down(fold, edge, tier);
    uint64_t colour = (uint64_t)(8 * tier + 4 * (from != to) + 2 * up + down);
    if (fold->blindness != FOLD_BLIND_TO_LINKS) {
        colour = fold_mix(colour, up ? fold->up[tier][from] : 0);
        colour = fold_mix(colour, down ? fold->down[tier][to] : 0);
    }
    return up || down ? colour : 0;
}

uint64_t fold_edges_colour(struct fold *fold, const struct fold_edge *edge)
{
    uint64_t colour = fold_mix(fold_mix(edge->label, edge->from_places), edge->to_places);
    for (int64_t tier = 0; tier + 1 < fold->job->platform->tier_count; tier++) {
        uint64_t trunks = trunk_colour(fold, edge, tier);
        colour = trunks == 0 ? colour : fold_mix(colour, trunks);
    }
    if (fold->blindness != FOLD_BLIND_TO_LINKS) {
        colour = fold_mix(colour, fold_turns_way(fold, edge, true));
        colour = fold_mix(colour, fold_turns_way(fold, edge, false));
    }
    return colour;
}
