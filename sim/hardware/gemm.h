/* SPDX-License-Identifier: Apache-2.0 */
/* Time of the arithmetic of a matrix multiplication: how m x n x k is cut into tiles, and what
 * is lost at edges, in the last round and in small tiles.
 * Equations: docs/MODEL.md, "Matrix multiplication". */
#pragma once

#include "hardware/chip.h"

/* At full clock, without memory traffic and launch. Work without a shape (m, n, k or
 * batch_count 0) takes its FLOPs at the rate of full tiles. Infinity when the chip has no peak
 * for the dtype. */
double gemm_time_s(const struct chip *chip, const struct work *work);
