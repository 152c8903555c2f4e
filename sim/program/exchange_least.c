/* SPDX-License-Identifier: Apache-2.0 */
#include "program/exchange_least.h"

#include <math.h>

static double first_link_Bps(const struct platform *platform)
{
    int32_t count = 0;
    const int32_t *links =
        platform->chip_count > 1 ? platform_route(platform, 0, 1, &count) : NULL;
    return count > 0 ? platform->links[links[0]].bandwidth_Bps : (double)INFINITY;
}

/* A chip of a group of so many keeps its own part, and sends what is for other domains through
 * its NICs, beside the rest. */
static double all_to_all_s(const struct platform *platform, double bytes, double chips)
{
    double inside = fmin(chips, (double)platform->chip_count);
    double near_s = bytes * (inside - 1) / chips / first_link_Bps(platform);
    double away_bytes = bytes * (1 - inside / chips);
    return away_bytes > 0 && platform->nic_up_Bps != NULL
               ? fmax(near_s, away_bytes / platform->nic_up_Bps[0])
               : near_s;
}

double exchange_first_link_s(const struct lowering *lowering, const struct op *op)
{
    const struct platform *platform = lowering->job->platform;
    const struct spec *spec = &lowering->job->specs[op->spec];
    if (platform->chip_count < 2 || lowering->plan->tensor_parallel < 2) {
        return 0;
    }
    double passes = spec->operation == COLLECTIVE_ALL_REDUCE ? 2 : 1;
    return passes * spec->bytes / first_link_Bps(platform);
}

double exchange_least_s(const struct lowering *lowering, const struct op *op)
{
    const struct plan *plan = lowering->plan;
    const struct spec *spec = &lowering->job->specs[op->spec];
    if (spec->operation != COLLECTIVE_ALL_TO_ALL) {
        return exchange_first_link_s(lowering, op);
    }
    return all_to_all_s(lowering->job->platform, spec->bytes,
                        (double)(plan->expert_parallel * plan_expert_tensor_parallel(plan)));
}

double exchange_rough_s(const struct platform *platform, const struct plan *plan, double bytes)
{
    int64_t span = plan->tensor_parallel * plan_shards(plan);
    if (span > platform->chip_count && platform->nic_up_Bps != NULL) {
        int64_t inside = platform->chip_count / plan->tensor_parallel;
        return bytes / (double)(inside > 1 ? inside : 1) / platform->nic_up_Bps[0];
    }
    int32_t count = 0;
    double narrowest_Bps = INFINITY;
    const int32_t *links =
        platform->chip_count > 1 ? platform_route(platform, 0, 1, &count) : NULL;
    for (int32_t i = 0; i < count; i++) {
        narrowest_Bps = fmin(narrowest_Bps, platform->links[links[i]].bandwidth_Bps);
    }
    return bytes / narrowest_Bps;
}

double exchange_slowed_s(const struct chip *chip, double exchange_s, double work_s)
{
    double lost = chip->communication_compute_fraction;
    return work_s + lost * fmin(exchange_s, work_s / (1 - lost));
}
