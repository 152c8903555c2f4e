/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of operations become ops: work with its time on the stage's chip, exchanges with their
 * slot and spec. */
#include <math.h>

#include "program/context_ring.h"
#include "program/host_wait.h"
#include "program/lowering.h"
#include "program/overlap.h"
#include "workload/routing.h"

enum slot lowering_slot(enum exchange exchange)
{
    if (exchange == EXCHANGE_EXPERT_ALL_TO_ALL) {
        return SLOT_EXPERT;
    }
    bool context =
        exchange == EXCHANGE_CONTEXT_ALL_GATHER || exchange == EXCHANGE_CONTEXT_REDUCE_SCATTER;
    return context ? SLOT_CONTEXT : SLOT_TENSOR;
}

enum collective_operation lowering_collective(enum exchange exchange)
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
        [SLOT_EXPERT_DATA] = PART_DATA_TIME, [SLOT_SHARD] = PART_DATA_TIME,
        [SLOT_COPIES] = PART_DATA_TIME,
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

/* With frozen weights an adapter of small rank stands beside each matrix. Forward it reads the
 * input and adds to the output; backward it reads the output's gradient twice and the input,
 * and adds to the input's gradient: 4 passes over each, all counted here. MODEL.md, "Adapters
 * and offloading". */
static struct work adapter(const struct work *gradient, int64_t rank)
{
    double elements = gradient->batch_count * gradient->k * (gradient->m + gradient->n);
    return (struct work){.kind = WORK_VECTOR,
                         .dtype = DTYPE_BF16,
                         .flops = 6 * elements * (double)rank,
                         .bytes = 4 * elements * dtype_bytes(DTYPE_BF16),
                         .kernel_count = gradient->kernel_count};
}

/* While the chip waits for the host: before the kernel, and before the library's one. */
static double host_s(const struct lowering *lowering, const struct operation *operation)
{
    bool exchanges = operation->exchange != EXCHANGE_NONE;
    return lowering->plan->kernel_gap_s * (operation->work.kernel_count + exchanges);
}

/* Of the bytes that chips send to experts: a token that several experts of one domain (inside a
 * domain: of one chip) want goes there once. MODEL.md, "Experts". */
static double merged_fraction(const struct lowering *lowering)
{
    const struct plan *plan = lowering->plan;
    const struct model *model = lowering->shape->model;
    int64_t inside = lowering->job->platform->chip_count;
    int64_t span = plan->expert_parallel * plan_expert_tensor_parallel(plan);
    if (!plan->merged_dispatch) {
        return 1;
    }
    bool away = span > inside;
    double places = away ? (double)span / (double)inside : (double)plan->expert_parallel;
    return fmin(1, routing_places(model, places) / (double)model->experts_per_token);
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
            operation->work = adapter(&operation->work, lowering->plan->adapter_rank);
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
        if (context_ring_take(lowering, sequence, operation) ||
            operation->exchange == EXCHANGE_NONE) {
            continue;
        }
        op.slot = lowering_slot(operation->exchange);
        op.part = slot_part(op.slot);
        op.duration_s = op.flops = op.hbm_bytes = 0;
        double share = op.slot == SLOT_EXPERT ? merged_fraction(lowering) : 1;
        op.spec = job_spec(lowering->job, lowering_collective(operation->exchange),
                           operation->exchange_bytes * share, "auto");
        op.beside = operation->beside_next && op.slot == SLOT_TENSOR && i + 1 < list->count &&
                    list->items[i + 1].work.kernel_count > 0;
        job_op(lowering->job, sequence, &op);
    }
    lowering->list.count = 0;
}

static bool launches_experts(const struct lowering *lowering, enum part part)
{
    return part == PART_LAYER && lowering->shape->model->expert_count > 0;
}

void lowering_forward(struct lowering *lowering, int32_t sequence, enum part part)
{
    int64_t first = lowering->job->sequences[sequence].op_count;
    transformer_forward(lowering->shape, part, &lowering->list);
    lowering_append(lowering, sequence);
    if (launches_experts(lowering, part)) {
        host_wait_append(lowering, sequence, first,
                         (struct host_passes){.forward = 1, .activations = 1});
    }
}

/* Of a backward list what computes gradients of data, with all exchanges. */
static void keep_data(struct operation_list *list)
{
    int count = 0;
    for (int i = 0; i < list->count; i++) {
        struct operation operation = list->items[i];
        if (operation.trains) {
            operation.work = (struct work){.kind = WORK_VECTOR, .dtype = DTYPE_BF16};
        }
        operation.beside_next =
            operation.beside_next && i + 1 < list->count && !list->items[i + 1].trains;
        if (operation.work.kernel_count > 0 || operation.exchange != EXCHANGE_NONE) {
            list->items[count++] = operation;
        }
    }
    list->count = count;
}

/* What computes gradients of weights: all operands are there. */
static void keep_weights(struct operation_list *list)
{
    int count = 0;
    for (int i = 0; i < list->count; i++) {
        if (list->items[i].trains) {
            list->items[count] = list->items[i];
            list->items[count++].exchange = EXCHANGE_NONE;
        }
    }
    list->count = count;
}

void lowering_backward(struct lowering *lowering, int32_t sequence, enum part part,
                       int64_t layer, enum turn_kind kind)
{
    struct plan plan = *lowering->plan;
    struct training_shape shape = *lowering->shape;
    shape.plan = &plan;
    if (plan.recompute_layers > 0 && layer >= plan.recompute_layers) {
        plan.recompute = RECOMPUTE_NONE;
    }
    int64_t first = lowering->job->sequences[sequence].op_count;
    transformer_backward(&shape, part, &lowering->list);
    if (kind == TURN_DATA) {
        keep_data(&lowering->list);
    } else if (kind == TURN_WEIGHT) {
        keep_weights(&lowering->list);
    }
    lowering_append(lowering, sequence);
    if (launches_experts(lowering, part) && kind != TURN_WEIGHT) {
        host_wait_append(
            lowering, sequence, first,
            (struct host_passes){.forward = plan.recompute == RECOMPUTE_FULL,
                                 .backward = 1,
                                 .activations = plan.recompute == RECOMPUTE_FULL ||
                                                plan.recompute == RECOMPUTE_VECTOR});
    }
}
