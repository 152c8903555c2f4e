/* SPDX-License-Identifier: Apache-2.0 */
/* The dense MLP block of a layer on one chip, and the parts that a mixture shares with it.
 * MODEL.md, "Transformer operations". */
#pragma once

#include "workload/operation.h"

struct mlp {
    struct operation_linear up, down;
    const char *activation, *activation_backward; /* names */
    bool gated;
    bool fused; /* activations are part of the products */
};

/* width: columns of one MLP on this chip. */
struct mlp mlp_of(const struct training_shape *shape, double tokens, double width);

/* Both products with the activation between; the last operation is returned. */
struct operation *mlp_forward(const struct training_shape *shape, struct operation_list *list,
                              const struct mlp *mlp);
/* The second product's gradients and the activation's; those of the first are the caller's. */
void mlp_backward_to_activation(const struct training_shape *shape, struct operation_list *list,
                                const struct mlp *mlp);

/* Elements of the inner result of a dense layer on one chip. */
double mlp_inner_elements(const struct training_shape *shape);

void mlp_dense_forward(const struct training_shape *shape, struct operation_list *list);
void mlp_dense_backward(const struct training_shape *shape, struct operation_list *list);
