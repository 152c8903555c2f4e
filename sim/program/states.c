/* SPDX-License-Identifier: Apache-2.0 */
/* What the replicas of a stage share: gradients are reduced beside the last backward turn,
 * states are updated, weights gathered. With zero_stage 3 (fully sharded) every unit's weights
 * are gathered before its use in each turn, one unit ahead, and its gradients scattered after
 * it. MODEL.md, "Sharded states". */
#include <math.h>

#include "program/lowering.h"
#include "program/sustained.h"

bool states_has_replicas(const struct lowering *lowering, enum slot slot)
{
    const struct plan *plan = lowering->plan;
    if (slot == SLOT_SHARD || slot == SLOT_COPIES) {
        return plan_shards(plan) < plan->data_parallel * plan->context_parallel;
    }
    if (slot == SLOT_EXPERT_DATA) {
        return plan->expert_parallel > 1 && plan_expert_replicas(plan) > 1;
    }
    return plan->data_parallel * plan->context_parallel > 1;
}

/* Over which the states are divided. */
static enum slot shard_slot(const struct lowering *lowering)
{
    return states_has_replicas(lowering, SLOT_COPIES) ? SLOT_SHARD : SLOT_DATA;
}

static void start_exchange(struct lowering *lowering, enum slot slot,
                           enum collective_operation operation, double bytes, const char *name)
{
    if (bytes > 0 && states_has_replicas(lowering, slot)) {
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
    start_exchange(lowering, shard_slot(lowering), operation, bucket.dense * bytes,
                   "reduce gradients");
    start_exchange(lowering, SLOT_EXPERT_DATA, operation, bucket.expert * bytes,
                   "reduce expert gradients");
}

/* Until no more than lowering->coming of the exchanges started on each slot are under way. */
static void wait_some(struct lowering *lowering, const char *name)
{
    const enum slot slots[] = {shard_slot(lowering), SLOT_EXPERT_DATA, SLOT_COPIES};
    for (int i = 0; i < 3; i++) {
        if (states_has_replicas(lowering, slots[i])) {
            lowering_instruct(lowering, INSTRUCTION_WAIT, lowering->coming[slots[i]],
                              (int32_t)slots[i], -1, name);
        }
    }
}

static void wait_all(struct lowering *lowering, const char *name)
{
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        lowering->coming[slot] = 0;
    }
    wait_some(lowering, name);
}

bool states_fully_sharded(const struct lowering *lowering)
{
    return lowering->plan->zero_stage >= 3 && states_has_replicas(lowering, SLOT_DATA);
}

static void gather_weights(struct lowering *lowering, struct bucket bucket)
{
    double bytes = dtype_bytes(DTYPE_BF16);
    bucket = reduced_together(lowering, bucket);
    start_exchange(lowering, shard_slot(lowering), COLLECTIVE_ALL_GATHER, bucket.dense * bytes,
                   "gather weights");
    start_exchange(lowering, SLOT_EXPERT_DATA, COLLECTIVE_ALL_GATHER, bucket.expert * bytes,
                   "gather expert weights");
}

static void run_unit(struct lowering *lowering, int32_t sequence, int64_t microbatch,
                     bool forward)
{
    lowering_instruct(lowering, INSTRUCTION_RUN, sequence, 0, microbatch,
                      forward ? "forward" : "backward");
}

static bool gathers_ahead(const struct lowering *lowering)
{
    const struct plan *plan = lowering->plan;
    return plan->zero_stage > 0 && plan->overlap_weights && !plan->frozen_weights &&
           !states_fully_sharded(lowering) && states_has_replicas(lowering, SLOT_DATA);
}

static void count_coming(struct lowering *lowering, struct bucket bucket, int32_t by)
{
    bucket = reduced_together(lowering, bucket);
    lowering->coming[shard_slot(lowering)] += bucket.dense > 0 ? by : 0;
    lowering->coming[SLOT_EXPERT_DATA] +=
        bucket.expert > 0 && states_has_replicas(lowering, SLOT_EXPERT_DATA) ? by : 0;
}

/* New weights come in the order of their use from the start of the step, in the library's
 * queue, whatever the pipeline waits for. */
void states_begin(struct lowering *lowering)
{
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        lowering->coming[slot] = 0;
    }
    for (int64_t c = 0; gathers_ahead(lowering) && c < plan_chunks(lowering->plan); c++) {
        const struct stage *stage = &lowering->chunks[c].stage;
        int64_t units = state_units_count(stage);
        for (int64_t u = 0; u < units; u++) {
            struct bucket bucket = state_units_bucket(lowering, stage, u);
            gather_weights(lowering, bucket);
            count_coming(lowering, bucket, 1);
        }
    }
}

/* The first forward pass of a step: each unit waits for its weights. */
static void gathered_forward(struct lowering *lowering, struct chunk *chunk, int64_t microbatch)
{
    int64_t units = state_units_count(&chunk->stage);
    const int32_t *sequences = state_units_sequences(lowering, chunk, true);
    for (int64_t u = 0; u < units; u++) {
        count_coming(lowering, state_units_bucket(lowering, &chunk->stage, u), -1);
        wait_some(lowering, "wait for weights");
        run_unit(lowering, sequences[u], microbatch, true);
    }
}

/* Forward: the next unit's weights come while this one works. */
static void sharded_forward(struct lowering *lowering, struct chunk *chunk, int64_t microbatch)
{
    int64_t units = state_units_count(&chunk->stage);
    const int32_t *sequences = state_units_sequences(lowering, chunk, true);
    gather_weights(lowering, state_units_bucket(lowering, &chunk->stage, 0));
    wait_all(lowering, "wait for weights");
    for (int64_t u = 0; u < units; u++) {
        if (u + 1 < units) {
            gather_weights(lowering, state_units_bucket(lowering, &chunk->stage, u + 1));
        }
        run_unit(lowering, sequences[u], microbatch, true);
        wait_all(lowering, "wait for weights");
    }
}

/* Backward: the weights of the unit before come while this one works, and the gradients of the
 * unit behind leave. The last unit's weights are still there from the forward pass. */
static void sharded_backward(struct lowering *lowering, struct chunk *chunk, int64_t microbatch)
{
    int64_t units = state_units_count(&chunk->stage);
    const int32_t *sequences = state_units_sequences(lowering, chunk, false);
    for (int64_t u = units - 1; u >= 0; u--) {
        if (u > 0) {
            gather_weights(lowering, state_units_bucket(lowering, &chunk->stage, u - 1));
        }
        run_unit(lowering, sequences[u], microbatch, false);
        wait_all(lowering, "wait for weights");
        reduce_gradients(lowering, state_units_bucket(lowering, &chunk->stage, u));
    }
}

/* Unit by unit, each one's gradients on their way while the next works. */
static void reducing_backward(struct lowering *lowering, struct chunk *chunk,
                              int64_t microbatch)
{
    int64_t units = state_units_count(&chunk->stage);
    const int32_t *sequences = state_units_sequences(lowering, chunk, false);
    for (int64_t u = units - 1; u >= 0; u--) {
        run_unit(lowering, sequences[u], microbatch, false);
        reduce_gradients(lowering, state_units_bucket(lowering, &chunk->stage, u));
    }
}

/* Beside the last backward turn; a schedule that splits it reduces at the end. */
static bool reduces_beside(const struct lowering *lowering)
{
    return lowering->plan->overlap_gradients && !plan_splits_backward(lowering->plan);
}

/* The microbatch whose backward turn comes last: with GPipe the first one. */
static bool is_last(const struct plan *plan, int64_t microbatch)
{
    return microbatch == (plan->schedule == SCHEDULE_GPIPE ? 0 : plan->micro_batches - 1);
}

bool states_apart(const struct lowering *lowering, int64_t forward, int64_t backward)
{
    const struct plan *plan = lowering->plan;
    if (!states_has_replicas(lowering, SLOT_DATA)) {
        return false;
    }
    return plan->zero_stage >= 2 || (forward == 0 && gathers_ahead(lowering)) ||
           (is_last(plan, backward) && reduces_beside(lowering));
}

bool states_forward(struct lowering *lowering, struct chunk *chunk, int64_t microbatch)
{
    if (states_fully_sharded(lowering)) {
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
    if (!states_has_replicas(lowering, SLOT_DATA)) {
        return false;
    }
    if (states_fully_sharded(lowering)) {
        sharded_backward(lowering, chunk, microbatch);
        return true;
    }
    if (plan->zero_stage == 2 || (is_last(plan, microbatch) && reduces_beside(lowering))) {
        reducing_backward(lowering, chunk, microbatch);
        return true;
    }
    return false;
}

/* The end of the step */

/* Hybrid sharding: parts of the gradient are summed over the chips that hold the same one. */
static void sum_copies(struct lowering *lowering, struct bucket bucket)
{
    const struct plan *plan = lowering->plan;
    if (!states_has_replicas(lowering, SLOT_COPIES)) {
        return;
    }
    bool scattered = plan->zero_stage > 0 && !plan->whole_gradients;
    double parts = scattered ? (double)plan_shards(plan) : 1;
    start_exchange(lowering, SLOT_COPIES, COLLECTIVE_ALL_REDUCE,
                   bucket.dense * plan->gradient_bytes / parts, "reduce copies");
    wait_all(lowering, "wait for gradients");
}

/* An embedding that the first stage and the last both hold: each end sends the other its
 * gradient while it gets the other's. */
static void join_embeddings(struct lowering *lowering)
{
    const struct plan *plan = lowering->plan;
    const struct model *model = lowering->shape->model;
    bool end = lowering->stage == 0 || lowering->stage == plan->pipeline_parallel - 1;
    bool shared = model->tied_embeddings || model->prediction_layers > 0;
    double rate_Bps = lowering_message_Bps(lowering->job->platform);
    if (!shared || !end || plan->pipeline_parallel == 1 || !(rate_Bps > 0)) {
        return;
    }
    double bytes = plan->gradient_bytes * (double)model->vocabulary * (double)model->hidden /
                   (double)plan->tensor_parallel;
    int32_t sequence = job_sequence(lowering->job, "join embeddings");
    struct op op = {
        "join embeddings", PART_PIPELINE_TIME, bytes / rate_Bps, -1, SLOT_TENSOR, false, 0, 0};
    job_op(lowering->job, sequence, &op);
    lowering_instruct(lowering, INSTRUCTION_RUN, sequence, 0, -1, "join embeddings");
}

/* States in the host's memory: master weight and two moments come and go, both ways at once. */
static void stream_states(struct lowering *lowering, int32_t sequence, double parameters)
{
    enum { STATE_BYTES = 12 };
    const struct plan *plan = lowering->plan;
    double update_s = lowering_sequence_s(lowering, sequence);
    double wait_s = parameters * STATE_BYTES / lowering->job->platform->host.Bps - update_s;
    if (plan->offload_optimizer && wait_s > 0) {
        struct op op = {
            "states from the host", PART_OPTIMIZER_TIME, wait_s, -1, SLOT_TENSOR, false, 0, 0};
        job_op(lowering->job, sequence, &op);
    }
}

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
    if (!reduces_beside(lowering) && plan->zero_stage < 2) {
        reduce_gradients(lowering, bucket);
    }
    wait_all(lowering, "wait for gradients");
    sum_copies(lowering, bucket);
    join_embeddings(lowering);
    double shards = 1, expert_shards = 1;
    if (plan->zero_stage > 0) {
        shards = (double)plan_shards(plan);
        expert_shards = (double)plan_expert_replicas(plan);
    }
    int32_t sequence = job_sequence(lowering->job, "optimizer");
    transformer_optimizer(plan, bucket.dense / shards + bucket.expert / expert_shards,
                          &lowering->list);
    lowering_append(lowering, sequence);
    stream_states(lowering, sequence, bucket.dense / shards + bucket.expert / expert_shards);
    lowering_instruct(lowering, INSTRUCTION_RUN, sequence, 0, -1, "optimizer");
    if (plan->zero_stage > 0 && plan->zero_stage < 3 && !plan->overlap_weights) {
        gather_weights(lowering, bucket);
        wait_all(lowering, "wait for weights");
    }
}
