/* SPDX-License-Identifier: Apache-2.0 */
#include "program/fold_facets.h"

#include "program/fold_flows.h"
#include "program/fold_serial.h"

enum { OF_MESSAGES = -1, GROUPS_MAX = 8 /* on one wire in turns; more are not looked at */ };

struct finding {
    const struct job *job;
    struct arena *arena;
    struct fold_serial serial;
    struct fold_facets all;         /* a facet for each stage on each wire */
    struct traffic_stage *numbered; /* the last */
    int32_t *owner;                 /* [stage]: its group, or OF_MESSAGES */
    int64_t stage_count, owner_capacity;
    int32_t *last; /* [wire]: stage + 1 that crossed it last */
    bool counting;
    struct number_table known; /* pairs of groups: 1 apart, 2 not */
};

static void number_stage(struct finding *finding, const struct fold_flow *flow)
{
    struct traffic_stage *stage = (struct traffic_stage *)flow->of;
    if (stage == finding->numbered) {
        return;
    }
    finding->numbered = stage;
    stage->number = (int32_t)finding->stage_count;
    finding->owner = arena_grow(finding->arena, finding->owner, finding->stage_count,
                                &finding->owner_capacity, sizeof(int32_t));
    finding->owner[finding->stage_count++] = flow->group >= 0 ? flow->group : OF_MESSAGES;
}

/* First counts, then lists the stages that cross each wire. */
static void note_flow(void *argument, const struct fold_flow *flow)
{
    struct finding *finding = argument;
    const struct wiring *wiring = &finding->job->network.wiring;
    const struct pair *pair = &wiring->pairs[flow->flow->pair];
    if (finding->counting) {
        number_stage(finding, flow);
    }
    int32_t stage = flow->of->number;
    for (int32_t c = pair->first; c < pair->first + pair->count; c++) {
        int32_t wire = wiring->crossings[c].wire;
        if (finding->last[wire] == stage + 1) {
            continue;
        }
        finding->last[wire] = stage + 1;
        int64_t *place = &finding->all.first[wire + (finding->counting ? 2 : 1)];
        if (!finding->counting) {
            finding->all.stages[*place] = stage;
        }
        ++*place;
    }
}

static void list_stages(struct finding *finding)
{
    const struct job *job = finding->job;
    int64_t wires = job->network.wiring.wire_count;
    struct fold_facets *all = &finding->all;
    all->first = arena_array(finding->arena, wires + 3, sizeof(int64_t));
    finding->last = arena_array(finding->arena, wires + 1, sizeof(int32_t));
    finding->counting = true;
    fold_flows_each(job, note_flow, finding);
    for (int64_t w = 0; w <= wires; w++) {
        all->first[w + 2] += all->first[w + 1];
        finding->last[w] = 0;
    }
    all->count = all->first[wires + 1];
    all->stages = arena_array(finding->arena, all->count + 1, sizeof(int32_t));
    finding->counting = false;
    fold_flows_each(job, note_flow, finding);
}

/* Whether a team in both keeps the exchanges of two groups apart. */
static bool have_judge(const struct finding *finding, int32_t one, int32_t other)
{
    const struct group *group = &finding->job->groups[one];
    for (int64_t m = 0; m < group->member_count; m++) {
        const struct team *team = &finding->job->teams[group->teams[m]];
        for (int i = 0; i < SLOT_COUNT * SLOT_COUNT; i++) {
            int first = i / SLOT_COUNT, second = i % SLOT_COUNT;
            if (team->groups[first] == one && team->groups[second] == other &&
                fold_serial_apart(&finding->serial, team, first, second)) {
                return true;
            }
        }
    }
    return false;
}

/* The exchanges of a group follow one another; inside one team one may be started beside those
 * of a sequence. */
static bool apart(struct finding *finding, int32_t one, int32_t other)
{
    if (one == other && !finding->job->groups[one].inner) {
        return true;
    }
    bool fresh;
    uint64_t key = (uint64_t)one * (uint64_t)finding->job->group_count + (uint64_t)other;
    int32_t *known = number_table_at(&finding->known, key, &fresh, finding->arena);
    if (fresh) {
        *known = have_judge(finding, one, other) ? 1 : 2;
    }
    return *known == 1;
}

static bool in_turns(struct finding *finding, int64_t wire)
{
    int32_t groups[GROUPS_MAX];
    int64_t count = 0;
    for (int64_t i = finding->all.first[wire]; i < finding->all.first[wire + 1]; i++) {
        int32_t group = finding->owner[finding->all.stages[i]];
        bool seen = count > 0 && groups[count - 1] == group;
        if (group == OF_MESSAGES || (!seen && count == GROUPS_MAX)) {
            return false;
        }
        for (int64_t g = 0; g < count && !seen; g++) {
            if (!apart(finding, groups[g], group)) {
                return false;
            }
        }
        if (!seen) {
            groups[count++] = group;
        }
    }
    for (int64_t g = 0; g < count; g++) {
        if (!apart(finding, groups[g], groups[g])) {
            return false;
        }
    }
    return true;
}

struct fold_facets fold_facets_find(const struct job *job, struct arena *arena)
{
    struct finding finding = {.job = job, .arena = arena_create()};
    finding.serial = fold_serial_find(job, finding.arena);
    list_stages(&finding);
    int64_t wires = job->network.wiring.wire_count;
    struct fold_facets facets = {
        .first = arena_array(arena, wires + 2, sizeof(int64_t)),
        .stages = arena_array(arena, finding.all.count + wires + 1, sizeof(int32_t))};
    for (int64_t w = 0; w < wires; w++) {
        bool turns = in_turns(&finding, w);
        facets.first[w] = facets.count;
        if (!turns) {
            facets.stages[facets.count++] = -1;
        }
        for (int64_t i = finding.all.first[w]; turns && i < finding.all.first[w + 1]; i++) {
            facets.stages[facets.count++] = finding.all.stages[i];
        }
    }
    facets.first[wires] = facets.count;
    arena_free(finding.arena);
    return facets;
}

int64_t fold_facets_at(const struct fold_facets *facets, int32_t wire, int32_t stage)
{
    int64_t low = facets->first[wire], end = facets->first[wire + 1];
    while (end - low > 1) {
        int64_t middle = (low + end) / 2;
        if (facets->stages[middle] <= stage) {
            low = middle;
        } else {
            end = middle;
        }
    }
    return low;
}
