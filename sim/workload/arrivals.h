/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in the order of their coming, one at a time: drawn from distributions, read from a
 * trace, or let in when others have ended. Nothing is kept of those that have come.
 * MODEL.md, "Serving: load" */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "workload/scenario_serving.h"

struct block_range { /* ids first, first + 1, ... of a prompt's blocks */
    int64_t first;
    int32_t count;
};

struct arrival {
    double time_s;
    int64_t session; /* -1: none */
    int32_t input_tokens, output_tokens;
    int32_t block_tokens, block_count; /* of the ids; the last block may be partly filled */
    const struct block_range *ranges;  /* [range_count], valid until the next take */
    int32_t range_count;
    int32_t chain;       /* of the source, to be given back at completion */
    int32_t kept_tokens; /* leading ones of a context that was kept since the last call */
};

struct arrivals;

/* NULL and an INPUT, USAGE or SYSTEM error for unreadable traces and impossible loads. */
struct arrivals *arrivals_open(const struct serving_scenario *scenario, uint64_t seed,
                               struct arena *arena, struct error *error);
void arrivals_close(struct arrivals *arrivals);

/* Time of the next request that is known to come; INFINITY when there is none for now. */
double arrivals_time_s(const struct arrivals *arrivals);

/* Takes that request. False and a filled error when the trace turns out to be wrong. */
bool arrivals_take(struct arrivals *arrivals, struct arrival *arrival, struct error *error);

/* Sessions that the requests taken so far belong to; 0 when the load has none. */
int64_t arrivals_sessions_begun(const struct arrivals *arrivals);

/* Whether what comes next hangs on requests that have ended. */
bool arrivals_wait_for_ends(const struct arrivals *arrivals);

/* A request has ended: closed loads and sessions go on. */
void arrivals_completed(struct arrivals *arrivals, const struct arrival *arrival, double now_s);
