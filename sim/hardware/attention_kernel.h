/* SPDX-License-Identifier: Apache-2.0 */
/* Time of a fused attention kernel: blocks of queries against the keys that they see, dealt out
 * to a chip's units. Equations: docs/MODEL.md, "Attention kernels". */
#pragma once

#include "hardware/chip.h"

/* At full clock, without memory traffic and launch. Work without a shape takes its FLOPs at the
 * chip's attention rate. Infinity when the chip has no peak for the dtype. */
double attention_kernel_time_s(const struct chip *chip, const struct work *work);

/* What an engine's call spends on its cache: for whole sequences its traffic and a block of
 * threads for each token's new row; for a step of decoding its traffic, or the passes of
 * byte-wide keys and values (a block of queries is as large with one query in it). */
double attention_kernel_cache_s(const struct chip *chip, const struct work *work);

/* HBM traffic of the kernel and of writing new keys and values to the cache, with elements of
 * query_bytes and kv_bytes. Keys in the cache come in pages. */
double attention_kernel_bytes(const struct attention_shape *shape, double query_bytes,
                              double kv_bytes);

/* Pairs of query and key that one head multiplies, whole tiles counted. */
double attention_kernel_pairs(const struct attention_shape *shape);
