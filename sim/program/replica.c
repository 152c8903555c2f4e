/* SPDX-License-Identifier: Apache-2.0 */
/* The first replica's teams with groups that name two chips only; the true groups are made
 * again, for one stage, when their exchanges are priced. MODEL.md, "One replica for many". */
#include "program/replica.h"

#include <math.h>

#include "hardware/fabric.h"
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

/* Chips of the exchange that a place takes part in as its first, cut into subgroups. */
static struct group true_group(struct job *job, const struct plan *plan, enum slot slot,
                               const struct place *first)
{
    int64_t width = plan->tensor_parallel;
    struct cut cut = slot_cut(plan, slot);
    struct group group = {.subgroup_count = cut.count, .subgroup_size = cut.size};
    int64_t *members = arena_array(job->arena, cut.count * cut.size, sizeof(int64_t));
    for (int64_t s = 0; s < cut.count; s++) {
        for (int64_t m = 0; m < cut.size; m++) {
            int64_t place = cut.stride == 1 ? s * cut.size + m : s + m * cut.stride;
            int64_t rank = place / width;
            struct place at = {first->data + rank / plan->context_parallel,
                               rank % plan->context_parallel, first->pipeline};
            members[s * cut.size + m] = placement_team(plan, &at) * width + place % width;
        }
    }
    group.chips = members;
    return group;
}

/* Groups of a slot lie differently in their domains, and take different times: some within one,
 * some with few chips in the next. Those of equal shape are one class. */
struct shape {
    int64_t least, most; /* chips in one domain */
    double latency_s;    /* from each member of a subgroup to the next, summed */
};

struct stands {
    struct place *first; /* of one group of each class */
    struct shape *shapes;
    int64_t count, most;
    bool *has; /* [stage][most] */
};

static struct shape shape_of(struct job *job, const struct plan *plan, enum slot slot,
                             const struct place *first)
{
    struct group group = true_group(job, plan, slot, first);
    int64_t domain = job->platform->chip_count, run = 0;
    int64_t chips = group.subgroup_count * group.subgroup_size;
    struct shape shape = {.least = chips};
    for (int64_t i = 0; i < chips; i++) {
        run++;
        if (i + 1 == chips || group.chips[i] / domain != group.chips[i + 1] / domain) {
            shape.least = run < shape.least ? run : shape.least;
            shape.most = run > shape.most ? run : shape.most;
            run = 0;
        }
    }
    for (int64_t i = 0; i + 1 < group.subgroup_size; i++) {
        struct fabric_path path;
        fabric_path(job->platform, group.chips[i], group.chips[i + 1], &path);
        shape.latency_s += path.latency_s;
    }
    return shape;
}

static int64_t class_of(struct stands *stands, const struct place *first,
                        const struct shape *shape)
{
    for (int64_t c = 0; c < stands->count; c++) {
        const struct shape *known = &stands->shapes[c];
        if (known->least == shape->least && known->most == shape->most &&
            fabs(known->latency_s - shape->latency_s) < 1e-12) {
            return c;
        }
    }
    stands->first[stands->count] = *first;
    stands->shapes[stands->count] = *shape;
    return stands->count++;
}

static struct stands stands_of(struct job *job, const struct plan *plan, enum slot slot)
{
    struct cut cut = slot_cut(plan, slot);
    int64_t ranks = cut.count * cut.size / plan->tensor_parallel;
    int64_t step = (ranks + plan->context_parallel - 1) / plan->context_parallel;
    int64_t domain = job->platform->chip_count;
    int64_t *known = arena_array(job->arena, domain, sizeof(int64_t)); /* class + 1 */
    struct stands stands = {arena_array(job->arena, domain, sizeof(struct place)),
                            arena_array(job->arena, domain, sizeof(struct shape)), 0, domain,
                            arena_array(job->arena, plan->pipeline_parallel * domain, 1)};
    for (int64_t s = 0; s < plan->pipeline_parallel; s++) {
        for (int64_t d = 0; d + step <= plan->data_parallel; d += step) {
            struct place first = {d, 0, s};
            int64_t chip = placement_team(plan, &first) * plan->tensor_parallel % domain;
            if (known[chip] == 0) {
                struct shape shape = shape_of(job, plan, slot, &first);
                known[chip] = class_of(&stands, &first, &shape) + 1;
            }
            stands.has[s * domain + known[chip] - 1] = true;
        }
    }
    return stands;
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
    struct place first = {0, 0, team};
    group.chips = true_group(job, plan, slot, &first).chips; /* the first two of them */
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
            .seat = chips[0],
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

/* Time of a spec on the true group by the quickest of the algorithms. */
static double group_s(struct job *job, const struct group *group, const struct spec *spec,
                      const char *const *algorithms, struct error *error)
{
    struct spec trial = *spec;
    double best_s = -1;
    for (; *algorithms != NULL; algorithms++) {
        struct arena *scratch = arena_create();
        struct job *alone = job_create(job->platform, scratch);
        struct error ignored = {0};
        trial.algorithm = *algorithms;
        bool last = algorithms[1] == NULL && best_s < 0;
        struct traffic *traffic = exchanges_plan(alone, group, &trial, last ? error : &ignored);
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

/* Times of a spec by the class of its group: what is not known yet is 0. */
static double class_s(struct job *job, const struct plan *plan, enum slot slot,
                      const struct stands *stands, int64_t class, const struct spec *spec,
                      const char *const *algorithms, double *times_s, struct error *error)
{
    if (!(times_s[class] > 0)) {
        struct group group = true_group(job, plan, slot, &stands->first[class]);
        times_s[class] = group_s(job, &group, spec, algorithms, error);
    }
    return times_s[class];
}

/* Schedules whose flows grow with the square of the group are not tried on large ones. */
enum { SMALL_GROUP = 72 };

/* Replicas go on together: the slowest of a stage's groups counts. */
static bool price_stage(struct job *job, const struct plan *plan, enum slot slot,
                        const struct stands *stands, int32_t spec, int64_t stage,
                        double *times_s, struct error *error)
{
    struct traffic *traffic = job_exchange(job, job->teams[stage].groups[slot], spec);
    const struct spec *what = &job->specs[spec];
    bool small =
        slot_cut(plan, slot).size <= SMALL_GROUP || what->operation > COLLECTIVE_ALL_GATHER;
    const char *const own[] = {what->algorithm, NULL};
    static const char *const large[] = {"ring", "hierarchical", NULL};
    double slowest_s = 0;
    for (int64_t c = 0; traffic != NULL && c < stands->count; c++) {
        if (!stands->has[stage * stands->most + c]) {
            continue;
        }
        double time_s =
            class_s(job, plan, slot, stands, c, what, small ? own : large, times_s, error);
        if (time_s < 0) {
            return false;
        }
        slowest_s = fmax(slowest_s, time_s);
    }
    if (traffic != NULL) {
        delay_only(traffic, slowest_s);
    }
    return true;
}

static bool price_slot(struct job *job, const struct plan *plan, enum slot slot,
                       struct error *error)
{
    struct stands stands = stands_of(job, plan, slot);
    for (int32_t spec = 0; spec < job->spec_count; spec++) {
        double *times_s = arena_array(job->arena, stands.count, sizeof(double));
        for (int64_t stage = 0; stage < job->team_count; stage++) {
            if (!price_stage(job, plan, slot, &stands, spec, stage, times_s, error)) {
                return false;
            }
        }
    }
    return true;
}

bool replica_price(struct job *job, const struct plan *plan, struct error *error)
{
    bool priced = true;
    for (enum slot slot = SLOT_TENSOR + 1; priced && slot < SLOT_COUNT; slot++) {
        priced = !used(plan, slot) || price_slot(job, plan, slot, error);
    }
    return priced;
}

double replica_exchange_s(const struct platform *platform, const struct plan *plan,
                          enum slot slot, const struct spec *spec,
                          const char *const *algorithms)
{
    struct error ignored = {.kind = ERROR_NONE};
    struct arena *scratch = arena_create();
    struct job *job = job_create(platform, scratch);
    struct stands stands = stands_of(job, plan, slot);
    double *times_s = arena_array(scratch, stands.count, sizeof(double));
    double slowest_s = -1;
    for (int64_t c = 0; c < stands.count; c++) {
        double time_s =
            class_s(job, plan, slot, &stands, c, spec, algorithms, times_s, &ignored);
        slowest_s = time_s < 0 ? (double)INFINITY : fmax(slowest_s, time_s);
    }
    arena_free(scratch);
    return isfinite(slowest_s) ? slowest_s : -1;
}
