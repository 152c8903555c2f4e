/* SPDX-License-Identifier: Apache-2.0 */
/* A long run on a machine of platforms/: how often what fails, where checkpoints go, and that
 * what is lost is the same by kind and by cause. */
#include "training/campaign.h"

#include <math.h>
#include <string.h>

#include "support/support.h"

static const struct plan plan = {.data_parallel = 2};
static const struct campaign_options usual = {.duration_s = 30 * 86400.0,
                                              .checkpoint = CAMPAIGN_ASYNC,
                                              .durable_every = 20,
                                              .detection_s = 180,
                                              .warm_up_s = 300,
                                              .repair_s = 86400};

struct machine {
    struct arena *arena;
    struct platform *platform;
    const struct model *model;
};

static struct machine machine_of(const char *name, int64_t domains)
{
    struct machine machine = {.arena = arena_create()};
    struct error error = {.kind = ERROR_NONE};
    machine.platform =
        platform_read(arena_format(machine.arena, SOURCE_FOLDER "/platforms/%s.xml", name),
                      machine.arena, &error);
    machine.model = model_read(SOURCE_FOLDER "/workloads/models/llama-3.1-405b.json",
                               machine.arena, &error);
    CU_ASSERT_FATAL(machine.platform != NULL && machine.model != NULL);
    machine.platform->domain_count = domains;
    return machine;
}

static struct campaign made(const struct machine *machine,
                            const struct campaign_options *options)
{
    struct campaign campaign;
    struct error error = {.kind = ERROR_NONE};
    CU_ASSERT_FATAL(
        campaign_of(machine->platform, machine->model, &plan, options, &campaign, &error));
    return campaign;
}

static const struct goodput_failure *cause(const struct campaign *campaign, const char *name)
{
    for (int i = 0; i < campaign->what.failure_count; i++) {
        if (strcmp(campaign->what.failures[i].cause, name) == 0) {
            return &campaign->what.failures[i];
        }
    }
    return NULL;
}

/* A share of what fails chips and hosts comes with all of their rack: the rates add up to what
 * they were, and a rack of 72 goes with both copies in memory. */
static void racks_share_causes(void)
{
    struct machine machine = machine_of("gb200-nvl72", 10);
    machine.platform->reliability.common_share = 0;
    struct campaign apart = made(&machine, &usual);
    machine.platform->reliability.common_share = 0.1;
    struct campaign shared = made(&machine, &usual);
    const struct goodput_failure *rack = cause(&shared, "racks, common cause");
    CU_ASSERT_FATAL(rack != NULL && cause(&apart, "racks, common cause") == NULL);
    CU_ASSERT(rack->takes_chips == 72 && rack->durable_fraction == 1 && rack->count == 10);
    double before_s = goodput_mean_between_s(&apart.what);
    CU_ASSERT(near(goodput_mean_between_s(&shared.what), before_s, 1e-12));
    double chips_per_s = 720 / machine.platform->reliability.chip_s;
    double hosts_per_s = 180 / machine.platform->reliability.host_s;
    CU_ASSERT(near(rack->count / rack->mean_s, 0.1 * (chips_per_s + hosts_per_s), 1e-12));
    arena_free(machine.arena);
}

static void the_shape_is_asked_or_the_platform_s(void)
{
    struct machine machine = machine_of("trn3-ultraserver", 4);
    struct campaign_options asked = usual;
    machine.platform->reliability.shape = 0;
    CU_ASSERT(made(&machine, &asked).what.failures[0].shape == 1);
    machine.platform->reliability.shape = 0.7;
    CU_ASSERT(made(&machine, &asked).what.failures[0].shape == 0.7);
    asked.shape = 0.8;
    CU_ASSERT(made(&machine, &asked).what.failures[0].shape == 0.8);
    /* bursts: the runs of one machine are less alike */
    struct campaign bursts = made(&machine, &asked);
    asked.shape = 1;
    struct campaign even = made(&machine, &asked);
    struct goodput a = goodput_simulate(&bursts.what, 1, 400, machine.arena);
    struct goodput b = goodput_simulate(&even.what, 1, 400, machine.arena);
    CU_ASSERT(a.high_interruptions - a.low_interruptions >
              b.high_interruptions - b.low_interruptions);
    arena_free(machine.arena);
}

/* 14 bytes a parameter over the chips: to the store, to the host, or to a partner's host. */
static void each_tier_has_its_times(void)
{
    struct machine machine = machine_of("grand-teton-h100", 64);
    struct campaign_options asked = usual;
    double bytes = 14 * model_parameters(machine.model) / 512;
    double host_s = bytes / machine.platform->host.Bps;
    double store_s = bytes / machine.platform->shared.Bps;
    double partner_s = bytes / machine.platform->nic_up_Bps[0];
    asked.checkpoint = CAMPAIGN_SYNC;
    struct campaign sync = made(&machine, &asked);
    CU_ASSERT(near(sync.what.stop_s, store_s, 1e-12) &&
              near(sync.what.write_s, store_s, 1e-12));
    CU_ASSERT(near(sync.what.restart_s, 2 * store_s + 300, 1e-12)); /* two copies read */
    asked.checkpoint = CAMPAIGN_ASYNC;
    struct campaign async = made(&machine, &asked);
    CU_ASSERT(near(async.what.stop_s, host_s, 1e-12) &&
              near(async.what.write_s, host_s + store_s, 1e-12));
    asked.checkpoint = CAMPAIGN_MEMORY;
    struct campaign memory = made(&machine, &asked);
    CU_ASSERT(near(memory.what.write_s, host_s + partner_s, 1e-12));
    CU_ASSERT(near(memory.what.restart_s, 2 * host_s + 300, 1e-12) &&
              memory.what.durable_every == 20);
    arena_free(machine.arena);
}

/* Many chips write no faster than the store of all takes. */
static void the_store_bounds_all(void)
{
    struct machine machine = machine_of("grand-teton-h100", 2048);
    struct campaign_options asked = usual;
    double bytes = 14 * model_parameters(machine.model);
    double chip_s = bytes / 16384 / machine.platform->shared.Bps;
    double all_s = bytes / machine.platform->shared.total_Bps;
    asked.checkpoint = CAMPAIGN_SYNC;
    CU_ASSERT(all_s > 2 * chip_s);
    CU_ASSERT(near(made(&machine, &asked).what.stop_s, all_s, 1e-12));
    machine.platform->shared.total_Bps = 0;
    CU_ASSERT(near(made(&machine, &asked).what.stop_s, chip_s, 1e-12));
    arena_free(machine.arena);
}

/* Chip-hours by kind of loss and by cause, checkpoints apart, are one sum. */
static void losses_are_one_sum(void)
{
    struct machine machine = machine_of("trn2-ultraserver", 32);
    for (int c = 0; c < CAMPAIGN_CHECKPOINT_COUNT; c++) {
        struct campaign_options asked = usual;
        asked.checkpoint = (enum campaign_checkpoint)c;
        asked.spare_domains = 1;
        struct campaign campaign = made(&machine, &asked);
        struct goodput result = goodput_simulate(&campaign.what, 1, 50, machine.arena);
        const struct goodput_loss *loss = &result.loss;
        double chips = campaign.what.job_chips, by_cause = loss->checkpoint_h * chips;
        double by_kind = result.repair_chip_h +
                         chips * (loss->checkpoint_h + loss->detection_h + loss->restart_h +
                                  loss->rework_h + loss->waiting_h + loss->slow_h);
        for (int i = 0; i < campaign.what.failure_count; i++) {
            by_cause += result.lost_chip_h_of[i];
            CU_ASSERT(result.low_chip_h_of[i] <= result.lost_chip_h_of[i] &&
                      result.lost_chip_h_of[i] <= result.high_chip_h_of[i]);
        }
        CU_ASSERT(near(by_kind, by_cause, 1e-9));
        CU_ASSERT(near(result.goodput_fraction * 720 * chips + by_kind - result.repair_chip_h,
                       720 * chips, 1e-9));
    }
    arena_free(machine.arena);
}

/* The machine of Llama 3 405B with rates of other clusters: 54 days of 16,384 GPUs had 419
 * interruptions that nobody planned (arXiv 2407.21783). */
static void rates_of_other_clusters_foretell_llama(void)
{
    struct machine machine = machine_of("grand-teton-h100", 2048);
    struct campaign_options asked = usual;
    asked.duration_s = 54 * 86400.0;
    double counts[3], goodput = 0;
    for (int i = 0; i < 3; i++) { /* at the rate of each cluster, and between them */
        static const double rates[] = {2.34, 3.9, 6.5};
        struct machine other = machine;
        struct reliability *parts = &other.platform->reliability, own = *parts;
        double scale = 3.9 / rates[i];
        parts->chip_s *= scale;
        parts->host_s *= scale;
        parts->network_s *= scale;
        parts->software_s *= scale;
        struct campaign campaign = made(&other, &asked);
        struct goodput result = goodput_simulate(&campaign.what, 1, 100, machine.arena);
        counts[i] = result.interruptions;
        goodput = i == 1 ? result.goodput_fraction : goodput;
        *parts = own;
    }
    CU_ASSERT(counts[0] - 1.96 * sqrt(counts[0]) < 419);
    CU_ASSERT(counts[2] + 1.96 * sqrt(counts[2]) > 419);
    CU_ASSERT(near(counts[1], 419, 0.3));
    CU_ASSERT(goodput > 0.9);
    arena_free(machine.arena);
}

void suite_campaign(void)
{
    static const struct test tests[] = {
        {"racks share causes", racks_share_causes},
        {"the shape of gaps", the_shape_is_asked_or_the_platform_s},
        {"each tier has its times", each_tier_has_its_times},
        {"the store of all bounds what chips write", the_store_bounds_all},
        {"losses are one sum", losses_are_one_sum},
        {"rates of other clusters foretell Llama 3", rates_of_other_clusters_foretell_llama},
    };
    add_suite("campaign", tests, (int)(sizeof tests / sizeof tests[0]));
}
