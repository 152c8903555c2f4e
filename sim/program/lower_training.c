/* SPDX-License-Identifier: Apache-2.0 */
/* A program for each pipeline stage (and kind of chip): the turns of the schedule, each a
 * sequence of operations; then the gradients, the optimizer, and the new weights. The last
 * microbatch's backward turn goes layer by layer, so that gradients can be reduced beside it.
 */
#include "program/lower_training.h"

#include "program/exchanges.h"
#include "program/lowering.h"
#include "program/placement.h"
#include "program/replica.h"
#include "program/schedule.h"
#include "program/sustained.h"
#include "program/uneven.h"
#include "workload/transformer_memory.h"

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

/* The chunk's layers backward, last first, in a sequence of their own. */
static int32_t backward_sequence(struct lowering *lowering, const struct stage *stage,
                                 enum turn_kind kind)
{
    int32_t sequence = job_sequence(lowering->job, "backward");
    if (kind != TURN_WEIGHT) {
        gather_boundary(lowering, sequence, stage->head);
    }
    if (stage->head) {
        lowering_backward(lowering, sequence, PART_HEAD, 0, kind);
    }
    for (int64_t i = 0; i < stage->layers; i++) {
        lowering_backward(lowering, sequence, PART_LAYER, i, kind);
    }
    for (int64_t i = 0; i < stage->dense_layers; i++) {
        lowering_backward(lowering, sequence, PART_DENSE_LAYER, i, kind);
    }
    if (stage->embedding) {
        lowering_backward(lowering, sequence, PART_EMBEDDING, 0, kind);
    }
    return sequence;
}

void lowering_offload(struct lowering *lowering, int32_t sequence, double share)
{
    const struct plan *plan = lowering->plan;
    double bytes = share * plan->offload_activations *
                   transformer_turn_activations(lowering->shape, lowering->stage);
    double wait_s =
        bytes / lowering->job->platform->host.Bps - lowering_sequence_s(lowering, sequence);
    if (plan->offload_activations > 0 && wait_s > 0) {
        struct op op = {
            "activations to the host", PART_VECTOR_TIME, wait_s, -1, SLOT_TENSOR, false, 0, 0};
        job_op(lowering->job, sequence, &op);
    }
}

static bool has_layers(const struct stage *stage)
{
    return stage->layers + stage->dense_layers > 0;
}

static void chunk_sequences(struct lowering *lowering, int64_t index)
{
    struct chunk *chunk = &lowering->chunks[index];
    const struct stage *stage = &chunk->stage;
    bool splits = plan_splits_backward(lowering->plan);
    chunk->forward = job_sequence(lowering->job, "forward");
    gather_boundary(lowering, chunk->forward, stage->embedding);
    forward_parts(lowering, chunk->forward, PART_EMBEDDING, stage->embedding);
    forward_parts(lowering, chunk->forward, PART_DENSE_LAYER, stage->dense_layers);
    forward_parts(lowering, chunk->forward, PART_LAYER, stage->layers);
    forward_parts(lowering, chunk->forward, PART_HEAD, stage->head);
    chunk->backward = backward_sequence(lowering, stage, TURN_BACKWARD);
    if (index == 0 || !has_layers(&lowering->chunks[index - 1].stage)) {
        sustained_measure(lowering, chunk); /* of the first chunk that is no end alone */
    }
    sustained_apply(lowering, chunk->forward);
    sustained_apply(lowering, chunk->backward);
    lowering_offload(lowering, chunk->forward, 1);
    lowering_offload(lowering, chunk->backward, 1);
    if (splits) {
        chunk->data = backward_sequence(lowering, stage, TURN_DATA);
        chunk->weight = backward_sequence(lowering, stage, TURN_WEIGHT);
        sustained_apply(lowering, chunk->data);
        sustained_apply(lowering, chunk->weight);
        lowering_offload(lowering, chunk->data, 1);
    }
}

void lowering_instruct(struct lowering *lowering, enum instruction_kind kind, int32_t what,
                       int32_t with, int64_t microbatch, const char *name)
{
    struct instruction instruction = {kind, what, with, (int32_t)microbatch, name};
    job_instruct(lowering->job, lowering->program, instruction);
}

static int32_t write_program(struct lowering *lowering)
{
    const struct plan *plan = lowering->plan;
    lowering->program = job_program(lowering->job);
    lowering->sending = -1;
    lowering->chunks =
        arena_array(lowering->job->arena, plan_chunks(plan), sizeof(struct chunk));
    for (int64_t c = 0; c < plan_chunks(plan); c++) {
        lowering->chunks[c].stage =
            transformer_chunk(lowering->shape->model, plan, lowering->stage, c);
        chunk_sequences(lowering, c);
    }
    states_begin(lowering);
    struct turns turns = schedule_turns(plan, lowering->stage, lowering->job->arena);
    for (int64_t i = 0; i < turns.count; i++) {
        if (turns.items[i].paired && i + 1 < turns.count) {
            lowering_pair(lowering, &turns.items[i], &turns.items[i + 1]);
            i++;
        } else {
            lowering_turn(lowering, &turns.items[i]);
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
        lowering->stage = lowering->replica
                              ? t
                              : placement_of_chip(lowering->plan, job->teams[t].seat).pipeline;
        lowering->chip = platform_chip(platform, job->teams[t].chips[0]);
        if (lowering->plans != NULL) {
            lowering->plan = &lowering->plans[lowering->chip - platform->chip_types];
        }
        int32_t *program =
            &programs[lowering->stage * types + (lowering->chip - platform->chip_types)];
        if (*program == 0) {
            *program = write_program(lowering) + 1;
        }
        job->teams[t].program = *program - 1;
    }
}

static struct lowering *begin(const struct platform *platform,
                              const struct training_shape *shape, struct arena *arena,
                              struct error *error)
{
    if (!schedule_check(shape->plan, error)) {
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
    if (lowering == NULL || !placement_fill(lowering->job, shape->plan, error)) {
        return NULL;
    }
    if (shape->plan->second_kind_share > 0) {
        lowering->plans = uneven_plans(lowering->job, shape->plan, error);
        for (int kind = 0; kind < 2; kind++) {
            if (lowering->plans == NULL || !schedule_check(&lowering->plans[kind], error)) {
                return NULL;
            }
        }
    }
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
