/* SPDX-License-Identifier: Apache-2.0 */
/* Ring: every chip passes one p-th of the buffer to its neighbour in each of p-1 rounds (twice
 * that for an all-reduce). Through several domains there are as many rings as members of a
 * domain, each crossing at another one, so that all NICs work. MODEL.md, "Ring", "Rings through
 * domains". */
#include "collective/collective.h"

static int64_t ring_variants(const struct collective *collective)
{
    return collective->operation <= COLLECTIVE_ALL_GATHER && collective->count > 1;
}

static void one_ring(const struct collective *collective, struct schedule *schedule,
                     struct phase *phase)
{
    int64_t count = collective->count;
    for (int64_t i = 0; i < count; i++) {
        collective_transfer(schedule, phase, i, (i + 1) % count,
                            collective->bytes / (double)count);
    }
}

/* A group as runs of members of one domain each. */
struct runs {
    int64_t *first, *size; /* [count] */
    int64_t count, least;
};

static int64_t domain_of(const struct collective *collective, int64_t member)
{
    return collective->chips[member] / collective->platform->chip_count;
}

/* False when a domain has several runs: the rings would cross more often than they count. */
static bool find_runs(const struct collective *collective, struct arena *arena,
                      struct runs *runs)
{
    runs->first = arena_array(arena, collective->count, sizeof(int64_t));
    runs->size = arena_array(arena, collective->count, sizeof(int64_t));
    runs->least = collective->count;
    for (int64_t i = 0; i < collective->count; i++) {
        if (i == 0 || domain_of(collective, i) != domain_of(collective, i - 1)) {
            runs->first[runs->count++] = i;
        }
        runs->size[runs->count - 1]++;
    }
    bool apart = true;
    for (int64_t r = 0; r < runs->count; r++) {
        runs->least = runs->size[r] < runs->least ? runs->size[r] : runs->least;
        apart = apart && (r == 0 || domain_of(collective, runs->first[r]) >
                                        domain_of(collective, runs->first[r - 1]));
    }
    return apart;
}

/* The rings together, as many as the smallest run has members: each leaves a run at another of
 * its members, evenly spread, and goes round inside before. */
static void rotated_rings(const struct collective *collective, const struct runs *runs,
                          struct schedule *schedule, struct phase *phase)
{
    int64_t rings = runs->least;
    double bytes = collective->bytes / (double)collective->count / (double)rings;
    for (int64_t r = 0; r < runs->count; r++) {
        int64_t first = runs->first[r], size = runs->size[r], next = (r + 1) % runs->count;
        for (int64_t ring = 0; ring < rings; ring++) {
            collective_transfer(schedule, phase, first + ring * size / rings,
                                runs->first[next] + ring * runs->size[next] / rings, bytes);
        }
        for (int64_t i = 0; i < size && size > 1; i++) {
            int64_t leave = 0;
            for (int64_t ring = 0; ring < rings; ring++) {
                leave += ring * size / rings == i;
            }
            collective_transfer(schedule, phase, first + i, first + (i + 1) % size,
                                bytes * (double)(rings - leave));
        }
    }
}

static void ring_plan(const struct collective *collective, int64_t variant,
                      struct schedule *schedule)
{
    (void)variant;
    int64_t passes = collective->operation == COLLECTIVE_ALL_REDUCE ? 2 : 1;
    struct phase *phase = collective_phase(schedule, passes * (collective->count - 1));
    struct runs runs = {0};
    if (!find_runs(collective, schedule->arena, &runs) || runs.count == 1 ||
        runs.count == collective->count) {
        one_ring(collective, schedule, phase);
        return;
    }
    rotated_rings(collective, &runs, schedule, phase);
    phase->between_steps = passes * (runs.count - 1);
    phase->inside_steps = phase->rounds - phase->between_steps;
}

const struct collective_algorithm collective_ring = {"ring", ring_variants, ring_plan};
