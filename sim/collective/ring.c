/* SPDX-License-Identifier: Apache-2.0 */
/* Ring: every chip passes one p-th of the buffer to its neighbour in each of p-1 rounds (twice
 * that for an all-reduce). MODEL.md, "Ring". */
#include "collective/collective.h"

static int64_t ring_variants(const struct collective *collective)
{
    return collective->operation <= COLLECTIVE_ALL_GATHER && collective->count > 1;
}

static void ring_plan(const struct collective *collective, int64_t variant,
                      struct schedule *schedule)
{
    (void)variant;
    int64_t count = collective->count;
    int64_t passes = collective->operation == COLLECTIVE_ALL_REDUCE ? 2 : 1;
    struct phase *phase = collective_phase(schedule, passes * (count - 1));
    for (int64_t i = 0; i < count; i++) {
        collective_transfer(schedule, phase, i, (i + 1) % count,
                            collective->bytes / (double)count);
    }
}

const struct collective_algorithm collective_ring = {"ring", ring_variants, ring_plan};
