/* SPDX-License-Identifier: Apache-2.0 */
/* A plan is looked up among the points as the search would have written it: what changes
 * nothing in it has one spelling there. */
#include "study/plan_rank.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/children.h"
#include "study/search_walk.h"
#include "training/training.h"

/* Recomputation without spellings that keep the same: a fused core does it by itself, and all
 * layers of a chunk are 0. */
static void spell_recompute(const struct plan *plan, int64_t layers, struct search_point *point)
{
    int64_t chunks = plan->pipeline_parallel * plan->virtual_stages;
    bool core = plan->recompute == RECOMPUTE_SELECTIVE && plan->flash_attention;
    bool some = plan->recompute == RECOMPUTE_FULL &&
                plan->recompute_layers < (layers + chunks - 1) / chunks;
    point->recompute = (uint8_t)(core ? RECOMPUTE_NONE : plan->recompute);
    point->recompute_layers = (int16_t)(some ? plan->recompute_layers : 0);
}

static void spell_sharding(const struct plan *plan, struct search_point *point)
{
    bool replicas = search_has_replicas(plan), splits = plan_splits_backward(plan);
    int64_t ranks = plan->data_parallel * plan->context_parallel;
    point->zero = (uint8_t)(replicas ? plan->zero_stage : 0);
    point->shard_chips = (int32_t)(plan_shards(plan) < ranks ? plan_shards(plan) : 0);
    point->overlap = replicas && (point->zero >= 2 || (plan->overlap_gradients && !splits));
    point->overlap_weights = (point->zero == 1 || point->zero == 2) && plan->overlap_weights;
}

static void spell_overlaps(const struct plan *plan, struct search_point *point)
{
    bool places = plan->pipeline_parallel > 1 && plan->data_parallel > 1;
    point->overlap_tensor =
        plan->tensor_parallel > 1 && plan->sequence_parallel && plan->overlap_tensor;
    point->overlap_experts =
        plan->expert_parallel > 1 && plan->overlap_experts && plan->schedule != SCHEDULE_GPIPE;
    point->inside = places && plan->pipeline_inside;
}

static struct search_point spell(const struct plan *plan, int64_t layers)
{
    struct search_point point = search_point_of(plan);
    point.expert_sharing = point.expert_sharing && point.tensor > 1;
    point.sequence = point.sequence || point.tensor == 1;
    spell_recompute(plan, layers, &point);
    spell_sharding(plan, &point);
    spell_overlaps(plan, &point);
    return point;
}

static bool same_tensor(const struct search_point *a, const struct search_point *b)
{
    return a->sequence == b->sequence && a->overlap_tensor == b->overlap_tensor;
}

static bool same_experts(const struct search_point *a, const struct search_point *b)
{
    return a->expert_sharing == b->expert_sharing && a->overlap_experts == b->overlap_experts;
}

static bool same_states(const struct search_point *a, const struct search_point *b)
{
    return a->zero == b->zero && a->overlap == b->overlap &&
           a->overlap_weights == b->overlap_weights &&
           a->offload_optimizer == b->offload_optimizer;
}

static bool same_activations(const struct search_point *a, const struct search_point *b)
{
    return a->recompute == b->recompute && a->recompute_layers == b->recompute_layers &&
           a->offload_activations == b->offload_activations && a->schedule == b->schedule;
}

/* Whether a point differs from another one in how chips, layers and batch are divided alone:
 * what its degrees leave no room for is alike. */
static bool alike(const struct search_point *point, const struct search_point *own,
                  int64_t chips)
{
    bool alone = (int64_t)point->tensor * point->pipeline == chips;
    return (point->tensor == 1 || same_tensor(point, own)) &&
           (point->expert == 1 || same_experts(point, own)) &&
           (alone || same_states(point, own)) && same_activations(point, own);
}

/* Why the search has no such plan. */
static const char *lack(const struct training_case *what, const struct plan *plan)
{
    const struct scenario *scenario = what->scenario;
    if (plan->batch_sequences * scenario->sequence_tokens != scenario->batch_tokens) {
        return "its batch is rounded up, which the search leaves out";
    }
    struct training_shape shape = {scenario->model, plan, scenario->sequence_tokens};
    return transformer_fits(&shape, platform_chip(what->platform, 0))
               ? "not a plan that the search tries"
               : "does not fit the memory by the model's reckoning";
}

static void place(const struct training_case *what, const struct plan *plan,
                  struct plan_rank *rank)
{
    const struct search *search = &rank->search;
    struct search_point own = spell(plan, what->scenario->model->layers);
    const struct search_point *found = NULL;
    for (int64_t i = 0; i < search->count && found == NULL; i++) {
        found = search_same_plan(&search->points[i], &own) ? &search->points[i] : NULL;
    }
    if (found == NULL) {
        snprintf(rank->reason, sizeof rank->reason, "%s", lack(what, plan));
        return;
    }
    rank->rank = rank->rank_alike = 1;
    for (int64_t i = 0; i < search->count; i++) {
        const struct search_point *point = &search->points[i];
        bool faster = point->time_s < found->time_s, like = alike(point, found, rank->chips);
        rank->rank += faster;
        rank->rank_alike += faster && like;
        rank->alike += like;
    }
}

/* Their plan as it is, whether it fits by the model's reckoning or not. */

struct trial {
    bool done;
    double time_s;
    char message[PLAN_RANK_REASON];
};

static bool simulate(struct arena *arena, const void *argument, int64_t index, void *into,
                     struct error *error)
{
    const struct training_case *what = argument;
    struct trial *trial = into;
    struct training_options options = {
        .detail = DETAIL_FLOW, .one_replica = true, .any_memory = true};
    struct training *training =
        training_run(what->platform, what->scenario, &options, arena, error);
    (void)index;
    if (training == NULL) {
        return false;
    }
    trial->time_s = training->execution.time_s;
    trial->done = true;
    return true;
}

static void ended(void *into, const char *message)
{
    struct trial *trial = into;
    snprintf(trial->message, sizeof trial->message, "%.250s", message);
}

static bool compare(const struct training_case *what, int jobs, struct plan_rank *rank,
                    struct arena *arena, struct error *error)
{
    struct trial own = {.done = false};
    struct children children = {1, 1, sizeof own, simulate, ended, what};
    struct search_decision decision = {.finalists = SEARCH_FINALISTS, .jobs = jobs};
    struct search_simulation simulation;
    if (!children_run(&children, &own, arena, error) ||
        !search_decide(&rank->search, &decision, &simulation, error)) {
        return false;
    }
    rank->own_s = own.done ? own.time_s : (double)NAN;
    rank->best_s = simulation.results[0].time_s;
    rank->best = simulation.points[0];
    if (!own.done) {
        snprintf(rank->reason, sizeof rank->reason, "%s", own.message);
    }
    return true;
}

bool plan_rank_row(const struct training_case *what, int jobs, struct plan_rank *rank,
                   struct arena *arena, struct error *error)
{
    struct plan own = what->scenario->plan;
    *rank = (struct plan_rank){
        .chips = platform_chips(what->platform),
        .search = {.platform = what->platform, .scenario = what->scenario, .arena = arena}};
    if (!plan_derive(&own, what->scenario->model, rank->chips, what->scenario->sequence_tokens,
                     what->scenario->batch_tokens, error) ||
        !search_run(&rank->search, error)) {
        return false;
    }
    if (rank->search.interrupted) {
        return error_fill(error, ERROR_INTERRUPTED, "interrupted");
    }
    rank->feasible = rank->search.count;
    place(what, &own, rank);
    return compare(what, jobs, rank, arena, error);
}
