/* SPDX-License-Identifier: Apache-2.0 */
/* A step in closed form: the turns of each kind of stage, the pipeline's schedule, and the tail
 * of gradients, optimizer and weights. MODEL.md, "Plan estimate". */
#include <math.h>

#include "study/search_walk.h"

/* Stages */

static void add(struct search_pair *sum, double times, const struct search_pair *pair)
{
    sum->time_s += times * pair->time_s;
    sum->plain_s += times * pair->plain_s;
    sum->work_s += times * pair->work_s;
    sum->active_s += times * pair->active_s;
}

/* What a chip runs of one part for a microbatch: light layers are computed again. */
static void add_part(const struct search_walk *walk, const struct search_kind *kind, int p,
                     double share, struct search_state *state)
{
    const struct search_cost *again = walk->cost, *kept = walk->plain_cost;
    double count = share * kind->parts[p];
    double light = share * kind->light[walk->plan.recompute_layers][p];
    if (p != PART_LAYER && p != PART_DENSE_LAYER) {
        light = count;
    }
    add(&state->forward, count, &again->forward[p]);
    add(&state->backward, light, &again->backward[p]);
    add(&state->backward, count - light, &kept->backward[p]);
    add(&state->data, light, &again->data[p]);
    add(&state->data, count - light, &kept->data[p]);
    if (p == PART_LAYER && walk->plan.overlap_experts) {
        state->together_s +=
            light * (again->together_s - again->forward[p].time_s - again->backward[p].time_s) +
            (count - light) *
                (kept->together_s - kept->forward[p].time_s - kept->backward[p].time_s);
    }
}

/* Messages that the stage waits for, and what it does with those that it received. */
static void add_messages(const struct search_walk *walk, const struct search_kind *kind,
                         struct search_state *state)
{
    const struct plan *plan = &walk->plan;
    double chunks = (double)plan->virtual_stages;
    struct search_pair sent = {.time_s = walk->send_s_per_byte *
                                         transformer_boundary_bytes(&walk->shape)};
    sent.plain_s = sent.work_s = sent.time_s;
    add(&state->forward, chunks - kind->parts[PART_EMBEDDING], &walk->cost->boundary);
    add(&state->backward, chunks - kind->parts[PART_HEAD], &walk->cost->boundary);
    add(&state->data, chunks - kind->parts[PART_HEAD], &walk->cost->boundary);
    add(&state->forward, chunks - kind->parts[PART_HEAD], &sent);
    add(&state->backward, chunks - kind->parts[PART_EMBEDDING], &sent);
    add(&state->data, chunks - kind->parts[PART_EMBEDDING], &sent);
}

void search_estimate_stages(struct search_walk *walk)
{
    const struct plan *plan = &walk->plan;
    double share = plan->schedule == SCHEDULE_DUALPIPE ? 0.5 : 1;
    walk->active_s = 0;
    for (int k = 0; k < walk->split->kind_count; k++) {
        const struct search_kind *kind = &walk->split->kinds[k];
        struct search_state *state = &walk->states[k];
        state->forward = state->backward = state->data = (struct search_pair){.time_s = 0};
        state->together_s = 0;
        for (int p = 0; p < SEARCH_PARTS; p++) {
            add_part(walk, kind, p, share, state);
        }
        if (plan->pipeline_parallel > 1) {
            add_messages(walk, kind, state);
        }
        walk->active_s +=
            (double)kind->count * (state->forward.active_s + state->backward.active_s);
    }
}

/* Turns */

struct turn_times {
    double forward_s, backward_s, data_s;
};

static double beside(double work_s, const struct search_unit *gathered,
                     const struct search_unit *scattered)
{
    double longest_s = work_s;
    for (int expert = 0; expert < 2; expert++) {
        double exchange_s = gathered != NULL ? gathered->gather_s[expert] : 0;
        exchange_s += scattered != NULL ? scattered->scatter_s[expert] : 0;
        longest_s = fmax(longest_s, exchange_s);
    }
    return longest_s;
}

static double alone_s(const struct search_unit *gathered, const struct search_unit *scattered)
{
    return beside(0, gathered, scattered);
}

/* With weights sharded: a unit's weights come while the one before it works, its gradients
 * leave while the next one does. A chunk's first weights and last gradients are waited for. */
static struct turn_times sharded(const struct search_walk *walk, int k)
{
    const struct plan *plan = &walk->plan;
    const struct search_kind *kind = &walk->split->kinds[k];
    const struct search_state *state = &walk->states[k];
    const struct search_unit *units = state->shared[plan->pipeline_inside].units;
    const struct search_unit *layer =
        kind->parts[PART_LAYER] > 0 ? &units[UNIT_LAYER] : &units[UNIT_DENSE];
    const struct search_unit *end = &units[UNIT_END], *dense = &units[UNIT_DENSE];
    double chunks = (double)plan->virtual_stages, weight = dtype_bytes(DTYPE_BF16);
    double layers = kind->parts[PART_LAYER], denses = kind->parts[PART_DENSE_LAYER];
    double first = kind->parts[PART_EMBEDDING], last = kind->parts[PART_HEAD];
    double forward_s = search_shared_slowed_s(walk, k, weight, state->forward.plain_s) /
                       state->forward.plain_s;
    double backward_s = search_shared_slowed_s(walk, k, weight + plan->gradient_bytes,
                                               state->backward.plain_s) /
                        state->backward.plain_s;
    double layer_s = forward_s * walk->cost->forward[PART_LAYER].plain_s;
    double dense_s = forward_s * walk->cost->forward[PART_DENSE_LAYER].plain_s;
    double embedding_s = forward_s * walk->cost->forward[PART_EMBEDDING].plain_s;
    double head_s = forward_s * walk->cost->forward[PART_HEAD].plain_s;
    double left = fmax(0, layers - chunks);
    struct turn_times times = {.data_s = 0};
    times.forward_s = (chunks - first) * alone_s(layer, first > 0 ? end : layer) +
                      first * (alone_s(end, layer) + beside(embedding_s, layer, NULL)) +
                      denses * beside(dense_s, dense, NULL) +
                      left * beside(layer_s, layer, NULL) + (layers - left - last) * layer_s +
                      last * (beside(layer_s, end, NULL) + head_s);
    double rest_s = state->backward.plain_s -
                    kind->parts[PART_HEAD] * walk->cost->backward[PART_HEAD].plain_s -
                    first * walk->cost->backward[PART_EMBEDDING].plain_s -
                    denses * walk->cost->backward[PART_DENSE_LAYER].plain_s;
    layer_s = layers > 0 ? backward_s * rest_s / layers : 0;
    dense_s = backward_s * walk->cost->backward[PART_DENSE_LAYER].plain_s;
    embedding_s = backward_s * walk->cost->backward[PART_EMBEDDING].plain_s;
    head_s = backward_s * walk->cost->backward[PART_HEAD].plain_s;
    double inner = fmax(0, layers - 2 * chunks), outer = layers - inner;
    times.backward_s = last * beside(head_s, layer, NULL) +
                       denses * beside(dense_s, dense, dense) +
                       inner * beside(layer_s, layer, layer) +
                       outer / 2 * beside(layer_s, layer, last > 0 ? end : NULL) +
                       outer / 2 * beside(layer_s, first > 0 ? end : NULL, layer) +
                       first * beside(embedding_s, NULL, layer);
    return times;
}

/* Activations on their way to the host or back, as far as a chunk's work does not hide them. */
static double host_s(const struct search_walk *walk, int k, const struct search_pair *turn,
                     const struct search_pair *parts)
{
    const struct plan *plan = &walk->plan;
    const struct search_kind *kind = &walk->split->kinds[k];
    double chunks = (double)plan->virtual_stages;
    double away_s = plan->offload_activations * walk->states[k].turn_bytes /
                    walk->search->platform->host.Bps;
    double ends = kind->parts[PART_EMBEDDING] + kind->parts[PART_HEAD];
    double ends_s = kind->parts[PART_EMBEDDING] * parts[PART_EMBEDDING].work_s +
                    kind->parts[PART_HEAD] * parts[PART_HEAD].work_s;
    double layers_s = (turn->work_s - ends_s) / chunks;
    if (ends > chunks) {
        return fmax(0, away_s - turn->work_s);
    }
    return (chunks - ends) * fmax(0, away_s - layers_s) +
           (ends > 0 ? ends * fmax(0, away_s - layers_s - ends_s / ends) : 0);
}

/* A microbatch through a stage of this kind. */
static struct turn_times turns_of(const struct search_walk *walk, int k)
{
    const struct plan *plan = &walk->plan;
    const struct search_state *state = &walk->states[k];
    struct turn_times times = {state->forward.time_s, state->backward.time_s,
                               state->data.time_s};
    if (plan->zero_stage == 3) {
        times = sharded(walk, k);
    } else if (plan->zero_stage == 2) {
        times.backward_s =
            search_shared_slowed_s(walk, k, plan->gradient_bytes, state->backward.plain_s);
    }
    if (plan->offload_activations > 0) {
        times.forward_s += host_s(walk, k, &state->forward, walk->cost->forward);
        times.backward_s += host_s(walk, k, &state->backward, walk->cost->backward);
        times.data_s += host_s(walk, k, &state->data, walk->cost->data);
        if (plan_splits_backward(plan)) {
            times.backward_s = times.data_s + state->backward.time_s - state->data.time_s;
        }
    }
    return times;
}

static bool alternates(const struct plan *plan)
{
    return plan->overlap_experts && plan->zero_stage < 2;
}

struct search_pipeline search_estimate_pipeline(const struct search_walk *walk)
{
    const struct plan *plan = &walk->plan;
    const struct search_layout *layout = &walk->layouts[plan->pipeline_inside];
    struct search_pipeline sum = {.slowest_s = 0};
    for (int k = 0; k < walk->split->kind_count; k++) {
        double count = (double)walk->split->kinds[k].count;
        struct turn_times turn = turns_of(walk, k);
        double both_s = turn.forward_s + turn.backward_s;
        double period_s = both_s + (alternates(plan) ? walk->states[k].together_s : 0);
        sum.slowest_s = fmax(sum.slowest_s, both_s);
        sum.period_s = fmax(sum.period_s, period_s);
        sum.all_s += both_s * count;
        sum.forward_s += turn.forward_s * count;
        sum.backward_s += turn.backward_s * count;
        sum.data_s += turn.data_s * count;
        sum.last_forward_s = turn.forward_s;
        sum.last_backward_s = turn.backward_s;
    }
    if (plan->pipeline_parallel > 1) {
        sum.boundary_s = layout->boundary.fixed_s +
                         layout->boundary.per_byte_s * transformer_boundary_bytes(&walk->shape);
        sum.sent_s = walk->send_s_per_byte * transformer_boundary_bytes(&walk->shape);
    }
    return sum;
}

/* The end of the step */

static const struct search_shared *shared_of(const struct search_walk *walk, int k)
{
    return &walk->states[k].shared[walk->plan.pipeline_inside];
}

static bool scatters(const struct plan *plan)
{
    return plan->zero_stage > 1 || (plan->zero_stage == 1 && !plan->whole_gradients);
}

static bool reduces_beside(const struct plan *plan)
{
    return search_has_replicas(plan) && !plan->frozen_weights && plan->zero_stage < 3 &&
           (plan->zero_stage == 2 || (plan->overlap_gradients && !plan_splits_backward(plan)));
}

/* Gradients of a stage, one unit after the other. */
static double in_units_s(const struct search_walk *walk, int k)
{
    const struct search_shared *shared = shared_of(walk, k);
    return scatters(&walk->plan) ? fmax(shared->turn_scatter_s[0], shared->turn_scatter_s[1])
                                 : fmax(shared->turn_reduce_s[0], shared->turn_reduce_s[1]);
}

/* Gradients that were not hidden behind the turns. */
static double exposed_s(const struct search_walk *walk, int k)
{
    const struct plan *plan = &walk->plan;
    const struct search_shared *shared = shared_of(walk, k);
    double units = walk->split->kinds[k].units;
    if (plan->zero_stage == 3) {
        bool end = walk->split->kinds[k].parts[PART_EMBEDDING] > 0;
        return alone_s(NULL, &shared->units[end ? UNIT_END : UNIT_LAYER]);
    }
    if (!reduces_beside(plan)) {
        return scatters(plan) ? shared->scatter_s : shared->reduce_s;
    }
    double chunks = (double)plan->virtual_stages, beside_s = walk->states[k].backward.time_s;
    double all_s = in_units_s(walk, k), turns = (double)plan->pipeline_parallel;
    double left = 1 - chunks / units; /* of a chunk's turn, after its first unit */
    if (plan->zero_stage == 2) {
        return fmax(all_s * search_shared_first(walk, k), all_s - beside_s / chunks * left);
    }
    /* A chunk's gradients leave while the next one's round of microbatches comes back. */
    double queued_s = all_s - beside_s / chunks * ((chunks - 1) * turns + left);
    double last_s =
        fmax(all_s * search_shared_first(walk, k), (all_s - beside_s * left) / chunks);
    return fmax(last_s, queued_s);
}

static bool gathers_ahead(const struct plan *plan)
{
    return plan->overlap_weights && plan->zero_stage > 0 && plan->zero_stage < 3 &&
           !plan->frozen_weights && search_has_replicas(plan);
}

/* Sums over copies, optimizer and new weights. */
static double update_s(const struct search_walk *walk, int k)
{
    enum { STATE_BYTES = 12 };
    const struct plan *plan = &walk->plan;
    const struct parameters *all = &walk->states[k].parameters;
    bool apart = plan->expert_parallel > 1, sharded = plan->zero_stage > 0;
    double shards = sharded ? (double)plan_shards(plan) : 1;
    double expert_shards = sharded && apart ? (double)plan_expert_replicas(plan) : shards;
    double parameters = all->dense / shards + all->expert / expert_shards;
    double time_s = walk->optimizer_s * parameters + shared_of(walk, k)->copies_s;
    if (plan->offload_optimizer) {
        time_s = fmax(time_s, parameters * STATE_BYTES / walk->search->platform->host.Bps);
    }
    bool gathers = sharded && plan->zero_stage < 3 && !plan->overlap_weights;
    return time_s + (gathers && search_has_replicas(plan) ? shared_of(walk, k)->gather_s : 0);
}

/* What a stage adds after its last turn. */
static double tail_s(const struct search_walk *walk, int k)
{
    if (walk->plan.frozen_weights) {
        return 0;
    }
    return update_s(walk, k) + (search_has_replicas(&walk->plan) ? exposed_s(walk, k) : 0);
}

/* New weights come one after the other from the start of the step, beside the first
 * microbatches' turns: what the first stage waits for them. */
static double waiting_s(const struct search_walk *walk)
{
    const struct plan *plan = &walk->plan;
    if (!gathers_ahead(plan)) {
        return 0;
    }
    const struct search_state *state = &walk->states[0];
    const struct search_shared *shared = shared_of(walk, 0);
    double chunks = (double)plan->virtual_stages, units = walk->split->kinds[0].units / chunks;
    double weight = dtype_bytes(DTYPE_BF16);
    double gathers_s = fmax(shared->turn_gather_s[0], shared->turn_gather_s[1]);
    double chunk_s = gathers_s / chunks, waits_s = gathers_s * search_shared_first(walk, 0);
    double work_s = state->forward.time_s / chunks;
    double round_s = (double)plan->pipeline_parallel * work_s;
    for (double c = 0; c < chunks; c++) {
        double ready_s = (c + 1) * chunk_s - c * round_s - work_s * (1 - 1 / units);
        waits_s = fmax(waits_s, ready_s);
    }
    return waits_s + search_shared_slowed_s(walk, 0, weight, state->forward.plain_s) -
           state->forward.time_s;
}

/* The last backward turns run beside gradients: each stage's last one, and with virtual stages
 * one in the round of each other chunk. */
static double slowed_turns_s(const struct search_walk *walk)
{
    const struct plan *plan = &walk->plan;
    double time_s = 0, most_s = 0, chunks = (double)plan->virtual_stages;
    if (!reduces_beside(plan) || plan->zero_stage == 2) {
        return 0;
    }
    for (int k = 0; k < walk->split->kind_count; k++) {
        const struct search_state *state = &walk->states[k];
        double more_s =
            search_shared_slowed_s(walk, k, plan->gradient_bytes, state->backward.plain_s) -
            state->backward.time_s;
        time_s += more_s * (double)walk->split->kinds[k].count / chunks;
        most_s = fmax(most_s, more_s);
    }
    return time_s + most_s * (1 - 1 / chunks);
}

/* Where gradients leave in every turn and take longer than the turns: from the first ones on,
 * exchange after exchange. */
static double queue_s(const struct search_walk *walk, const struct search_pipeline *pipeline,
                      int k, bool last)
{
    const struct plan *plan = &walk->plan;
    if (plan->zero_stage != 2 || !reduces_beside(plan)) {
        return 0;
    }
    return search_schedule_first_s(plan, pipeline, last) +
           (double)plan->micro_batches * in_units_s(walk, k) + update_s(walk, k);
}

double search_estimate_step_s(const struct search_walk *walk,
                              const struct search_pipeline *pipeline)
{
    const struct plan *plan = &walk->plan;
    int final = walk->split->kind_count - 1;
    double time_s = search_schedule_s(plan, pipeline) + slowed_turns_s(walk) + waiting_s(walk);
    /* Stages end one after the other, the first stage last. */
    double early_s =
        (pipeline->backward_s - pipeline->last_backward_s) / (double)plan->virtual_stages;
    time_s += fmax(tail_s(walk, 0), tail_s(walk, final) - early_s);
    return fmax(time_s,
                fmax(queue_s(walk, pipeline, 0, false), queue_s(walk, pipeline, final, true)));
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
