/* SPDX-License-Identifier: Apache-2.0 */
/* The MLP block of a layer on one chip: one dense MLP, or a router, experts and perhaps a
 * shared expert. MODEL.md, "Transformer operations". */
#pragma once

#include "workload/operation.h"

void mlp_dense_forward(const struct training_shape *shape, struct operation_list *list);
void mlp_dense_backward(const struct training_shape *shape, struct operation_list *list);
void mlp_mixture_forward(const struct training_shape *shape, struct operation_list *list);
void mlp_mixture_backward(const struct training_shape *shape, struct operation_list *list);

/* Tokens that one chip routes, and that reach its experts together when all get equally many.
 */
double mlp_routed_tokens(const struct training_shape *shape);
