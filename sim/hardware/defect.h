/* SPDX-License-Identifier: Apache-2.0 */
/* Links that carry less than the platform file says: a sparse list beside a regular machine.
 * MODEL.md, "Folding". */
#pragma once

#include "hardware/platform.h"

/* The platform with its links of these names slower: "u3.nic-05-1_UP:0.5,tier1.2.0_UP:0.9", the
 * names as fabric_link_name() gives them, the factors of the healthy rate; NULL and "none" for
 * none. It shares everything else with the given one. NULL and an INPUT error for a link that
 * is not there, or a factor that leaves nothing: a dead link's traffic would never end. */
const struct platform *defect_apply(const struct platform *platform, const char *text,
                                    struct arena *arena, struct error *error);

/* Share of its healthy rate that a link has: 1 for all but those of the list. */
double defect_factor(const struct platform *platform, int64_t link);

/* The platform as if all links were healthy: what a library knows when it chooses. */
struct platform defect_healthy(const struct platform *platform);
