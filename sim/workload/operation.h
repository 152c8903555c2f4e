/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of what one chip does for one microbatch: work, and the exchanges between chips that
 * follow it. Equations: docs/MODEL.md, "Transformer operations". */
#pragma once

#include "workload/plan.h"

/* One step of a layer's forward or backward pass on one chip: work, then perhaps an exchange.
 */
enum exchange {
    EXCHANGE_NONE,
    EXCHANGE_TENSOR_ALL_REDUCE,
    EXCHANGE_TENSOR_ALL_GATHER,     /* bytes: the gathered size */
    EXCHANGE_TENSOR_REDUCE_SCATTER, /* bytes: the size before scattering */
    EXCHANGE_EXPERT_ALL_TO_ALL,     /* bytes: what one chip sends in all, itself included */
    EXCHANGE_EXPERT_ALL_GATHER, /* over chips that share each expert: expert_tensor_parallel */
    EXCHANGE_EXPERT_REDUCE_SCATTER,
    EXCHANGE_CONTEXT_ALL_GATHER,
    EXCHANGE_CONTEXT_REDUCE_SCATTER
};

struct operation {
    const char *name; /* "qkv", "attention core", ... : a literal */
    struct work work; /* kernel_count 0: no work, only the exchange */
    enum exchange exchange;
    double exchange_bytes;
    bool trains;      /* the gradient of a weight: not computed when weights are frozen */
    bool beside_next; /* the next operation does not need the exchange: both may run together */
};

enum { OPERATIONS_MAX = 96 };

struct operation_list {
    struct operation items[OPERATIONS_MAX];
    int count;
};

/* A weight matrix on one chip: batch_count times tokens x in by in x out. */
struct operation_linear {
    const char *forward, *data_gradient, *weight_gradient; /* names */
    enum dtype dtype;
    double tokens, in, out, batch_count;
    /* Of a tensor-parallel block's ends: the input, or the output's gradient, is gathered from
     * shards, each of which its chip has converted to a narrow dtype before. */
    bool gathers_input, gathers_gradient;
    bool narrow_input, narrow_gradient; /* written in the narrow dtype by a product before */
};

/* Sizes of one microbatch on one chip. */
struct operation_sizes {
    double tokens;       /* inside tensor-parallel blocks: micro_batch x sequence / CP */
    double shard_tokens; /* between blocks: tokens / TP with sequence parallelism */
    double tensor;       /* TP */
    double query,
        key_value;  /* columns: heads x head_dim / TP; of K (or V), at least one head */
    bool scattered; /* sequence parallelism is at work */
};
struct operation_sizes operation_sizes(const struct training_shape *shape);

/* Append one operation and return it, so that an exchange can be put behind it. */
struct operation *operation_vector(struct operation_list *list, const char *name, double bytes);
/* A norm with the residual addition (and dropout) before it on a shard of the stream, forward
 * or backward, by how many passes over it the plan's kernels make. */
double operation_norm_bytes(const struct training_shape *shape, bool forward);
/* The offset's gradient of a linear layer: its output's gradient is summed over tokens. */
void operation_bias_backward(struct operation_list *list, const struct training_shape *shape,
                             const struct operation_linear *linear);
/* The matmul, after the conversion of its input to a narrow dtype when it has one. */
struct operation *operation_forward(struct operation_list *list,
                                    const struct training_shape *training,
                                    const struct operation_linear *linear);
struct operation *operation_data_gradient(struct operation_list *list,
                                          const struct training_shape *shape,
                                          const struct operation_linear *linear);
struct operation *operation_weight_gradient(struct operation_list *list,
                                            const struct operation_linear *linear,
                                            double gradient_bytes);
struct operation *operation_exchange(struct operation_list *list, const char *name,
                                     enum exchange exchange, double bytes);
void operation_attach(struct operation *operation, enum exchange exchange, double bytes,
                      bool beside_next);

/* The two ends of a tensor-parallel block, forward: the input becomes whole on every chip, in
 * the dtype of the matrix that it is for, the partial outputs are summed in bf16. Without
 * tensor parallelism nothing happens. */
void operation_enter(struct operation *before, const struct training_shape *shape,
                     enum dtype dtype);
void operation_leave(struct operation *last, const struct training_shape *shape);
/* Backward through a first matrix of a block, with the exchanges of its input and gradient. */
void operation_first_backward(struct operation_list *list, const struct training_shape *shape,
                              const struct operation_linear *linear);
/* An exchange alone: a shard of the residual stream, or of its gradient, becomes whole on every
 * chip. Nothing without sequence parallelism. */
void operation_gather(struct operation_list *list, const struct training_shape *shape,
                      const char *name, enum dtype dtype);

/* Bytes that the conversion of one element of a matrix's input (or of its output's gradient) to
 * a narrow dtype moves; 0 for 16 bits. gathered: it was converted in another chip's shard, and
 * only the other orientation is made here. MODEL.md, "Narrow operands". */
double operation_conversion_bytes(const struct plan *plan, enum dtype dtype, bool gathered);
