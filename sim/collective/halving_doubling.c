/* SPDX-License-Identifier: Apache-2.0 */
/* Recursive halving-doubling: partners at distance p/2, p/4, ... exchange halves, quarters, ...
 * for the reduce-scatter, and back for the all-gather. Powers of two only.
 * MODEL.md, "Recursive halving-doubling". */
#include "collective/collective.h"

static int64_t halving_doubling_variants(const struct collective *collective)
{
    int64_t count = collective->count;
    return collective->operation <= COLLECTIVE_ALL_GATHER && count > 1 &&
           (count & (count - 1)) == 0;
}

static void exchange(const struct collective *collective, int64_t distance,
                     struct schedule *schedule)
{
    struct phase *phase = collective_phase(schedule, 1);
    double bytes = collective->bytes * (double)distance / (double)collective->count;
    for (int64_t i = 0; i < collective->count; i++) {
        collective_transfer(schedule, phase, i, i ^ distance, bytes);
    }
}

static void halving_doubling_plan(const struct collective *collective, int64_t variant,
                                  struct schedule *schedule)
{
    (void)variant;
    if (collective->operation != COLLECTIVE_ALL_GATHER) {
        for (int64_t distance = collective->count / 2; distance >= 1; distance /= 2) {
            exchange(collective, distance, schedule);
        }
    }
    if (collective->operation != COLLECTIVE_REDUCE_SCATTER) {
        for (int64_t distance = 1; distance < collective->count; distance *= 2) {
            exchange(collective, distance, schedule);
        }
    }
}

const struct collective_algorithm collective_halving_doubling = {
    "halving-doubling", halving_doubling_variants, halving_doubling_plan};
