/* SPDX-License-Identifier: Apache-2.0 */
/* Flows that start together on shared links, by max-min fairness, alone: when does the last
 * end? The same sharing as the engine's, for closed forms (automatic choice, coalescing).
 * MODEL.md, "Fair sharing". */
#pragma once

#include <stdint.h>

#include "base/arena.h"

struct fluid_flow {
    const int32_t *links; /* indices into the capacities */
    int32_t link_count;
    double bytes; /* left to send; updated by fluid_advance */
    double rate_Bps;
};

struct fluid {
    struct fluid_flow *flows;
    int64_t flow_count;
    const double *capacity_Bps;   /* of each link */
    const unsigned char *fatpipe; /* 1: the capacity holds for each flow alone */
    int64_t link_count;
    struct arena *arena;
};

/* Time until the last flow has ended. The flows' bytes are 0 afterwards. */
double fluid_run(struct fluid *fluid);

/* Lets at most time_s pass; returns the time that did (less when all flows ended). */
double fluid_advance(struct fluid *fluid, double time_s);
