/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated steps that claims need, each once and in a process of its own: SimGrid has one
 * engine per process. */
#pragma once

#include "study/claim.h"

/* Fills outcomes and the drivers of what the runs vary. An error of a run names it, and is that
 * of its claim; false when no process could be started, or after SIGINT. */
bool claim_run_all(struct claim **claims, int64_t count, const struct claim_options *options,
                   struct arena *arena, struct error *error);
