/* SPDX-License-Identifier: Apache-2.0 */
/* The file that platform fold writes is a platform of SimGrid's own: SimGrid loads it without
 * us, and one flow for each class takes there as long as the exchange of all chips does. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include <math.h>
#include <stdio.h>
#include <sys/mman.h>

#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>

#include "execution/executor.h"
#include "program/exchanges.h"
#include "program/fold_job.h"
#include "program/fold_notes.h"
#include "program/lower_collective.h"
#include "program/lower_training.h"
#include "support/cluster.h"
#include "support/small_job.h"
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

static void load_alone(const char *path)
{
    char words[6][40] = {"test",
                         "--log=root.thresh:critical",
                         "--cfg=network/model:CM02",
                         "--cfg=network/crosstraffic:0",
                         "--cfg=network/TCP-gamma:1e30",
                         "--cfg=network/latency-factor:0"};
    char *list[] = {words[0], words[1], words[2], words[3], words[4], words[5], NULL};
    int count = 6;
    simgrid_init(&count, list);
    simgrid_load_platform(path);
}

/* All flows of a stage at once, by SimGrid alone. */
static int run_stage(void *argument)
{
    const struct rerun *rerun = argument;
    load_alone(rerun->path);
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
static struct platform *machine(double share, struct arena *arena)
{
    struct cluster cluster = {.kind = CLUSTER_STAR,
                              .chips = 4,
                              .domains = 8,
                              .nic_chips = 1,
                              .tier_count = 2,
                              .tiers = {{"leaf", 2, 1, 4, 1e-6}, {"spine", 64, 1, 1, 1e-6}},
                              .Bps = 100e9,
                              .nic_Bps = 10e9};
    struct platform *platform = cluster_create(&cluster, arena);
    struct link_defect *defect = arena_alloc(arena, sizeof *defect);
    *defect = (struct link_defect){3 * platform->link_count + 8, share};
    platform->defects = defect;
    platform->defect_count = share < 1;
    return platform;
}

static struct job *exchange(const char *algorithm, double share, struct arena *arena)
{
    struct collective_request request = {COLLECTIVE_ALL_REDUCE, 1e9, algorithm, 32, 0};
    struct error error = {.kind = ERROR_NONE};
    return lower_collective(machine(share, arena), &request, arena, &error);
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

/* A step: all flows of a run of the quotient, as the run tells them. */

enum { MOVES_MOST = 1 << 16 };

struct move_told {
    int32_t pair;
    double bytes, start_s, end_s;
};

struct tape { /* in memory that both processes see */
    int64_t count;
    double time_s;
    struct move_told moves[MOVES_MOST];
};

struct replay {
    struct job *quotient;
    struct tape *tape;
    const char *path;
};

static void record(void *argument, int32_t pair, double bytes, double start_s, double end_s)
{
    struct tape *tape = argument;
    if (tape->count < MOVES_MOST && bytes > 0) {
        tape->moves[tape->count++] = (struct move_told){pair, bytes, start_s, end_s};
    }
}

static void ignore_span(void *argument, const struct span *span)
{
    (void)argument, (void)span;
}

static void ignore_part(void *argument, const struct span *span, enum part_of_time part)
{
    (void)argument, (void)span, (void)part;
}

static void ignore_sent(void *argument, int32_t team, int32_t to, enum peer from, double now_s)
{
    (void)argument, (void)team, (void)to, (void)from, (void)now_s;
}

static void ignore_received(void *argument, int32_t team, enum peer from, double now_s)
{
    (void)argument, (void)team, (void)from, (void)now_s;
}

static void ignore_met(void *argument, int32_t group, int32_t last, double now_s)
{
    (void)argument, (void)group, (void)last, (void)now_s;
}

static void ignore_exchange(void *argument, int32_t group, int32_t spec, double start_s,
                            double end_s)
{
    (void)argument, (void)group, (void)spec, (void)start_s, (void)end_s;
}

static int run_quotient(void *argument)
{
    struct replay *replay = argument;
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct execution execution;
    struct executor_watch watch = {.argument = replay->tape,
                                   .each_transfer = true,
                                   .began = ignore_span,
                                   .spent = ignore_part,
                                   .ended = ignore_span,
                                   .sent = ignore_sent,
                                   .received = ignore_received,
                                   .met = ignore_met,
                                   .exchanged = ignore_exchange,
                                   .moved = record};
    struct executor_options options = {.detail = DETAIL_FLOW, .watch = &watch};
    bool done = executor_run(replay->quotient, &options, &execution, arena, &error);
    replay->tape->time_s = execution.time_s;
    return done && replay->tape->count < MOVES_MOST ? 0 : 1;
}

struct carrier {
    const struct move_told *move;
    sg_host_t from, to;
    double *worst_s;
};

/* Begins when the run began, and looks whether it ends when the run ended. */
static void carry_again(int count, char **arguments)
{
    (void)count, (void)arguments;
    const struct carrier *carrier = sg_actor_self_get_data();
    sg_actor_sleep_for(carrier->move->start_s);
    sg_host_sendto(carrier->from, carrier->to, carrier->move->bytes);
    double off_s = fabs(simgrid_get_clock() - carrier->move->end_s);
    *carrier->worst_s = fmax(*carrier->worst_s, off_s);
}

static int replay_by_simgrid(void *argument)
{
    const struct replay *replay = argument;
    load_alone(replay->path);
    struct arena *arena = arena_create();
    double worst_s = 0;
    for (int64_t m = 0; m < replay->tape->count; m++) {
        const struct move_told *move = &replay->tape->moves[m];
        const struct pair *pair = &replay->quotient->network.wiring.pairs[move->pair];
        struct carrier *carrier = arena_alloc(arena, sizeof *carrier);
        *carrier = (struct carrier){move, end_point(pair->from), end_point(pair->to), &worst_s};
        sg_actor_t actor = sg_actor_init("carry", carrier->from);
        sg_actor_set_data(actor, carrier);
        sg_actor_start(actor, carry_again, 0, NULL);
    }
    simgrid_run();
    arena_free(arena);
    return worst_s < 1e-6 * replay->tape->time_s ? 0 : 1;
}

/* TP 2, PP 2 and DP 8 on eight servers of 4 behind 1:4 leaf switches; dense, or with experts.
 */
static struct job *step(int64_t experts, double share, struct arena *arena)
{
    struct plan *plan = arena_alloc(arena, sizeof *plan);
    struct model *model = arena_alloc(arena, sizeof *model);
    struct training_shape *shape = arena_alloc(arena, sizeof *shape);
    struct error error = {.kind = ERROR_NONE};
    *model = small_job_model(experts);
    plan_init(plan);
    plan->tensor_parallel = plan->pipeline_parallel = 2;
    plan->expert_parallel = experts > 0 ? 4 : 1;
    *shape = (struct training_shape){model, plan, 512};
    CU_ASSERT_FATAL(plan_derive(plan, model, 32, 512, 512 * 16, &error));
    return lower_training(machine(share, arena), shape, arena, &error);
}

static void replays(int64_t experts, double share)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct fold_report report;
    struct replay replay = {.tape = mmap(NULL, sizeof *replay.tape, PROT_READ | PROT_WRITE,
                                         MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
    CU_ASSERT_FATAL(replay.tape != MAP_FAILED);
    replay.quotient = fold_job(step(experts, share, arena), FOLD_SEES_ALL, &report, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(replay.quotient);
    CU_ASSERT(report.flow_classes > 8 && report.team_classes <= 16);
    replay.path = written(replay.quotient, arena);
    CU_ASSERT(in_child(run_quotient, &replay));
    printf("\n    %lld flows of %lld classes, %lld of %d teams", (long long)replay.tape->count,
           (long long)report.flow_classes, (long long)report.team_classes, 16);
    CU_ASSERT(replay.tape->count > 50);
    CU_ASSERT(in_child(replay_by_simgrid, &replay));
    replay.tape->moves[replay.tape->count / 2].bytes *= 1.01; /* it can fail */
    CU_ASSERT(!in_child(replay_by_simgrid, &replay));
    munmap(replay.tape, sizeof *replay.tape);
    arena_free(arena);
}

static void replays_steps(void)
{
    replays(0, 1);
    replays(0, 0.5);
    replays(8, 1);
}

void suite_fold_file(void);

void suite_fold_file(void)
{
    static const struct test tests[] = {
        {"SimGrid alone reruns the written quotient", reruns_by_simgrid},
        {"and steps: dense, with a slow NIC, with experts", replays_steps},
    };
    add_suite("fold_file", tests, 2);
}
