/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of a serving chip: weights, activations of the largest batch, and room for KV blocks.
 * MODEL.md, "Serving: memory" */
#pragma once

#include "serving/step_maker.h"

/* Fills the bytes of cost; false and an INFEASIBLE error when nothing is left for the cache. */
bool step_memory_fill(struct step_cost *cost, const struct step_maker *maker,
                      struct error *error);

/* Whether the plan divides the model, and the chip can do its arithmetic. INFEASIBLE if not. */
bool step_memory_check(const struct chip *chip, const struct model *model,
                       const struct serving_scenario *scenario, struct error *error);
