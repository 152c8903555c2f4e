/* SPDX-License-Identifier: Apache-2.0 */
/* What the replicas of a stage share: gradients are reduced beside the last backward turn,
 * states are updated, weights gathered. With zero_stage 3 (fully sharded) every unit's weights
 * are gathered before its use in each turn, one unit ahead, and its gradients scattered after
 * it. MODEL.md, "Sharded states". */
#include <math.h>

#include "program/lowering.h"
#include "program/sustained.h"

static bool has_replicas(const struct lowering *lowering, enum slot slot)
{
    const struct plan *plan = lowering->plan;
    if (slot == SLOT_EXPERT_DATA) {
        return plan->expert_parallel > 1 && plan_expert_replicas(plan) > 1;
    }
    return plan->data_parallel * plan->context_parallel > 1;
}

static void start_exchange(struct lowering *lowering, enum slot slot,
                           enum collective_operation operation, double bytes, const char *name)
{
    if (bytes > 0 && has_replicas(lowering, slot)) {
        int32_t spec = job_spec(lowering->job, operation, bytes, "auto");
        lowering_instruct(lowering, INSTRUCTION_START, spec, (int32_t)slot, -1, name);
    }
}

/* Experts that are cut like a dense MLP have the replicas of all else. */
static struct bucket reduced_together(const struct lowering *lowering, struct bucket bucket)
{
    if (lowering->plan->expert_parallel > 1) {
        return bucket;
    }
    return (struct bucket){bucket.dense + bucket.expert, 0};
}

static void reduce_gradients(struct lowering *lowering, struct bucket bucket)
{
    const struct plan *plan = lowering->plan;
    bool scattered = plan->zero_stage > 1 || (plan->zero_stage == 1 && !plan->whole_gradients);
    enum collective_operation operation =
        scattered ? COLLECTIVE_REDUCE_SCATTER : COLLECTIVE_ALL_REDUCE;
    bucket = reduced_together(lowering, bucket);
    double bytes = plan->frozen_weights ? 0 : plan->gradient_bytes;
    start_exchange(lowering, SLOT_DATA, operation, bucket.dense * bytes, "reduce gradients");
    start_exchange(lowering, SLOT_EXPERT_DATA, operation, bucket.expert * bytes,
                   "reduce expert gradients");
}

/* Until no more than lowering->coming of the exchanges started on each slot are under way. */
static void wait_some(struct lowering *lowering, const char *name)
{
    static const enum slot slots[] = {SLOT_DATA, SLOT_EXPERT_DATA};
    for (int i = 0; i < 2; i++) {
        if (has_replicas(lowering, slots[i])) {
            lowering_instruct(lowering, INSTRUCTION_WAIT, lowering->coming[slots[i]],
                              (int32_t)slots[i], -1, name);
        }
    }
}

static void wait_all(struct lowering *lowering, const char *name)
{
    lowering->coming[SLOT_DATA] = lowering->coming[SLOT_EXPERT_DATA] = 0;
    wait_some(lowering, name);
}

static bool fully_sharded(const struct lowering *lowering)
{
    return lowering->plan->zero_stage >= 3 && has_replicas(lowering, SLOT_DATA);
}

static void gather_weights(struct lowering *lowering, struct bucket bucket)
{
    double bytes = dtype_bytes(DTYPE_BF16);
    bucket = reduced_together(lowering, bucket);
    start_exchange(lowering, SLOT_DATA, COLLECTIVE_ALL_GATHER, bucket.dense * bytes,
                   "gather weights");
    start_exchange(lowering, SLOT_EXPERT_DATA, COLLECTIVE_ALL_GATHER, bucket.expert * bytes,
                   "gather expert weights");
}

static struct bucket part_parameters(const struct lowering *lowering, enum part part)
{
    const struct model *model = lowering->shape->model;
    struct parameters all =
        transformer_stage_parameters(model, lowering->plan, lowering->stage);
    double vocabulary =
        transformer_stage_vocabulary_parameters(model, lowering->plan, lowering->stage);
    double layers = 0, mixtures = 0, ends = 0;
    for (int64_t c = 0; c < lowering->plan->virtual_stages; c++) {
        const struct stage *stage = &lowering->chunks[c].stage;
        layers += (double)(stage->layers + stage->dense_layers);
        mixtures += (double)stage->layers;
        ends += (double)(stage->embedding + stage->head);
    }
    struct bucket bucket = {0, 0};
    if (part == PART_EMBEDDING || part == PART_HEAD) {
        bucket.dense = vocabulary / ends;
    } else {
        bucket.dense = (all.dense - vocabulary) / layers;
        bucket.expert = part == PART_LAYER ? all.expert / mixtures : 0;
    }
    return bucket;
}

/* Units of a chunk in the order of a forward pass: its ends and its layers one by one. */
enum { RUNS = 4 };

struct run {
    enum part part;
    int64_t count;
};

static int64_t runs_of(const struct stage *stage, struct run runs[RUNS])
{
    const struct run all[RUNS] = {{PART_EMBEDDING, stage->embedding},
                                  {PART_DENSE_LAYER, stage->dense_layers},
                                  {PART_LAYER, stage->layers},
                                  {PART_HEAD, stage->head}};
    int64_t units = 0;
    for (int r = 0; r < RUNS; r++) {
        runs[r] = all[r];
        units += all[r].count;
    }
    return units;
}

static enum part unit_part(const struct stage *stage, int64_t unit, int64_t *layer)
{
    struct run runs[RUNS];
    runs_of(stage, runs);
    *layer = 0;
    for (int r = 0; r < RUNS; r++) {
        if (unit < runs[r].count) {
            *layer = unit;
            return runs[r].part;
        }
        unit -= runs[r].count;
    }
    return PART_HEAD;
}

/* How much longer work takes while the library's kernels hold part of the chip: for as long as
 * the exchange goes on. MODEL.md, "Sharded states". */
static double slowdown_beside(const struct lowering *lowering, double exchange_s, double work_s)
{
    double lost = lowering->chip->communication_compute_fraction;
    double beside_s = fmin(exchange_s, work_s / (1 - lost));
    return work_s > 0 ? 1 + lost * beside_s / work_s : 1;
}

static double sequence_s(const struct lowering *lowering, int32_t sequence)
{
    const struct sequence *what = &lowering->job->sequences[sequence];
    double time_s = 0;
    for (int64_t i = 0; i < what->op_count; i++) {
        time_s += what->ops[i].duration_s;
    }
    return time_s;
}

/* A rough time of an exchange, for the slowdown only: its bytes through the narrowest link that
 * a chip has on its way to the farthest replica. */
static double rough_s(const struct lowering *lowering, double bytes)
{
    const struct platform *platform = lowering->job->platform;
    const struct plan *plan = lowering->plan;
    int64_t span = plan->tensor_parallel * plan->data_parallel * plan->context_parallel;
    if (span > platform->chip_count && platform->nic_up_Bps != NULL) {
        int64_t inside = platform->chip_count / plan->tensor_parallel;
        return bytes / (double)(inside > 1 ? inside : 1) / platform->nic_up_Bps[0];
    }
    int32_t count = 0;
    double narrowest_Bps = INFINITY;
    const int32_t *links =
        platform->chip_count > 1 ? platform_route(platform, 0, 1, &count) : NULL;
    for (int32_t i = 0; i < count; i++) {
        narrowest_Bps = fmin(narrowest_Bps, platform->links[links[i]].bandwidth_Bps);
    }
    return bytes / narrowest_Bps;
}

/* One unit one way as a sequence of its own, slowed down by this many bytes beside it. */
static int32_t unit_sequence(struct lowering *lowering, const struct stage *stage, int64_t unit,
                             bool forward, double bytes)
{
    int64_t layer;
    enum part part = unit_part(stage, unit, &layer);
    int32_t sequence = job_sequence(lowering->job, forward ? "forward" : "backward");
    if (forward) {
        lowering_forward(lowering, sequence, part);
    } else {
        lowering_backward(lowering, sequence, part, layer);
    }
    double slowdown =
        slowdown_beside(lowering, rough_s(lowering, bytes), sequence_s(lowering, sequence));
    struct sequence *what = &lowering->job->sequences[sequence];
    for (int64_t i = 0; i < what->op_count; i++) {
        what->ops[i].duration_s *= slowdown;
    }
    return sequence;
}

/* Sequences of a chunk's units, made once a program. */
static int32_t *unit_sequences(struct lowering *lowering, struct chunk *chunk, bool forward)
{
    int32_t **place = forward ? &chunk->unit_forward : &chunk->unit_backward;
    if (*place != NULL) {
        return *place;
    }
    struct run runs[RUNS];
    int64_t units = runs_of(&chunk->stage, runs), layer;
    *place = arena_array(lowering->job->arena, units + 1, sizeof(int32_t));
    const struct plan *plan = lowering->plan;
    bool beside = fully_sharded(lowering) ||
                  (has_replicas(lowering, SLOT_DATA) &&
                   (forward ? plan->overlap_weights : plan->overlap_gradients));
    for (int64_t u = 0; u < units; u++) {
        struct bucket bucket = part_parameters(lowering, unit_part(&chunk->stage, u, &layer));
        double bytes = (bucket.dense + bucket.expert) *
                       ((forward || fully_sharded(lowering) ? dtype_bytes(DTYPE_BF16) : 0) +
                        (forward ? 0 : plan->gradient_bytes));
        (*place)[u] = unit_sequence(lowering, &chunk->stage, u, forward, beside ? bytes : 0);
    }
    return *place;
}

static void run_unit(struct lowering *lowering, int32_t sequence, int64_t microbatch,
                     bool forward)
{
    lowering_instruct(lowering, INSTRUCTION_RUN, sequence, 0, microbatch,
                      forward ? "forward" : "backward");
}

static struct bucket unit_bucket(const struct lowering *lowering, const struct stage *stage,
                                 int64_t unit)
{
    int64_t layer;
    return part_parameters(lowering, unit_part(stage, unit, &layer));
}

static bool gathers_ahead(const struct lowering *lowering)
{
    const struct plan *plan = lowering->plan;
    return plan->zero_stage > 0 && plan->overlap_weights && !plan->frozen_weights &&
           !fully_sharded(lowering) && has_replicas(lowering, SLOT_DATA);
}

static void count_coming(struct lowering *lowering, struct bucket bucket, int32_t by)
{
    bucket = reduced_together(lowering, bucket);
    lowering->coming[SLOT_DATA] += bucket.dense > 0 ? by : 0;
    lowering->coming[SLOT_EXPERT_DATA] +=
        bucket.expert > 0 && has_replicas(lowering, SLOT_EXPERT_DATA) ? by : 0;
}

/* New weights come in the order of their use from the start of the step, in the library's
 * queue, whatever the pipeline waits for. */
void states_begin(struct lowering *lowering)
{
    lowering->coming[SLOT_DATA] = lowering->coming[SLOT_EXPERT_DATA] = 0;
    for (int64_t c = 0; gathers_ahead(lowering) && c < lowering->plan->virtual_stages; c++) {
        const struct stage *stage = &lowering->chunks[c].stage;
        struct run runs[RUNS];
        int64_t units = runs_of(stage, runs);
        for (int64_t u = 0; u < units; u++) {
            struct bucket bucket = unit_bucket(lowering, stage, u);
            gather_weights(lowering, bucket);
            count_coming(lowering, bucket, 1);
        }
    }
}

/* The first forward pass of a step: each unit waits for its weights. */
static void gathered_forward(struct lowering *lowering, struct chunk *chunk, int64_t microbatch)
{
    struct run runs[RUNS];
    int64_t units = runs_of(&chunk->stage, runs);
    const int32_t *sequences = unit_sequences(lowering, chunk, true);
    for (int64_t u = 0; u < units; u++) {
        count_coming(lowering, unit_bucket(lowering, &chunk->stage, u), -1);
        wait_some(lowering, "wait for weights");
        run_unit(lowering, sequences[u], microbatch, true);
    }
}

/* Forward: the next unit's weights come while this one works. */
static void sharded_forward(struct lowering *lowering, struct chunk *chunk, int64_t microbatch)
{
    struct run runs[RUNS];
    int64_t units = runs_of(&chunk->stage, runs);
    const int32_t *sequences = unit_sequences(lowering, chunk, true);
    gather_weights(lowering, unit_bucket(lowering, &chunk->stage, 0));
    wait_all(lowering, "wait for weights");
    for (int64_t u = 0; u < units; u++) {
        if (u + 1 < units) {
            gather_weights(lowering, unit_bucket(lowering, &chunk->stage, u + 1));
        }
        run_unit(lowering, sequences[u], microbatch, true);
        wait_all(lowering, "wait for weights");
    }
}

/* Backward: the weights of the unit before come while this one works, and the gradients of the
 * unit behind leave. The last unit's weights are still there from the forward pass. */
static void sharded_backward(struct lowering *lowering, struct chunk *chunk, int64_t microbatch)
{
    struct run runs[RUNS];
    int64_t units = runs_of(&chunk->stage, runs);
    const int32_t *sequences = unit_sequences(lowering, chunk, false);
    for (int64_t u = units - 1; u >= 0; u--) {
        if (u > 0) {
            gather_weights(lowering, unit_bucket(lowering, &chunk->stage, u - 1));
        }
        run_unit(lowering, sequences[u], microbatch, false);
        wait_all(lowering, "wait for weights");
        reduce_gradients(lowering, unit_bucket(lowering, &chunk->stage, u));
    }
}

/* Unit by unit, each one's gradients on their way while the next works. */
static void reducing_backward(struct lowering *lowering, struct chunk *chunk,
                              int64_t microbatch)
{
    struct run runs[RUNS];
    int64_t units = runs_of(&chunk->stage, runs);
    const int32_t *sequences = unit_sequences(lowering, chunk, false);
    for (int64_t u = units - 1; u >= 0; u--) {
        run_unit(lowering, sequences[u], microbatch, false);
        reduce_gradients(lowering, unit_bucket(lowering, &chunk->stage, u));
    }
}

bool states_forward(struct lowering *lowering, struct chunk *chunk, int64_t microbatch)
{
    if (fully_sharded(lowering)) {
        sharded_forward(lowering, chunk, microbatch);
        return true;
    }
    if (microbatch == 0 && gathers_ahead(lowering)) {
        gathered_forward(lowering, chunk, microbatch);
        return true;
    }
    return false;
}

bool states_backward(struct lowering *lowering, struct chunk *chunk, int64_t microbatch)
{
    const struct plan *plan = lowering->plan;
    bool last = microbatch == plan->micro_batches - 1;
    if (!has_replicas(lowering, SLOT_DATA)) {
        return false;
    }
    if (fully_sharded(lowering)) {
        sharded_backward(lowering, chunk, microbatch);
        return true;
    }
    if (plan->zero_stage == 2 || (last && plan->overlap_gradients)) {
        reducing_backward(lowering, chunk, microbatch);
        return true;
    }
    return false;
}

/* The end of the step */

void states_update(struct lowering *lowering)
{
    const struct plan *plan = lowering->plan;
    struct parameters all =
        transformer_stage_parameters(lowering->shape->model, plan, lowering->stage);
    struct bucket bucket = reduced_together(lowering, (struct bucket){all.dense, all.expert});
    if (plan->frozen_weights) { /* adapters are too few to count */
        wait_all(lowering, "wait for weights");
        return;
    }
    if (!plan->overlap_gradients && plan->zero_stage < 2) {
        reduce_gradients(lowering, bucket);
    }
    wait_all(lowering, "wait for gradients");
    double shards = 1, expert_shards = 1;
    if (plan->zero_stage > 0) {
        shards = (double)(plan->data_parallel * plan->context_parallel);
        expert_shards = (double)plan_expert_replicas(plan);
    }
    int32_t sequence = job_sequence(lowering->job, "optimizer");
    transformer_optimizer(plan, bucket.dense / shards + bucket.expert / expert_shards,
                          &lowering->list);
    lowering_append(lowering, sequence);
    lowering_instruct(lowering, INSTRUCTION_RUN, sequence, 0, -1, "optimizer");
    if (plan->zero_stage > 0 && plan->zero_stage < 3 && !plan->overlap_weights) {
        gather_weights(lowering, bucket);
        wait_all(lowering, "wait for weights");
    }
}
