/* SPDX-License-Identifier: Apache-2.0 */
/* Nested loops from what costs most to know to what costs least: layer times by tensor, context
 * and expert parallelism, microbatch and recomputation; prices of gradient exchanges by the
 * layout; memory by split and sharding; the rest is a dozen multiplications a plan. */
#include <string.h>

#include "program/exchange_least.h"
#include "program/schedule.h"
#include "study/search_walk.h"

enum { CONTEXT_MOST = 64 };

struct degrees {
    int64_t list[SEARCH_DEGREES];
    int count;
};

static struct degrees divisors(int64_t whole, int64_t most)
{
    struct degrees degrees = {.count = 0};
    for (int64_t d = 1; d <= whole && d <= most && degrees.count < SEARCH_DEGREES; d++) {
        if (whole % d == 0) {
            degrees.list[degrees.count++] = d;
        }
    }
    return degrees;
}

static void learn_layout(struct search_walk *walk)
{
    struct search_layout *layout = &walk->layouts[walk->plan.pipeline_inside];
    if (!layout->known) {
        layout->known = true;
        layout->boundary = search_price_boundary(walk->search->platform, &walk->plan);
        layout->rough_s_per_byte = exchange_rough_s(walk->search->platform, &walk->plan, 1);
    }
    search_shared_learn(walk);
}

static void add_point(struct search_walk *walk, const struct search_pipeline *pipeline,
                      double memory_bytes)
{
    struct search *search = walk->search;
    const struct plan *plan = &walk->plan;
    double time_s = search_estimate_step_s(walk, pipeline);
    search->points = arena_grow(search->arena, search->points, search->count, &search->capacity,
                                sizeof *search->points);
    struct search_point *point = &search->points[search->count++];
    *point = search_point_of(plan);
    point->memory_bytes = (float)memory_bytes;
    point->time_s = time_s;
    point->energy_J = search_estimate_energy_J(walk, time_s);
    search_keep_best(search, point);
}

/* What the replicas' exchanges run beside costs no memory. With gradients sharded they leave
 * after every unit, with weights sharded those come before every unit, and where the gradients
 * of weights are computed apart they leave at the end: nothing to choose. */
static void try_overlaps(struct search_walk *walk, double memory_bytes)
{
    struct plan *plan = &walk->plan;
    struct search_pipeline pipeline = search_estimate_pipeline(walk);
    bool replicas = search_has_replicas(plan);
    bool gradients = replicas && plan->zero_stage < 2 && !plan_splits_backward(plan);
    bool weights = replicas && (plan->zero_stage == 1 || plan->zero_stage == 2);
    bool always = replicas && plan->zero_stage >= 2;
    for (int w = 0; w <= weights; w++) {
        plan->overlap_weights = w;
        for (int g = always; g <= (gradients || always); g++) {
            plan->overlap_gradients = g;
            walk->search->considered++;
            add_point(walk, &pipeline, memory_bytes);
        }
    }
    plan->overlap_weights = plan->overlap_gradients = false;
}

static bool has_places(const struct plan *plan)
{
    return plan->pipeline_parallel > 1 && plan->data_parallel > 1;
}

static void try_layouts(struct search_walk *walk, double memory_bytes)
{
    struct plan *plan = &walk->plan;
    if (walk->layout_given) {
        learn_layout(walk);
        try_overlaps(walk, memory_bytes);
        return;
    }
    for (int inside = 0; inside <= has_places(plan); inside++) {
        plan->pipeline_inside = inside;
        learn_layout(walk);
        try_overlaps(walk, memory_bytes);
    }
    plan->pipeline_inside = false;
}

/* The least share of the activations; false when even all of them are too few, or too many for
 * the host. */
static bool offload_activations(struct search_walk *walk)
{
    walk->plan.offload_activations = search_memory_offload(walk);
    for (int k = 0; k < walk->split->kind_count; k++) {
        walk->states[k].turn_bytes =
            transformer_turn_activations(&walk->shape, walk->split->kinds[k].first);
    }
    return search_memory_fits_host(walk);
}

/* What waits with the host only takes time, so that no more goes there than must. */
static void try_offloading(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    double alone = 2;
    for (int optimizer = 0; optimizer < 2; optimizer++) {
        plan->offload_optimizer = optimizer;
        bool fits = offload_activations(walk);
        if (fits && (optimizer == 0 || plan->offload_activations < alone)) {
            try_layouts(walk, search_memory_bytes(walk));
        } else {
            walk->search->considered++;
        }
        alone = plan->offload_activations;
        if (!(alone > 0)) {
            break; /* fits */
        }
    }
    plan->offload_optimizer = false;
    plan->offload_activations = 0;
}

static void try_sharding(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    int most = search_has_replicas(plan) ? ZERO_STAGES - 1 : 0;
    most = plan_splits_backward(plan) && most > 1 ? 1 : most;
    int first = plan->shard_chips > 0 ? 2 : 0;
    for (plan->zero_stage = first; plan->zero_stage <= most; plan->zero_stage++) {
        double bytes = search_memory_bytes(walk);
        if (bytes <= walk->chip->hbm_bytes) {
            try_layouts(walk, bytes);
        } else if (plan->frozen_weights || !(walk->search->platform->host.Bps > 0)) {
            walk->search->considered++;
        } else {
            try_offloading(walk);
        }
    }
    plan->zero_stage = 0;
}

static const struct search_cost *cost_of(struct search_walk *walk, int batch)
{
    struct plan *plan = &walk->plan;
    struct search_cost *cost = &walk->costs[batch][plan->recompute][plan->overlap_tensor];
    bool *known = &walk->costs_known[batch][plan->recompute][plan->overlap_tensor];
    if (!*known) {
        *known = true;
        search_cost_fill(&walk->prices, &walk->shape, cost);
    }
    return cost;
}

/* The first layers of each chunk may be computed again, or all (0). */
static void try_layers(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    int64_t most = plan->recompute == RECOMPUTE_FULL ? walk->split->most_layers - 1 : 0;
    for (int64_t k = 0; k <= most; k++) {
        plan->recompute_layers = k;
        search_estimate_stages(walk);
        try_sharding(walk);
    }
    plan->recompute_layers = 0;
}

static void try_recompute(struct search_walk *walk, int batch)
{
    struct plan *plan = &walk->plan;
    bool tensor = plan->tensor_parallel > 1 && plan->sequence_parallel;
    for (int recompute = 0; recompute < RECOMPUTE_COUNT; recompute++) {
        if (recompute == RECOMPUTE_SELECTIVE && plan->flash_attention) {
            continue; /* the flash kernel does so by itself */
        }
        plan->recompute = (enum recompute)recompute;
        search_memory_kept(walk);
        for (int overlap = 0; overlap <= tensor && !search_stopped(); overlap++) {
            plan->overlap_tensor = overlap;
            plan->recompute = RECOMPUTE_NONE;
            walk->plain_cost = cost_of(walk, batch);
            plan->recompute = (enum recompute)recompute;
            walk->cost = cost_of(walk, batch);
            try_layers(walk);
        }
        plan->overlap_tensor = false;
    }
}

/* Alone and, with experts elsewhere, forward and backward turns together. */
static void try_alternation(struct search_walk *walk, int batch)
{
    struct plan *plan = &walk->plan;
    bool experts = plan->expert_parallel > 1 && plan->schedule != SCHEDULE_GPIPE;
    for (int together = 0; together <= experts; together++) {
        plan->overlap_experts = together;
        try_recompute(walk, batch);
    }
    plan->overlap_experts = false;
}

static void try_micro_batches(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    struct degrees batches = divisors(walk->sequences, walk->sequences);
    for (int i = 0; i < batches.count; i++) {
        struct error ignored = {.kind = ERROR_NONE};
        plan->micro_batch = batches.list[i];
        if (walk->sequences % (plan->data_parallel * plan->micro_batch) != 0) {
            continue; /* would round the batch up */
        }
        plan->micro_batches = walk->sequences / (plan->data_parallel * plan->micro_batch);
        plan->batch_sequences = walk->sequences;
        if (schedule_check(plan, &ignored)) {
            try_alternation(walk, i);
        }
    }
}

/* Chunks of unequal numbers of layers only where each stage has one. */
static bool splits_evenly(const struct search_walk *walk)
{
    int64_t layers = walk->shape.model->layers;
    int64_t chunks = walk->plan.pipeline_parallel * walk->plan.virtual_stages;
    return walk->plan.virtual_stages == 1 || layers % chunks == 0 ||
           (layers + 1) % chunks == 0 || (layers + 2) % chunks == 0;
}

static void try_shards(struct search_walk *walk, int64_t shards)
{
    walk->plan.shard_chips = shards;
    memset(walk->layouts, 0, sizeof walk->layouts);
    memset(walk->shared_known, 0, sizeof walk->shared_known);
    search_memory_states(walk);
    try_micro_batches(walk);
    walk->plan.shard_chips = 0;
}

static void try_split(struct search_walk *walk)
{
    walk->split = search_split_of(walk);
    if (walk->split->fits) {
        int64_t shards[SEARCH_SHARDS];
        int count = search_shards(walk, shards);
        for (int i = 0; i < count; i++) {
            try_shards(walk, shards[i]);
        }
    }
}

static void try_virtual_stages(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    int64_t layers = walk->shape.model->layers;
    int64_t most = plan->pipeline_parallel == 1 ? 1 : (layers + 2) / plan->pipeline_parallel;
    for (plan->virtual_stages = 1; plan->virtual_stages <= most; plan->virtual_stages++) {
        if (splits_evenly(walk)) {
            try_split(walk);
        }
    }
    plan->virtual_stages = 1;
}

static void try_schedules(struct search_walk *walk)
{
    static const enum pipeline_schedule others[] = {SCHEDULE_GPIPE, SCHEDULE_ZERO_BUBBLE,
                                                    SCHEDULE_DUALPIPE};
    try_virtual_stages(walk);
    for (int i = 0; walk->plan.pipeline_parallel > 1 && i < 3; i++) {
        walk->plan.schedule = others[i];
        try_split(walk);
    }
    walk->plan.schedule = SCHEDULE_1F1B;
}

/* Where experts are spread over replicas, layers take another time with another layout. */
static void try_places(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    walk->layout_given = search_price_crosses(plan);
    if (!walk->layout_given) {
        try_schedules(walk);
        return;
    }
    for (int inside = 0; inside <= has_places(plan); inside++) {
        plan->pipeline_inside = inside;
        memset(walk->costs_known, 0, sizeof walk->costs_known);
        try_schedules(walk);
    }
    plan->pipeline_inside = false;
    memset(walk->costs_known, 0, sizeof walk->costs_known);
}

/* What is left of the chips is data-parallel. */
static void try_pipelines(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    int64_t plane = plan->tensor_parallel * plan->context_parallel;
    memset(walk->costs_known, 0, sizeof walk->costs_known);
    for (int64_t depth = 1; depth <= walk->shape.model->layers + 2; depth++) {
        struct error ignored = {.kind = ERROR_NONE};
        plan->pipeline_parallel = depth;
        if (search_stopped() || walk->chips % (plane * depth) != 0) {
            continue;
        }
        struct plan trial = *plan;
        trial.virtual_stages = trial.micro_batch = 1;
        if (plan_derive(&trial, walk->shape.model, walk->chips, walk->shape.sequence_tokens,
                        walk->search->scenario->batch_tokens, &ignored)) {
            plan->data_parallel = trial.data_parallel;
            memset(walk->layouts, 0, sizeof walk->layouts);
            try_places(walk);
        }
    }
}

/* Each expert on one chip, or cut like the other matrices. */
static void try_experts(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    int64_t experts = walk->shape.model->expert_count;
    struct degrees degrees = divisors(experts > 0 ? experts : 1, INT64_MAX);
    for (int i = 0; i < degrees.count; i++) {
        plan->expert_parallel = degrees.list[i];
        plan->expert_tensor_parallel = 1;
        try_pipelines(walk);
        if (plan->expert_parallel > 1 && plan->tensor_parallel > 1) {
            plan->expert_tensor_parallel = plan->tensor_parallel;
            try_pipelines(walk);
        }
    }
    plan->expert_tensor_parallel = 1;
}

static void try_contexts(struct search_walk *walk)
{
    struct degrees degrees = divisors(walk->chips / walk->plan.tensor_parallel, CONTEXT_MOST);
    for (int i = 0; i < degrees.count; i++) {
        walk->plan.context_parallel = degrees.list[i];
        if (walk->shape.sequence_tokens % degrees.list[i] == 0) {
            try_experts(walk);
        }
    }
}

bool search_loops(struct search_walk *walk)
{
    struct degrees degrees = divisors(walk->chips, walk->shape.model->heads);
    for (int i = 0; i < degrees.count; i++) {
        walk->plan.tensor_parallel = degrees.list[i];
        for (int sequence = 0; sequence <= (degrees.list[i] > 1); sequence++) {
            walk->plan.sequence_parallel = degrees.list[i] == 1 || sequence == 1;
            if (walk->shape.model->heads % degrees.list[i] == 0) {
                try_contexts(walk);
            }
        }
    }
    return !search_stopped();
}
