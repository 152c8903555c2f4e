/* SPDX-License-Identifier: Apache-2.0 */
/* SimGrid, set up for one network: settings, platform, hosts. Where a flow arrives makes no
 * difference to its rate, the links of its pair do; so receivers share a few hosts, and one
 * receiving actor can wait for many flows (engine.c). */
#pragma once

#include <stdbool.h>

#include <simgrid/host.h>

#include "base/arena.h"
#include "base/error.h"
#include "engine/wiring.h"

struct simulation {
    const struct wiring *wiring;
    sg_host_t *sources; /* by end point */
    sg_host_t *sinks;
    int32_t *pair_sink; /* where the flows of a pair arrive */
    int64_t source_count, sink_count;
};

/* Prepares SimGrid; once per process. false and a SYSTEM error when the operating system
 * refuses. */
bool simulation_start(struct simulation *simulation, const struct wiring *wiring,
                      struct arena *arena, struct error *error);

/* Bytes as SimGrid counts them. */
double simulation_size(double bytes);
