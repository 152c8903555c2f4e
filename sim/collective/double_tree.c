/* SPDX-License-Identifier: Apache-2.0 */
/* Double tree: chains inside domains, two binary trees between them, all pipelined: every link
 * carries data all the time. MODEL.md, "Double tree". */
#include "collective/collective.h"
#include "collective/domain_tree.h"

static int64_t double_tree_variants(const struct collective *collective)
{
    struct collective_layout layout;
    return collective->operation == COLLECTIVE_ALL_REDUCE && collective->count > 1 &&
           collective_layout(collective, &layout) && layout.domains > 1;
}

/* Each member heads the chain of its share: all others send it on towards the head and back. */
static void chains(const struct collective *collective, const struct collective_layout *layout,
                   struct schedule *schedule, struct phase *phase)
{
    int64_t members = layout->members;
    double bytes = collective->bytes * (double)(members - 1) / (double)members;
    for (int64_t i = 0; members > 1 && i < collective->count; i++) {
        int64_t first = i - i % members;
        int64_t next = first + (i + 1 - first) % members;
        collective_transfer(schedule, phase, i, next, bytes / (double)phase->rounds);
        collective_transfer(schedule, phase, next, i, bytes / (double)phase->rounds);
    }
}

static void double_tree_plan(const struct collective *collective, int64_t variant,
                             struct schedule *schedule)
{
    (void)variant;
    struct collective_layout layout;
    collective_layout(collective, &layout);
    struct phase *phase = domain_tree_phase(collective, &layout, schedule);
    chains(collective, &layout, schedule, phase);
    phase->inside_steps = 2 * (layout.members - 1);
    phase->unit_bytes[0] = collective->bytes / (double)collective->count;
}

const struct collective_algorithm collective_double_tree = {"double-tree", double_tree_variants,
                                                            double_tree_plan};
