/* SPDX-License-Identifier: Apache-2.0 */
/* Tensor-parallel exchanges beside the matmul that they serve: pieces of the gathered operand
 * are multiplied as they come, pieces of the product are scattered as they are ready.
 * MODEL.md, "Overlapped tensor exchanges". */
#pragma once

#include "workload/operation.h"

/* Fills out with the operations of in, gathers and reduce-scatters moved before their matmul
 * and beside it, one each; others stay where they are. */
void overlap_tensor(const struct operation_list *in, struct operation_list *out);
