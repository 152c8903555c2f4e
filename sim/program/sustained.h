/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of a chip that works steadily: arithmetic draws more power than the chip may, so
 * the clock falls the further the larger its share of the time is. MODEL.md, "Sustained clock".
 */
#pragma once

#include "program/lowering.h"

/* Sets lowering->clock_gain from a microbatch's passes through a chunk: how much faster
 * arithmetic is than under load without a pause. */
void sustained_measure(struct lowering *lowering, const struct chunk *chunk);

/* Applies it to the arithmetic of a sequence, once. */
void sustained_apply(const struct lowering *lowering, int32_t sequence);
