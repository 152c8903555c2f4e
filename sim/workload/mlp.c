/* SPDX-License-Identifier: Apache-2.0 */
/* Experts get equally many tokens: imbalance is not modelled. With expert parallelism a chip
 * routes its own shard of the tokens to whole experts elsewhere; without it all chips of a
 * tensor-parallel group route the same tokens to slices of all experts, like a dense MLP.
 * MODEL.md, "Transformer operations". */
#include "workload/mlp.h"

enum { ELEMENT_BYTES = 2 }; /* bf16 */

struct mlp {
    struct operation_linear up, down;
    const char *activation, *activation_backward;
    bool gated;
};

/* width: columns of one MLP on this chip. */
static struct mlp dense_mlp(const struct training_shape *shape, double tokens, double width)
{
    bool gated = shape->model->gated_mlp;
    double hidden = (double)shape->model->hidden;
    return (struct mlp){.up = {.forward = "mlp up",
                               .data_gradient = "mlp up data gradient",
                               .weight_gradient = "mlp up weight gradient",
                               .dtype = shape->plan->dtype,
                               .tokens = tokens,
                               .in = hidden,
                               .out = width * (gated ? 2 : 1),
                               .batch_count = 1},
                        .down = {.forward = "mlp down",
                                 .data_gradient = "mlp down data gradient",
                                 .weight_gradient = "mlp down weight gradient",
                                 .dtype = shape->plan->dtype,
                                 .tokens = tokens,
                                 .in = width,
                                 .out = hidden,
                                 .batch_count = 1},
                        .activation = "activation",
                        .activation_backward = "activation backward",
                        .gated = gated};
}

static struct mlp shared_mlp(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    struct mlp mlp =
        dense_mlp(shape, sizes.tokens, (double)shape->model->shared_ffn_hidden / sizes.tensor);
    mlp.up.forward = "shared expert up";
    mlp.up.data_gradient = "shared expert up data gradient";
    mlp.up.weight_gradient = "shared expert up weight gradient";
    mlp.down.forward = "shared expert down";
    mlp.down.data_gradient = "shared expert down data gradient";
    mlp.down.weight_gradient = "shared expert down weight gradient";
    return mlp;
}

static struct mlp expert_mlp(const struct training_shape *shape)
{
    const struct plan *plan = shape->plan;
    double local = (double)shape->model->expert_count / (double)plan->expert_parallel;
    struct mlp mlp = dense_mlp(shape, mlp_routed_tokens(shape) / local,
                               (double)shape->model->expert_ffn_hidden /
                                   (double)plan_expert_tensor_parallel(plan));
    mlp.up.batch_count = mlp.down.batch_count = local;
    mlp.up.forward = "experts up";
    mlp.up.data_gradient = "experts up data gradient";
    mlp.up.weight_gradient = "experts up weight gradient";
    mlp.down.forward = "experts down";
    mlp.down.data_gradient = "experts down data gradient";
    mlp.down.weight_gradient = "experts down weight gradient";
    return mlp;
}

/* Forward: gate and value read, product written. Backward: also the gradient, and two results.
 */
static double activation_bytes(const struct mlp *mlp, bool backward)
{
    double elements = mlp->down.tokens * mlp->down.in * mlp->down.batch_count;
    double passes = mlp->gated ? (backward ? 5 : 3) : (backward ? 3 : 2);
    return passes * ELEMENT_BYTES * elements;
}

static struct operation *forward(struct operation_list *list, const struct mlp *mlp)
{
    operation_forward(list, &mlp->up);
    operation_vector(list, mlp->activation, activation_bytes(mlp, false));
    return operation_forward(list, &mlp->down);
}

static void backward_to_activation(struct operation_list *list, const struct mlp *mlp,
                                   double gradient_bytes)
{
    operation_data_gradient(list, &mlp->down);
    operation_weight_gradient(list, &mlp->down, gradient_bytes);
    operation_vector(list, mlp->activation_backward, activation_bytes(mlp, true));
}

static struct mlp layer_mlp(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    return dense_mlp(shape, sizes.tokens, (double)shape->model->ffn_hidden / sizes.tensor);
}

void mlp_dense_forward(const struct training_shape *shape, struct operation_list *list)
{
    struct mlp mlp = layer_mlp(shape);
    operation_enter(operation_vector(list, "mlp norm", operation_norm_bytes(shape, true)),
                    shape);
    operation_leave(forward(list, &mlp), shape);
}

void mlp_dense_backward(const struct training_shape *shape, struct operation_list *list)
{
    struct mlp mlp = layer_mlp(shape);
    operation_gather(list, shape, "mlp gradient gather");
    operation_bias_backward(list, shape, &mlp.down);
    backward_to_activation(list, &mlp, shape->plan->gradient_bytes);
    operation_bias_backward(list, shape, &mlp.up);
    operation_first_backward(list, shape, &mlp.up);
    operation_vector(list, "mlp norm backward", operation_norm_bytes(shape, false));
}

/* Tokens that one chip sees before routing. */
static double own_tokens(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    return shape->plan->expert_parallel > 1 ? sizes.shard_tokens : sizes.tokens;
}

double mlp_routed_tokens(const struct training_shape *shape)
{
    return own_tokens(shape) * (double)shape->model->experts_per_token;
}

static struct operation_linear router_linear(const struct training_shape *shape)
{
    return (struct operation_linear){.forward = "router",
                                     .data_gradient = "router data gradient",
                                     .weight_gradient = "router weight gradient",
                                     .dtype = DTYPE_BF16,
                                     .tokens = own_tokens(shape),
                                     .in = (double)shape->model->hidden,
                                     .out = (double)shape->model->expert_count,
                                     .batch_count = 1};
}

static double routed_bytes(const struct training_shape *shape)
{
    return mlp_routed_tokens(shape) * (double)shape->model->hidden * ELEMENT_BYTES;
}

static double own_bytes(const struct training_shape *shape)
{
    return own_tokens(shape) * (double)shape->model->hidden * ELEMENT_BYTES;
}

static void exchange_tokens(struct operation *operation, const struct training_shape *shape)
{
    if (shape->plan->expert_parallel > 1) {
        operation_attach(operation, EXCHANGE_EXPERT_ALL_TO_ALL, routed_bytes(shape), false);
    }
}

/* After the exchange tokens stand by sender; several experts on a chip need them by expert. */
static void sort_by_expert(const struct training_shape *shape, struct operation_list *list,
                           const char *name)
{
    const struct plan *plan = shape->plan;
    if (plan->expert_parallel > 1 && shape->model->expert_count > plan->expert_parallel) {
        operation_vector(list, name, 2 * routed_bytes(shape));
    }
}

/* The shared expert is cut over TP whatever the others are: with expert parallelism it has the
 * two ends of a tensor-parallel block of its own. */
static void shared_forward(const struct training_shape *shape, struct operation_list *list)
{
    if (shape->model->shared_ffn_hidden == 0) {
        return;
    }
    struct mlp mlp = shared_mlp(shape);
    bool apart = shape->plan->expert_parallel > 1;
    if (apart) {
        operation_gather(list, shape, "shared expert gather");
    }
    struct operation *last = forward(list, &mlp);
    if (apart) {
        operation_leave(last, shape);
    }
}

static void shared_backward(const struct training_shape *shape, struct operation_list *list)
{
    if (shape->model->shared_ffn_hidden == 0) {
        return;
    }
    struct mlp mlp = shared_mlp(shape);
    double gradient_bytes = shape->plan->gradient_bytes;
    bool apart = shape->plan->expert_parallel > 1;
    if (apart) {
        operation_gather(list, shape, "shared expert gradient gather");
    }
    backward_to_activation(list, &mlp, gradient_bytes);
    if (apart) {
        operation_first_backward(list, shape, &mlp.up);
    } else {
        operation_data_gradient(list, &mlp.up);
        operation_weight_gradient(list, &mlp.up, gradient_bytes);
    }
}

/* Router logits in fp32, read, normalised and written. */
static double top_k_bytes(const struct training_shape *shape)
{
    return own_tokens(shape) * (double)shape->model->expert_count * (ELEMENT_BYTES + 2 * 4);
}

void mlp_mixture_forward(const struct training_shape *shape, struct operation_list *list)
{
    struct mlp experts = expert_mlp(shape);
    struct operation_linear router = router_linear(shape);
    bool sliced = shape->plan->expert_parallel == 1;
    struct operation *norm =
        operation_vector(list, "mlp norm", operation_norm_bytes(shape, true));
    if (sliced) {
        operation_enter(norm, shape);
    }
    shared_forward(shape, list);
    operation_forward(list, &router);
    operation_vector(list, "top-k", top_k_bytes(shape));
    struct operation *dispatch = operation_vector(list, "dispatch", 2 * routed_bytes(shape));
    dispatch->host_s = shape->plan->expert_gap_s;
    exchange_tokens(dispatch, shape);
    sort_by_expert(shape, list, "sort by expert");
    forward(list, &experts);
    sort_by_expert(shape, list, "sort by sender");
    exchange_tokens(&list->items[list->count - 1], shape);
    struct operation *last =
        operation_vector(list, "combine", routed_bytes(shape) + own_bytes(shape));
    if (sliced) {
        operation_leave(last, shape);
    }
}

static void experts_backward(const struct training_shape *shape, struct operation_list *list)
{
    struct mlp experts = expert_mlp(shape);
    double gradient_bytes = shape->plan->gradient_bytes;
    struct operation *combine =
        operation_vector(list, "combine backward", 2 * routed_bytes(shape) + own_bytes(shape));
    combine->host_s = shape->plan->expert_gap_s;
    exchange_tokens(combine, shape);
    sort_by_expert(shape, list, "sort by expert, backward");
    backward_to_activation(list, &experts, gradient_bytes);
    operation_data_gradient(list, &experts.up);
    operation_weight_gradient(list, &experts.up, gradient_bytes);
    sort_by_expert(shape, list, "sort by sender, backward");
    exchange_tokens(&list->items[list->count - 1], shape);
    operation_vector(list, "dispatch backward", routed_bytes(shape) + own_bytes(shape));
}

void mlp_mixture_backward(const struct training_shape *shape, struct operation_list *list)
{
    struct operation_linear router = router_linear(shape);
    bool sliced = shape->plan->expert_parallel == 1;
    if (sliced) {
        operation_gather(list, shape, "mlp gradient gather");
        operation_gather(list, shape, "input gather");
    }
    shared_backward(shape, list);
    experts_backward(shape, list);
    operation_vector(list, "top-k backward", top_k_bytes(shape));
    operation_weight_gradient(list, &router, shape->plan->gradient_bytes);
    struct operation *last = operation_data_gradient(list, &router);
    if (sliced) {
        operation_leave(last, shape);
    }
    operation_vector(list, "mlp norm backward", operation_norm_bytes(shape, false));
}
