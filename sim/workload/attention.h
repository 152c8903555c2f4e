/* SPDX-License-Identifier: Apache-2.0 */
/* The attention block of a layer on one chip, norm to projection. The core is one fused (flash)
 * kernel, or scores, softmax and context apart. MODEL.md, "Transformer operations". */
#pragma once

#include "workload/operation.h"

void attention_forward(const struct training_shape *shape, struct operation_list *list);
void attention_backward(const struct training_shape *shape, struct operation_list *list);

/* What selective recomputation repeats before the backward pass: nothing with a flash kernel,
 * whose backward pass does so itself. */
void attention_recompute(const struct training_shape *shape, struct operation_list *list);
