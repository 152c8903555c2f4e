/* SPDX-License-Identifier: Apache-2.0 */
/* The first replica's teams with groups that name two chips only; the true groups are made
 * again, for one stage, when their exchanges are priced. MODEL.md, "One replica for many". */
#include "program/replica.h"

#include "program/exchanges.h"
#include "program/placement.h"

/* How a slot's chips of one stage, in the order of tensor, context and data ranks, are cut: so
 * many subgroups of this size, whose members stand stride apart. */
struct cut {
    int64_t count, size, stride;
};

static struct cut slot_cut(const struct plan *plan, enum slot slot)
{
    int64_t width = plan->tensor_parallel;
    int64_t ranks = plan->data_parallel * plan->context_parallel;
    int64_t sharing = plan_expert_tensor_parallel(plan), span = plan->expert_parallel * sharing;
    switch (slot) {
    case SLOT_CONTEXT:
        return (struct cut){width, plan->context_parallel, width};
    case SLOT_EXPERT:
        return sharing > 1 ? (struct cut){sharing, plan->expert_parallel, width}
                           : (struct cut){span < width ? width / span : 1, span, 1};
    case SLOT_EXPERT_DATA:
        return (struct cut){span, plan_expert_replicas(plan), span};
    case SLOT_SHARD:
        return (struct cut){width, plan_shards(plan), width};
    case SLOT_COPIES:
        return (struct cut){width * plan_shards(plan), ranks / plan_shards(plan),
                            width * plan_shards(plan)};
    case SLOT_TENSOR:
    case SLOT_DATA:
    case SLOT_COUNT:
        break;
    }
    return (struct cut){width, ranks, width};
}

/* Chips of the exchange that rank 0 of a stage takes part in, cut into subgroups. */
static struct group true_group(struct job *job, const struct plan *plan, enum slot slot)
{
    int64_t width = plan->tensor_parallel;
    struct cut cut = slot_cut(plan, slot);
    struct group group = {.subgroup_count = cut.count, .subgroup_size = cut.size};
    int64_t *members = arena_array(job->arena, cut.count * cut.size, sizeof(int64_t));
    for (int64_t s = 0; s < cut.count; s++) {
        for (int64_t m = 0; m < cut.size; m++) {
            int64_t place = cut.stride == 1 ? s * cut.size + m : s + m * cut.stride;
            int64_t rank = place / width;
            struct place at = {rank / plan->context_parallel, rank % plan->context_parallel, 0};
            members[s * cut.size + m] = placement_team(plan, &at) * width + place % width;
        }
    }
    group.chips = members;
    return group;
}

static bool used(const struct plan *plan, enum slot slot)
{
    switch (slot) {
    case SLOT_TENSOR:
        return plan->tensor_parallel > 1;
    case SLOT_CONTEXT:
        return plan->context_parallel > 1;
    case SLOT_EXPERT:
        return plan->expert_parallel > 1;
    case SLOT_DATA:
        return plan->data_parallel * plan->context_parallel > 1;
    case SLOT_EXPERT_DATA:
        return plan->expert_parallel > 1 && plan_expert_replicas(plan) > 1;
    case SLOT_SHARD:
    case SLOT_COPIES:
        return plan_shards(plan) < plan->data_parallel * plan->context_parallel;
    case SLOT_COUNT:
        break;
    }
    return false;
}

/* Whether the team waits for each exchange of a slot, whose price is then slept through like
 * that of its own chips. */
static bool waits_alone(const struct plan *plan, enum slot slot)
{
    return slot == SLOT_TENSOR || slot == SLOT_CONTEXT ||
           (slot == SLOT_EXPERT && !plan->overlap_experts);
}

/* The group of one team: of its own chips, or of two chips that stand for all. */
static int32_t stand_in(struct job *job, const struct plan *plan, int32_t team, enum slot slot)
{
    struct team *self = &job->teams[team];
    struct group group = {
        .member_count = 1, .subgroup_count = 1, .inner = waits_alone(plan, slot)};
    group.teams = arena_array(job->arena, 1, sizeof(int32_t));
    group.teams[0] = team;
    if (slot == SLOT_TENSOR) {
        group.subgroup_size = self->chip_count;
        group.chips = self->chips;
        return job_group(job, &group);
    }
    group.subgroup_size = 2;
    group.chips = true_group(job, plan, slot).chips; /* the first two of them */
    return job_group(job, &group);
}

static int32_t neighbour(const struct plan *plan, int64_t team, int64_t step)
{
    int64_t depth = plan->pipeline_parallel;
    return depth == 1 ? -1 : (int32_t)((team + step + depth) % depth);
}

void replica_fill(struct job *job, const struct plan *plan)
{
    int64_t width = plan->tensor_parallel;
    job->team_count = plan->pipeline_parallel;
    job->teams = arena_array(job->arena, job->team_count, sizeof(struct team));
    for (int32_t t = 0; t < job->team_count; t++) {
        struct place place = {0, 0, t};
        int64_t *chips = arena_array(job->arena, width, sizeof(int64_t));
        for (int64_t i = 0; i < width; i++) {
            chips[i] = placement_team(plan, &place) * width + i;
        }
        job->teams[t] = (struct team){
            .chips = chips,
            .chip_count = width,
            .slowness = 1,
            .weight = plan->data_parallel * plan->context_parallel,
            .peers = {
                [PEER_NEXT] = neighbour(plan, t, 1), [PEER_PREVIOUS] = neighbour(plan, t, -1)}};
        for (enum slot slot = 0; slot < SLOT_COUNT; slot++) {
            job->teams[t].groups[slot] = used(plan, slot) ? stand_in(job, plan, t, slot) : -1;
        }
    }
}

/* Schedules whose flows grow with the square of the group are not tried on large ones. */
enum { SMALL_GROUP = 72 };

/* Time of a spec on the true group; the cheaper of ring and hierarchy when it is large. */
static double group_s(struct job *job, const struct group *group, const struct spec *spec,
                      struct error *error)
{
    static const char *const large[] = {"ring", "hierarchical"};
    struct spec trial = *spec;
    bool small = group->subgroup_size <= SMALL_GROUP || spec->operation > COLLECTIVE_ALL_GATHER;
    double best_s = -1;
    for (int i = 0; i < (small ? 1 : 2); i++) {
        struct arena *scratch = arena_create();
        struct job *alone = job_create(job->platform, scratch);
        struct error ignored = {0};
        trial.algorithm = small ? spec->algorithm : large[i];
        struct traffic *traffic =
            exchanges_plan(alone, group, &trial, small ? error : &ignored);
        double time_s = traffic == NULL ? -1 : exchanges_alone_s(alone, traffic);
        if (time_s >= 0 && (best_s < 0 || time_s < best_s)) {
            best_s = time_s;
        }
        arena_free(scratch);
    }
    return best_s;
}

static void delay_only(struct traffic *traffic, double time_s)
{
    traffic->stage_count = 1;
    traffic->launch_s = 0;
    traffic->alone_s = time_s;
    traffic->stages[0].flow_count = 0;
    traffic->stages[0].rounds = 1;
    traffic->stages[0].round_s = time_s;
}

bool replica_price(struct job *job, const struct plan *plan, struct error *error)
{
    for (enum slot slot = SLOT_TENSOR + 1; slot < SLOT_COUNT; slot++) {
        if (!used(plan, slot)) {
            continue;
        }
        struct group group = true_group(job, plan, slot);
        for (int32_t spec = 0; spec < job->spec_count; spec++) {
            double time_s = -1;
            for (int64_t t = 0; t < job->team_count; t++) {
                struct traffic *traffic = job_exchange(job, job->teams[t].groups[slot], spec);
                if (traffic == NULL) {
                    continue;
                }
                time_s = time_s >= 0 ? time_s : group_s(job, &group, &job->specs[spec], error);
                if (time_s < 0) {
                    return false;
                }
                delay_only(traffic, time_s);
            }
        }
    }
    return true;
}

double replica_exchange_s(const struct platform *platform, const struct plan *plan,
                          enum slot slot, const struct spec *spec)
{
    struct error ignored = {.kind = ERROR_NONE};
    struct arena *scratch = arena_create();
    struct job *job = job_create(platform, scratch);
    struct group group = true_group(job, plan, slot);
    double time_s = group_s(job, &group, spec, &ignored);
    arena_free(scratch);
    return time_s;
}
