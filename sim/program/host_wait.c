/* SPDX-License-Identifier: Apache-2.0 */
#include "program/host_wait.h"

#include <math.h>

#include "program/exchange_least.h"

static double chip_s(const struct lowering *lowering, const struct sequence *sequence,
                     int64_t first)
{
    double sum_s = 0;
    for (int64_t i = first; i < sequence->op_count; i++) {
        const struct op *op = &sequence->ops[i];
        sum_s += op->spec < 0 ? op->duration_s
                 : op->beside ? 0
                              : exchange_least_s(lowering, op);
    }
    return sum_s;
}

/* Limits of an activation are numbers in the host's memory, copied when they are needed. */
static double readings(const struct lowering *lowering, struct host_passes passes)
{
    bool copied = lowering->shape->model->clamped_experts && !lowering->plan->fused_experts;
    return passes.forward + passes.backward + (copied ? passes.activations : 0);
}

void host_wait_append(struct lowering *lowering, int32_t sequence, int64_t first,
                      struct host_passes passes)
{
    const struct plan *plan = lowering->plan;
    double launch_s = (passes.forward + passes.backward) * plan->expert_launch_s;
    double gap_s = readings(lowering, passes) * plan->expert_gap_s;
    if (!(launch_s + gap_s > 0)) {
        return;
    }
    double busy_s = chip_s(lowering, &lowering->job->sequences[sequence], first);
    double wait_s = hypot(busy_s, launch_s) - busy_s + gap_s;
    struct op op = {
        "waiting for the host", PART_VECTOR_TIME, wait_s, -1, SLOT_TENSOR, false, 0, 0};
    job_op(lowering->job, sequence, &op);
}
