/* SPDX-License-Identifier: Apache-2.0 */
/* Binomial tree: the number of chips that hold the data doubles in each phase; for broadcasts,
 * and reversed and forth for small all-reduces. MODEL.md, "Binomial tree". */
#include "collective/collective.h"

static int64_t tree_variants(const struct collective *collective)
{
    return collective->count > 1 && (collective->operation == COLLECTIVE_BROADCAST ||
                                     collective->operation == COLLECTIVE_ALL_REDUCE);
}

static void level(const struct collective *collective, int64_t distance, bool towards_root,
                  struct schedule *schedule)
{
    struct phase *phase = collective_phase(schedule, 1);
    for (int64_t i = 0; i < distance && i + distance < collective->count; i++) {
        int64_t from = towards_root ? i + distance : i;
        int64_t to = towards_root ? i : i + distance;
        collective_transfer(schedule, phase, from, to, collective->bytes);
    }
}

static void tree_plan(const struct collective *collective, int64_t variant,
                      struct schedule *schedule)
{
    (void)variant;
    int64_t top = 1;
    while (top * 2 < collective->count) {
        top *= 2;
    }
    if (collective->operation == COLLECTIVE_ALL_REDUCE) {
        for (int64_t distance = top; distance >= 1; distance /= 2) {
            level(collective, distance, true, schedule);
        }
    }
    for (int64_t distance = 1; distance <= top; distance *= 2) {
        level(collective, distance, false, schedule);
    }
}

const struct collective_algorithm collective_tree = {"tree", tree_variants, tree_plan};
