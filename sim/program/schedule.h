/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which a pipeline stage works on microbatches: GPipe, 1F1B, interleaved 1F1B,
 * zero bubble (ZB-H1) and DualPipe. MODEL.md, "Pipeline schedules". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "workload/plan.h"

enum turn_kind {
    TURN_FORWARD,
    TURN_BACKWARD, /* gradients of data and of weights */
    TURN_DATA,     /* of data alone */
    TURN_WEIGHT    /* of weights, of a microbatch that had its TURN_DATA */
};

struct turn { /* one microbatch through one chunk of a stage, one way */
    enum turn_kind kind;
    int64_t chunk, microbatch;
    bool paired; /* runs together with the turn after it: one forward, one backward */
};

struct turns {
    struct turn *items;
    int64_t count;
};

/* All turns of a pipeline stage in a step, in their order. The plan is derived and fits its
 * schedule: schedule_check. */
struct turns schedule_turns(const struct plan *plan, int64_t stage, struct arena *arena);

/* What the schedule asks of degrees and microbatches; INFEASIBLE, with what would fit. */
bool schedule_check(const struct plan *plan, struct error *error);
