/* SPDX-License-Identifier: Apache-2.0 */
/* Layers put together from their blocks, and the step's model FLOPs. The lists are of one
 * microbatch on one chip; who runs them when is the program's concern.
 * MODEL.md, "Transformer operations" and "FLOP convention". */
#include "workload/transformer.h"

#include "workload/attention.h"
#include "workload/mixture.h"
#include "workload/mlp.h"
#include "workload/vocabulary.h"

static bool has_experts(const struct training_shape *shape, enum part part)
{
    return part == PART_LAYER && shape->model->expert_count > 0;
}

static void layer_forward(const struct training_shape *shape, enum part part,
                          struct operation_list *list)
{
    attention_forward(shape, list);
    if (has_experts(shape, part)) {
        mixture_forward(shape, list);
    } else {
        mlp_dense_forward(shape, list);
    }
}

/* The forward list's norms and activations once more; what they read was kept. */
static void vector_recompute(const struct training_shape *shape, enum part part,
                             struct operation_list *list)
{
    operation_vector(list, "norms again", 2 * operation_norm_bytes(shape, true));
    double elements =
        has_experts(shape, part) ? mixture_inner_elements(shape) : mlp_inner_elements(shape);
    double passes = shape->model->gated_mlp ? 3 : 2;
    operation_vector(list, "activation again", passes * dtype_bytes(DTYPE_BF16) * elements);
    if (has_experts(shape, part)) {
        mixture_recompute(shape, list);
    }
}

static void recompute(const struct training_shape *shape, enum part part,
                      struct operation_list *list)
{
    switch (shape->plan->recompute) {
    case RECOMPUTE_FULL:
        layer_forward(shape, part, list);
        break;
    case RECOMPUTE_VECTOR:
        attention_recompute(shape, list);
        vector_recompute(shape, part, list);
        break;
    case RECOMPUTE_SELECTIVE:
        attention_recompute(shape, list);
        break;
    case RECOMPUTE_NONE:
    case RECOMPUTE_COUNT:
        break;
    }
}

static void layer_backward(const struct training_shape *shape, enum part part,
                           struct operation_list *list)
{
    recompute(shape, part, list);
    if (has_experts(shape, part)) {
        mixture_backward(shape, list);
    } else {
        mlp_dense_backward(shape, list);
    }
    attention_backward(shape, list);
}

void transformer_forward(const struct training_shape *shape, enum part part,
                         struct operation_list *list)
{
    list->count = 0;
    switch (part) {
    case PART_LAYER:
    case PART_DENSE_LAYER:
        layer_forward(shape, part, list);
        break;
    case PART_EMBEDDING:
        vocabulary_embedding_forward(shape, list);
        break;
    case PART_HEAD:
        vocabulary_head_forward(shape, list);
        break;
    }
}

void transformer_backward(const struct training_shape *shape, enum part part,
                          struct operation_list *list)
{
    list->count = 0;
    switch (part) {
    case PART_LAYER:
    case PART_DENSE_LAYER:
        layer_backward(shape, part, list);
        break;
    case PART_EMBEDDING:
        vocabulary_embedding_backward(shape, list);
        break;
    case PART_HEAD:
        vocabulary_head_backward(shape, list);
        break;
    }
}

/* Adam: master weight and two moments read and written in fp32, gradient read, weight written.
 * Before it the gradients are read once for their norm. */
void transformer_optimizer(const struct plan *plan, double parameters,
                           struct operation_list *list)
{
    enum { STATE_BYTES = 12, WEIGHT_BYTES = 2 };
    list->count = 0;
    struct operation *norm =
        operation_vector(list, "gradient norm", parameters * plan->gradient_bytes);
    struct operation *update =
        operation_vector(list, "optimizer update",
                         parameters * (plan->gradient_bytes + 2 * STATE_BYTES + WEIGHT_BYTES));
    norm->work.kind = update->work.kind = WORK_OPTIMIZER;
    norm->work.dtype = update->work.dtype = DTYPE_FP32;
}

/* Per token: two FLOPs for each weight that it meets. */
static double mlp_flops(const struct model *model, bool dense)
{
    double hidden = (double)model->hidden, matrices = model->gated_mlp ? 3 : 2;
    if (model->expert_count == 0 || dense) {
        return 2 * matrices * hidden * (double)model->ffn_hidden;
    }
    double width = (double)(model->experts_per_token * model->expert_ffn_hidden +
                            model->shared_ffn_hidden);
    return 2 * hidden * (matrices * width + (double)model->expert_count);
}

static double attention_flops(const struct model *model, int64_t sequence_tokens)
{
    double hidden = (double)model->hidden, head_dim = (double)model->head_dim;
    double query = (double)model->heads * head_dim;
    double key_value = (double)model->kv_heads * head_dim;
    if (model->key_value_rank > 0) {
        struct model_count count = model_layer_count(model, false);
        double latent =
            (double)(model->query_rank + model->key_value_rank + model->position_dim);
        double scores = query + (double)(model->heads * model->position_dim) / 2;
        return 2 * (count.query + count.key_value + count.output + hidden * latent) +
               4 * (double)sequence_tokens * scores;
    }
    return 4 * hidden * (query + key_value) + 4 * (double)sequence_tokens * query;
}

double transformer_step_flops(const struct model *model, int64_t sequence_tokens,
                              int64_t batch_sequences)
{
    double hidden = (double)model->hidden, further = (double)model->prediction_layers;
    double dense = (double)model->dense_layers, layers = (double)model->layers + further;
    double token_flops =
        layers * attention_flops(model, sequence_tokens) + dense * mlp_flops(model, true) +
        (layers - dense) * mlp_flops(model, false) +
        2 * hidden * (double)model->vocabulary * (1 + further) + 4 * hidden * hidden * further;
    return 3 * token_flops * (double)sequence_tokens * (double)batch_sequences;
}

double transformer_boundary_bytes(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    bool divided = shape->plan->divided_sends && !sizes.scattered;
    return sizes.shard_tokens / (divided ? sizes.tensor : 1) * (double)shape->model->hidden *
           dtype_bytes(DTYPE_BF16);
}

void transformer_boundary_gather(const struct training_shape *shape,
                                 struct operation_list *list)
{
    struct operation_sizes sizes = operation_sizes(shape);
    list->count = 0;
    if (shape->plan->divided_sends && !sizes.scattered && sizes.tensor > 1) {
        operation_exchange(list, "boundary gather", EXCHANGE_TENSOR_ALL_GATHER,
                           sizes.tokens * (double)shape->model->hidden *
                               dtype_bytes(DTYPE_BF16));
    }
}
