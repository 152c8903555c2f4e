/* SPDX-License-Identifier: Apache-2.0 */
/* A layer with experts whose kernels the host launches one by one, after it has read how many
 * tokens each expert got: while it cannot run ahead the chip waits.
 * MODEL.md, "Experts launched by the host". */
#pragma once

#include "program/lowering.h"

/* Appends to a sequence what the chip waits for the host in the ops from first on, which are
 * one pass through a layer. passes: of launching, 2 when the forward pass is repeated. */
void host_wait_append(struct lowering *lowering, int32_t sequence, int64_t first,
                      double passes);
