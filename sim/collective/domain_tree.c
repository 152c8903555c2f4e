/* SPDX-License-Identifier: Apache-2.0 */
/* In a double tree every domain is inside one tree and a leaf of the other: it sends and
 * receives the buffer twice, once up and once down, in pipelined pieces; of two domains each is
 * the root of one tree, and it is once. Drawn as shifts to the next domain, which load the NICs
 * alike and keep groups of equal domains symmetrical. */
#include "collective/domain_tree.h"

struct phase *domain_tree_phase(const struct collective *collective,
                                const struct collective_layout *layout,
                                struct schedule *schedule)
{
    int64_t levels = 0;
    while (((int64_t)1 << levels) < layout->domains) {
        levels++;
    }
    struct phase *phase = collective_phase(schedule, levels > 0 ? 2 * levels : 2);
    phase->between_steps = 2 * levels;
    phase->unit_bytes[1] = collective->bytes / (double)layout->members;
    double times = layout->domains > 2 ? 2 : 1;
    double bytes = collective->bytes * times / (double)layout->members;
    for (int64_t i = 0; layout->domains > 1 && i < collective->count; i++) {
        collective_transfer(schedule, phase, i, (i + layout->members) % collective->count,
                            bytes / (double)phase->rounds);
    }
    return phase;
}
