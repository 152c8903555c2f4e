/* SPDX-License-Identifier: Apache-2.0 */
/* By the requests that wait, over and above one replica for each target of those that run. */
#include "serving/autoscaler.h"

/* Replicas that are up stay while they have as many running as they may have waiting. */
static double load(const struct serving *serving)
{
    double target = serving->scenario->serving.scale_target;
    const struct pool *pool = &serving->pools[POOL_MAIN];
    double busy = 0;
    for (int32_t i = 0; i < pool->lane_count; i++) {
        busy += pool->replicas[i].running_count > 0;
    }
    return (double)serving->waiting + target * busy / (double)pool->scenario.pipeline_parallel;
}

const struct autoscaler autoscaler_queue = {.name = "queue", .load = load};
