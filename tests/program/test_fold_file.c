/* SPDX-License-Identifier: Apache-2.0 */
/* The file that platform fold writes is a platform of SimGrid's own: SimGrid loads it without
 * us, and one flow for each class takes there as long as the exchange of all chips does. */
#include <stdio.h>

#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>

#include "program/exchanges.h"
#include "program/fold_job.h"
#include "program/fold_notes.h"
#include "program/lower_collective.h"
#include "support/cluster.h"
#include "support/support.h"

struct rerun {
    const struct job *quotient;
    const struct traffic_stage *stage;
    const char *path;
    double expected_s;
};

struct parcel {
    sg_host_t from, to;
    double bytes;
};

static void carry(int count, char **arguments)
{
    (void)count, (void)arguments;
    const struct parcel *parcel = sg_actor_self_get_data();
    sg_host_sendto(parcel->from, parcel->to, parcel->bytes);
}

static sg_host_t end_point(int32_t number)
{
    char name[32];
    snprintf(name, sizeof name, "h%d", number);
    return sg_host_by_name(name);
}

/* All flows of a stage at once, by SimGrid alone. */
static int run_stage(void *argument)
{
    const struct rerun *rerun = argument;
    char words[6][40] = {"test",
                         "--log=root.thresh:critical",
                         "--cfg=network/model:CM02",
                         "--cfg=network/crosstraffic:0",
                         "--cfg=network/TCP-gamma:1e30",
                         "--cfg=network/latency-factor:0"};
    char *list[] = {words[0], words[1], words[2], words[3], words[4], words[5], NULL};
    int count = 6;
    simgrid_init(&count, list);
    simgrid_load_platform(rerun->path);
    struct arena *arena = arena_create();
    for (int64_t f = 0; f < rerun->stage->flow_count; f++) {
        const struct flow *flow = &rerun->stage->flows[f];
        const struct pair *pair = &rerun->quotient->network.wiring.pairs[flow->pair];
        struct parcel *parcel = arena_alloc(arena, sizeof *parcel);
        *parcel = (struct parcel){end_point(pair->from), end_point(pair->to),
                                  flow->bytes * (double)rerun->stage->rounds};
        sg_actor_t actor = sg_actor_init("carry", parcel->from);
        sg_actor_set_data(actor, parcel);
        sg_actor_start(actor, carry, 0, NULL);
    }
    simgrid_run();
    double took_s = simgrid_get_clock();
    arena_free(arena);
    return near(took_s, rerun->expected_s, 1e-6) ? 0 : 1;
}

static const char *written(struct job *quotient, struct arena *arena)
{
    int64_t size;
    fold_notes(quotient);
    return temporary_file(wiring_xml(&quotient->network.wiring, arena, &size), ".xml");
}

/* Eight servers of 4 behind leaf switches of two, 1:4, a NIC of the fourth slow. */
static struct job *exchange(const char *algorithm, double share, struct arena *arena)
{
    struct cluster cluster = {.kind = CLUSTER_STAR,
                              .chips = 4,
                              .domains = 8,
                              .nic_chips = 1,
                              .tier_count = 2,
                              .tiers = {{"leaf", 2, 1, 4, 1e-6}, {"spine", 64, 1, 1, 1e-6}},
                              .Bps = 100e9,
                              .nic_Bps = 10e9};
    struct collective_request request = {COLLECTIVE_ALL_REDUCE, 1e9, algorithm, 32, 0};
    struct platform *platform = cluster_create(&cluster, arena);
    struct link_defect *defect = arena_alloc(arena, sizeof *defect);
    *defect = (struct link_defect){3 * platform->link_count + 8, share};
    platform->defects = defect;
    platform->defect_count = share < 1;
    struct error error = {.kind = ERROR_NONE};
    return lower_collective(platform, &request, arena, &error);
}

static struct traffic *the_exchange(const struct job *job)
{
    struct traffic *found = NULL;
    for (int64_t i = 0; i < job->group_count * job->spec_count && found == NULL; i++) {
        found = job->exchanges[i];
    }
    return found;
}

/* What the stages of the whole exchange take beside launch and latencies. */
static double moving_s(const struct job *full)
{
    const struct traffic *traffic = the_exchange(full);
    double moving_s = exchanges_alone_s(full, traffic) - traffic->launch_s;
    for (int64_t s = 0; s < traffic->stage_count; s++) {
        moving_s -= (double)traffic->stages[s].rounds * traffic->stages[s].round_s;
    }
    return moving_s;
}

static void reruns(const char *algorithm, double share)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct fold_report report;
    struct job *full = exchange(algorithm, share, arena);
    CU_ASSERT_FATAL(exchanges_plan_all(full, &error));
    struct job *quotient =
        fold_job(exchange(algorithm, share, arena), FOLD_SEES_ALL, &report, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(quotient);
    CU_ASSERT(report.flow_classes < full->network.wiring.pair_count / 2);
    const struct traffic *traffic = the_exchange(quotient);
    CU_ASSERT_EQUAL_FATAL(traffic->stage_count, 1);
    struct rerun rerun = {quotient, traffic->stages, written(quotient, arena), moving_s(full)};
    CU_ASSERT(in_child(run_stage, &rerun));
    rerun.expected_s *= 1.01; /* it can fail */
    CU_ASSERT(!in_child(run_stage, &rerun));
    arena_free(arena);
}

static void reruns_by_simgrid(void)
{
    reruns("ring", 1);
    reruns("ring", 0.1);
}

void suite_fold_file(void);

void suite_fold_file(void)
{
    static const struct test tests[] = {
        {"SimGrid alone reruns the written quotient", reruns_by_simgrid},
    };
    add_suite("fold_file", tests, 1);
}
