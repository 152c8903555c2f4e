/* SPDX-License-Identifier: Apache-2.0 */
/* One MLP on one chip: dense, or of an expert, many of which make one batch.
 * MODEL.md, "Transformer operations". */
#include "workload/mlp.h"

enum { ELEMENT_BYTES = 2 }; /* bf16 */

struct mlp mlp_of(const struct training_shape *shape, double tokens, double width)
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
                               .batch_count = 1,
                               .gathers_input = true},
                        .down = {.forward = "mlp down",
                                 .data_gradient = "mlp down data gradient",
                                 .weight_gradient = "mlp down weight gradient",
                                 .dtype = shape->plan->dtype,
                                 .tokens = tokens,
                                 .in = width,
                                 .out = hidden,
                                 .batch_count = 1,
                                 .gathers_gradient = true},
                        .activation = "activation",
                        .activation_backward = "activation backward",
                        .gated = gated};
}

/* Forward: gate and value read, product written. Backward: also the gradient, and two results.
 */
static double activation_bytes(const struct mlp *mlp, bool backward)
{
    double elements = mlp->down.tokens * mlp->down.in * mlp->down.batch_count;
    double passes = mlp->gated ? (backward ? 5 : 3) : (backward ? 3 : 2);
    return passes * ELEMENT_BYTES * elements;
}

struct operation *mlp_forward(const struct training_shape *shape, struct operation_list *list,
                              const struct mlp *mlp)
{
    operation_forward(list, shape, &mlp->up);
    if (!mlp->fused) {
        operation_vector(list, mlp->activation, activation_bytes(mlp, false));
    }
    return operation_forward(list, shape, &mlp->down);
}

void mlp_backward_to_activation(const struct training_shape *shape, struct operation_list *list,
                                const struct mlp *mlp)
{
    operation_data_gradient(list, shape, &mlp->down);
    operation_weight_gradient(list, &mlp->down, shape->plan->gradient_bytes);
    if (!mlp->fused) {
        operation_vector(list, mlp->activation_backward, activation_bytes(mlp, true));
    }
}

static struct mlp layer_mlp(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    return mlp_of(shape, sizes.tokens, (double)shape->model->ffn_hidden / sizes.tensor);
}

double mlp_inner_elements(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    return sizes.tokens * (double)shape->model->ffn_hidden / sizes.tensor;
}

void mlp_dense_forward(const struct training_shape *shape, struct operation_list *list)
{
    struct mlp mlp = layer_mlp(shape);
    operation_enter(operation_vector(list, "mlp norm", operation_norm_bytes(shape, true)),
                    shape, shape->plan->dtype);
    operation_leave(mlp_forward(shape, list, &mlp), shape);
}

void mlp_dense_backward(const struct training_shape *shape, struct operation_list *list)
{
    struct mlp mlp = layer_mlp(shape);
    operation_gather(list, shape, "mlp gradient gather", shape->plan->dtype);
    operation_bias_backward(list, shape, &mlp.down);
    mlp_backward_to_activation(shape, list, &mlp);
    operation_bias_backward(list, shape, &mlp.up);
    operation_first_backward(list, shape, &mlp.up);
    operation_vector(list, "mlp norm backward", operation_norm_bytes(shape, false));
}
