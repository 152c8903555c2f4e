/* SPDX-License-Identifier: Apache-2.0 */
/* The two ends of the model on one chip: the embedding, and the head with its loss. Both tables
 * are divided by words over TP. MODEL.md, "Transformer operations". */
#pragma once

#include "workload/operation.h"

void vocabulary_embedding_forward(const struct training_shape *shape,
                                  struct operation_list *list);
void vocabulary_embedding_backward(const struct training_shape *shape,
                                   struct operation_list *list);
void vocabulary_head_forward(const struct training_shape *shape, struct operation_list *list);
void vocabulary_head_backward(const struct training_shape *shape, struct operation_list *list);

/* Logits of one microbatch on one chip. */
double vocabulary_logits(const struct training_shape *shape);
