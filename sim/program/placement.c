/* SPDX-License-Identifier: Apache-2.0 */
/* Ranks are dealt to chips in the platform's order, which is a ring of neighbours: tensor ranks
 * are next to each other, then context, those that share experts, then data or pipeline.
 * MODEL.md, "Placement". */
#include "program/placement.h"

#include <string.h>

#include "program/seats.h"

/* Chips over which one copy of the experts lies. */
static int64_t expert_span(const struct plan *plan)
{
    return plan->expert_parallel * plan_expert_tensor_parallel(plan);
}

int64_t placement_width(const struct plan *plan)
{
    int64_t span = expert_span(plan);
    bool wide = span > plan->tensor_parallel && plan->context_parallel == 1;
    return wide ? span / plan->tensor_parallel : 1;
}

int32_t placement_team(const struct plan *plan, const struct place *place)
{
    int64_t width = placement_width(plan);
    int64_t copies = plan->data_parallel / width;
    int64_t copy = place->data / width;
    int64_t slow = plan->pipeline_inside ? copy * plan->pipeline_parallel + place->pipeline
                                         : place->pipeline * copies + copy;
    slow = slow * width + place->data % width;
    return (int32_t)(slow * plan->context_parallel + place->context);
}

struct place placement_place(const struct plan *plan, int32_t tensor_group)
{
    int64_t slow = tensor_group / plan->context_parallel;
    int64_t width = placement_width(plan), copies = plan->data_parallel / width;
    int64_t team = slow / width, copy = team % copies;
    struct place place = {.context = tensor_group % plan->context_parallel,
                          .pipeline = team / copies};
    if (plan->pipeline_inside) {
        copy = team / plan->pipeline_parallel;
        place.pipeline = team % plan->pipeline_parallel;
    }
    place.data = copy * width + slow % width;
    return place;
}

struct place placement_of_chip(const struct plan *plan, int64_t chip)
{
    return placement_place(plan, (int32_t)(chip / plan->tensor_parallel));
}

static int32_t team_at(const struct plan *plan, const struct place *place)
{
    return placement_team(plan, place) / (int32_t)placement_width(plan);
}

static struct place place_of_team(const struct plan *plan, int32_t team)
{
    return placement_place(plan, team * (int32_t)placement_width(plan));
}

int32_t placement_team_of_chip(const struct plan *plan, int64_t chip)
{
    struct place place = placement_of_chip(plan, chip);
    return team_at(plan, &place);
}

static int32_t neighbour(const struct plan *plan, struct place place, int64_t step)
{
    if (plan->pipeline_parallel == 1) {
        return -1;
    }
    place.pipeline =
        (place.pipeline + step + plan->pipeline_parallel) % plan->pipeline_parallel;
    return team_at(plan, &place);
}

static void add_team(struct job *job, const struct plan *plan, const struct seats *seats,
                     int32_t index)
{
    struct team *team = &job->teams[index];
    struct place place = place_of_team(plan, index);
    int64_t width = plan->tensor_parallel, groups = placement_width(plan);
    int64_t *chips = arena_array(job->arena, width * groups, sizeof(int64_t));
    for (int64_t i = 0; i < width * groups; i++) {
        struct place part = {place.data + i / width, place.context, place.pipeline};
        chips[i] = seats_chip(seats, placement_team(plan, &part) * width + i % width);
    }
    *team = (struct team){.chips = chips,
                          .chip_count = width * groups,
                          .seat = placement_team(plan, &place) * width,
                          .slowness = 1,
                          .weight = 1};
    team->peers[PEER_NEXT] = neighbour(plan, place, 1);
    team->peers[PEER_PREVIOUS] = neighbour(plan, place, -1);
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        team->groups[slot] = -1;
    }
}

struct draft { /* a group in the making */
    int32_t *teams;
    int64_t count;
};

static int64_t *new_chips(struct job *job, const struct draft *draft)
{
    return arena_array(job->arena, draft->count * job->teams[draft->teams[0]].chip_count,
                       sizeof(int64_t));
}

/* All chips of the teams, cut into consecutive subgroups of this size. */
static int32_t flat_group(struct job *job, const struct draft *draft, int64_t subgroup_size)
{
    int64_t width = job->teams[draft->teams[0]].chip_count;
    struct group group = {.member_count = draft->count,
                          .teams = draft->teams,
                          .subgroup_count = width * draft->count / subgroup_size,
                          .subgroup_size = subgroup_size,
                          .chips = job->teams[draft->teams[0]].chips,
                          .inner = draft->count == 1};
    if (draft->count > 1) {
        int64_t *chips = new_chips(job, draft);
        for (int64_t t = 0; t < draft->count; t++) {
            memcpy(chips + t * width, job->teams[draft->teams[t]].chips,
                   (size_t)width * sizeof(int64_t));
        }
        group.chips = chips;
    }
    return job_group(job, &group);
}

/* All chips of the teams, every stride-th in one subgroup: chip i of every team with chip i of
 * the others when stride is a team's size. */
static int32_t strided_group(struct job *job, const struct draft *draft, int64_t stride)
{
    int64_t width = job->teams[draft->teams[0]].chip_count;
    int64_t size = draft->count * width / stride;
    int64_t *chips = new_chips(job, draft);
    int64_t subgroup = 0, position = 0;
    for (int64_t t = 0; t < draft->count; t++) {
        for (int64_t c = 0; c < width; c++) {
            chips[subgroup * size + position] = job->teams[draft->teams[t]].chips[c];
            subgroup = subgroup + 1 == stride ? 0 : subgroup + 1;
            position += subgroup == 0;
        }
    }
    struct group group = {.member_count = draft->count,
                          .teams = draft->teams,
                          .subgroup_count = stride,
                          .subgroup_size = size,
                          .chips = chips};
    return job_group(job, &group);
}

/* The teams of one pipeline stage in the order context, data: from first, every step-th. */
static struct draft stage_teams(struct job *job, const struct plan *plan, int64_t pipeline,
                                int64_t first, int64_t step, int64_t count)
{
    struct draft draft = {arena_array(job->arena, count, sizeof(int32_t)), count};
    int64_t width = placement_width(plan);
    for (int64_t i = 0; i < count; i++) {
        int64_t rank = first + i * step;
        struct place place = {rank / plan->context_parallel * width,
                              rank % plan->context_parallel, pipeline};
        draft.teams[i] = team_at(plan, &place);
    }
    return draft;
}

static void assign(struct job *job, const struct draft *draft, enum slot slot, int32_t group)
{
    for (int64_t i = 0; i < draft->count; i++) {
        job->teams[draft->teams[i]].groups[slot] = group;
    }
}

/* Chips that exchange tokens: neighbours, or with shared experts those of equal place. */
static int32_t expert_group(struct job *job, const struct plan *plan, const struct draft *draft)
{
    int64_t sharing = plan_expert_tensor_parallel(plan);
    return sharing > 1 ? strided_group(job, draft, sharing)
                       : flat_group(job, draft, plan->expert_parallel);
}

/* Experts are shared inside teams; chips of equal place in all teams hold the same ones. */
static void inner_expert_groups(struct job *job, const struct plan *plan, int64_t pipeline,
                                int64_t teams)
{
    struct draft all = stage_teams(job, plan, pipeline, 0, 1, teams);
    if (plan_expert_replicas(plan) > 1) {
        assign(job, &all, SLOT_EXPERT_DATA, strided_group(job, &all, expert_span(plan)));
    }
    for (int64_t t = 0; t < teams; t++) {
        struct draft own = stage_teams(job, plan, pipeline, t, 1, 1);
        assign(job, &own, SLOT_EXPERT, expert_group(job, plan, &own));
    }
}

/* Experts are shared by several teams, since context parallelism lies between. */
static void outer_expert_groups(struct job *job, const struct plan *plan, int64_t pipeline)
{
    int64_t ranks = plan->data_parallel * plan->context_parallel;
    int64_t teams = expert_span(plan) / plan->tensor_parallel;
    for (int64_t first = 0; first < ranks; first += teams) {
        struct draft members = stage_teams(job, plan, pipeline, first, 1, teams);
        assign(job, &members, SLOT_EXPERT, expert_group(job, plan, &members));
    }
    for (int64_t r = 0; r < teams && ranks > teams; r++) {
        struct draft replicas = stage_teams(job, plan, pipeline, r, teams, ranks / teams);
        assign(job, &replicas, SLOT_EXPERT_DATA,
               strided_group(job, &replicas, plan->tensor_parallel));
    }
}

/* Hybrid sharding: neighbours divide the states, every so manyth rank holds the same part. */
static void shard_groups(struct job *job, const struct plan *plan, int64_t pipeline,
                         int64_t ranks)
{
    int64_t shards = plan_shards(plan), copies = ranks / shards;
    for (int64_t first = 0; first < ranks; first += shards) {
        struct draft members = stage_teams(job, plan, pipeline, first, 1, shards);
        assign(job, &members, SLOT_SHARD, strided_group(job, &members, plan->tensor_parallel));
    }
    for (int64_t part = 0; part < shards; part++) {
        struct draft members = stage_teams(job, plan, pipeline, part, shards, copies);
        assign(job, &members, SLOT_COPIES, strided_group(job, &members, plan->tensor_parallel));
    }
}

static void stage_groups(struct job *job, const struct plan *plan, int64_t pipeline)
{
    int64_t ranks = plan->data_parallel * plan->context_parallel;
    int64_t teams = ranks / placement_width(plan);
    if (ranks > 1) {
        struct draft all = stage_teams(job, plan, pipeline, 0, 1, teams);
        assign(job, &all, SLOT_DATA, strided_group(job, &all, plan->tensor_parallel));
    }
    if (plan_shards(plan) < ranks) {
        shard_groups(job, plan, pipeline, ranks);
    }
    for (int64_t data = 0; data < plan->data_parallel && plan->context_parallel > 1; data++) {
        struct draft members = stage_teams(job, plan, pipeline, data * plan->context_parallel,
                                           1, plan->context_parallel);
        assign(job, &members, SLOT_CONTEXT,
               strided_group(job, &members, plan->tensor_parallel));
    }
    if (plan->expert_parallel <= 1) {
        return;
    }
    if (expert_span(plan) <= plan->tensor_parallel || placement_width(plan) > 1) {
        inner_expert_groups(job, plan, pipeline, teams);
    } else {
        outer_expert_groups(job, plan, pipeline);
    }
}

/* What the chips of a plan are a multiple of. */
static int64_t copy_chips(const struct plan *plan)
{
    int64_t ranks = plan->tensor_parallel * plan->context_parallel, span = expert_span(plan);
    int64_t both = ranks % span == 0 ? ranks : span % ranks == 0 ? span : ranks * span;
    return both * plan->pipeline_parallel;
}

bool placement_fill(struct job *job, const struct plan *plan, struct error *error)
{
    struct seats seats;
    int64_t team_chips = plan->tensor_parallel * placement_width(plan);
    if (!seats_find(&seats, job->platform, team_chips, copy_chips(plan), job->arena, error)) {
        return false;
    }
    job->team_count = plan->data_parallel / placement_width(plan) * plan->context_parallel *
                      plan->pipeline_parallel;
    job->teams = arena_array(job->arena, job->team_count, sizeof(struct team));
    for (int32_t t = 0; t < job->team_count; t++) {
        add_team(job, plan, &seats, t);
        if (plan->tensor_parallel > 1) {
            struct draft own = {arena_array(job->arena, 1, sizeof(int32_t)), 1};
            own.teams[0] = t;
            job->teams[t].groups[SLOT_TENSOR] = flat_group(job, &own, plan->tensor_parallel);
        }
    }
    for (int64_t p = 0; p < plan->pipeline_parallel; p++) {
        stage_groups(job, plan, p);
    }
    return true;
}
