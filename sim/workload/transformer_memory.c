/* SPDX-License-Identifier: Apache-2.0 */
/* What a stage keeps: parameters with their states, and for every microbatch between its
 * forward and backward pass what the backward pass will read. MODEL.md, "Training memory". */
#include "workload/transformer_memory.h"

#include "workload/mixture.h"
#include "workload/mlp.h"
#include "workload/transformer_stage.h"
#include "workload/vocabulary.h"

enum { ELEMENT_BYTES = 2, FLOAT_BYTES = 4, OPTIMIZER_BYTES = 12 };

/* Elements that one microbatch leaves in one layer of one chip are multiplied by these. */
struct widths {
    double hidden;        /* of a shard of the residual stream, in elements */
    double operand_bytes; /* of a matrix's stored input */
    double gate;          /* 2 for a gated MLP, else 1 */
};

static struct widths widths(const struct training_shape *shape)
{
    double operand = dtype_bytes(shape->plan->dtype);
    return (struct widths){.hidden = operation_sizes(shape).shard_tokens *
                                     (double)shape->model->hidden,
                           .operand_bytes = operand < ELEMENT_BYTES ? operand : ELEMENT_BYTES,
                           .gate = shape->model->gated_mlp ? 2 : 1};
}

/* Softmax, its dropout mask and the dropout's result, unless they are computed again. */
static double score_bytes(const struct training_shape *shape)
{
    const struct plan *plan = shape->plan;
    if (plan->flash_attention || plan->recompute != RECOMPUTE_NONE) {
        return 0;
    }
    double heads = (double)shape->model->heads / (double)plan->tensor_parallel;
    double scores = operation_sizes(shape).tokens * (double)shape->sequence_tokens * heads;
    return scores * (ELEMENT_BYTES + (shape->model->attention_dropout ? 1 + ELEMENT_BYTES : 0));
}

/* Norm input, input of Q, K, V; Q, K, V; output of the core, with flash also one number per
 * token and head; the dropout mask. */
static double attention_bytes(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    struct widths width = widths(shape);
    double bytes = width.hidden * (ELEMENT_BYTES + width.operand_bytes);
    bytes += ELEMENT_BYTES * sizes.tokens * (2 * sizes.query + 2 * sizes.key_value);
    if (width.operand_bytes < ELEMENT_BYTES) {
        bytes += width.operand_bytes * sizes.tokens * sizes.query; /* the projection's input */
    }
    if (shape->plan->flash_attention) {
        bytes += FLOAT_BYTES * sizes.tokens * sizes.query / (double)shape->model->head_dim;
    }
    return bytes + score_bytes(shape) + (shape->model->hidden_dropout ? width.hidden : 0);
}

/* Output of the first matrix and input of the second. */
static double inner_bytes(const struct training_shape *shape, double elements)
{
    struct widths width = widths(shape);
    return elements * (ELEMENT_BYTES * width.gate + width.operand_bytes);
}

static double dense_mlp_bytes(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    struct widths width = widths(shape);
    return width.hidden * (ELEMENT_BYTES + width.operand_bytes) +
           inner_bytes(shape, sizes.tokens * (double)shape->model->ffn_hidden / sizes.tensor) +
           (shape->model->hidden_dropout ? width.hidden : 0);
}

/* Besides the experts' inputs and inner results also their outputs, whose weights are learned.
 */
static double mixture_bytes(const struct training_shape *shape)
{
    const struct model *model = shape->model;
    struct operation_sizes sizes = operation_sizes(shape);
    struct widths width = widths(shape);
    double routed = mixture_routed_tokens(shape);
    double expert_width =
        (double)model->expert_ffn_hidden / (double)plan_expert_tensor_parallel(shape->plan);
    double bytes = width.hidden * 2 * ELEMENT_BYTES;
    bytes += routed * (double)model->hidden * (width.operand_bytes + ELEMENT_BYTES);
    bytes += inner_bytes(shape, routed * expert_width);
    bytes += inner_bytes(shape, sizes.tokens * (double)model->shared_ffn_hidden / sizes.tensor);
    bytes += FLOAT_BYTES * mixture_own_tokens(shape) * (double)model->expert_count;
    return bytes;
}

/* Norms' results and the input of the second matrix, when they are computed again. */
static double vector_bytes(const struct training_shape *shape, bool mixture)
{
    struct widths width = widths(shape);
    double inner = mixture ? mixture_inner_elements(shape) : mlp_inner_elements(shape);
    double norms = mixture ? ELEMENT_BYTES + width.operand_bytes : 2 * width.operand_bytes;
    return width.hidden * norms + inner * width.operand_bytes;
}

static double whole_layer_bytes(const struct training_shape *shape, bool dense)
{
    bool mixture = shape->model->expert_count > 0 && !dense;
    double bytes =
        attention_bytes(shape) + (mixture ? mixture_bytes(shape) : dense_mlp_bytes(shape));
    bool again = shape->plan->recompute == RECOMPUTE_VECTOR;
    return again ? bytes - vector_bytes(shape, mixture) : bytes;
}

/* Of this many layers of a chunk, the first of which may be recomputed. */
static double layers_bytes(const struct training_shape *shape, int64_t layers, bool dense)
{
    const struct plan *plan = shape->plan;
    int64_t light = plan->recompute != RECOMPUTE_FULL ? 0 : layers;
    if (plan->recompute_layers > 0 && light > plan->recompute_layers) {
        light = plan->recompute_layers;
    }
    return (double)light * ELEMENT_BYTES * widths(shape).hidden +
           (double)(layers - light) * whole_layer_bytes(shape, dense);
}

/* Microbatches times chunks between forward and backward at the stage's fullest moment. */
static double chunks_in_flight(const struct plan *plan, int64_t stage)
{
    int64_t later = plan->pipeline_parallel - 1 - stage;
    int64_t chunks = later + 1;
    if (plan->virtual_stages > 1 || plan->overlap_experts) {
        chunks = 2 * later + (plan->virtual_stages - 1) * plan->pipeline_parallel + 1;
    }
    int64_t all = plan->micro_batches * plan->virtual_stages;
    chunks += plan->overlap_experts;
    if (plan->schedule == SCHEDULE_ZERO_BUBBLE) {
        chunks += stage; /* whose weights' gradients wait */
    } else if (plan->schedule == SCHEDULE_GPIPE) {
        chunks = all;
    } else if (plan->schedule == SCHEDULE_DUALPIPE) {
        return (double)(plan->pipeline_parallel + 1); /* of both directions together */
    }
    return (double)(chunks < all ? chunks : all);
}

static double activations_bytes(const struct training_shape *shape, int64_t stage)
{
    const struct plan *plan = shape->plan;
    double bytes = 0, times = chunks_in_flight(plan, stage) / (double)plan_chunks(plan);
    for (int64_t chunk = 0; chunk < plan_chunks(plan); chunk++) {
        struct stage part = transformer_chunk(shape->model, plan, stage, chunk);
        bytes += times * layers_bytes(shape, part.layers, false);
        bytes += times * layers_bytes(shape, part.dense_layers, true);
        if (part.embedding && shape->model->hidden_dropout) {
            bytes += times * widths(shape).hidden;
        }
        /* norm input and matrix input, of one microbatch */
        bytes += (double)part.head * 2 * ELEMENT_BYTES * widths(shape).hidden;
    }
    return bytes;
}

double transformer_turn_activations(const struct training_shape *shape, int64_t stage)
{
    struct stage part = transformer_chunk(shape->model, shape->plan, stage, 0);
    return layers_bytes(shape, part.layers, false) +
           layers_bytes(shape, part.dense_layers, true);
}

/* Short-lived: a block's whole input and gradient, the gradient of the MLP's inner result, a
 * recomputed layer; logits in bf16 and fp32. */
static double workspace_bytes(const struct training_shape *shape, int64_t stage)
{
    const struct model *model = shape->model;
    struct operation_sizes sizes = operation_sizes(shape);
    double inner = sizes.tokens * (double)model->ffn_hidden / sizes.tensor;
    if (model->expert_count > 0) {
        inner = mixture_routed_tokens(shape) * (double)model->expert_ffn_hidden /
                (double)plan_expert_tensor_parallel(shape->plan);
    }
    double bytes = 2 * ELEMENT_BYTES * sizes.tokens * (double)model->hidden +
                   ELEMENT_BYTES * widths(shape).gate * inner;
    if (shape->plan->recompute == RECOMPUTE_FULL) {
        bytes += whole_layer_bytes(shape, false);
    }
    bool both_ends = shape->plan->schedule == SCHEDULE_DUALPIPE && stage == 0;
    if (both_ends || stage == shape->plan->pipeline_parallel - 1) {
        bytes += (ELEMENT_BYTES + FLOAT_BYTES) * vocabulary_logits(shape);
    }
    return bytes;
}

/* Parameters of which one chip keeps a shard of what the plan shards from this stage on. */
static double kept(const struct plan *plan, struct parameters parameters, int64_t sharded_from)
{
    if (plan->zero_stage < sharded_from) {
        return parameters.dense + parameters.expert;
    }
    double shards = (double)plan_shards(plan);
    if (plan->expert_parallel == 1) {
        return (parameters.dense + parameters.expert) / shards;
    }
    return parameters.dense / shards + parameters.expert / (double)plan_expert_replicas(plan);
}

/* Narrow dtypes keep both orientations of each matrix instead of the bf16 weights; with full
 * sharding two layers are whole at a time. */
static double weights_bytes(const struct training_shape *shape, int64_t stage,
                            struct parameters parameters)
{
    double operand = dtype_bytes(shape->plan->dtype);
    double all = kept(shape->plan, parameters, 3);
    if (shape->plan->zero_stage >= 3) {
        struct stage part = transformer_stage(shape->model, shape->plan, stage, 0);
        double layers =
            (double)((part.layers + part.dense_layers) * shape->plan->virtual_stages);
        all += 2 * (parameters.dense + parameters.expert) / (layers > 2 ? layers : 2);
    }
    double matrices =
        all - transformer_stage_vocabulary_parameters(shape->model, shape->plan, stage) * all /
                  (parameters.dense + parameters.expert);
    double copies = shape->plan->frozen_weights ? 1 : 2; /* frozen ones are turned as needed */
    double narrow = operand < ELEMENT_BYTES ? copies * operand - ELEMENT_BYTES : 0;
    return ELEMENT_BYTES * all + narrow * matrices;
}

struct training_memory transformer_memory(const struct training_shape *shape,
                                          const struct chip *chip, int64_t stage)
{
    const struct plan *plan = shape->plan;
    struct parameters parameters = transformer_stage_parameters(shape->model, plan, stage);
    struct training_memory memory = {
        .weights_bytes = weights_bytes(shape, stage, parameters),
        .gradients_bytes =
            plan->frozen_weights ? 0 : plan->gradient_bytes * kept(plan, parameters, 2),
        .optimizer_bytes =
            plan->frozen_weights ? 0 : OPTIMIZER_BYTES * kept(plan, parameters, 1),
        .activations_bytes = activations_bytes(shape, stage),
        .workspace_bytes = workspace_bytes(shape, stage),
        .reserved_bytes = chip->reserved_bytes};
    memory.host_bytes = plan->offload_activations * memory.activations_bytes;
    memory.activations_bytes -= memory.host_bytes;
    if (plan->offload_optimizer) {
        memory.host_bytes += memory.optimizer_bytes;
        memory.optimizer_bytes = 0;
    }
    memory.total_bytes = memory.weights_bytes + memory.gradients_bytes +
                         memory.optimizer_bytes + memory.activations_bytes +
                         memory.workspace_bytes + memory.reserved_bytes;
    return memory;
}

bool transformer_fits(const struct training_shape *shape, const struct chip *chip)
{
    for (int64_t stage = 0; stage < shape->plan->pipeline_parallel; stage++) {
        if (transformer_memory(shape, chip, stage).total_bytes > chip->hbm_bytes) {
            return false;
        }
    }
    return true;
}
