/* SPDX-License-Identifier: Apache-2.0 */
/* Who sits where: every chip in one team, groups that partition the teams and their chips. */
#include "program/placement.h"

#include <stdio.h>

#include "base/random.h"
#include "support/machine.h"
#include "support/support.h"

enum { CASES = 1000, SEED = 1 };

static void draw(struct random_stream *stream, struct plan *plan)
{
    plan_init(plan);
    plan->tensor_parallel = (int64_t)1 << random_below(stream, 4);
    plan->pipeline_parallel = 1 + random_below(stream, 5);
    plan->context_parallel = 1 + random_below(stream, 3);
    plan->data_parallel = 1 + random_below(stream, 6);
    plan->pipeline_inside = random_below(stream, 2) == 0;
    int64_t ranks = plan->tensor_parallel * plan->context_parallel * plan->data_parallel;
    int64_t experts = (int64_t)1 << random_below(stream, 4);
    plan->expert_parallel = ranks % experts == 0 ? experts : 1;
}

static int64_t plan_chips(const struct plan *plan)
{
    return plan->data_parallel * plan->context_parallel * plan->pipeline_parallel *
           plan->tensor_parallel;
}

static struct job *place(const struct plan *plan, struct arena *arena)
{
    struct machine star = {.kind = MACHINE_STAR, .Bps = 1e11};
    star.chips = plan_chips(plan);
    struct job *job = job_create(machine_create(&star, arena), arena);
    struct error error = {.kind = ERROR_NONE};
    CU_ASSERT(placement_fill(job, plan, &error));
    return job;
}

static bool chips_are_dealt_once(const struct job *job, int64_t chips, struct arena *arena)
{
    int64_t *seen = arena_array(arena, chips, sizeof(int64_t));
    bool once = true;
    for (int64_t t = 0; t < job->team_count; t++) {
        for (int64_t i = 0; i < job->teams[t].chip_count; i++) {
            once = once && seen[job->teams[t].chips[i]]++ == 0;
        }
    }
    return once && job->team_count * job->teams[0].chip_count == chips;
}

static bool is_member(const struct group *group, int64_t team)
{
    bool found = false;
    for (int64_t m = 0; m < group->member_count; m++) {
        found = found || group->teams[m] == team;
    }
    return found;
}

/* A group's subgroups hold every chip of its teams once. */
static bool group_is_whole(const struct job *job, const struct group *group, int64_t chips,
                           struct arena *arena)
{
    int64_t *seen = arena_array(arena, chips, sizeof(int64_t));
    bool whole = true;
    for (int64_t i = 0; i < group->subgroup_count * group->subgroup_size; i++) {
        whole = whole && seen[group->chips[i]]++ == 0;
    }
    for (int64_t m = 0; m < group->member_count; m++) {
        const struct team *team = &job->teams[group->teams[m]];
        for (int64_t i = 0; i < team->chip_count; i++) {
            whole = whole && seen[team->chips[i]] == 1;
        }
    }
    return whole && group->subgroup_count * group->subgroup_size ==
                        group->member_count * job->teams[0].chip_count;
}

/* Of each slot: all teams have a group or none, they are members of their own, and of as many
 * members as the plan says, and subgroups of as many chips. */
static bool slot_partitions(const struct job *job, enum slot slot, int64_t chips,
                            struct arena *arena)
{
    bool right = true;
    for (int64_t t = 0; t < job->team_count; t++) {
        int32_t index = job->teams[t].groups[slot];
        right = right && (index < 0) == (job->teams[0].groups[slot] < 0);
        if (right && index >= 0) {
            const struct group *group = &job->groups[index];
            right = is_member(group, t) && group_is_whole(job, group, chips, arena);
            for (int64_t m = 0; right && m < group->member_count; m++) {
                right = job->teams[group->teams[m]].groups[slot] == index;
            }
        }
    }
    return right;
}

static int64_t subgroup_size(const struct job *job, enum slot slot)
{
    int32_t index = job->teams[0].groups[slot];
    return index < 0 ? 1 : job->groups[index].subgroup_size;
}

static bool sizes_follow_plan(const struct job *job, const struct plan *plan)
{
    return subgroup_size(job, SLOT_TENSOR) == plan->tensor_parallel &&
           subgroup_size(job, SLOT_CONTEXT) == plan->context_parallel &&
           subgroup_size(job, SLOT_DATA) == plan->context_parallel * plan->data_parallel &&
           subgroup_size(job, SLOT_EXPERT) == plan->expert_parallel &&
           (plan->expert_parallel == 1 || plan_expert_replicas(plan) == 1 ||
            subgroup_size(job, SLOT_EXPERT_DATA) == plan_expert_replicas(plan));
}

/* From each team P steps onwards lead back, through each pipeline place once. */
static bool pipelines_are_rings(const struct job *job, const struct plan *plan)
{
    bool right = true;
    for (int32_t t = 0; plan->pipeline_parallel > 1 && t < job->team_count; t++) {
        int32_t at = t;
        struct place from = placement_of_chip(plan, job->teams[t].chips[0]);
        for (int64_t step = 1; step <= plan->pipeline_parallel; step++) {
            int32_t next = job->teams[at].peers[PEER_NEXT];
            struct place to = placement_of_chip(plan, job->teams[next].chips[0]);
            right = right && job->teams[next].peers[PEER_PREVIOUS] == at &&
                    to.data == from.data && to.context == from.context &&
                    to.pipeline == (from.pipeline + step) % plan->pipeline_parallel;
            at = next;
        }
        right = right && at == t && placement_team_of_chip(plan, job->teams[t].chips[0]) == t;
    }
    return right;
}

static void test_partitions(void)
{
    struct random_stream stream;
    random_init(&stream, SEED, "placement");
    for (int i = 0; i < CASES; i++) {
        struct arena *arena = arena_create();
        struct plan plan;
        do {
            draw(&stream, &plan);
        } while (plan_chips(&plan) > 96);
        struct job *job = place(&plan, arena);
        int64_t chips = plan_chips(&plan);
        bool right = chips_are_dealt_once(job, chips, arena) && sizes_follow_plan(job, &plan) &&
                     pipelines_are_rings(job, &plan);
        for (int slot = 0; slot < SLOT_COUNT; slot++) {
            right = right && slot_partitions(job, (enum slot)slot, chips, arena);
        }
        if (!right) {
            printf("\n    case %d of seed %d: TP %lld, PP %lld, CP %lld, DP %lld, EP %lld", i,
                   SEED, (long long)plan.tensor_parallel, (long long)plan.pipeline_parallel,
                   (long long)plan.context_parallel, (long long)plan.data_parallel,
                   (long long)plan.expert_parallel);
        }
        CU_ASSERT(right);
        arena_free(arena);
    }
}

/* TP 2, PP 3, DP 2 on 12 chips. Data inside: teams are dealt to data, then pipeline: the first
 * stage has chips 0 to 3; pipeline inside: the first copy has chips 0 to 5. */
static void test_order_by_hand(void)
{
    struct arena *arena = arena_create();
    struct plan plan;
    plan_init(&plan);
    plan.tensor_parallel = 2;
    plan.pipeline_parallel = 3;
    plan.data_parallel = 2;
    struct job *job = place(&plan, arena);
    struct place second = {.data = 1, .pipeline = 0};
    CU_ASSERT_EQUAL(job->teams[placement_team(&plan, &second)].chips[0], 2);
    CU_ASSERT_EQUAL(job->teams[0].peers[PEER_NEXT], 2);
    plan.pipeline_inside = true;
    job = place(&plan, arena);
    CU_ASSERT_EQUAL(job->teams[placement_team(&plan, &second)].chips[0], 6);
    CU_ASSERT_EQUAL(job->teams[0].peers[PEER_NEXT], 1);
    arena_free(arena);
}

void suite_placement(void)
{
    static const struct test tests[] = {
        {"teams and groups partition the chips", test_partitions},
        {"both orders by hand", test_order_by_hand},
    };
    add_suite("placement", tests, sizeof tests / sizeof tests[0]);
}
