/* SPDX-License-Identifier: Apache-2.0 */
/* Warm-up turns forward, then one forward and one backward in turn, then the rest backward. */
#include "program/schedule.h"

int64_t schedule_turn_count(const struct plan *plan)
{
    return 2 * plan->micro_batches * plan->virtual_stages;
}

/* The k-th forward (or backward) turn: with virtual stages, microbatches go in rounds of one a
 * pipeline stage, each round through all chunks (backward from the last chunk). */
static struct turn turn_of(const struct plan *plan, bool forward, int64_t k)
{
    int64_t round = plan->pipeline_parallel, chunks = plan->virtual_stages;
    if (chunks == 1) {
        return (struct turn){forward, 0, k};
    }
    int64_t chunk = k % (round * chunks) / round;
    return (struct turn){forward, forward ? chunk : chunks - 1 - chunk,
                         k / (round * chunks) * round + k % round};
}

static int64_t warm_up(const struct plan *plan, int64_t stage)
{
    int64_t after = plan->pipeline_parallel - stage - 1;
    int64_t turns = plan->virtual_stages == 1
                        ? after
                        : 2 * after + (plan->virtual_stages - 1) * plan->pipeline_parallel;
    int64_t all = plan->micro_batches * plan->virtual_stages;
    return turns < all ? turns : all;
}

struct turn schedule_turn(const struct plan *plan, int64_t stage, int64_t index)
{
    int64_t warm = warm_up(plan, stage);
    int64_t all = plan->micro_batches * plan->virtual_stages;
    if (index < warm) {
        return turn_of(plan, true, index);
    }
    int64_t steady = index - warm;
    if (steady < 2 * (all - warm)) {
        return turn_of(plan, steady % 2 == 0, steady % 2 == 0 ? warm + steady / 2 : steady / 2);
    }
    return turn_of(plan, false, index - all);
}
