/* SPDX-License-Identifier: Apache-2.0 */
/* The mixture block of a layer on one chip: router, dispatch, experts, combine, and perhaps a
 * shared expert. MODEL.md, "Experts". */
#pragma once

#include "workload/operation.h"

void mixture_forward(const struct training_shape *shape, struct operation_list *list);
void mixture_backward(const struct training_shape *shape, struct operation_list *list);

/* Clamps of the experts' activation once more. */
void mixture_recompute(const struct training_shape *shape, struct operation_list *list);

/* Tokens that one chip routes. */
double mixture_own_tokens(const struct training_shape *shape);
/* (token, expert) pairs that the busiest chip computes. */
double mixture_routed_tokens(const struct training_shape *shape);
/* Elements of the experts' (and the shared expert's) inner result on one chip. */
double mixture_inner_elements(const struct training_shape *shape);
/* Share of the pairs that find their expert full and are dropped; 0 without a capacity. */
double mixture_dropped_fraction(const struct plan *plan);
