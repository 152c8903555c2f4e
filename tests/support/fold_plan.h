/* SPDX-License-Identifier: Apache-2.0 */
/* Training plans for the proof of folding, drawn: all kinds of parallelism, schedules,
 * sharding, stages of unequal layers. */
#pragma once

#include "base/random.h"
#include "workload/plan.h"

struct fold_plan {
    struct plan plan; /* not derived */
    struct model model;
    int64_t micro_batches; /* of a pipeline */
    char text[256];
};

void fold_plan_draw(struct fold_plan *drawn, struct random_stream *stream, bool large);

/* Of the plan; data_parallel is as drawn. */
int64_t fold_plan_chips(const struct plan *plan);
