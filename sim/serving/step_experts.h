/* SPDX-License-Identifier: Apache-2.0 */
/* The grouped matrices of a mixture on the fullest chip. MODEL.md, "Serving: experts". */
#pragma once

#include "serving/step_maker.h"

/* Adds the matrices of one layer, for tokens of the whole replica, and what moves rows to their
 * experts and back, with the kernels' starts. */
void step_experts_add(const struct step_maker *maker, double tokens, struct step_price *price);
