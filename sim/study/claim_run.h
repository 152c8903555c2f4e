/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated steps that claims need, each once and in a process of its own: SimGrid has one
 * engine per process. */
#pragma once

#include "study/claim.h"

/* Fills outcomes and the drivers of what the runs vary. An error of a run names it. */
bool claim_run_all(struct claim **claims, int64_t count, int jobs, struct arena *arena,
                   struct error *error);
