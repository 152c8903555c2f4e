/* SPDX-License-Identifier: Apache-2.0 */
/* The unit is the domain: what it holds is ordered by the places of its chips, so that equal
 * colours mean equal chips place by place. Its inner colour tells all domains apart that could
 * ever differ in what their chips do; the colours of its ways out and in tell only what crosses
 * the NICs, so that a slow chip does not mark the whole ring of a collective: a flow's colour
 * holds the colour of its group and of its links, never its end points. */
#include "program/fold.h"

#include <stdlib.h>
#include <string.h>

#include "hardware/detours.h"
#include "hardware/fabric.h"
#include "program/fold_classes.h"
#include "program/fold_edges.h"

uint64_t fold_mix(uint64_t hash, uint64_t value)
{
    hash ^= value + 0x9E3779B97F4A7C15u + (hash << 6) + (hash >> 2);
    hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9u;
    hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBu;
    return hash ^ (hash >> 31);
}

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

/* What programs use */

const struct fold_use *fold_use(const struct fold *fold, int32_t program, int slot_or_peer)
{
    return &fold->uses[program * (SLOT_COUNT + PEER_COUNT) + slot_or_peer];
}

static void use(struct fold *fold, int32_t program, int slot_or_peer, int32_t spec)
{
    struct fold_use *target = &fold->uses[program * (SLOT_COUNT + PEER_COUNT) + slot_or_peer];
    for (int64_t i = 0; i < target->count; i++) {
        if (target->specs[i] == spec) {
            return;
        }
    }
    target->specs = arena_grow(fold->arena, target->specs, target->count, &target->capacity,
                               sizeof(int32_t));
    target->specs[target->count++] = spec;
}

static void use_sequence(struct fold *fold, int32_t program, const struct sequence *sequence)
{
    for (int64_t o = 0; o < sequence->op_count; o++) {
        if (sequence->ops[o].spec >= 0) {
            use(fold, program, (int)sequence->ops[o].slot, sequence->ops[o].spec);
        }
    }
}

static void find_uses(struct fold *fold)
{
    const struct job *job = fold->job;
    fold->uses = arena_array(fold->arena, job->program_count * (SLOT_COUNT + PEER_COUNT),
                             sizeof(struct fold_use));
    unsigned char *seen = arena_array(fold->arena, job->sequence_count + 1, 1);
    for (int32_t p = 0; p < job->program_count; p++) {
        memset(seen, 0, (size_t)job->sequence_count);
        for (int64_t i = 0; i < job->programs[p].count; i++) {
            const struct instruction *instruction = &job->programs[p].instructions[i];
            if (instruction->kind == INSTRUCTION_START) {
                use(fold, p, instruction->with, instruction->what);
            } else if (instruction->kind == INSTRUCTION_SEND) {
                use(fold, p, SLOT_COUNT + instruction->with, instruction->what);
            } else if (instruction->kind == INSTRUCTION_RUN && !seen[instruction->what]) {
                seen[instruction->what] = 1;
                use_sequence(fold, p, &job->sequences[instruction->what]);
            }
        }
    }
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

/* Which links lead out of a domain or into it. */
static void find_facing(struct fold *fold)
{
    const struct platform *platform = fold->job->platform;
    int64_t chips = platform->chip_count;
    fold->facing = arena_array(fold->arena, platform->link_count + 1, 1);
    for (int64_t c = 0; platform->tier_count > 0 && c < chips; c++) {
        int32_t count;
        const int32_t *links = platform_route(platform, c, chips, &count);
        for (int32_t i = 0; i < count; i++) {
            fold->facing[links[i]] |= FOLD_FACING_OUT;
        }
        links = platform_route(platform, chips, c, &count);
        for (int32_t i = 0; i < count; i++) {
            fold->facing[links[i]] |= FOLD_FACING_IN;
        }
    }
}

/* Do ways inside a domain, or ways in and ways out, share links? */
static bool nics_are_mixed(const struct fold *fold)
{
    const struct platform *platform = fold->job->platform;
    int64_t chips = platform->chip_count;
    for (int64_t link = 0; link < platform->link_count; link++) {
        if (fold->facing[link] == (FOLD_FACING_OUT | FOLD_FACING_IN)) {
            return true;
        }
    }
    for (int64_t a = 0; a < chips; a++) {
        for (int64_t b = 0; b < chips; b++) {
            int32_t count;
            const int32_t *links = platform_route(platform, a, b, &count);
            for (int32_t i = 0; a != b && i < count; i++) {
                if (fold->facing[links[i]]) {
                    return true;
                }
            }
        }
    }
    return false;
}

bool fold_mixed(const struct fold *fold, int64_t domain)
{
    return fold->mixed_nics || detours_in(fold->job->platform, domain);
}

static double fabric_way_s(const struct platform *platform, int64_t chip, bool out)
{
    int32_t count;
    int64_t fabric = platform->chip_count;
    const int32_t *links =
        platform_route(platform, out ? chip : fabric, out ? fabric : chip, &count);
    double latency_s = 0;
    for (int32_t i = 0; i < count; i++) {
        latency_s += platform->links[links[i]].latency_s;
    }
    return latency_s;
}

static bool nics_are_equal(const struct platform *platform)
{
    bool equal = true;
    for (int64_t c = 1; platform->tier_count > 0 && c < platform->chip_count; c++) {
        for (int out = 0; out < 2; out++) {
            uint64_t first = bits_of(fabric_way_s(platform, 0, out != 0));
            equal &= bits_of(fabric_way_s(platform, c, out != 0)) == first;
        }
    }
    return equal;
}

/* Ways inside a domain that lead over trunks: then its colour does not tell what it uses. */
static bool detours_pass_trunks(const struct fold *fold)
{
    const struct platform *platform = fold->job->platform;
    return platform->detours != NULL && platform->tier_count > 1 &&
           platform->tiers[0].rails > 1 && detours_leave_domain(platform->detours);
}

/* Domains and trunks with degraded links start with colours of their own. */
static void mark_defects(struct fold *fold)
{
    const struct platform *platform = fold->job->platform;
    for (int64_t i = 0; i < platform->defect_count; i++) {
        const struct link_defect *defect = &platform->defects[i];
        if (defect->link < 0) {
            struct fabric_trunk trunk = fabric_trunk_of(defect->link);
            uint64_t **colours = trunk.down ? fold->down : fold->up;
            colours[trunk.tier][trunk.group] +=
                fold_mix(fold_mix(8, (uint64_t)trunk.rail), bits_of(defect->factor));
            fold->degraded[trunk.tier] = true;
            continue;
        }
        int64_t domain = defect->link / platform->link_count;
        int64_t link = defect->link % platform->link_count;
        uint64_t mark = fold_mix(fold_mix(9, (uint64_t)link), bits_of(defect->factor));
        fold->inner[domain] += mark;
        fold->out[domain] += fold->facing[link] & FOLD_FACING_OUT ? mark : 0;
        fold->in[domain] += fold->facing[link] & FOLD_FACING_IN ? mark : 0;
    }
}

/* Refinement: every round makes new colours of the old ones and of what touches. Sums do not
 * depend on the order of what is summed. */

struct sums {
    uint64_t *inner, *out, *in;
    uint64_t *up[FOLD_TIERS], *down[FOLD_TIERS];
};

static enum fold_wish add_edge(struct fold *fold, const struct fold_edge *edge, void *argument)
{
    struct sums *sums = argument;
    if (edge->from_domain == edge->to_domain) {
        sums->inner[edge->from_domain] +=
            fold_mix(fold_mix(edge->label, edge->from_places), edge->to_places);
        return FOLD_GO_ON;
    }
    uint64_t colour = fold_edges_colour(fold, edge);
    sums->out[edge->from_domain] += fold_mix(colour, 1);
    sums->in[edge->to_domain] += fold_mix(colour, 2);
    for (int64_t tier = 0; tier + 1 < fold->job->platform->tier_count; tier++) {
        if (fold_edges_pass(fold, edge, tier)) {
            int64_t domains = fold->job->platform->tiers[tier].domains;
            sums->up[tier][edge->from_domain / domains] += fold_mix(colour, 3);
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
        if (fold_mixed(fold, d)) {
            sums->out[d] += fold->inner[d];
            sums->in[d] += fold->inner[d];
        }
        sums->inner[d] += fold_mix(fold_mix(fold->out[d], sums->out[d]), 6);
        sums->inner[d] += fold_mix(fold_mix(fold->in[d], sums->in[d]), 7);
    }
    renew(fold->inner, sums->inner, fold->domain_count);
    renew(fold->out, sums->out, fold->domain_count);
    renew(fold->in, sums->in, fold->domain_count);
    for (int64_t tier = 0; tier < fold->job->platform->tier_count; tier++) {
        renew(fold->up[tier], sums->up[tier], fold->group_count[tier]);
        renew(fold->down[tier], sums->down[tier], fold->group_count[tier]);
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
    int64_t count = fold_classes_count(fold->inner, fold->domain_count, scratch) +
                    fold_classes_count(fold->out, fold->domain_count, scratch) +
                    fold_classes_count(fold->in, fold->domain_count, scratch);
    for (int64_t tier = 0; tier < fold->job->platform->tier_count; tier++) {
        count += fold_classes_count(fold->up[tier], fold->group_count[tier], scratch) +
                 fold_classes_count(fold->down[tier], fold->group_count[tier], scratch);
    }
    return count;
}

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
    uint64_t **all[] = {&fold->inner, &fold->out, &fold->in,
                        &sums->inner, &sums->out, &sums->in};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        *all[i] = numbers(fold, domains);
    }
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
    find_uses(fold);
    find_patterns(fold);
    find_groups(fold);
    find_facing(fold);
    fold->mixed_nics = nics_are_mixed(fold);
    fold->equal_nics = nics_are_equal(platform);
    fold->tier_latency_s = arena_array(fold->arena, platform->tier_count + 1, sizeof(double));
    fold->most_latency_s = fold_edges_latency_most_s(fold);
    mark_defects(fold);
    fold->scattered = detours_pass_trunks(fold);
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
    int64_t most = fold->domain_count;
    uint64_t *scratch = numbers(fold, most);
    int64_t before = 0, now = colour_count(fold, scratch);
    while (now != before && !fold->scattered) {
        before = now;
        if (!refine_once(fold, &sums, error)) {
            return NULL;
        }
        now = colour_count(fold, scratch);
        int64_t classes = fold_classes_count(fold->inner, fold->domain_count, scratch);
        fold->scattered = fold->domain_count > 1 && 2 * classes > fold->domain_count;
    }
    colour_teams(fold);
    colour_groups(fold);
    return fold;
}
