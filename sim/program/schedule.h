/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which a pipeline stage works on microbatches: 1F1B and interleaved 1F1B.
 * MODEL.md, "Pipeline schedules". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "workload/plan.h"

struct turn { /* one microbatch through one chunk of a stage, one way */
    bool forward;
    int64_t chunk, microbatch;
};

/* Turns of one step: 2 x micro_batches x virtual_stages. */
int64_t schedule_turn_count(const struct plan *plan);

/* The index-th turn of a pipeline stage. */
struct turn schedule_turn(const struct plan *plan, int64_t stage, int64_t index);
