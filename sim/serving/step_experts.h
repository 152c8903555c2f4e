/* SPDX-License-Identifier: Apache-2.0 */
/* The grouped matrices of a mixture on the fullest chip. MODEL.md, "Serving: experts". */
#pragma once

#include "serving/step_maker.h"

/* Experts of a layer that each place holds: where they do not divide, some are held twice. */
double step_experts_held(const struct step_maker *maker);

/* Adds the matrices of one layer, for tokens of the whole replica, and what moves rows to their
 * experts and back, with the kernels' starts. */
void step_experts_add(const struct step_maker *maker, double tokens, struct step_price *price);
