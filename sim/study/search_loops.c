/* SPDX-License-Identifier: Apache-2.0 */
/* Nested loops from what costs most to know to what costs least: layer times by tensor, context
 * and expert parallelism, microbatch and recomputation; prices of gradient exchanges by the
 * layout; memory by split and sharding; the rest is a dozen multiplications a plan. */
#include <string.h>

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

static bool has_replicas(const struct plan *plan)
{
    return plan->data_parallel * plan->context_parallel > 1;
}

static void learn_layout(struct search_walk *walk, bool inside)
{
    struct search_layout *layout = &walk->layouts[inside];
    if (layout->known) {
        return;
    }
    struct plan plan = walk->plan;
    plan.pipeline_inside = inside;
    layout->known = true;
    layout->data = search_cost_data(&walk->prices, &plan, false);
    layout->expert_data = search_cost_data(&walk->prices, &plan, true);
    layout->boundary = search_cost_boundary(walk->search->platform, &plan);
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
    *point = (struct search_point){.tensor = (int32_t)plan->tensor_parallel,
                                   .pipeline = (int32_t)plan->pipeline_parallel,
                                   .virtual_stages = (int16_t)plan->virtual_stages,
                                   .context = (int32_t)plan->context_parallel,
                                   .expert = (int32_t)plan->expert_parallel,
                                   .micro_batch = (int32_t)plan->micro_batch,
                                   .recompute = (uint8_t)plan->recompute,
                                   .recompute_layers = (int16_t)plan->recompute_layers,
                                   .zero = (uint8_t)plan->zero_stage,
                                   .sequence = plan->sequence_parallel,
                                   .overlap = plan->overlap_gradients,
                                   .overlap_weights = plan->overlap_weights,
                                   .overlap_tensor = plan->overlap_tensor,
                                   .inside = plan->pipeline_inside,
                                   .memory_bytes = (float)memory_bytes,
                                   .time_s = time_s,
                                   .energy_J = search_estimate_energy_J(walk, time_s)};
    search_keep_best(search, point);
}

/* What the replicas' exchanges run beside costs no memory. With gradients sharded they leave
 * after every unit, with weights sharded those come before every unit: nothing to choose. */
static void try_overlaps(struct search_walk *walk, double memory_bytes)
{
    struct plan *plan = &walk->plan;
    struct search_pipeline pipeline = search_estimate_pipeline(walk);
    bool gradients = has_replicas(plan) && plan->zero_stage < 2;
    bool weights = plan->zero_stage == 1 || plan->zero_stage == 2;
    for (int w = 0; w <= weights; w++) {
        plan->overlap_weights = w;
        for (int g = has_replicas(plan) && !gradients; g <= has_replicas(plan); g++) {
            plan->overlap_gradients = g;
            walk->search->considered++;
            add_point(walk, &pipeline, memory_bytes);
        }
    }
    plan->overlap_weights = plan->overlap_gradients = false;
}

static void try_layouts(struct search_walk *walk, double memory_bytes)
{
    struct plan *plan = &walk->plan;
    bool places = plan->pipeline_parallel > 1 && plan->data_parallel > 1;
    for (int inside = 0; inside <= places; inside++) {
        learn_layout(walk, inside);
        plan->pipeline_inside = inside;
        walk->rough_s_per_byte = search_cost_rough_s(walk->search->platform, plan);
        try_overlaps(walk, memory_bytes);
    }
    plan->pipeline_inside = false;
}

static void try_sharding(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    int most = has_replicas(plan) ? ZERO_STAGES - 1 : 0;
    for (plan->zero_stage = 0; plan->zero_stage <= most; plan->zero_stage++) {
        double bytes = search_memory_bytes(walk);
        if (bytes <= walk->chip->hbm_bytes) {
            try_layouts(walk, bytes);
        } else {
            walk->search->considered++;
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
        for (int overlap = 0; overlap <= tensor; overlap++) {
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

static void try_micro_batches(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    struct degrees batches = divisors(walk->sequences, walk->sequences);
    for (int i = 0; i < batches.count; i++) {
        plan->micro_batch = batches.list[i];
        if (walk->sequences % (plan->data_parallel * plan->micro_batch) != 0) {
            continue; /* would round the batch up */
        }
        plan->micro_batches = walk->sequences / (plan->data_parallel * plan->micro_batch);
        plan->batch_sequences = walk->sequences;
        bool interleaved = plan->virtual_stages > 1;
        if (!interleaved || plan->micro_batches % plan->pipeline_parallel == 0) {
            try_recompute(walk, i);
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

static void try_schedules(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    int64_t layers = walk->shape.model->layers;
    int64_t most = plan->pipeline_parallel == 1 ? 1 : (layers + 2) / plan->pipeline_parallel;
    for (plan->virtual_stages = 1; plan->virtual_stages <= most; plan->virtual_stages++) {
        if (!splits_evenly(walk)) {
            continue;
        }
        walk->split = search_split_of(walk);
        if (walk->split->fits) {
            search_memory_states(walk);
            try_micro_batches(walk);
        }
    }
    plan->virtual_stages = 1;
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
        if (walk->chips % (plane * depth) != 0) {
            continue;
        }
        struct plan trial = *plan;
        trial.virtual_stages = trial.micro_batch = 1;
        if (plan_derive(&trial, walk->shape.model, walk->chips, walk->shape.sequence_tokens,
                        walk->search->scenario->batch_tokens, &ignored)) {
            plan->data_parallel = trial.data_parallel;
            memset(walk->layouts, 0, sizeof walk->layouts);
            try_schedules(walk);
        }
    }
}

static void try_experts(struct search_walk *walk)
{
    int64_t experts = walk->shape.model->expert_count;
    struct degrees degrees = divisors(experts > 0 ? experts : 1, INT64_MAX);
    for (int i = 0; i < degrees.count; i++) {
        walk->plan.expert_parallel = degrees.list[i];
        try_pipelines(walk);
    }
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

void search_loops(struct search_walk *walk)
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
}
