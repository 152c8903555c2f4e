/* SPDX-License-Identifier: Apache-2.0 */
/* A program for each pipeline stage (and kind of chip): the turns of the schedule, each a
 * sequence of operations; then the gradients, the optimizer, and the new weights. The last
 * microbatch's backward turn goes layer by layer, so that gradients can be reduced beside it.
 */
#include "program/lower_training.h"

#include <math.h>

#include "program/exchanges.h"
#include "program/lowering.h"
#include "program/overlap.h"
#include "program/placement.h"
#include "program/replica.h"
#include "program/schedule.h"
#include "program/sustained.h"

static enum slot exchange_slot(enum exchange exchange)
{
    if (exchange == EXCHANGE_EXPERT_ALL_TO_ALL) {
        return SLOT_EXPERT;
    }
    bool context =
        exchange == EXCHANGE_CONTEXT_ALL_GATHER || exchange == EXCHANGE_CONTEXT_REDUCE_SCATTER;
    return context ? SLOT_CONTEXT : SLOT_TENSOR;
}

static enum collective_operation exchange_operation(enum exchange exchange)
{
    switch (exchange) {
    case EXCHANGE_TENSOR_ALL_GATHER:
    case EXCHANGE_EXPERT_ALL_GATHER:
    case EXCHANGE_CONTEXT_ALL_GATHER:
        return COLLECTIVE_ALL_GATHER;
    case EXCHANGE_TENSOR_REDUCE_SCATTER:
    case EXCHANGE_EXPERT_REDUCE_SCATTER:
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

/* Fused attention by older kernels than the chip's best. */
static double work_s(const struct lowering *lowering, const struct work *work)
{
    double time_s = chip_work_time_s(lowering->chip, work);
    double fraction = lowering->plan->attention_fraction;
    return work->kind == WORK_ATTENTION && fraction > 0 ? time_s / fraction : time_s;
}

/* With frozen weights an adapter of small rank stands beside each matrix: it reads the input
 * and the gradient of the output, and adds to both results. */
static struct work adapter(const struct work *gradient)
{
    double elements = gradient->batch_count * gradient->k * (gradient->m + gradient->n);
    return (struct work){.kind = WORK_VECTOR,
                         .dtype = DTYPE_BF16,
                         .bytes = 2 * elements * dtype_bytes(DTYPE_BF16),
                         .kernel_count = gradient->kernel_count};
}

/* While the chip waits for the host: before the kernel, and before the library's one. */
static double host_s(const struct lowering *lowering, const struct operation *operation)
{
    bool exchanges = operation->exchange != EXCHANGE_NONE;
    return operation->host_s +
           lowering->plan->kernel_gap_s * (operation->work.kernel_count + exchanges);
}

/* Of the bytes that chips send to experts: a token that several experts of one domain want goes
 * there once, and is copied inside. With K of E experts drawn and D domains it meets
 * D (1 - C(E - E/D, K) / C(E, K)) of them. MODEL.md, "Experts". */
static double merged_fraction(const struct lowering *lowering)
{
    const struct plan *plan = lowering->plan;
    const struct model *model = lowering->shape->model;
    int64_t inside = lowering->job->platform->chip_count;
    int64_t span = plan->expert_parallel * plan_expert_tensor_parallel(plan);
    if (!plan->merged_dispatch || span <= inside) {
        return 1;
    }
    double domains = (double)span / (double)inside, missed = 1;
    double experts = (double)model->expert_count, drawn = (double)model->experts_per_token;
    for (double k = 0; k < drawn; k++) {
        missed *= fmax(0, experts - experts / domains - k) / (experts - k);
    }
    return fmin(1, domains * (1 - missed) / drawn);
}

void lowering_append(struct lowering *lowering, int32_t sequence)
{
    struct operation_list *list = &lowering->list;
    if (lowering->plan->overlap_tensor) {
        overlap_tensor(&lowering->list, &lowering->reordered);
        list = &lowering->reordered;
    }
    for (int i = 0; i < list->count; i++) {
        struct operation *operation = &list->items[i];
        if (operation->trains && lowering->plan->frozen_weights) {
            operation->work = adapter(&operation->work);
        }
        struct op op = {operation->name,
                        (enum part_of_time)operation->work.kind,
                        work_s(lowering, &operation->work) + host_s(lowering, operation),
                        -1,
                        SLOT_TENSOR,
                        false,
                        operation->work.flops,
                        operation->work.bytes};
        if (operation->work.kernel_count > 0) {
            job_op(lowering->job, sequence, &op);
        }
        if (operation->exchange == EXCHANGE_NONE) {
            continue;
        }
        op.slot = exchange_slot(operation->exchange);
        op.part = slot_part(op.slot);
        op.duration_s = op.flops = op.hbm_bytes = 0;
        double share = op.slot == SLOT_EXPERT ? merged_fraction(lowering) : 1;
        op.spec = job_spec(lowering->job, exchange_operation(operation->exchange),
                           operation->exchange_bytes * share, "auto");
        op.beside = operation->beside_next && op.slot == SLOT_TENSOR && i + 1 < list->count &&
                    list->items[i + 1].work.kernel_count > 0;
        job_op(lowering->job, sequence, &op);
    }
    lowering->list.count = 0;
}

void lowering_forward(struct lowering *lowering, int32_t sequence, enum part part)
{
    transformer_forward(lowering->shape, part, &lowering->list);
    lowering_append(lowering, sequence);
}

void lowering_backward(struct lowering *lowering, int32_t sequence, enum part part,
                       int64_t layer)
{
    struct plan plan = *lowering->plan;
    struct training_shape shape = *lowering->shape;
    shape.plan = &plan;
    if (plan.recompute_layers > 0 && layer >= plan.recompute_layers) {
        plan.recompute = RECOMPUTE_NONE;
    }
    transformer_backward(&shape, part, &lowering->list);
    lowering_append(lowering, sequence);
}

static void forward_parts(struct lowering *lowering, int32_t sequence, enum part part,
                          int64_t repeats)
{
    for (int64_t i = 0; i < repeats; i++) {
        lowering_forward(lowering, sequence, part);
    }
}

static void gather_boundary(struct lowering *lowering, int32_t sequence, int64_t end_of_model)
{
    if (!end_of_model) {
        transformer_boundary_gather(lowering->shape, &lowering->list);
        lowering_append(lowering, sequence);
    }
}

static void chunk_sequences(struct lowering *lowering, int64_t index)
{
    struct chunk *chunk = &lowering->chunks[index];
    const struct stage *stage = &chunk->stage;
    chunk->forward = job_sequence(lowering->job, "forward");
    gather_boundary(lowering, chunk->forward, stage->embedding);
    forward_parts(lowering, chunk->forward, PART_EMBEDDING, stage->embedding);
    forward_parts(lowering, chunk->forward, PART_DENSE_LAYER, stage->dense_layers);
    forward_parts(lowering, chunk->forward, PART_LAYER, stage->layers);
    forward_parts(lowering, chunk->forward, PART_HEAD, stage->head);
    chunk->backward = job_sequence(lowering->job, "backward");
    gather_boundary(lowering, chunk->backward, stage->head);
    if (stage->head) {
        lowering_backward(lowering, chunk->backward, PART_HEAD, 0);
    }
    for (int64_t i = 0; i < stage->layers; i++) {
        lowering_backward(lowering, chunk->backward, PART_LAYER, i);
    }
    for (int64_t i = 0; i < stage->dense_layers; i++) {
        lowering_backward(lowering, chunk->backward, PART_DENSE_LAYER, i);
    }
    if (stage->embedding) {
        lowering_backward(lowering, chunk->backward, PART_EMBEDDING, 0);
    }
    if (index == 0) {
        sustained_measure(lowering, chunk);
    }
    sustained_apply(lowering, chunk->forward);
    sustained_apply(lowering, chunk->backward);
}

void lowering_instruct(struct lowering *lowering, enum instruction_kind kind, int32_t what,
                       int32_t with, int64_t microbatch, const char *name)
{
    struct instruction instruction = {kind, what, with, (int32_t)microbatch, name};
    job_instruct(lowering->job, lowering->program, instruction);
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

/* A sender that does nothing else until its message has gone. */
static void wait_for_message(struct lowering *lowering, int64_t microbatch)
{
    if (!lowering->plan->blocking_sends) {
        return;
    }
    const struct platform *platform = lowering->job->platform;
    int32_t count = 0;
    const int32_t *links = platform_route(platform, 0, platform->chip_count - 1, &count);
    double rate_Bps = count > 0 ? platform->links[links[0]].bandwidth_Bps : 0;
    if (platform->domain_count > 1 && platform->nic_up_Bps != NULL) {
        rate_Bps = platform->nic_up_Bps[0];
    }
    if (lowering->sending < 0) {
        lowering->sending = job_sequence(lowering->job, "send");
        double time_s =
            rate_Bps > 0 ? transformer_boundary_bytes(lowering->shape) / rate_Bps : 0;
        struct op op = {"send", PART_PIPELINE_TIME, time_s, -1, SLOT_TENSOR, false, 0, 0};
        job_op(lowering->job, lowering->sending, &op);
    }
    lowering_instruct(lowering, INSTRUCTION_RUN, lowering->sending, 0, microbatch, "send");
}

static void forward_turn(struct lowering *lowering, const struct turn *turn)
{
    if (!first_of_model(lowering, turn->chunk)) {
        lowering_instruct(lowering, INSTRUCTION_RECEIVE, 0, PEER_PREVIOUS, turn->microbatch,
                          "receive activations");
    }
    struct chunk *chunk = &lowering->chunks[turn->chunk];
    if (!states_forward(lowering, chunk, turn->microbatch)) {
        lowering_instruct(lowering, INSTRUCTION_RUN, chunk->forward, 0, turn->microbatch,
                          "forward");
    }
    if (!last_of_model(lowering, turn->chunk)) {
        lowering_instruct(lowering, INSTRUCTION_SEND, boundary_spec(lowering), PEER_NEXT,
                          turn->microbatch, "send activations");
        wait_for_message(lowering, turn->microbatch);
    }
}

static void backward_turn(struct lowering *lowering, const struct turn *turn)
{
    if (!last_of_model(lowering, turn->chunk)) {
        lowering_instruct(lowering, INSTRUCTION_RECEIVE, 0, PEER_NEXT, turn->microbatch,
                          "receive gradients");
    }
    struct chunk *chunk = &lowering->chunks[turn->chunk];
    if (!states_backward(lowering, chunk, turn->microbatch)) {
        lowering_instruct(lowering, INSTRUCTION_RUN, chunk->backward, 0, turn->microbatch,
                          "backward");
    }
    if (!first_of_model(lowering, turn->chunk)) {
        lowering_instruct(lowering, INSTRUCTION_SEND, boundary_spec(lowering), PEER_PREVIOUS,
                          turn->microbatch, "send gradients");
        wait_for_message(lowering, turn->microbatch);
    }
}

static int32_t write_program(struct lowering *lowering)
{
    const struct plan *plan = lowering->plan;
    lowering->program = job_program(lowering->job);
    lowering->sending = -1;
    lowering->chunks =
        arena_array(lowering->job->arena, plan->virtual_stages, sizeof(struct chunk));
    for (int64_t c = 0; c < plan->virtual_stages; c++) {
        lowering->chunks[c].stage =
            transformer_stage(lowering->shape->model, plan, lowering->stage, c);
        chunk_sequences(lowering, c);
    }
    states_begin(lowering);
    for (int64_t i = 0; i < schedule_turn_count(plan); i++) {
        struct turn turn = schedule_turn(plan, lowering->stage, i);
        if (turn.forward) {
            forward_turn(lowering, &turn);
        } else {
            backward_turn(lowering, &turn);
        }
    }
    states_update(lowering);
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
        lowering->stage =
            lowering->replica
                ? t
                : placement_of_chip(lowering->plan, job->teams[t].chips[0]).pipeline;
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
