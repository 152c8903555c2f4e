/* SPDX-License-Identifier: Apache-2.0 */
/* What attention, MLP and vocabulary have in common: matrices with their shapes and traffic,
 * and the exchanges at the two ends of a tensor-parallel block. Activations and their gradients
 * travel and rest in bf16 whatever the dtype of the matrices is.
 * MODEL.md, "Transformer operations". */
#include "workload/operation.h"

#include <assert.h>

struct operation_sizes operation_sizes(const struct training_shape *shape)
{
    const struct plan *plan = shape->plan;
    const struct model *model = shape->model;
    struct operation_sizes sizes = {.tensor = (double)plan->tensor_parallel};
    double head_dim = (double)model->head_dim;
    double kv_heads = (double)model->kv_heads / sizes.tensor;
    sizes.tokens = (double)plan->micro_batch * (double)shape->sequence_tokens /
                   (double)plan->context_parallel;
    sizes.scattered = plan->sequence_parallel && plan->tensor_parallel > 1;
    sizes.shard_tokens = sizes.scattered ? sizes.tokens / sizes.tensor : sizes.tokens;
    sizes.query = (double)model->heads * head_dim / sizes.tensor;
    sizes.key_value = (kv_heads < 1 ? 1 : kv_heads) * head_dim;
    return sizes;
}

static struct operation *append(struct operation_list *list, const char *name)
{
    assert(list->count < OPERATIONS_MAX);
    struct operation *operation = &list->items[list->count++];
    *operation = (struct operation){.name = name};
    return operation;
}

struct operation *operation_vector(struct operation_list *list, const char *name, double bytes)
{
    struct operation *operation = append(list, name);
    operation->work = (struct work){
        .kind = WORK_VECTOR, .dtype = DTYPE_BF16, .bytes = bytes, .kernel_count = 1};
    return operation;
}

double operation_norm_bytes(const struct training_shape *shape, bool forward)
{
    /* One kernel reads stream and addend and writes sum and norm; backward it reads three and
     * writes one. Apart: addition 3 and norm 2; norm 3 and addition of gradients 3. */
    double passes = shape->plan->fused_vectors ? 4 : forward ? 5 : 6;
    double element = dtype_bytes(DTYPE_BF16);
    double bytes = passes * element;
    if (shape->model->hidden_dropout) {
        bytes += shape->plan->fused_vectors || forward ? 1 : 1 + 2 * element;
    }
    return operation_sizes(shape).shard_tokens * (double)shape->model->hidden * bytes;
}

void operation_bias_backward(struct operation_list *list, const struct training_shape *shape,
                             const struct operation_linear *linear)
{
    if (shape->model->biased) {
        operation_vector(list, "bias gradient",
                         linear->tokens * linear->out * dtype_bytes(DTYPE_BF16));
    }
}

struct operation *operation_exchange(struct operation_list *list, const char *name,
                                     enum exchange exchange, double bytes)
{
    struct operation *operation = append(list, name);
    operation->work.kind = WORK_VECTOR;
    operation->work.dtype = DTYPE_BF16;
    operation_attach(operation, exchange, bytes, false);
    return operation;
}

void operation_attach(struct operation *operation, enum exchange exchange, double bytes,
                      bool beside_next)
{
    operation->exchange = exchange;
    operation->exchange_bytes = bytes;
    operation->beside_next = beside_next;
}

static struct operation *matmul(struct operation_list *list, const char *name,
                                struct work shape, double result_bytes)
{
    struct operation *operation = append(list, name);
    double operands = shape.m * shape.k + shape.k * shape.n;
    operation->work = shape;
    operation->work.kind = WORK_MATMUL;
    operation->work.flops = 2 * shape.m * shape.n * shape.k * shape.batch_count;
    operation->work.bytes = shape.batch_count * (operands * dtype_bytes(shape.dtype) +
                                                 shape.m * shape.n * result_bytes);
    operation->work.kernel_count = 1;
    return operation;
}

/* Passes over a tensor in bf16 that find its scales and convert it; FP4 has besides the scales
 * of blocks one of the tensor, and turns the weight gradient's operands by a Hadamard matrix.
 */
static double conversion_reads(const struct plan *plan, enum dtype dtype)
{
    if (dtype == DTYPE_FP4) {
        return 3;
    }
    return plan->scaling == SCALING_CURRENT ? 2 : 1;
}

/* Scales of a byte for 32 elements, of FP4 for 16. */
static double scale_bytes(const struct plan *plan, enum dtype dtype)
{
    if (dtype == DTYPE_FP4) {
        return 1.0 / 16;
    }
    return plan->scaling == SCALING_BLOCK ? 1.0 / 32 : 0;
}

double operation_conversion_bytes(const struct plan *plan, enum dtype dtype, bool gathered)
{
    double whole = dtype_bytes(DTYPE_BF16);
    double narrow = dtype_bytes(dtype) + scale_bytes(plan, dtype);
    if (dtype_bytes(dtype) >= whole) {
        return 0;
    }
    if (gathered) {
        bool blocks = dtype == DTYPE_FP4 || plan->scaling == SCALING_BLOCK;
        return blocks ? 0 : 2 * narrow; /* blocks of either orientation are gathered */
    }
    return conversion_reads(plan, dtype) * whole + 2 * narrow;
}

/* Read in bf16, written twice: the weight's gradient needs the other orientation. */
static void quantise(struct operation_list *list, const struct training_shape *shape,
                     const struct operation_linear *linear, bool gradient)
{
    if (gradient ? linear->narrow_gradient : linear->narrow_input) {
        return;
    }
    bool gathered = operation_sizes(shape).scattered &&
                    (gradient ? linear->gathers_gradient : linear->gathers_input);
    double elements =
        linear->tokens * (gradient ? linear->out : linear->in) * linear->batch_count;
    double bytes = operation_conversion_bytes(shape->plan, linear->dtype, false);
    if (gathered) {
        bytes = bytes / operation_sizes(shape).tensor +
                operation_conversion_bytes(shape->plan, linear->dtype, true);
    }
    if (bytes > 0) {
        operation_vector(list, gradient ? "quantise gradient" : "quantise input",
                         elements * bytes)
            ->work.block_scales =
            linear->dtype == DTYPE_FP4 || shape->plan->scaling == SCALING_BLOCK;
    }
}

struct operation *operation_forward(struct operation_list *list,
                                    const struct training_shape *training,
                                    const struct operation_linear *linear)
{
    quantise(list, training, linear, false);
    struct work shape = {.dtype = linear->dtype,
                         .m = linear->tokens,
                         .n = linear->out,
                         .k = linear->in,
                         .batch_count = linear->batch_count};
    return matmul(list, linear->forward, shape, dtype_bytes(DTYPE_BF16));
}

static struct operation *data_gradient(struct operation_list *list,
                                       const struct operation_linear *linear)
{
    struct work shape = {.dtype = linear->dtype,
                         .m = linear->tokens,
                         .n = linear->in,
                         .k = linear->out,
                         .batch_count = linear->batch_count};
    return matmul(list, linear->data_gradient, shape, dtype_bytes(DTYPE_BF16));
}

struct operation *operation_data_gradient(struct operation_list *list,
                                          const struct training_shape *shape,
                                          const struct operation_linear *linear)
{
    quantise(list, shape, linear, true);
    return data_gradient(list, linear);
}

/* The result is added to what earlier microbatches left: read and written. */
struct operation *operation_weight_gradient(struct operation_list *list,
                                            const struct operation_linear *linear,
                                            double gradient_bytes)
{
    struct work shape = {.dtype = linear->dtype,
                         .m = linear->in,
                         .n = linear->out,
                         .k = linear->tokens,
                         .batch_count = linear->batch_count};
    struct operation *operation =
        matmul(list, linear->weight_gradient, shape, 2 * gradient_bytes);
    operation->trains = true;
    return operation;
}

/* A block's input or output on all chips of the tensor-parallel group together. */
static double whole_bytes(const struct training_shape *shape)
{
    return operation_sizes(shape).tokens * (double)shape->model->hidden *
           dtype_bytes(DTYPE_BF16);
}

/* The same in the dtype of the matrix that needs it: shards are converted before. */
static double gathered_bytes(const struct training_shape *shape, enum dtype dtype)
{
    double narrow = dtype_bytes(dtype) + scale_bytes(shape->plan, dtype);
    double whole = dtype_bytes(DTYPE_BF16);
    return whole_bytes(shape) * (dtype_bytes(dtype) < whole ? narrow / whole : 1);
}

void operation_enter(struct operation *before, const struct training_shape *shape,
                     enum dtype dtype)
{
    if (operation_sizes(shape).scattered) {
        operation_attach(before, EXCHANGE_TENSOR_ALL_GATHER, gathered_bytes(shape, dtype),
                         false);
    }
}

/* What sums partial results over the group, NONE when there is only one chip. */
static enum exchange sum_exchange(const struct training_shape *shape)
{
    if (shape->plan->tensor_parallel == 1) {
        return EXCHANGE_NONE;
    }
    return operation_sizes(shape).scattered ? EXCHANGE_TENSOR_REDUCE_SCATTER
                                            : EXCHANGE_TENSOR_ALL_REDUCE;
}

void operation_leave(struct operation *last, const struct training_shape *shape)
{
    enum exchange sum = sum_exchange(shape);
    if (sum != EXCHANGE_NONE) {
        operation_attach(last, sum, whole_bytes(shape), false);
    }
}

void operation_gather(struct operation_list *list, const struct training_shape *shape,
                      const char *name, enum dtype dtype)
{
    if (operation_sizes(shape).scattered) {
        operation_exchange(list, name, EXCHANGE_TENSOR_ALL_GATHER,
                           gathered_bytes(shape, dtype));
    }
}

/* The stored input is a shard: it is gathered again while the data gradient is computed, and
 * the data gradient is summed while the weight gradient is computed. */
void operation_first_backward(struct operation_list *list, const struct training_shape *shape,
                              const struct operation_linear *linear)
{
    quantise(list, shape, linear, true);
    if (operation_sizes(shape).scattered) {
        operation_exchange(list, "input gather", EXCHANGE_TENSOR_ALL_GATHER,
                           gathered_bytes(shape, linear->dtype))
            ->beside_next = true;
    }
    struct operation *data = data_gradient(list, linear);
    if (sum_exchange(shape) != EXCHANGE_NONE) {
        operation_attach(data, sum_exchange(shape), whole_bytes(shape), true);
    }
    operation_weight_gradient(list, linear, shape->plan->gradient_bytes);
}
