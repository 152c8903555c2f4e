/* SPDX-License-Identifier: Apache-2.0 */
/* How much a domain's links carry when many pairs of chips send at once, and which of them is
 * full first. Counts the flows of the file's routes link by link: no formula for a kind of
 * topology. */
#pragma once

#include "hardware/platform.h"

struct platform_load {
    int64_t *flows;     /* [link_count]: how often the routes in use cross each link */
    int64_t flow_count; /* pairs that send */
    int32_t limit;      /* the link that is full first; -1 when nothing sends */
    double flow_Bps;    /* of each flow when all run at the same rate and that link is full */
};

/* Every chip sends to every other. */
void platform_load_all_to_all(const struct platform *platform, struct platform_load *load,
                              struct arena *arena);

/* Every chip of the first half of the file's list sends to every chip of the second half:
 * flow_Bps * flow_count is the bisection bandwidth that these routes give. */
void platform_load_halves(const struct platform *platform, struct platform_load *load,
                          struct arena *arena);
