/* SPDX-License-Identifier: Apache-2.0 */
/* Nested loops from what costs most to know to what costs least: layer times by tensor, context
 * and expert parallelism, microbatch and recomputation; prices of gradient exchanges by the
 * layout; memory by schedule and sharding; the rest is a dozen multiplications a plan. */
#include "study/search.h"

#include <malloc.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "study/search_walk.h"

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

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

double search_value(const struct search *search, const struct search_point *point)
{
    return search->objective == SEARCH_JOULE ? point->energy_J : point->time_s;
}

static void keep_best(struct search *search, const struct search_point *point)
{
    double value = search_value(search, point);
    int at = search->best_count;
    if (at == SEARCH_BEST) {
        if (value >= search_value(search, &search->best[SEARCH_BEST - 1])) {
            return;
        }
        at--;
    } else {
        search->best_count++;
    }
    while (at > 0 && search_value(search, &search->best[at - 1]) > value) {
        search->best[at] = search->best[at - 1];
        at--;
    }
    search->best[at] = *point;
}

/* Stages */

static void stage_parts(const struct search_walk *walk, int64_t stage,
                        double parts[SEARCH_PARTS])
{
    memset(parts, 0, SEARCH_PARTS * sizeof parts[0]);
    for (int64_t c = 0; c < walk->plan.virtual_stages; c++) {
        struct stage chunk = transformer_stage(walk->shape.model, &walk->plan, stage, c);
        parts[PART_LAYER] += (double)chunk.layers;
        parts[PART_DENSE_LAYER] += (double)chunk.dense_layers;
        parts[PART_EMBEDDING] += chunk.embedding;
        parts[PART_HEAD] += chunk.head;
    }
}

static bool same_parts(const double *a, const double *b)
{
    bool same = true;
    for (int p = 0; p < SEARCH_PARTS; p++) {
        same = same && fabs(a[p] - b[p]) < 0.5;
    }
    return same;
}

static void find_kinds(struct search_walk *walk)
{
    walk->kind_count = 0;
    for (int64_t stage = 0; stage < walk->plan.pipeline_parallel; stage++) {
        double parts[SEARCH_PARTS];
        stage_parts(walk, stage, parts);
        int k = 0;
        while (k < walk->kind_count && !same_parts(parts, walk->kinds[k].parts)) {
            k++;
        }
        if (k == SEARCH_KINDS) {
            k--; /* very uneven models: the last kind stands for the rest */
        } else if (k == walk->kind_count) {
            struct search_kind *kind = &walk->kinds[walk->kind_count++];
            *kind = (struct search_kind){.first = stage};
            memcpy(kind->parts, parts, sizeof parts);
        }
        walk->kinds[k].count++;
    }
}

static void cost_kinds(struct search_walk *walk)
{
    for (int k = 0; k < walk->kind_count; k++) {
        struct search_kind *kind = &walk->kinds[k];
        kind->forward_s = kind->backward_s = 0;
        for (int p = 0; p < SEARCH_PARTS; p++) {
            kind->forward_s += kind->parts[p] * walk->cost->forward[p].time_s;
            kind->backward_s += kind->parts[p] * walk->cost->backward[p].time_s;
        }
    }
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
                                   .virtual_stages = (int32_t)plan->virtual_stages,
                                   .context = (int32_t)plan->context_parallel,
                                   .expert = (int32_t)plan->expert_parallel,
                                   .micro_batch = (int32_t)plan->micro_batch,
                                   .recompute = (uint8_t)plan->recompute,
                                   .zero = (uint8_t)plan->zero_stage,
                                   .sequence = plan->sequence_parallel,
                                   .overlap = plan->overlap_gradients,
                                   .inside = plan->pipeline_inside,
                                   .memory_bytes = (float)memory_bytes,
                                   .time_s = time_s,
                                   .energy_J = search_estimate_energy_J(walk, time_s)};
    keep_best(search, point);
}

/* Overlap and placement cost no memory. */
static void try_layouts(struct search_walk *walk, double memory_bytes)
{
    struct plan *plan = &walk->plan;
    struct search_pipeline pipeline = search_estimate_pipeline(walk);
    bool replicas = plan->data_parallel * plan->context_parallel > 1;
    bool places = plan->pipeline_parallel > 1 && plan->data_parallel > 1;
    for (int inside = 0; inside <= places; inside++) {
        learn_layout(walk, inside);
        plan->pipeline_inside = inside;
        for (int overlap = 0; overlap <= replicas; overlap++) {
            plan->overlap_gradients = overlap;
            walk->search->considered++;
            add_point(walk, &pipeline, memory_bytes);
        }
    }
}

static double fullest_bytes(const struct search_walk *walk)
{
    double most = 0;
    for (int k = 0; k < walk->kind_count; k++) {
        most = fmax(
            most,
            transformer_memory(&walk->shape, walk->chip, walk->kinds[k].first).total_bytes);
    }
    return most;
}

static void try_memory(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    plan->pipeline_inside = false;
    bool replicas = plan->data_parallel * plan->context_parallel > 1;
    for (int zero = 0; zero <= replicas; zero++) {
        plan->zero_stage = zero;
        double bytes = fullest_bytes(walk);
        if (bytes <= walk->chip->hbm_bytes) {
            try_layouts(walk, bytes);
        } else {
            walk->search->considered++;
        }
    }
}

static bool layers_fit(const struct search_walk *walk)
{
    int64_t layers = walk->shape.model->layers;
    int64_t stages = walk->plan.pipeline_parallel * walk->plan.virtual_stages;
    if (walk->plan.uneven_stages && stages <= layers) {
        return true;
    }
    return layers % stages == 0 ||
           (stages > 2 && ((layers + 1) % stages == 0 || (layers + 2) % stages == 0));
}

static void try_schedules(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    int64_t layers = walk->shape.model->layers;
    for (plan->virtual_stages = 1; plan->virtual_stages * plan->pipeline_parallel <= layers + 2;
         plan->virtual_stages++) {
        bool interleaved = plan->virtual_stages > 1;
        if (interleaved && (plan->pipeline_parallel == 1 ||
                            plan->micro_batches % plan->pipeline_parallel != 0)) {
            break;
        }
        if (!layers_fit(walk)) {
            continue;
        }
        find_kinds(walk);
        cost_kinds(walk);
        for (int k = 0; k < walk->kind_count; k++) {
            walk->kinds[k].parameters =
                transformer_stage_parameters(walk->shape.model, plan, walk->kinds[k].first);
        }
        try_memory(walk);
    }
    plan->virtual_stages = 1;
}

static void try_recompute(struct search_walk *walk, int batch)
{
    struct plan *plan = &walk->plan;
    for (int recompute = 0; recompute < RECOMPUTE_COUNT; recompute++) {
        if (recompute == RECOMPUTE_SELECTIVE && plan->flash_attention) {
            continue; /* the flash kernel does so by itself */
        }
        plan->recompute = (enum recompute)recompute;
        if (!walk->costs_known[batch][recompute]) {
            walk->costs_known[batch][recompute] = true;
            search_cost_fill(&walk->prices, &walk->shape, &walk->costs[batch][recompute]);
        }
        walk->cost = &walk->costs[batch][recompute];
        try_schedules(walk);
    }
}

static void try_micro_batches(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    struct degrees batches = divisors(walk->sequences, walk->sequences);
    memset(walk->layouts, 0, sizeof walk->layouts);
    for (int i = 0; i < batches.count; i++) {
        plan->micro_batch = batches.list[i];
        if (walk->sequences % (plan->data_parallel * plan->micro_batch) != 0) {
            continue; /* would round the batch up */
        }
        plan->micro_batches = walk->sequences / (plan->data_parallel * plan->micro_batch);
        plan->batch_sequences = walk->sequences;
        try_recompute(walk, i);
    }
}

/* Experts, pipeline: what is left is data-parallel. */
static void try_pipelines(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    int64_t plane = plan->tensor_parallel * plan->context_parallel;
    memset(walk->costs_known, 0, sizeof walk->costs_known);
    for (int64_t depth = 1; depth <= walk->shape.model->layers + 2; depth++) {
        struct plan trial = *plan;
        struct error ignored = {.kind = ERROR_NONE};
        plan->pipeline_parallel = depth;
        plan->virtual_stages = 1;
        if (walk->chips % (plane * depth) != 0) {
            continue;
        }
        trial = *plan;
        trial.uneven_stages = true;
        trial.micro_batch = 1;
        if (plan_derive(&trial, walk->shape.model, walk->chips, walk->shape.sequence_tokens,
                        walk->search->scenario->batch_tokens, &ignored)) {
            plan->data_parallel = trial.data_parallel;
            try_micro_batches(walk);
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

static void try_tensors(struct search_walk *walk)
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

bool search_run(struct search *search, struct error *error)
{
    const struct scenario *scenario = search->scenario;
    double start_s = now_s();
    /* Prices use and free much memory: given back to the system, each page costs again. */
    enum { KEPT_BYTES = 1 << 29 };
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
    struct search_walk *walk = arena_alloc(search->arena, sizeof *walk);
    walk->search = search;
    walk->prices = (struct search_prices){.platform = search->platform, .arena = search->arena};
    walk->plan = scenario->plan;
    walk->plan.recompute_layers = 0;
    walk->plan.overlap_weights = false;
    walk->shape =
        (struct training_shape){scenario->model, &walk->plan, scenario->sequence_tokens};
    walk->chips = platform_chips(search->platform);
    walk->sequences =
        (scenario->batch_tokens + scenario->sequence_tokens - 1) / scenario->sequence_tokens;
    walk->chip = platform_chip(search->platform, 0);
    walk->optimizer_s = search_cost_optimizer_s(search->platform, &walk->plan);
    try_tensors(walk);
    search->priced = walk->prices.count;
    search->wall_s = now_s() - start_s;
    return search->count > 0 ||
           error_at(error, ERROR_INFEASIBLE, scenario->path, 0, 0,
                    "none of %lld plans fits the memory of %lld chips of %s without rounding "
                    "the batch up; use more chips, or another batch_tokens",
                    (long long)search->considered, (long long)walk->chips,
                    search->platform->title);
}

struct plan search_plan(const struct search *search, const struct search_point *point)
{
    struct plan plan = search->scenario->plan;
    struct error ignored = {.kind = ERROR_NONE};
    plan.tensor_parallel = point->tensor;
    plan.pipeline_parallel = point->pipeline;
    plan.virtual_stages = point->virtual_stages;
    plan.context_parallel = point->context;
    plan.expert_parallel = point->expert;
    plan.micro_batch = point->micro_batch;
    plan.recompute = (enum recompute)point->recompute;
    plan.recompute_layers = 0;
    plan.zero_stage = point->zero;
    plan.sequence_parallel = point->sequence;
    plan.overlap_gradients = point->overlap;
    plan.overlap_weights = false;
    plan.pipeline_inside = point->inside;
    bool derived = plan_derive(&plan, search->scenario->model, platform_chips(search->platform),
                               search->scenario->sequence_tokens,
                               search->scenario->batch_tokens, &ignored);
    (void)derived;
    return plan;
}
