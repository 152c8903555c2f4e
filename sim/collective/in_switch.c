/* SPDX-License-Identifier: Apache-2.0 */
/* In-switch reduction: every chip reads one p-th of the buffer reduced by the switch and writes
 * it to all through the switch. Between domains a double tree on what each chip has reduced.
 * MODEL.md, "In-switch reduction". */
#include "collective/collective.h"
#include "collective/domain_tree.h"

/* The library takes it when its own figures say so: where a ring would have to send more. */
static bool worth_while(const struct platform *platform, int64_t members)
{
    double ring_traffic = 2 * (double)(members - 1) / (double)members;
    return ring_traffic * platform->in_switch_tuned_fraction > 1;
}

static int64_t in_switch_variants(const struct collective *collective)
{
    struct collective_layout layout;
    return collective->operation == COLLECTIVE_ALL_REDUCE &&
           collective->platform->in_switch.efficiency_fraction > 0 &&
           collective_layout(collective, &layout) && layout.members > 1 &&
           worth_while(collective->platform, layout.members);
}

static void in_switch_plan(const struct collective *collective, int64_t variant,
                           struct schedule *schedule)
{
    (void)variant;
    struct collective_layout layout;
    collective_layout(collective, &layout);
    struct phase *phase = domain_tree_phase(collective, &layout, schedule);
    /* The own part passes twice, and once more to and from the other domains. */
    double share = 1 + (layout.domains > 1 ? 2 : 1) / (double)layout.members;
    double bytes =
        collective->bytes * share / collective->platform->in_switch.efficiency_fraction;
    for (int64_t i = 0; i < collective->count; i++) {
        int64_t first = i - i % layout.members;
        collective_transfer(schedule, phase, i, first + (i + 1 - first) % layout.members,
                            bytes / (double)phase->rounds);
    }
    phase->inside_steps = 2;
    phase->unit_bytes[0] = collective->bytes / 2;
    schedule->in_switch = true;
}

const struct collective_algorithm collective_in_switch = {"in-switch", in_switch_variants,
                                                          in_switch_plan};
