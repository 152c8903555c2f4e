/* SPDX-License-Identifier: Apache-2.0 */
/* What an exchange takes at the least or roughly, for rules that need it before the step is
 * simulated: its bytes through the first link, or a chip's share of its NICs. */
#pragma once

#include "program/lowering.h"

/* Seconds of a tensor-parallel group's exchange; 0 without tensor parallelism. */
double exchange_first_link_s(const struct lowering *lowering, const struct op *op);
/* The same, and exchanges with experts by what goes to other domains. */
double exchange_least_s(const struct lowering *lowering, const struct op *op);

/* A rough time of an exchange among replicas, for what work beside it loses: its bytes through
 * the narrowest link that a chip has on its way to the farthest one that shares its states.
 * MODEL.md, "Sharded states". */
double exchange_rough_s(const struct platform *platform, const struct plan *plan, double bytes);

/* Seconds that work takes while the library's kernels hold part of the chip, which is for as
 * long as the exchange goes on. MODEL.md, "Sharded states". */
double exchange_slowed_s(const struct chip *chip, double exchange_s, double work_s);
