/* SPDX-License-Identifier: Apache-2.0 */
/* KangaRing: rings along all links between neighbouring chips at once, both ways, on which one
 * core passes on what a pair of cores of its chip needs. MODEL.md, "KangaRing". */
#include "collective/collective.h"
#include "hardware/fabric.h"

enum { CHIPS_MAX = 256, PRIMARIES = 2 /* cores of a chip that a ring passes through */ };

/* Rate of the link that alone joins two chips of the group; 0: they are no neighbours. */
static double neighbour_Bps(const struct collective *collective, int64_t i, int64_t j)
{
    struct fabric_path path;
    fabric_path(collective->platform, collective->chips[i], collective->chips[j], &path);
    return i != j && !path.scale_out && path.link_count == 1
               ? fabric_link_Bps(collective->platform, path.links[0])
               : 0;
}

/* Of a chip: the sum of the rates to its neighbours, and how many there are. */
static double around_Bps(const struct collective *collective, int64_t i, int64_t *neighbours)
{
    double sum_Bps = 0;
    *neighbours = 0;
    for (int64_t j = 0; j < collective->count; j++) {
        double rate_Bps = neighbour_Bps(collective, i, j);
        sum_Bps += rate_Bps;
        *neighbours += rate_Bps > 0;
    }
    return sum_Bps;
}

/* Whether every chip can be reached from the first over links between neighbours. */
static bool joined(const struct collective *collective)
{
    unsigned char reached[CHIPS_MAX] = {1};
    int64_t queue[CHIPS_MAX] = {0}, count = 1;
    for (int64_t next = 0; next < count; next++) {
        for (int64_t j = 0; j < collective->count; j++) {
            if (!reached[j] && neighbour_Bps(collective, queue[next], j) > 0) {
                reached[j] = 1;
                queue[count++] = j;
            }
        }
    }
    return count == collective->count;
}

static int64_t kangaring_variants(const struct collective *collective)
{
    if (collective->operation > COLLECTIVE_ALL_GATHER || collective->count < 3 ||
        collective->count > CHIPS_MAX) {
        return 0;
    }
    int64_t first, neighbours;
    around_Bps(collective, 0, &first);
    if (first < 2 || first % 2 != 0) { /* rings use links in pairs */
        return 0;
    }
    for (int64_t i = 1; i < collective->count; i++) {
        around_Bps(collective, i, &neighbours);
        if (neighbours != first) {
            return 0;
        }
    }
    return joined(collective);
}

static void kangaring_plan(const struct collective *collective, int64_t variant,
                           struct schedule *schedule)
{
    (void)variant;
    int64_t count = collective->count, neighbours;
    int64_t passes = collective->operation == COLLECTIVE_ALL_REDUCE ? 2 : 1;
    struct phase *phase = collective_phase(schedule, passes * (count - 1));
    for (int64_t i = 0; i < count; i++) {
        double all_Bps = around_Bps(collective, i, &neighbours);
        for (int64_t j = 0; j < count; j++) {
            double rate_Bps = neighbour_Bps(collective, i, j);
            if (rate_Bps > 0) {
                collective_transfer(schedule, phase, i, j,
                                    collective->bytes / (double)count * rate_Bps / all_Bps);
            }
        }
    }
    phase->inside_steps = passes * (PRIMARIES * count - 1);
}

const struct collective_algorithm collective_kangaring = {"kangaring", kangaring_variants,
                                                          kangaring_plan};
