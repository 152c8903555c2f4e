/* SPDX-License-Identifier: Apache-2.0 */
/* Wires are judged one after the other, the fastest first. One is left out when the others that
 * are still in hold the flows that can cross it at once below its capacity: the rates that are
 * possible then stay the same, hence so do the fair ones. Of a group one stage of one exchange
 * moves at a time; messages of a pair may move together, and together are no faster than its
 * slowest wire. */
#include "program/fold_wires.h"

#include <math.h>
#include <stdlib.h>

#include "program/fold_flows.h"

struct passer {    /* a flow as a wire sees it */
    int32_t owner; /* group; -1: messages */
    int32_t stage; /* of which exchange: numbered over the job */
    int32_t pair, weight;
};

struct judging {
    const struct job *job;
    struct arena *arena;
    int64_t *first; /* [wire + 1] into passers; while counting: how many */
    struct passer *passers;
    bool counting;
    const struct traffic_stage *last;
    int32_t stage;           /* number of the last */
    unsigned char *deciding; /* [wire] */
    unsigned char *started;  /* [slot]: used by INSTRUCTION_START */
    unsigned char *together; /* [group]: its exchanges may overlap */
    int32_t *seen;           /* [pair]: wire + 1 whose messages it was counted for */
};

static void note_flow(void *argument, const struct fold_flow *flow)
{
    struct judging *judging = argument;
    const struct wiring *wiring = &judging->job->network.wiring;
    const struct pair *pair = &wiring->pairs[flow->flow->pair];
    judging->stage += flow->of != judging->last;
    judging->last = flow->of;
    for (int32_t c = pair->first; c < pair->first + pair->count; c++) {
        const struct crossing *crossing = &wiring->crossings[c];
        int64_t *place = &judging->first[crossing->wire + (judging->counting ? 2 : 1)];
        if (!judging->counting) {
            judging->passers[*place] = (struct passer){flow->group, judging->stage,
                                                       flow->flow->pair, crossing->weight};
        }
        ++*place;
    }
}

/* Sorts the flows by the wires they cross. */
static void note_all(struct judging *judging)
{
    int64_t wires = judging->job->network.wiring.wire_count;
    judging->first = arena_array(judging->arena, wires + 3, sizeof(int64_t));
    judging->counting = true;
    fold_flows_each(judging->job, note_flow, judging);
    for (int64_t w = 0; w <= wires; w++) {
        judging->first[w + 2] += judging->first[w + 1];
    }
    judging->passers =
        arena_array(judging->arena, judging->first[wires + 1] + 1, sizeof(struct passer));
    judging->counting = false;
    judging->last = NULL;
    fold_flows_each(judging->job, note_flow, judging);
}

/* A team may have a started exchange of its own group beside those of its sequences. */
static void find_together(struct judging *judging)
{
    const struct job *job = judging->job;
    judging->started = arena_array(judging->arena, SLOT_COUNT, 1);
    judging->together = arena_array(judging->arena, job->group_count + 1, 1);
    for (int64_t p = 0; p < job->program_count; p++) {
        for (int64_t i = 0; i < job->programs[p].count; i++) {
            const struct instruction *instruction = &job->programs[p].instructions[i];
            if (instruction->kind == INSTRUCTION_START) {
                judging->started[instruction->with] = 1;
            }
        }
    }
    for (int64_t t = 0; t < job->team_count; t++) {
        for (int slot = 0; slot < SLOT_COUNT; slot++) {
            int32_t group = job->teams[t].groups[slot];
            if (group >= 0 && job->groups[group].inner) {
                judging->together[group] |= judging->started[slot];
            }
        }
    }
}

/* The most that the other wires let a pair have. */
static double others_Bps(const struct judging *judging, int32_t index, int64_t wire,
                         bool message)
{
    const struct wiring *wiring = &judging->job->network.wiring;
    const struct pair *pair = &wiring->pairs[index];
    double most_Bps = INFINITY;
    for (int32_t c = pair->first; c < pair->first + pair->count; c++) {
        const struct crossing *crossing = &wiring->crossings[c];
        const struct wire *other = &wiring->wires[crossing->wire];
        if (crossing->wire == wire || !judging->deciding[crossing->wire] ||
            (message && other->fatpipe)) {
            continue;
        }
        most_Bps = fmin(most_Bps, other->fatpipe ? other->capacity_Bps
                                                 : other->capacity_Bps / crossing->weight);
    }
    return most_Bps;
}

/* The most that may want to cross a wire at one instant. */
static double most_Bps(struct judging *judging, int32_t wire)
{
    double sum_Bps = 0, group_Bps = 0, stage_Bps = 0,
           limit_Bps = judging->job->network.wiring.wires[wire].capacity_Bps;
    const struct passer *last = NULL;
    for (int64_t i = judging->first[wire]; i < judging->first[wire + 1] && sum_Bps <= limit_Bps;
         i++) {
        const struct passer *passer = &judging->passers[i];
        bool message = passer->owner < 0;
        if (message && judging->seen[passer->pair] == wire + 1) {
            continue;
        }
        judging->seen[passer->pair] = message ? wire + 1 : judging->seen[passer->pair];
        if (last == NULL || message || last->owner != passer->owner ||
            judging->together[passer->owner]) {
            sum_Bps += group_Bps;
            group_Bps = stage_Bps = 0;
        } else if (last->stage != passer->stage) {
            stage_Bps = 0;
        }
        stage_Bps += passer->weight * others_Bps(judging, passer->pair, wire, message);
        group_Bps = fmax(group_Bps, stage_Bps);
        last = passer;
    }
    return sum_Bps + group_Bps;
}

struct candidate {
    double capacity_Bps;
    int64_t place; /* in its domain: equal links are judged in equal order */
    int32_t wire;
};

static int by_capacity(const void *a, const void *b)
{
    const struct candidate *one = a, *other = b;
    if (one->capacity_Bps < other->capacity_Bps || one->capacity_Bps > other->capacity_Bps) {
        return one->capacity_Bps < other->capacity_Bps ? 1 : -1;
    }
    if (one->place != other->place) {
        return one->place < other->place ? -1 : 1;
    }
    return (one->wire > other->wire) - (one->wire < other->wire);
}

static struct candidate *candidates(const struct judging *judging)
{
    const struct network *network = &judging->job->network;
    int64_t count = network->wiring.wire_count, links = network->platform->link_count;
    struct candidate *list = arena_array(judging->arena, count + 1, sizeof(struct candidate));
    for (int64_t w = 0; w < count; w++) {
        int64_t link = network->wire_links[w];
        list[w] = (struct candidate){network->wiring.wires[w].capacity_Bps,
                                     link < 0 ? -1 : link % links, (int32_t)w};
    }
    qsort(list, (size_t)count, sizeof *list, by_capacity);
    return list;
}

unsigned char *fold_wires_deciding(const struct job *job, struct arena *arena)
{
    const struct wiring *wiring = &job->network.wiring;
    struct judging judging = {.job = job, .arena = arena_create()};
    unsigned char *deciding = arena_array(arena, wiring->wire_count + 1, 1);
    judging.deciding = deciding;
    judging.seen = arena_array(judging.arena, wiring->pair_count + 1, sizeof(int32_t));
    for (int64_t w = 0; w < wiring->wire_count; w++) {
        deciding[w] = 1;
    }
    note_all(&judging);
    find_together(&judging);
    const struct candidate *list = candidates(&judging);
    for (int64_t i = 0; i < wiring->wire_count; i++) {
        int32_t wire = list[i].wire;
        deciding[wire] = wiring->wires[wire].fatpipe ||
                         !(most_Bps(&judging, wire) <= wiring->wires[wire].capacity_Bps);
    }
    arena_free(judging.arena);
    return deciding;
}
