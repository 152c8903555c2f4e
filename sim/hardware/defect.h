/* SPDX-License-Identifier: Apache-2.0 */
/* Links that carry less than the platform file says: a sparse list beside a regular machine.
 * MODEL.md, "Folding". */
#pragma once

#include "hardware/platform.h"

/* The platform with its links of these names slower or dead: "u3.nic-05-1_UP:0.5,tier1.2.0:0",
 * the names as fabric_link_name() gives them, without _UP and _DOWN for both directions, and
 * with * for any characters among the links of a domain ("u3.nvlink-*:17/18"); the factors are
 * shares of the healthy rate, 0 for a dead link, whose traffic goes round it (detours.h). NULL
 * and "none" for none. It shares everything else with the given one. NULL and an INPUT error
 * for a link that is not there, or a factor that is none. */
const struct platform *defect_apply(const struct platform *platform, const char *text,
                                    struct arena *arena, struct error *error);

/* Share of its healthy rate that a link has: 1 for all but those of the list. */
double defect_factor(const struct platform *platform, int64_t link);

/* The platform as if all links were healthy: what a library knows when it chooses. */
struct platform defect_healthy(const struct platform *platform);
