/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a claim: a folded training step or a served load, and what formulas may ask of it.
 */
#pragma once

#include "hardware/platform.h"
#include "study/claim.h"
#include "workload/scenario.h"

/* Simulates in this process; measures that the run does not have are NAN. False and the run's
 * error; INPUT for a collective and for a wrong find. */
bool claim_measure(const struct claim_run_text *run, struct platform *platform,
                   struct scenario *scenario, struct claim_outcome *outcome,
                   struct arena *arena, struct error *error);
