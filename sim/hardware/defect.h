/* SPDX-License-Identifier: Apache-2.0 */
/* Links that carry less than the platform file says: a sparse list beside a regular machine.
 * MODEL.md, "Folding". */
#pragma once

#include "hardware/planes.h"

/* What a machine is short of; all NULL and 0: nothing. */
struct defects {
    const char *degraded_links; /* "u3.nic-05-1_UP:0.5,tier1.2.0:0,plane1:0" */
    const char *dead_chips;     /* dead_chips_find() */
    int64_t spare_chips;        /* that wait at the end of the machine */
};

/* The platform without its dead chips and their links, and with links slower or dead: the names
 * as fabric_link_name() gives them, without _UP and _DOWN for both directions, and with * for
 * any characters among the links of a domain ("u3.nvlink-*:17/18"); .plane1 behind a name of a
 * link of the scale-out network stands for its part in that plane, from 0, and plane1 alone for
 * all of them; the factors are shares of
 * the healthy rate, 0 for a dead link, whose traffic goes round it (detours.h). NULL and "none"
 * for none. It shares everything else with the given one. NULL and an INPUT error for a link or
 * chip that is not there, or a factor that is none. Seed: of dead chips that are drawn. */
const struct platform *defect_apply(const struct platform *platform,
                                    const struct defects *defects, uint64_t seed,
                                    struct arena *arena, struct error *error);

/* Gives a platform whose dead chips are known these defects, each link once, and those of the
 * links of its dead chips; share: of whole planes, by number from 1. */
void defect_set(struct platform *platform, const struct link_defect *defects, int64_t count,
                const double share[PLANES_MOST + 1], struct arena *arena);

/* Share of its healthy rate that a link has: 1 for all but those of the list and of planes that
 * are slow everywhere; without the latter, its own. */
double defect_factor(const struct platform *platform, int64_t link);
double defect_own_factor(const struct platform *platform, int64_t link);

/* The platform as if all links were healthy: what a library knows when it chooses. */
struct platform defect_healthy(const struct platform *platform);
