/* SPDX-License-Identifier: Apache-2.0 */
#include "training/campaign.h"

#include <math.h>

#include "training/checkpoint.h"

const char *campaign_checkpoint_name(enum campaign_checkpoint checkpoint)
{
#define CAMPAIGN_NAME(NAME, text, meaning) text,
    static const char *const names[] = {CAMPAIGN_CHECKPOINTS(CAMPAIGN_NAME)};
#undef CAMPAIGN_NAME
    return names[checkpoint];
}

static void add(struct goodput_case *what, const char *cause, double count, double mean_s,
                double takes_chips, double durable_fraction)
{
    if (mean_s > 0 && count > 0) {
        what->failures[what->failure_count++] =
            (struct goodput_failure){.cause = cause,
                                     .count = count,
                                     .mean_s = mean_s,
                                     .shape = 1,
                                     .durable_fraction = durable_fraction,
                                     .takes_chips = takes_chips};
    }
}

static double per_s(double count, double mean_s)
{
    return mean_s > 0 ? count / mean_s : 0;
}

/* What is left of a mean time when a share of the failures goes elsewhere. */
static double alone_s(double mean_s, double common)
{
    return common < 1 ? mean_s / (1 - common) : 0;
}

/* A host takes its copies in memory with it, and its partner has them; a domain takes both. So
 * does a common cause, which fails a rack of chips at once: a share of what fails chips and
 * hosts (the beta factor). */
static void add_failures(const struct platform *platform, struct goodput_case *what)
{
    const struct reliability *parts = &platform->reliability;
    double chips = (double)platform_chips(platform), domain = (double)platform->chip_count;
    double hosts = chips / fmax(1, parts->host_chips), common = parts->common_share;
    double common_per_s = common * (per_s(chips, parts->chip_s) + per_s(hosts, parts->host_s));
    add(what, "chips", chips, alone_s(parts->chip_s, common), parts->taken_chips, 0);
    add(what, "hosts", hosts, alone_s(parts->host_s, common),
        fmax(parts->host_chips, parts->taken_chips), 0);
    if (common_per_s > 0) {
        double rack = fmin(chips, fmax(parts->rack_chips, parts->taken_chips));
        add(what, "racks, common cause", chips / rack, chips / rack / common_per_s, rack, 1);
    }
    add(what, "network", chips, parts->network_s, 0, 0);
    add(what, "software", chips, parts->software_s, 0, 0);
    add(what, "domains", (double)platform->domain_count, parts->domain_s, domain, 1);
    if (parts->slow_s > 0 && parts->slow_speed > 0 && parts->slow_speed < 1) {
        add(what, "slow chips", chips, parts->slow_s, parts->taken_chips, 0);
        struct goodput_failure *slow = &what->failures[what->failure_count - 1];
        slow->slow_speed = parts->slow_speed;
        slow->notice_s = parts->slow_notice_s;
    }
}

static void set_shape(const struct platform *platform, const struct campaign_options *options,
                      struct goodput_case *what)
{
    double own = platform->reliability.shape, asked = options->shape;
    for (int i = 0; i < what->failure_count; i++) {
        what->failures[i].shape = asked > 0 ? asked : own > 0 ? own : 1;
    }
}

static bool need(double Bps, const char *tier, const char *for_what, struct error *error)
{
    return Bps > 0 ||
           error_fill(error, ERROR_INFEASIBLE,
                      "the platform has no storage.%s.bandwidth, which %s needs; add "
                      "it to the file or choose another --checkpoint",
                      tier, for_what);
}

static double nic_Bps(const struct platform *platform)
{
    return platform->nic_up_Bps != NULL ? platform->nic_up_Bps[0] : 0;
}

/* A chip's bytes at its own rate, or those of the whole checkpoint at the rate of the store,
 * which reads and writes each once: copies of the model hand on what they share. */
static double store_time_s(const struct platform *platform, double chip_bytes,
                           double checkpoint_bytes)
{
    const struct storage *store = &platform->shared;
    double all_s = store->total_Bps > 0 ? checkpoint_bytes / store->total_Bps : 0;
    return fmax(chip_bytes / store->Bps, all_s);
}

static bool set_times(const struct platform *platform, const struct campaign_options *options,
                      struct campaign *campaign, struct error *error)
{
    struct goodput_case *what = &campaign->what;
    double host_Bps = platform->host.Bps, shared_Bps = platform->shared.Bps;
    double bytes = campaign->chip_bytes;
    if (!need(shared_Bps, "shared", "a restart", error) ||
        (options->checkpoint != CAMPAIGN_SYNC &&
         !need(host_Bps, "host", "a copy in memory", error))) {
        return false;
    }
    double copy_s = host_Bps > 0 ? bytes / host_Bps : 0;
    double store_s = store_time_s(platform, bytes, campaign->checkpoint_bytes);
    double partner_s = nic_Bps(platform) > 0 ? bytes / nic_Bps(platform) : 0;
    campaign->load_s = campaign->durable_load_s =
        store_time_s(platform, campaign->restore_chip_bytes, campaign->checkpoint_bytes);
    what->stop_s = options->checkpoint == CAMPAIGN_SYNC ? store_s : copy_s;
    what->write_s = options->checkpoint == CAMPAIGN_SYNC    ? store_s
                    : options->checkpoint == CAMPAIGN_ASYNC ? copy_s + store_s
                                                            : copy_s + partner_s;
    if (options->checkpoint == CAMPAIGN_MEMORY) {
        what->durable_every = options->durable_every;
        campaign->load_s = campaign->restore_chip_bytes / host_Bps;
    }
    what->restart_s = campaign->load_s + options->warm_up_s;
    what->durable_restart_s = campaign->durable_load_s + options->warm_up_s;
    return true;
}

void campaign_round(struct goodput_case *what, double step_s)
{
    double steps = step_s > 0 ? round(goodput_interval_s(what) / step_s) : 0;
    if (step_s > 0) {
        what->interval_s = fmax(1, steps) * step_s;
    }
}

bool campaign_of(const struct platform *platform, const struct model *model,
                 const struct plan *plan, const struct campaign_options *options,
                 struct campaign *campaign, struct error *error)
{
    double chips = (double)platform_chips(platform);
    *campaign = (struct campaign){.checkpoint_bytes = checkpoint_bytes(model)};
    campaign->chip_bytes = campaign->checkpoint_bytes / chips;
    campaign->restore_chip_bytes = campaign->chip_bytes * (double)plan->data_parallel;
    struct goodput_case *what = &campaign->what;
    what->duration_s = options->duration_s;
    what->interval_s = options->interval_s;
    what->detection_s = options->detection_s;
    what->repair_s = options->repair_s;
    what->spares = options->spare_domains;
    what->job_chips = chips;
    add_failures(platform, what);
    set_shape(platform, options, what);
    if (what->failure_count == 0) {
        return error_fill(error, ERROR_INFEASIBLE,
                          "the platform has no rates of failure (failure.chip, ...); add them "
                          "to the file");
    }
    if (!set_times(platform, options, campaign, error)) {
        return false;
    }
    campaign_round(what, options->step_s);
    return true;
}
