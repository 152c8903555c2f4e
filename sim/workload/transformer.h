/* SPDX-License-Identifier: Apache-2.0 */
/* FLOPs, HBM bytes, communication and memory of a transformer's training on one chip of a plan.
 * Equations: docs/MODEL.md, "Transformer operations", "Training memory". */
#pragma once

#include "base/arena.h"
#include "hardware/chip.h"
#include "workload/model.h"
#include "workload/operation.h"
#include "workload/plan.h"
#include "workload/transformer_memory.h"
#include "workload/transformer_stage.h"

/* Parts of the model that a pipeline stage can hold. */
enum part { PART_LAYER, PART_DENSE_LAYER, PART_EMBEDDING, PART_HEAD };

/* The operations of one microbatch through one part on one chip, in order. The backward list
 * starts with what the plan recomputes. PART_DENSE_LAYER is a mixture's dense layer. */
void transformer_forward(const struct training_shape *shape, enum part part,
                         struct operation_list *list);
void transformer_backward(const struct training_shape *shape, enum part part,
                          struct operation_list *list);

/* The update of this many parameters on one chip. */
void transformer_optimizer(const struct plan *plan, double parameters,
                           struct operation_list *list);

/* Model FLOPs of one training step: 3 x forward, full (non-causal) attention, no recompute.
 * MODEL.md, "FLOP convention". */
double transformer_step_flops(const struct model *model, int64_t sequence_tokens,
                              int64_t batch_sequences);

/* Bytes that one chip sends to the next pipeline stage per microbatch. */
double transformer_boundary_bytes(const struct training_shape *shape);
/* What a tensor-parallel group that got a microbatch in shares does first; empty otherwise. */
void transformer_boundary_gather(const struct training_shape *shape,
                                 struct operation_list *list);
