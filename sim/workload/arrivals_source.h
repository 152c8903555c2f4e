/* SPDX-License-Identifier: Apache-2.0 */
/* Where requests come from: one source is one file with one of these. */
#pragma once

#include "workload/arrivals.h"

struct arrival_source {
    bool (*open)(struct arrivals *arrivals, struct error *error);
    /* The next request in the order of time. False at the end, for now, or with an error. */
    bool (*next)(struct arrivals *arrivals, struct arrival *arrival, struct error *error);
    /* NULL: the source does not care. */
    void (*completed)(struct arrivals *arrivals, const struct arrival *arrival, double now_s);
    void (*put_back)(struct arrivals *arrivals, const struct arrival *arrival);
    void (*close)(struct arrivals *arrivals);
    bool reorders; /* a completion may bring forth a request before the one held ready */
};

struct arrivals {
    const struct serving_scenario *scenario;
    const struct arrival_source *source;
    struct arena *arena;
    void *state; /* of the source */
    uint64_t seed;
    int64_t sessions;       /* begun by what was taken */
    struct arrival arrival; /* held ready */
    bool ready;
    struct block_range *kept; /* of the one taken last */
    int64_t kept_capacity;
};

extern const struct arrival_source arrivals_drawn, arrivals_trace, arrivals_sessions,
    arrivals_turns;
