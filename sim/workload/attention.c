/* SPDX-License-Identifier: Apache-2.0 */
/* Heads are divided over TP, queries over CP; every chip of a context-parallel group gathers
 * the whole sequence's keys and values. Flash kernels skip what the causal mask hides, separate
 * kernels do not. MODEL.md, "Transformer operations". */
#include "workload/attention.h"

#include <math.h>

enum { ELEMENT_BYTES = 2 }; /* bf16 */

static struct operation_linear qkv_linear(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    return (struct operation_linear){.forward = "qkv",
                                     .data_gradient = "qkv data gradient",
                                     .weight_gradient = "qkv weight gradient",
                                     .dtype = shape->plan->dtype,
                                     .tokens = sizes.tokens,
                                     .in = (double)shape->model->hidden,
                                     .out = sizes.query + 2 * sizes.key_value,
                                     .batch_count = 1,
                                     .gathers_input = true};
}

/* Latent attention: one product down to both ranks, then one up to queries and one up to keys
 * and values. Ranks are whole on every chip. */
enum latent { LATENT_DOWN, LATENT_QUERY, LATENT_KEY_VALUE };

static struct operation_linear latent_linear(const struct training_shape *shape,
                                             enum latent which)
{
    const struct model *model = shape->model;
    struct operation_sizes sizes = operation_sizes(shape);
    double ranks = (double)(model->query_rank + model->key_value_rank);
    double position = (double)model->position_dim, head_dim = (double)model->head_dim;
    struct operation_linear linear = qkv_linear(shape);
    switch (which) {
    case LATENT_DOWN:
        linear.out = ranks + position;
        break;
    case LATENT_QUERY:
        linear.gathers_input = false;
        linear.forward = "query up";
        linear.data_gradient = "query up data gradient";
        linear.weight_gradient = "query up weight gradient";
        linear.in = model->query_rank > 0 ? (double)model->query_rank : linear.in;
        linear.out = sizes.query / head_dim * (head_dim + position);
        break;
    case LATENT_KEY_VALUE:
        linear.gathers_input = false;
        linear.forward = "key and value up";
        linear.data_gradient = "key and value up data gradient";
        linear.weight_gradient = "key and value up weight gradient";
        linear.in = (double)model->key_value_rank;
        linear.out = 2 * sizes.query;
        break;
    }
    return linear;
}

/* Norms of both ranks, then the products up. */
static struct operation *latent_forward(const struct training_shape *shape,
                                        struct operation_list *list)
{
    struct operation_linear query = latent_linear(shape, LATENT_QUERY);
    struct operation_linear key_value = latent_linear(shape, LATENT_KEY_VALUE);
    operation_vector(list, "latent norms",
                     2 * ELEMENT_BYTES * query.tokens * (query.in + key_value.in));
    operation_forward(list, shape, &query);
    return operation_forward(list, shape, &key_value);
}

static void latent_backward(const struct training_shape *shape, struct operation_list *list)
{
    struct operation_linear query = latent_linear(shape, LATENT_QUERY);
    struct operation_linear key_value = latent_linear(shape, LATENT_KEY_VALUE);
    double gradient_bytes = shape->plan->gradient_bytes;
    operation_data_gradient(list, shape, &key_value);
    operation_weight_gradient(list, &key_value, gradient_bytes);
    operation_data_gradient(list, shape, &query);
    operation_weight_gradient(list, &query, gradient_bytes);
    operation_vector(list, "latent norms backward",
                     3 * ELEMENT_BYTES * query.tokens * (query.in + key_value.in));
}

static struct operation_linear projection_linear(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    return (struct operation_linear){.forward = "projection",
                                     .data_gradient = "projection data gradient",
                                     .weight_gradient = "projection weight gradient",
                                     .dtype = shape->plan->dtype,
                                     .tokens = sizes.tokens,
                                     .in = sizes.query,
                                     .out = (double)shape->model->hidden,
                                     .batch_count = 1,
                                     .gathers_gradient = true};
}

/* Queries times keys of all heads on the chip; the keys play the weights. */
static struct operation_linear scores_linear(const struct training_shape *shape)
{
    const struct plan *plan = shape->plan;
    double sequence = (double)shape->sequence_tokens;
    return (struct operation_linear){.forward = "attention scores",
                                     .data_gradient = "query gradient",
                                     .weight_gradient = "key gradient",
                                     .dtype = DTYPE_BF16,
                                     .tokens = sequence / (double)plan->context_parallel,
                                     .in = (double)shape->model->head_dim,
                                     .out = sequence,
                                     .batch_count = (double)plan->micro_batch *
                                                    (double)shape->model->heads /
                                                    (double)plan->tensor_parallel};
}

/* Probabilities times values. */
static struct operation_linear context_linear(const struct training_shape *shape)
{
    struct operation_linear linear = scores_linear(shape);
    linear.forward = "attention context";
    linear.data_gradient = "probability gradient";
    linear.weight_gradient = "value gradient";
    linear.in = linear.out;
    linear.out = (double)shape->model->head_dim;
    return linear;
}

/* Elements of K and V of the whole sequence on one chip. */
static double key_value_elements(const struct training_shape *shape)
{
    return 2 * (double)shape->plan->micro_batch * (double)shape->sequence_tokens *
           operation_sizes(shape).key_value;
}

static void attach_context(struct operation *operation, const struct training_shape *shape,
                           enum exchange exchange)
{
    if (shape->plan->context_parallel > 1) {
        operation_attach(operation, exchange, key_value_elements(shape) * ELEMENT_BYTES, false);
    }
}

/* With context parallelism a chip has an early and a late part of the sequence: as many pairs
 * as queries in its middle have. */
static struct attention_shape flash_shape(const struct training_shape *shape, bool backward)
{
    const struct plan *plan = shape->plan;
    struct operation_sizes sizes = operation_sizes(shape);
    double head_dim = (double)shape->model->head_dim;
    double sequence = (double)shape->sequence_tokens;
    double queries = sequence / (double)plan->context_parallel;
    return (struct attention_shape){.sequences = (double)plan->micro_batch,
                                    .heads = sizes.query / head_dim,
                                    .kv_heads = sizes.key_value / head_dim,
                                    .head_dim =
                                        head_dim + (double)shape->model->position_dim / 2,
                                    .queries = queries,
                                    .prefix = (sequence - queries) / 2,
                                    .causal = true,
                                    .backward = backward};
}

/* Pairs of a query and a key that it sees, of half of all: those of a window. */
static double seen_fraction(double sequence, double window)
{
    double cut = fmin(window, sequence);
    return (cut * (2 * sequence - cut)) / (sequence * sequence);
}

/* The fused kernel: 4 FLOPs per pair of tokens and column of a head, half of the pairs; of the
 * share of the layers whose window (0: none) this is. */
static struct operation *flash_in(const struct training_shape *shape,
                                  struct operation_list *list, const char *name, double times,
                                  double window, double share)
{
    struct operation_sizes sizes = operation_sizes(shape);
    double sequence = (double)shape->sequence_tokens;
    double passes = times > 1 ? 4 : 2; /* Q, O and, backward, their gradients; likewise K, V */
    double bytes = ELEMENT_BYTES * (passes * sizes.tokens * sizes.query +
                                    passes / 2 * key_value_elements(shape));
    struct operation *operation = operation_vector(list, name, bytes * share);
    operation->work.kind = WORK_ATTENTION;
    operation->work.attention = flash_shape(shape, times > 1);
    operation->work.attention.window = window;
    operation->work.attention.sequences *= share;
    operation->work.flops = times * 2 * sizes.tokens * sequence * sizes.query * share *
                            (window > 0 ? seen_fraction(sequence, window) : 1);
    operation->work.kernel_count = (times > 1 ? 2 : 1) * share;
    return operation;
}

/* A layer's list stands for all layers: with windows in some, it has their shares of both. */
static struct operation *flash(const struct training_shape *shape, struct operation_list *list,
                               bool backward)
{
    const struct model *model = shape->model;
    double times = backward ? 2.5 : 1;
    double inside = (double)model->window_layers / (double)model->layers;
    struct operation *last = NULL;
    if (inside < 1) {
        last = flash_in(shape, list, backward ? "attention core backward" : "attention core",
                        times, 0, 1 - inside);
    }
    if (inside > 0) {
        last = flash_in(shape, list,
                        backward ? "attention core in window backward"
                                 : "attention core in window",
                        times, (double)model->window, inside);
    }
    return last;
}

static double score_elements(const struct training_shape *shape)
{
    struct operation_linear scores = scores_linear(shape);
    return scores.batch_count * scores.tokens * scores.out;
}

/* Scale, mask and softmax in one pass; dropout in a second one with its mask of a byte. */
static void separate_forward(const struct training_shape *shape, struct operation_list *list)
{
    struct operation_linear scores = scores_linear(shape), context = context_linear(shape);
    double elements = score_elements(shape);
    operation_forward(list, shape, &scores);
    operation_vector(list, "softmax", elements * 2 * ELEMENT_BYTES);
    if (shape->model->attention_dropout) {
        operation_vector(list, "attention dropout", elements * (2 * ELEMENT_BYTES + 1));
    }
    operation_forward(list, shape, &context);
}

/* Gradients of activations are written once, not accumulated: hence one byte, twice. */
static struct operation *separate_backward(const struct training_shape *shape,
                                           struct operation_list *list)
{
    struct operation_linear scores = scores_linear(shape), context = context_linear(shape);
    double elements = score_elements(shape), written = ELEMENT_BYTES / 2.0;
    operation_data_gradient(list, shape, &context);
    operation_weight_gradient(list, &context, written)->trains = false;
    if (shape->model->attention_dropout) {
        operation_vector(list, "attention dropout backward",
                         elements * (2 * ELEMENT_BYTES + 1));
    }
    operation_vector(list, "softmax backward", elements * 3 * ELEMENT_BYTES);
    operation_data_gradient(list, shape, &scores);
    struct operation *keys = operation_weight_gradient(list, &scores, written);
    keys->trains = false;
    return keys;
}

static void core_forward(const struct training_shape *shape, struct operation_list *list)
{
    if (shape->plan->flash_attention) {
        flash(shape, list, false);
    } else {
        separate_forward(shape, list);
    }
}

/* Read and written: queries and keys. */
static double rotary_bytes(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    return 2 * ELEMENT_BYTES * sizes.tokens * (sizes.query + sizes.key_value);
}

void attention_forward(const struct training_shape *shape, struct operation_list *list)
{
    const struct model *model = shape->model;
    bool latent = model->key_value_rank > 0;
    struct operation_linear qkv =
        latent ? latent_linear(shape, LATENT_DOWN) : qkv_linear(shape);
    struct operation_linear projection = projection_linear(shape);
    operation_enter(operation_vector(list, "attention norm", operation_norm_bytes(shape, true)),
                    shape, shape->plan->dtype);
    struct operation *last = operation_forward(list, shape, &qkv);
    last = latent ? latent_forward(shape, list) : last;
    if (model->query_key_norm) {
        last = operation_vector(list, "query and key norm", rotary_bytes(shape));
    }
    if (model->rotary) {
        last = operation_vector(list, "rotary", rotary_bytes(shape));
    }
    attach_context(last, shape, EXCHANGE_CONTEXT_ALL_GATHER);
    core_forward(shape, list);
    operation_leave(operation_forward(list, shape, &projection), shape);
}

void attention_recompute(const struct training_shape *shape, struct operation_list *list)
{
    if (!shape->plan->flash_attention) {
        core_forward(shape, list);
    }
}

void attention_backward(const struct training_shape *shape, struct operation_list *list)
{
    const struct model *model = shape->model;
    bool latent = model->key_value_rank > 0;
    struct operation_linear qkv =
        latent ? latent_linear(shape, LATENT_DOWN) : qkv_linear(shape);
    struct operation_linear projection = projection_linear(shape);
    operation_gather(list, shape, "attention gradient gather", shape->plan->dtype);
    operation_bias_backward(list, shape, &projection);
    operation_data_gradient(list, shape, &projection);
    struct operation *last =
        operation_weight_gradient(list, &projection, shape->plan->gradient_bytes);
    attach_context(last, shape, EXCHANGE_CONTEXT_ALL_GATHER);
    last = shape->plan->flash_attention ? flash(shape, list, true)
                                        : separate_backward(shape, list);
    attach_context(last, shape, EXCHANGE_CONTEXT_REDUCE_SCATTER);
    if (model->rotary) {
        operation_vector(list, "rotary backward", rotary_bytes(shape));
    }
    if (model->query_key_norm) {
        operation_vector(list, "query and key norm backward", 1.5 * rotary_bytes(shape));
    }
    if (latent) {
        latent_backward(shape, list);
    }
    operation_bias_backward(list, shape, &qkv);
    operation_first_backward(list, shape, &qkv);
    operation_vector(list, "attention norm backward", operation_norm_bytes(shape, false));
}
