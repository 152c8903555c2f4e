/* SPDX-License-Identifier: Apache-2.0 */
/* A step in closed form: filling and draining the pipeline, the slowest stage's turns, what
 * passes between stages, and the tail of gradients, optimizer and weights. */
#include <math.h>

#include "study/search_walk.h"

static double line_s(const struct search_line *line, double bytes)
{
    return bytes > 0 ? line->fixed_s + line->per_byte_s * bytes : 0;
}

/* Stages */

/* plain: run unit by unit, without what a clock above the lowest gains. */
static double backward_s(const struct search_walk *walk, const struct search_kind *kind, int p,
                         bool plain)
{
    const struct search_pair *again = &walk->cost->backward[p];
    const struct search_pair *kept = &walk->plain_cost->backward[p];
    double light = kind->light[walk->plan.recompute_layers][p];
    if (p != PART_LAYER && p != PART_DENSE_LAYER) {
        light = kind->parts[p];
    }
    return light * (plain ? again->plain_s : again->time_s) +
           (kind->parts[p] - light) * (plain ? kept->plain_s : kept->time_s);
}

void search_estimate_stages(struct search_walk *walk)
{
    walk->active_s = 0;
    for (int k = 0; k < walk->split->kind_count; k++) {
        const struct search_kind *kind = &walk->split->kinds[k];
        struct search_state *state = &walk->states[k];
        state->forward_s = state->backward_s = 0;
        state->forward_plain_s = state->backward_plain_s = 0;
        for (int p = 0; p < SEARCH_PARTS; p++) {
            double full = walk->cost->backward[p].time_s,
                   both_s = backward_s(walk, kind, p, false);
            state->forward_s += kind->parts[p] * walk->cost->forward[p].time_s;
            state->backward_s += both_s;
            state->forward_plain_s += kind->parts[p] * walk->cost->forward[p].plain_s;
            state->backward_plain_s += backward_s(walk, kind, p, true);
            double active_s = kind->parts[p] * walk->cost->forward[p].active_s;
            active_s += full > 0 ? walk->cost->backward[p].active_s * both_s / full : 0;
            walk->active_s += (double)kind->count * active_s;
        }
    }
}

/* What replicas exchange of one unit: gradients or weights. */
struct shared_unit {
    double dense, expert; /* parameters */
};

static struct shared_unit unit_of(const struct search_walk *walk, int k)
{
    const struct parameters *all = &walk->states[k].parameters;
    double units = walk->split->kinds[k].units;
    bool apart = walk->plan.expert_parallel > 1;
    return (struct shared_unit){(all->dense + (apart ? 0 : all->expert)) / units,
                                apart ? all->expert / units : 0};
}

static double unit_s(const struct search_walk *walk, int k, double bytes)
{
    const struct search_layout *layout = &walk->layouts[walk->plan.pipeline_inside];
    struct shared_unit unit = unit_of(walk, k);
    return fmax(line_s(&layout->data, unit.dense * bytes),
                line_s(&layout->expert_data, unit.expert * bytes));
}

/* MODEL.md, "Sharded states": how much longer work takes beside an exchange. */
static double slowed_s(const struct search_walk *walk, int k, double bytes, double work_s)
{
    struct shared_unit unit = unit_of(walk, k);
    double lost = walk->chip->communication_compute_fraction;
    double exchange_s = (unit.dense + unit.expert) * walk->split->kinds[k].units * bytes *
                        walk->rough_s_per_byte;
    return work_s + lost * fmin(exchange_s, work_s / (1 - lost));
}

static bool has_replicas(const struct plan *plan)
{
    return plan->data_parallel * plan->context_parallel > 1;
}

/* A microbatch through a stage of this kind: gathers and scatters of sharded states hide behind
 * the units' work, or the work behind them. */
static void turn_s(const struct search_walk *walk, int k, double *forward, double *backward)
{
    const struct plan *plan = &walk->plan;
    const struct search_state *state = &walk->states[k];
    double weight = dtype_bytes(DTYPE_BF16), gradient = plan->gradient_bytes;
    *forward = state->forward_s;
    *backward = state->backward_s;
    if (plan->zero_stage == 2) {
        *backward = slowed_s(walk, k, gradient, state->backward_plain_s);
    } else if (plan->zero_stage == 3) {
        double units = walk->split->kinds[k].units, gather_s = unit_s(walk, k, weight);
        double scatter_s = unit_s(walk, k, gradient);
        *forward = fmax(slowed_s(walk, k, weight, state->forward_plain_s), units * gather_s) +
                   (double)plan->virtual_stages * gather_s;
        *backward = fmax(slowed_s(walk, k, weight + gradient, state->backward_plain_s),
                         units * (gather_s + scatter_s));
    }
}

struct search_pipeline search_estimate_pipeline(const struct search_walk *walk)
{
    struct search_pipeline sum = {.slowest_s = 0};
    for (int k = 0; k < walk->split->kind_count; k++) {
        double forward, backward, count = (double)walk->split->kinds[k].count;
        turn_s(walk, k, &forward, &backward);
        sum.slowest_s = fmax(sum.slowest_s, forward + backward);
        sum.all_s += (forward + backward) * count;
        sum.forward_s += forward * count;
        sum.backward_s += backward * count;
        sum.last_backward_s = backward;
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

/* The end of the step */

/* Gradients of a whole stage, by units or at once. */
static double reduce_s(const struct search_walk *walk, int k, double pieces)
{
    const struct plan *plan = &walk->plan;
    const struct search_layout *layout = &walk->layouts[plan->pipeline_inside];
    double units = walk->split->kinds[k].units;
    struct shared_unit unit = unit_of(walk, k);
    double bytes = plan->gradient_bytes * units;
    double time_s =
        pieces * layout->data.fixed_s + layout->data.per_byte_s * unit.dense * bytes;
    time_s += pieces * (unit.expert > 0 ? layout->expert_data.fixed_s : 0) +
              layout->expert_data.per_byte_s * unit.expert * bytes;
    bool scattered = plan->zero_stage > 1 || (plan->zero_stage == 1 && !plan->whole_gradients);
    return scattered ? time_s : 2 * time_s; /* all-reduce */
}

/* Gradients that were not hidden behind the turns. */
static double exposed_s(const struct search_walk *walk, int k)
{
    const struct plan *plan = &walk->plan;
    double units = walk->split->kinds[k].units;
    if (plan->zero_stage == 3) {
        return unit_s(walk, k, plan->gradient_bytes);
    }
    if (!plan->overlap_gradients && plan->zero_stage < 2) {
        return reduce_s(walk, k, 1);
    }
    double all_s = reduce_s(walk, k, units);
    double beside_s = walk->states[k].backward_s * (1 - 1 / units);
    /* With zero_stage 2 in every turn: those before the last have the turns to hide behind. */
    return fmax(all_s / units, all_s - beside_s);
}

/* What a stage adds after its last backward turn: gradients that were not hidden, optimizer,
 * new weights. */
static double tail_s(const struct search_walk *walk, int k)
{
    const struct plan *plan = &walk->plan;
    const struct search_layout *layout = &walk->layouts[plan->pipeline_inside];
    double units = walk->split->kinds[k].units;
    struct shared_unit unit = unit_of(walk, k);
    double replicas = (double)(plan->data_parallel * plan->context_parallel);
    double shards = plan->zero_stage > 0 ? replicas : 1;
    double expert_shards = plan->zero_stage > 0 ? (double)plan_expert_replicas(plan) : 1;
    double time_s =
        walk->optimizer_s * units * (unit.dense / shards + unit.expert / expert_shards);
    if (has_replicas(plan)) {
        time_s += exposed_s(walk, k);
    }
    if (has_replicas(plan) && plan->zero_stage > 0 && plan->zero_stage < 3 &&
        !plan->overlap_weights) {
        double bytes = dtype_bytes(DTYPE_BF16) * units;
        time_s += fmax(line_s(&layout->data, unit.dense * bytes),
                       line_s(&layout->expert_data, unit.expert * bytes));
    }
    return time_s;
}

/* New weights that come beside the first forward turn: what the first chunk waits for them. */
static double waiting_s(const struct search_walk *walk)
{
    const struct plan *plan = &walk->plan;
    if (!plan->overlap_weights || plan->zero_stage == 3 || plan->zero_stage == 0) {
        return 0;
    }
    double chunks = (double)plan->virtual_stages, units = walk->split->kinds[0].units / chunks;
    double each_s = unit_s(walk, 0, dtype_bytes(DTYPE_BF16));
    double work_s = walk->states[0].forward_s / chunks;
    double slowed =
        slowed_s(walk, 0, dtype_bytes(DTYPE_BF16), walk->states[0].forward_plain_s) / chunks;
    return fmax(each_s, units * each_s + work_s / units - work_s) + slowed - work_s;
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
    if (plan->overlap_gradients && plan->zero_stage < 2 && has_replicas(plan)) {
        for (int k = 0; k < walk->split->kind_count; k++) {
            const struct search_state *state = &walk->states[k];
            double more_s = slowed_s(walk, k, plan->gradient_bytes, state->backward_plain_s) -
                            state->backward_s;
            time_s +=
                more_s * (double)walk->split->kinds[k].count / (double)plan->virtual_stages;
        }
    }
    time_s += has_replicas(plan) ? waiting_s(walk) : 0;
    /* Stages end one after the other, the first stage last. */
    double early_s =
        (pipeline->backward_s - pipeline->last_backward_s) / (double)plan->virtual_stages;
    return time_s + fmax(tail_s(walk, 0), tail_s(walk, walk->split->kind_count - 1) - early_s);
}

double search_estimate_energy_J(const struct search_walk *walk, double time_s)
{
    const struct platform *platform = walk->search->platform;
    double active_s = walk->active_s * (double)walk->plan.micro_batches /
                      (double)walk->plan.pipeline_parallel;
    double idle_W = platform_power_W(platform, walk->chip->idle_W);
    double full_W = platform_power_W(platform, walk->chip->tdp_W);
    return (double)walk->chips * (idle_W * time_s + (full_W - idle_W) * active_s);
}
