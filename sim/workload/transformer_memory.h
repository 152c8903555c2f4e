/* SPDX-License-Identifier: Apache-2.0 */
/* Peak memory of training on one chip. Equations: docs/MODEL.md, "Training memory". */
#pragma once

#include "hardware/chip.h"
#include "workload/plan.h"

/* Peak memory of one chip of a pipeline stage, by cause. */
struct training_memory {
    double weights_bytes, gradients_bytes, optimizer_bytes, activations_bytes, workspace_bytes;
    double reserved_bytes; /* by driver and runtime, from the chip */
    double total_bytes;
    double host_bytes; /* of the host's memory: what is offloaded */
};
struct training_memory transformer_memory(const struct training_shape *shape,
                                          const struct chip *chip, int64_t stage);

/* Whether no stage takes more than the memory of a chip of this kind. */
bool transformer_fits(const struct training_shape *shape, const struct chip *chip);

/* Bytes that one microbatch leaves in one chunk of a stage until its backward turn. */
double transformer_turn_activations(const struct training_shape *shape, int64_t stage);
