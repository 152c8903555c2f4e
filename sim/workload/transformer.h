/* SPDX-License-Identifier: Apache-2.0 */
/* FLOPs, HBM bytes, communication and memory of a transformer's training on one chip of a plan.
 * Equations: docs/MODEL.md, "Transformer operations", "Training memory". */
#pragma once

#include "base/arena.h"
#include "hardware/chip.h"
#include "workload/model.h"
#include "workload/plan.h"

/* One step of a layer's forward or backward pass on one chip: work, then perhaps an exchange. */
enum exchange {
    EXCHANGE_NONE,
    EXCHANGE_TENSOR_ALL_REDUCE,
    EXCHANGE_TENSOR_ALL_GATHER,     /* bytes: the gathered size */
    EXCHANGE_TENSOR_REDUCE_SCATTER, /* bytes: the size before scattering */
    EXCHANGE_EXPERT_ALL_TO_ALL,     /* bytes: what one chip sends in all, itself included */
    EXCHANGE_CONTEXT_ALL_GATHER
};

struct operation {
    const char *name; /* "qkv", "attention core", ... : a literal */
    struct work work; /* kernel_count 0: no work, only the exchange */
    enum exchange exchange;
    double exchange_bytes;
};

enum { OPERATIONS_MAX = 64 };

struct operation_list {
    struct operation items[OPERATIONS_MAX];
    int count;
};

struct training_shape {
    const struct model *model;
    const struct plan *plan;
    int64_t sequence_tokens;
};

/* Parts of the model that a pipeline stage can hold. */
enum part { PART_LAYER, PART_DENSE_LAYER, PART_EMBEDDING, PART_HEAD };

/* The operations of one microbatch through one part on one chip, in order. The backward list
 * starts with what the plan recomputes. PART_DENSE_LAYER is a mixture's dense layer. */
void transformer_forward(const struct training_shape *shape, enum part part,
                         struct operation_list *list);
void transformer_backward(const struct training_shape *shape, enum part part,
                          struct operation_list *list);

/* The update of this many parameters on one chip. */
void transformer_optimizer(const struct plan *plan, double parameters, struct operation_list *list);

/* Model FLOPs of one training step: 3 x forward, full (non-causal) attention, no recompute. */
double transformer_step_flops(const struct model *model, int64_t sequence_tokens,
                              int64_t batch_sequences);

/* The layers of a stage chunk: which part of the model it holds. */
struct stage {
    int64_t dense_layers, layers; /* layers: all others (experts or a dense model's) */
    bool embedding, head;
};

/* The content of virtual chunk 'chunk' (0 .. virtual_stages-1) of pipeline stage 'stage'. Layers
 * are spread evenly, the remainder one each over the middle stages first. */
struct stage transformer_stage(const struct model *model, const struct plan *plan, int64_t stage,
                               int64_t chunk);

/* Parameters that one chip of this stage holds (all its chunks): outside experts and in experts. */
struct parameters {
    double dense, expert;
};
struct parameters transformer_stage_parameters(const struct model *model, const struct plan *plan,
                                               int64_t stage);

/* Peak memory of one chip of a pipeline stage, by cause. */
struct training_memory {
    double weights_bytes, gradients_bytes, optimizer_bytes, activations_bytes, workspace_bytes;
    double reserved_bytes; /* by driver and runtime, from the chip */
    double total_bytes;
};
struct training_memory transformer_memory(const struct training_shape *shape,
                                          const struct chip *chip, int64_t stage);

/* Bytes that one chip sends to the next pipeline stage per microbatch. */
double transformer_boundary_bytes(const struct training_shape *shape);
