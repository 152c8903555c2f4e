/* SPDX-License-Identifier: Apache-2.0 */
/* A program for each pipeline stage (and kind of chip): the turns of the schedule, each a
 * sequence of operations; then the gradients, the optimizer, and the new weights. The last
 * microbatch's backward turn goes layer by layer, so that gradients can be reduced beside it.
 */
#include "program/lower_training.h"

#include "program/exchanges.h"
#include "program/placement.h"
#include "program/replica.h"
#include "program/schedule.h"
#include "workload/transformer.h"
#include "workload/transformer_stage.h"

struct bucket {           /* gradients of one part of a stage */
    double dense, expert; /* parameters on one chip */
};

struct chunk {
    struct stage stage;
    int32_t forward, backward;
};

struct lowering {
    struct job *job;
    const struct training_shape *shape;
    const struct plan *plan;
    struct error *error;
    bool replica; /* teams are the stages of the first replica alone */
    /* of the program being written */
    const struct chip *chip;
    int64_t stage;
    int32_t program;
    struct chunk *chunks;
    struct operation_list list; /* scratch: large */
};

static enum slot exchange_slot(enum exchange exchange)
{
    if (exchange == EXCHANGE_EXPERT_ALL_TO_ALL) {
        return SLOT_EXPERT;
    }
    return exchange >= EXCHANGE_CONTEXT_ALL_GATHER ? SLOT_CONTEXT : SLOT_TENSOR;
}

static enum collective_operation exchange_operation(enum exchange exchange)
{
    switch (exchange) {
    case EXCHANGE_TENSOR_ALL_GATHER:
    case EXCHANGE_CONTEXT_ALL_GATHER:
        return COLLECTIVE_ALL_GATHER;
    case EXCHANGE_TENSOR_REDUCE_SCATTER:
    case EXCHANGE_CONTEXT_REDUCE_SCATTER:
        return COLLECTIVE_REDUCE_SCATTER;
    case EXCHANGE_EXPERT_ALL_TO_ALL:
        return COLLECTIVE_ALL_TO_ALL;
    case EXCHANGE_NONE:
    case EXCHANGE_TENSOR_ALL_REDUCE:
        break;
    }
    return COLLECTIVE_ALL_REDUCE;
}

static enum part_of_time slot_part(enum slot slot)
{
    static const enum part_of_time parts[SLOT_COUNT] = {
        [SLOT_TENSOR] = PART_TENSOR_TIME,    [SLOT_CONTEXT] = PART_CONTEXT_TIME,
        [SLOT_EXPERT] = PART_EXPERT_TIME,    [SLOT_DATA] = PART_DATA_TIME,
        [SLOT_EXPERT_DATA] = PART_DATA_TIME,
    };
    return parts[slot];
}

/* Appends the scratch list to a sequence. slowdown: of work beside gradient reduction. */
static void append_list(struct lowering *lowering, int32_t sequence, double slowdown)
{
    struct operation_list *list = &lowering->list;
    for (int i = 0; i < list->count; i++) {
        const struct operation *operation = &list->items[i];
        struct op op = {operation->name,
                        (enum part_of_time)operation->work.kind,
                        chip_work_time_s(lowering->chip, &operation->work) * slowdown,
                        -1,
                        SLOT_TENSOR,
                        false};
        if (operation->work.kernel_count > 0) {
            job_op(lowering->job, sequence, &op);
        }
        if (operation->exchange == EXCHANGE_NONE) {
            continue;
        }
        op.slot = exchange_slot(operation->exchange);
        op.part = slot_part(op.slot);
        op.duration_s = 0;
        op.spec = job_spec(lowering->job, exchange_operation(operation->exchange),
                           operation->exchange_bytes, "auto");
        op.beside = operation->beside_next && op.slot == SLOT_TENSOR && i + 1 < list->count &&
                    list->items[i + 1].work.kernel_count > 0;
        job_op(lowering->job, sequence, &op);
    }
    list->count = 0;
}

static void forward_part(struct lowering *lowering, int32_t sequence, enum part part,
                         int64_t repeats)
{
    for (int64_t i = 0; i < repeats; i++) {
        transformer_forward(lowering->shape, part, &lowering->list);
        append_list(lowering, sequence, 1);
    }
}

static void backward_part(struct lowering *lowering, int32_t sequence, enum part part,
                          double slowdown)
{
    transformer_backward(lowering->shape, part, &lowering->list);
    append_list(lowering, sequence, slowdown);
}

static void chunk_sequences(struct lowering *lowering, int64_t index)
{
    struct chunk *chunk = &lowering->chunks[index];
    const struct stage *stage = &chunk->stage;
    chunk->forward = job_sequence(lowering->job, "forward");
    forward_part(lowering, chunk->forward, PART_EMBEDDING, stage->embedding);
    forward_part(lowering, chunk->forward, PART_DENSE_LAYER, stage->dense_layers);
    forward_part(lowering, chunk->forward, PART_LAYER, stage->layers);
    forward_part(lowering, chunk->forward, PART_HEAD, stage->head);
    chunk->backward = job_sequence(lowering->job, "backward");
    if (stage->head) {
        backward_part(lowering, chunk->backward, PART_HEAD, 1);
    }
    for (int64_t i = 0; i < stage->layers; i++) {
        backward_part(lowering, chunk->backward, PART_LAYER, 1);
    }
    for (int64_t i = 0; i < stage->dense_layers; i++) {
        backward_part(lowering, chunk->backward, PART_DENSE_LAYER, 1);
    }
    if (stage->embedding) {
        backward_part(lowering, chunk->backward, PART_EMBEDDING, 1);
    }
}

static void instruct(struct lowering *lowering, enum instruction_kind kind, int32_t what,
                     int32_t with, int64_t microbatch, const char *name)
{
    struct instruction instruction = {kind, what, with, (int32_t)microbatch, name};
    job_instruct(lowering->job, lowering->program, instruction);
}

/* Gradients */

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
        instruct(lowering, INSTRUCTION_START, spec, (int32_t)slot, -1, name);
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
    enum collective_operation operation =
        lowering->plan->zero_stage > 0 ? COLLECTIVE_REDUCE_SCATTER : COLLECTIVE_ALL_REDUCE;
    bucket = reduced_together(lowering, bucket);
    double bytes = lowering->plan->gradient_bytes;
    start_exchange(lowering, SLOT_DATA, operation, bucket.dense * bytes, "reduce gradients");
    start_exchange(lowering, SLOT_EXPERT_DATA, operation, bucket.expert * bytes,
                   "reduce expert gradients");
}

static void wait_all(struct lowering *lowering, const char *name)
{
    if (has_replicas(lowering, SLOT_DATA)) {
        instruct(lowering, INSTRUCTION_WAIT, 0, SLOT_DATA, -1, name);
    }
    if (has_replicas(lowering, SLOT_EXPERT_DATA)) {
        instruct(lowering, INSTRUCTION_WAIT, 0, SLOT_EXPERT_DATA, -1, name);
    }
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

/* The backward turn of the last microbatch: part by part, each one's gradients on their way. */
static void last_backward(struct lowering *lowering, const struct stage *stage,
                          int64_t microbatch)
{
    const struct {
        enum part part;
        int64_t count;
    } parts[] = {{PART_HEAD, stage->head},
                 {PART_LAYER, stage->layers},
                 {PART_DENSE_LAYER, stage->dense_layers},
                 {PART_EMBEDDING, stage->embedding}};
    bool beside = lowering->plan->overlap_gradients && has_replicas(lowering, SLOT_DATA);
    double slowdown = beside ? 1 / (1 - lowering->chip->communication_compute_fraction) : 1;
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        if (parts[p].count == 0) {
            continue;
        }
        int32_t sequence = job_sequence(lowering->job, "backward");
        backward_part(lowering, sequence, parts[p].part, slowdown);
        struct bucket bucket = part_parameters(lowering, parts[p].part);
        for (int64_t i = 0; i < parts[p].count; i++) {
            instruct(lowering, INSTRUCTION_RUN, sequence, 0, microbatch, "backward");
            if (beside) {
                reduce_gradients(lowering, bucket);
            }
        }
    }
}

/* Turns */

static bool first_of_model(const struct lowering *lowering, int64_t chunk)
{
    return lowering->stage == 0 && chunk == 0;
}

static bool last_of_model(const struct lowering *lowering, int64_t chunk)
{
    return lowering->stage == lowering->plan->pipeline_parallel - 1 &&
           chunk == lowering->plan->virtual_stages - 1;
}

static int32_t boundary_spec(struct lowering *lowering)
{
    return job_spec(lowering->job, COLLECTIVE_SEND_RECEIVE,
                    transformer_boundary_bytes(lowering->shape), "direct");
}

static void forward_turn(struct lowering *lowering, const struct turn *turn)
{
    if (!first_of_model(lowering, turn->chunk)) {
        instruct(lowering, INSTRUCTION_RECEIVE, 0, PEER_PREVIOUS, turn->microbatch,
                 "receive activations");
    }
    instruct(lowering, INSTRUCTION_RUN, lowering->chunks[turn->chunk].forward, 0,
             turn->microbatch, "forward");
    if (!last_of_model(lowering, turn->chunk)) {
        instruct(lowering, INSTRUCTION_SEND, boundary_spec(lowering), PEER_NEXT,
                 turn->microbatch, "send activations");
    }
}

static void backward_turn(struct lowering *lowering, const struct turn *turn)
{
    if (!last_of_model(lowering, turn->chunk)) {
        instruct(lowering, INSTRUCTION_RECEIVE, 0, PEER_NEXT, turn->microbatch,
                 "receive gradients");
    }
    if (turn->microbatch == lowering->plan->micro_batches - 1) {
        last_backward(lowering, &lowering->chunks[turn->chunk].stage, turn->microbatch);
    } else {
        instruct(lowering, INSTRUCTION_RUN, lowering->chunks[turn->chunk].backward, 0,
                 turn->microbatch, "backward");
    }
    if (!first_of_model(lowering, turn->chunk)) {
        instruct(lowering, INSTRUCTION_SEND, boundary_spec(lowering), PEER_PREVIOUS,
                 turn->microbatch, "send gradients");
    }
}

/* The end of the step */

static void update(struct lowering *lowering)
{
    const struct plan *plan = lowering->plan;
    struct parameters all =
        transformer_stage_parameters(lowering->shape->model, plan, lowering->stage);
    struct bucket bucket = reduced_together(lowering, (struct bucket){all.dense, all.expert});
    if (!plan->overlap_gradients) {
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
    append_list(lowering, sequence, 1);
    instruct(lowering, INSTRUCTION_RUN, sequence, 0, -1, "optimizer");
    if (plan->zero_stage > 0) {
        double bytes = dtype_bytes(DTYPE_BF16);
        start_exchange(lowering, SLOT_DATA, COLLECTIVE_ALL_GATHER, bucket.dense * bytes,
                       "gather weights");
        start_exchange(lowering, SLOT_EXPERT_DATA, COLLECTIVE_ALL_GATHER, bucket.expert * bytes,
                       "gather expert weights");
        wait_all(lowering, "wait for weights");
    }
}

static int32_t write_program(struct lowering *lowering)
{
    const struct plan *plan = lowering->plan;
    lowering->program = job_program(lowering->job);
    lowering->chunks =
        arena_array(lowering->job->arena, plan->virtual_stages, sizeof(struct chunk));
    for (int64_t c = 0; c < plan->virtual_stages; c++) {
        lowering->chunks[c].stage =
            transformer_stage(lowering->shape->model, plan, lowering->stage, c);
        chunk_sequences(lowering, c);
    }
    for (int64_t i = 0; i < schedule_turn_count(plan); i++) {
        struct turn turn = schedule_turn(plan, lowering->stage, i);
        if (turn.forward) {
            forward_turn(lowering, &turn);
        } else {
            backward_turn(lowering, &turn);
        }
    }
    update(lowering);
    return lowering->program;
}

/* Every team gets the program of its stage and kind of chip, written when it is first needed.
 */
static void assign_programs(struct lowering *lowering)
{
    struct job *job = lowering->job;
    const struct platform *platform = job->platform;
    int64_t types = platform->chip_type_count;
    int32_t *programs =
        arena_array(job->arena, lowering->plan->pipeline_parallel * types, sizeof(int32_t));
    for (int32_t t = 0; t < job->team_count; t++) {
        lowering->stage = lowering->replica ? t : placement_place(lowering->plan, t).pipeline;
        lowering->chip = platform_chip(platform, job->teams[t].chips[0]);
        int32_t *program =
            &programs[lowering->stage * types + (lowering->chip - platform->chip_types)];
        if (*program == 0) {
            *program = write_program(lowering) + 1;
        }
        job->teams[t].program = *program - 1;
    }
}

static bool fits_schedule(const struct plan *plan, struct error *error)
{
    if (plan->virtual_stages == 1 || plan->micro_batches % plan->pipeline_parallel == 0) {
        return true;
    }
    return error_fill(error, ERROR_INFEASIBLE,
                      "interleaved 1F1B works on microbatches in rounds of pipeline_parallel "
                      "(%lld), and %lld microbatches a pipeline are no multiple of it; change "
                      "batch_tokens, micro_batch or virtual_stages",
                      (long long)plan->pipeline_parallel, (long long)plan->micro_batches);
}

static struct lowering *begin(const struct platform *platform,
                              const struct training_shape *shape, struct arena *arena,
                              struct error *error)
{
    if (!fits_schedule(shape->plan, error)) {
        return NULL;
    }
    struct lowering *lowering = arena_alloc(arena, sizeof *lowering);
    lowering->job = job_create(platform, arena);
    lowering->shape = shape;
    lowering->plan = shape->plan;
    return lowering;
}

struct job *lower_training(const struct platform *platform, const struct training_shape *shape,
                           struct arena *arena, struct error *error)
{
    struct lowering *lowering = begin(platform, shape, arena, error);
    if (lowering == NULL) {
        return NULL;
    }
    placement_fill(lowering->job, shape->plan);
    assign_programs(lowering);
    return lowering->job;
}

struct job *lower_training_replica(const struct platform *platform,
                                   const struct training_shape *shape, struct arena *arena,
                                   struct error *error)
{
    struct lowering *lowering = begin(platform, shape, arena, error);
    if (lowering == NULL) {
        return NULL;
    }
    lowering->replica = true;
    replica_fill(lowering->job, shape->plan);
    assign_programs(lowering);
    return exchanges_plan_all(lowering->job, error) &&
                   replica_price(lowering->job, shape->plan, error)
               ? lowering->job
               : NULL;
}
