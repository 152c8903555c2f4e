/* SPDX-License-Identifier: Apache-2.0 */
/* A layer with experts whose kernels the host launches one by one, after it has read how many
 * tokens each expert got: while it cannot run ahead the chip waits.
 * MODEL.md, "Experts launched by the host". */
#pragma once

#include "program/lowering.h"

/* How often a layer's forward pass, its backward pass and the activation of its experts run. */
struct host_passes {
    double forward, backward, activations;
};

/* Appends to a sequence what the chip waits for the host in the ops from first on, which are
 * these passes through a layer. */
void host_wait_append(struct lowering *lowering, int32_t sequence, int64_t first,
                      struct host_passes passes);
