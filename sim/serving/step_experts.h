/* SPDX-License-Identifier: Apache-2.0 */
/* The grouped matrices of a mixture on the fullest chip. MODEL.md, "Serving: experts". */
#pragma once

#include "serving/step_maker.h"

/* Both matrices of one layer, for tokens of the whole replica, with their kernels' starts. */
double step_experts_s(const struct step_maker *maker, double tokens);
