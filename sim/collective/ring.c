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

/* The rings together: of those through a chip one leaves the domain there, on its rail. */
static void rotated_rings(const struct collective *collective,
                          const struct collective_layout *layout, struct schedule *schedule,
                          struct phase *phase)
{
    int64_t members = layout->members;
    double bytes = collective->bytes / (double)collective->count / (double)members;
    for (int64_t i = 0; i < collective->count; i++) {
        int64_t first = i - i % members;
        collective_transfer(schedule, phase, i, first + (i + 1 - first) % members,
                            bytes * (double)(members - 1));
        collective_transfer(schedule, phase, i, (i + members) % collective->count, bytes);
    }
}

static void ring_plan(const struct collective *collective, int64_t variant,
                      struct schedule *schedule)
{
    (void)variant;
    int64_t passes = collective->operation == COLLECTIVE_ALL_REDUCE ? 2 : 1;
    struct phase *phase = collective_phase(schedule, passes * (collective->count - 1));
    struct collective_layout layout;
    if (!collective_layout(collective, &layout) || layout.domains == 1 || layout.members == 1) {
        one_ring(collective, schedule, phase);
        return;
    }
    rotated_rings(collective, &layout, schedule, phase);
    phase->between_steps = passes * (layout.domains - 1);
    phase->inside_steps = phase->rounds - phase->between_steps;
}

const struct collective_algorithm collective_ring = {"ring", ring_variants, ring_plan};
