/* SPDX-License-Identifier: Apache-2.0 */
/* Direct: every chip sends to every other its part at once; natural on a switch. An all-reduce
 * is a reduce-scatter and an all-gather; a broadcast or send goes straight from the first chip.
 * MODEL.md, "Direct". */
#include "collective/collective.h"
#include "collective/distance.h"

/* Beyond this many flows a direct schedule is not built: rings, hierarchies and distances
 * serve, and from fewer members on where there is a choice. */
enum { DIRECT_FLOWS_MAX = 4 * 1000 * 1000, DIRECT_MEMBERS_MAX = 256 };

/* All-to-alls of more members go by classes of distance. */
enum { DISTANCE_MEMBERS_MIN = 1024 };

/* Each chip to each other one by itself would be too many flows. */
static bool by_distance(const struct collective *collective)
{
    return collective->operation == COLLECTIVE_ALL_TO_ALL &&
           collective->count > DISTANCE_MEMBERS_MIN &&
           collective->count > collective->platform->chip_count;
}

static int64_t direct_variants(const struct collective *collective)
{
    if (collective->operation == COLLECTIVE_SEND_RECEIVE) {
        return collective->count == 2;
    }
    if (collective->operation <= COLLECTIVE_ALL_GATHER &&
        collective->count > DIRECT_MEMBERS_MAX) {
        return 0;
    }
    if (by_distance(collective)) {
        int64_t flows = distance_flows(collective);
        return flows > 0 && flows < DIRECT_FLOWS_MAX;
    }
    return collective->count > 1 && collective->count * collective->count < DIRECT_FLOWS_MAX;
}

static void everyone_to_everyone(const struct collective *collective, struct schedule *schedule)
{
    int64_t count = collective->count;
    struct phase *phase = collective_phase(schedule, 1);
    for (int64_t shift = 1; shift < count; shift++) {
        for (int64_t i = 0; i < count; i++) {
            collective_transfer(schedule, phase, i, (i + shift) % count,
                                collective->bytes / (double)count);
        }
    }
}

static void first_to_all(const struct collective *collective, struct schedule *schedule)
{
    struct phase *phase = collective_phase(schedule, 1);
    for (int64_t i = 1; i < collective->count; i++) {
        collective_transfer(schedule, phase, 0, i, collective->bytes);
    }
}

static void direct_plan(const struct collective *collective, int64_t variant,
                        struct schedule *schedule)
{
    (void)variant;
    if (collective->operation >= COLLECTIVE_BROADCAST) {
        first_to_all(collective, schedule);
        return;
    }
    if (by_distance(collective)) {
        distance_plan(collective, schedule);
        return;
    }
    everyone_to_everyone(collective, schedule);
    if (collective->operation == COLLECTIVE_ALL_REDUCE) {
        everyone_to_everyone(collective, schedule);
    }
}

const struct collective_algorithm collective_direct = {"direct", direct_variants, direct_plan};
