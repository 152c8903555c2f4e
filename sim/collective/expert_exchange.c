/* SPDX-License-Identifier: Apache-2.0 */
#include "collective/expert_exchange.h"

#include <math.h>

#include "hardware/fabric.h"

double expert_exchange_reach(double places, double chosen)
{
    return places <= 1 ? 1 : places * (1 - pow(1 - 1 / places, chosen));
}

/* The slowest link between two chips, and its latency. */
static double way_Bps(const struct platform *platform, int64_t from, int64_t to,
                      double *latency_s)
{
    struct fabric_path path;
    double rate_Bps = INFINITY;
    fabric_path(platform, from, to, &path);
    for (int32_t l = 0; l < path.link_count; l++) {
        rate_Bps = fmin(rate_Bps, fabric_link_Bps(platform, path.links[l]));
    }
    *latency_s = path.latency_s;
    return rate_Bps;
}

double expert_exchange_s(const struct platform *platform,
                         const struct expert_exchange *exchange)
{
    double size = (double)platform->chip_count, chips = exchange->chips;
    double domains = fmax(1, chips / size), inside_s, between_s = 0;
    double copies =
        exchange->merged ? expert_exchange_reach(chips, exchange->chosen) : exchange->chosen;
    double bytes = exchange->tokens * exchange->token_bytes * exchange->imbalance;
    double near_latency_s, far_latency_s = 0;
    double near_Bps = way_Bps(platform, 0, 1, &near_latency_s) * exchange->rate_fraction;
    inside_s = bytes * copies * (1 - 1 / fmin(chips, size)) / near_Bps;
    if (exchange->copy_Bps > 0) {
        inside_s = fmax(inside_s, bytes * copies / exchange->copy_Bps);
    }
    if (domains > 1) {
        double sent = exchange->merged ? expert_exchange_reach(domains, exchange->chosen)
                                       : exchange->chosen;
        double far_Bps = way_Bps(platform, 0, platform->chip_count, &far_latency_s);
        between_s = bytes * sent * (1 - 1 / domains) / far_Bps;
    }
    return fmax(inside_s, between_s) + near_latency_s + far_latency_s;
}
