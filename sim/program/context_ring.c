/* SPDX-License-Identifier: Apache-2.0 */
#include "program/context_ring.h"

#include <math.h>

enum { FLOAT_BYTES = 4, ELEMENT_BYTES = 2 };

double context_ring_wait_s(double bytes, double ranks, double rate_Bps, double core_s)
{
    double steps = ranks - 1;
    return steps / ranks * fmax(0, bytes / rate_Bps - core_s);
}

/* Of the link to the next rank: inside the domain, or a chip's share of its NICs. */
static double ring_Bps(const struct lowering *lowering)
{
    const struct platform *platform = lowering->job->platform;
    const struct plan *plan = lowering->plan;
    int32_t count = 0;
    if (plan->tensor_parallel * plan->context_parallel > platform->chip_count &&
        platform->nic_up_Bps != NULL) {
        return platform->nic_up_Bps[0];
    }
    const int32_t *links =
        platform->chip_count > 1 ? platform_route(platform, 0, 1, &count) : NULL;
    return count > 0 ? platform->links[links[0]].bandwidth_Bps : (double)INFINITY;
}

/* Results of each block are added to those before in fp32, rescaled: sum read and written. */
static void merge(struct lowering *lowering, int32_t sequence, const struct work *core)
{
    const struct attention_shape *shape = &core->attention;
    double elements = shape->sequences * shape->queries * shape->heads * shape->head_dim;
    double steps = (double)lowering->plan->context_parallel - 1;
    struct work work = {.kind = WORK_VECTOR,
                        .dtype = DTYPE_BF16,
                        .bytes = steps * elements * (2 * FLOAT_BYTES + ELEMENT_BYTES),
                        .kernel_count = steps};
    struct op op = {"merge of blocks",
                    PART_VECTOR_TIME,
                    chip_work_time_s(lowering->chip, &work),
                    -1,
                    SLOT_TENSOR,
                    false,
                    0,
                    work.bytes};
    job_op(lowering->job, sequence, &op);
}

bool context_ring_take(struct lowering *lowering, int32_t sequence,
                       const struct operation *operation)
{
    bool context = operation->exchange == EXCHANGE_CONTEXT_ALL_GATHER ||
                   operation->exchange == EXCHANGE_CONTEXT_REDUCE_SCATTER;
    if (!lowering->plan->context_ring || lowering->plan->context_parallel == 1) {
        return false;
    }
    lowering->ring_bytes += context ? operation->exchange_bytes : 0;
    if (operation->work.kind != WORK_ATTENTION || operation->work.kernel_count <= 0) {
        return context;
    }
    double core_s = chip_work_time_s(lowering->chip, &operation->work);
    double wait_s =
        context_ring_wait_s(lowering->ring_bytes, (double)lowering->plan->context_parallel,
                            ring_Bps(lowering), core_s);
    struct op op = {"ring", PART_CONTEXT_TIME, wait_s, -1, SLOT_TENSOR, false, 0, 0};
    if (!operation->work.attention.backward) {
        merge(lowering, sequence, &operation->work);
    }
    if (wait_s > 0) {
        job_op(lowering->job, sequence, &op);
    }
    lowering->ring_bytes = 0;
    return context;
}
