/* SPDX-License-Identifier: Apache-2.0 */
/* The head multiplies in bf16 even when the layers use a narrower dtype, as training does. The
 * loss needs the largest logit and the sum of exponentials over all words: two small exchanges.
 * MODEL.md, "Transformer operations". */
#include "workload/vocabulary.h"

enum { ELEMENT_BYTES = 2, FLOAT_BYTES = 4 };

static double row_elements(const struct training_shape *shape, double tokens)
{
    return tokens * (double)shape->model->hidden;
}

/* One row read and one written per token, with dropout and a table of positions if any. */
void vocabulary_embedding_forward(const struct training_shape *shape,
                                  struct operation_list *list)
{
    const struct model *model = shape->model;
    double bytes = 2 * ELEMENT_BYTES + (model->learned_positions ? ELEMENT_BYTES : 0) +
                   (model->hidden_dropout ? 1 : 0);
    double tokens = operation_sizes(shape).tokens;
    operation_leave(operation_vector(list, "embedding", row_elements(shape, tokens) * bytes),
                    shape);
}

/* The gradient of each token's row is added to the table's. */
void vocabulary_embedding_backward(const struct training_shape *shape,
                                   struct operation_list *list)
{
    double bytes = ELEMENT_BYTES + 2 * shape->plan->gradient_bytes;
    double tokens = operation_sizes(shape).tokens;
    operation_gather(list, shape, "embedding gradient gather", DTYPE_BF16);
    operation_vector(list, "embedding backward", row_elements(shape, tokens) * bytes);
}

static struct operation_linear head_linear(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    return (struct operation_linear){.forward = "logits",
                                     .data_gradient = "logits data gradient",
                                     .weight_gradient = "logits weight gradient",
                                     .dtype = DTYPE_BF16,
                                     .tokens = sizes.tokens,
                                     .in = (double)shape->model->hidden,
                                     .out = (double)shape->model->vocabulary / sizes.tensor,
                                     .batch_count = 1};
}

/* States and the next token's embedding become a layer's input before each pass but the first;
 * a pass has its share. */
static struct operation_linear joint_linear(const struct training_shape *shape)
{
    double further = (double)shape->model->prediction_layers;
    return (struct operation_linear){.forward = "states and embeddings",
                                     .data_gradient = "states and embeddings data gradient",
                                     .weight_gradient = "states and embeddings weight gradient",
                                     .dtype = shape->plan->dtype,
                                     .tokens = operation_sizes(shape).shard_tokens * further /
                                               (1 + further),
                                     .in = 2 * (double)shape->model->hidden,
                                     .out = (double)shape->model->hidden,
                                     .batch_count = 1};
}

double vocabulary_logits(const struct training_shape *shape)
{
    struct operation_linear head = head_linear(shape);
    return head.tokens * head.out;
}

/* words: numbers per token that are summed over the group. */
static void sum_loss(struct operation *operation, const struct training_shape *shape,
                     double words)
{
    if (shape->plan->tensor_parallel > 1) {
        operation_attach(operation, EXCHANGE_TENSOR_ALL_REDUCE,
                         words * FLOAT_BYTES * operation_sizes(shape).tokens, false);
    }
}

/* Bytes a logit that the loss moves: one pass over bf16 each for the maximum and the sum, or
 * apart in fp32: conversion, then logarithms of the softmax; backward one pass, or a pass in
 * fp32 and the conversion back. */
struct loss_bytes {
    double maximum, sum, backward;
};

static struct loss_bytes loss_bytes(const struct training_shape *shape)
{
    if (shape->plan->fused_vectors) {
        return (struct loss_bytes){ELEMENT_BYTES, ELEMENT_BYTES, 2 * ELEMENT_BYTES};
    }
    return (struct loss_bytes){ELEMENT_BYTES + 2 * FLOAT_BYTES, 3 * FLOAT_BYTES,
                               3 * FLOAT_BYTES + ELEMENT_BYTES};
}

void vocabulary_head_forward(const struct training_shape *shape, struct operation_list *list)
{
    struct operation_linear head = head_linear(shape);
    double logits = vocabulary_logits(shape);
    struct loss_bytes bytes = loss_bytes(shape);
    if (shape->model->prediction_layers > 0) {
        struct operation_linear joint = joint_linear(shape);
        operation_forward(list, shape, &joint);
    }
    operation_enter(operation_vector(list, "final norm", operation_norm_bytes(shape, true)),
                    shape, DTYPE_BF16);
    operation_forward(list, shape, &head);
    sum_loss(operation_vector(list, "loss maximum", logits * bytes.maximum), shape, 1);
    sum_loss(operation_vector(list, "loss", logits * bytes.sum), shape, 2);
}

void vocabulary_head_backward(const struct training_shape *shape, struct operation_list *list)
{
    struct operation_linear head = head_linear(shape);
    operation_vector(list, "loss backward",
                     vocabulary_logits(shape) * loss_bytes(shape).backward);
    operation_first_backward(list, shape, &head);
    operation_vector(list, "final norm backward", operation_norm_bytes(shape, false));
    if (shape->model->prediction_layers > 0) {
        struct operation_linear joint = joint_linear(shape);
        operation_data_gradient(list, shape, &joint);
        operation_weight_gradient(list, &joint, shape->plan->gradient_bytes);
    }
}
