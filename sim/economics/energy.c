/* SPDX-License-Identifier: Apache-2.0 */
/* MODEL.md, "Energy". The shares are assumptions of the model for every chip alike, with their
 * ranges and reasons there; what differs from chip to chip is in platform files. */
#include "economics/energy.h"

static const double work_shares[WORK_KIND_COUNT] = {
    [WORK_MATMUL] = 1,
    [WORK_ATTENTION] = 0.85,
    [WORK_VECTOR] = 0.5,
    [WORK_OPTIMIZER] = 0.5,
};
static const double communication_share = 0.3;

double energy_work_share(enum work_kind kind)
{
    return work_shares[kind];
}

double energy_communication_share(void)
{
    return communication_share;
}

struct active { /* of one chip: mean and highest share of (TDP - idle) in use */
    double mean_fraction, peak_fraction;
};

static struct active active_share(const struct energy_activity *activity)
{
    double busy_s = activity->communication_s;
    double shared_s = activity->communication_s * communication_share;
    double peak = activity->communication_s > 0 ? communication_share : 0;
    for (enum work_kind kind = WORK_MATMUL; kind < WORK_KIND_COUNT; kind++) {
        busy_s += activity->work_s[kind];
        shared_s += activity->work_s[kind] * work_shares[kind];
        if (activity->work_s[kind] > 0 && work_shares[kind] > peak) {
            peak = work_shares[kind];
        }
    }
    double whole_s = busy_s > activity->step_s ? busy_s : activity->step_s;
    return (struct active){whole_s > 0 ? shared_s / whole_s : 0, peak};
}

struct energy_use energy_of_step(const struct platform *platform, const struct chip *chip,
                                 int64_t chips, const struct energy_activity *activity)
{
    struct active active = active_share(activity);
    double chip_s = (double)chips * activity->step_s;
    double above_idle_W = chip->tdp_W - chip->idle_W;
    struct energy_use use = {
        .idle_J = chip->idle_W * chip_s,
        .activity_J = above_idle_W * active.mean_fraction * chip_s,
        .host_J = platform->power_host_per_chip_W * chip_s,
    };
    double beside_J = platform->power_overhead_per_chip_W * chip_s;
    double scale_out_J = platform->power_scale_out_per_chip_W * chip_s;
    use.network_J = beside_J - use.host_J + scale_out_J;
    use.cooling_J = platform->power_cooling_fraction * (use.idle_J + use.activity_J + beside_J);
    double it_J = use.idle_J + use.activity_J + use.host_J + use.network_J + use.cooling_J;
    use.facility_J = it_J * (platform->pue - 1);
    use.step_J = it_J * platform->pue;
    use.average_W = activity->step_s > 0 ? use.step_J / activity->step_s : 0;
    use.peak_W = (double)chips *
                 platform_power_W(platform, chip->idle_W + above_idle_W * active.peak_fraction);
    return use;
}

struct chip energy_mean_chip(const struct platform *platform)
{
    struct chip mean = *platform_chip(platform, 0);
    double idle_W = 0, tdp_W = 0;
    for (int64_t i = 0; i < platform->chip_count; i++) {
        idle_W += platform->chips[i]->idle_W;
        tdp_W += platform->chips[i]->tdp_W;
    }
    mean.idle_W = idle_W / (double)platform->chip_count;
    mean.tdp_W = tdp_W / (double)platform->chip_count;
    return mean;
}
