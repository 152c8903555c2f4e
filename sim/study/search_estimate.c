/* SPDX-License-Identifier: Apache-2.0 */
/* A step in closed form: filling and draining the pipeline, the slowest stage's turns, what
 * passes between stages, and the tail of gradients, optimizer and weights. */
#include <math.h>

#include "study/search_walk.h"

struct search_pipeline search_estimate_pipeline(const struct search_walk *walk)
{
    struct search_pipeline sum = {0, 0, 0};
    for (int k = 0; k < walk->kind_count; k++) {
        const struct search_kind *kind = &walk->kinds[k];
        double both_s = kind->forward_s + kind->backward_s;
        sum.slowest_s = fmax(sum.slowest_s, both_s);
        sum.all_s += both_s * (double)kind->count;
        sum.backward_s += kind->backward_s * (double)kind->count;
    }
    return sum;
}

static double pipeline_s(const struct search_walk *walk, const struct search_pipeline *pipeline,
                         double boundary_s)
{
    const struct plan *plan = &walk->plan;
    double depth = (double)plan->pipeline_parallel, chunks = (double)plan->virtual_stages;
    double turns = (double)plan->micro_batches;
    double filling_s = (pipeline->all_s - pipeline->slowest_s) / chunks;
    double passing_s = 2 * (depth - 1) * boundary_s;
    if (plan->virtual_stages == 1) {
        /* one in flight too few to hide the way there and back */
        double period_s = pipeline->slowest_s + passing_s / depth;
        return filling_s + passing_s + pipeline->slowest_s + (turns - 1) * period_s;
    }
    return filling_s + passing_s + turns * pipeline->slowest_s;
}

static double line_s(const struct search_line *line, double bytes)
{
    return bytes > 0 ? line->fixed_s + line->per_byte_s * bytes : 0;
}

/* What a stage adds after its last backward turn: gradients that were not hidden, optimizer,
 * new weights. */
static double tail_s(const struct search_walk *walk, const struct search_kind *kind,
                     const struct search_layout *layout)
{
    const struct plan *plan = &walk->plan;
    bool apart = plan->expert_parallel > 1;
    double dense = kind->parameters.dense + (apart ? 0 : kind->parameters.expert);
    double expert = apart ? kind->parameters.expert : 0;
    double units = plan->overlap_gradients
                       ? kind->parts[PART_LAYER] + kind->parts[PART_HEAD] +
                             kind->parts[PART_DENSE_LAYER] + kind->parts[PART_EMBEDDING]
                       : 1;
    double gradient_bytes = plan->gradient_bytes;
    double reduce_s = units * layout->data.fixed_s +
                      layout->data.per_byte_s * dense * gradient_bytes +
                      units * (expert > 0 ? layout->expert_data.fixed_s : 0) +
                      layout->expert_data.per_byte_s * expert * gradient_bytes;
    reduce_s *= plan->zero_stage > 0 ? 1 : 2; /* all-reduce */
    if (plan->overlap_gradients) {
        reduce_s = fmax(reduce_s / units, reduce_s - kind->backward_s * (1 - 1 / units));
    }
    double replicas = (double)(plan->data_parallel * plan->context_parallel);
    double shards = plan->zero_stage > 0 ? replicas : 1;
    double expert_shards = plan->zero_stage > 0 ? (double)plan_expert_replicas(plan) : 1;
    double update_s = walk->optimizer_s * (dense / shards + expert / expert_shards);
    double gather_s = 0;
    if (plan->zero_stage > 0) {
        double bytes = dtype_bytes(DTYPE_BF16);
        gather_s = fmax(line_s(&layout->data, dense * bytes),
                        line_s(&layout->expert_data, expert * bytes));
    }
    return (replicas > 1 ? reduce_s + gather_s : 0) + update_s;
}

double search_estimate_step_s(const struct search_walk *walk,
                              const struct search_pipeline *pipeline)
{
    const struct plan *plan = &walk->plan;
    const struct search_layout *layout = &walk->layouts[plan->pipeline_inside];
    double boundary_s =
        plan->pipeline_parallel > 1
            ? line_s(&layout->boundary, transformer_boundary_bytes(&walk->shape))
            : 0;
    double time_s = pipeline_s(walk, pipeline, boundary_s);
    if (plan->overlap_gradients && plan->data_parallel * plan->context_parallel > 1) {
        double slowdown = 1 / (1 - walk->chip->communication_compute_fraction) - 1;
        time_s += slowdown * pipeline->backward_s / (double)plan->virtual_stages;
    }
    /* Stages end one after the other, the first stage last. */
    const struct search_kind *first = &walk->kinds[0],
                             *last = &walk->kinds[walk->kind_count - 1];
    double early_s = (pipeline->backward_s - last->backward_s) / (double)plan->virtual_stages;
    return time_s + fmax(tail_s(walk, first, layout), tail_s(walk, last, layout) - early_s);
}

double search_estimate_energy_J(const struct search_walk *walk, double time_s)
{
    const struct platform *platform = walk->search->platform;
    double active_s = 0;
    for (int k = 0; k < walk->kind_count; k++) {
        for (int p = 0; p < SEARCH_PARTS; p++) {
            active_s += (double)walk->kinds[k].count * walk->kinds[k].parts[p] *
                        (walk->cost->forward[p].active_s + walk->cost->backward[p].active_s);
        }
    }
    active_s *= (double)walk->plan.micro_batches / (double)walk->plan.pipeline_parallel;
    double idle_W = platform_power_W(platform, walk->chip->idle_W);
    double full_W = platform_power_W(platform, walk->chip->tdp_W);
    return (double)walk->chips * (idle_W * time_s + (full_W - idle_W) * active_s);
}
