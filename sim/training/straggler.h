/* SPDX-License-Identifier: Apache-2.0 */
/* What slow chips cost: the same step without them, folded, in a process of its own (one engine
 * a process) beside the run itself. MODEL.md, "Folding". */
#pragma once

#include "training/training.h"

/* Gives the scenario's number of random chips, or all chips, their slowness. */
bool straggler_slow_down(struct job *job, const struct plan *plan,
                         const struct scenario *scenario, struct error *error);

struct straggler {
    int pipe; /* -1: there are no slow chips, nothing runs */
    int child;
};

/* Starts the step without slow chips; before this process starts its engine. */
void straggler_start(struct straggler *straggler, const struct platform *platform,
                     const struct scenario *scenario);

/* Waits for it: its step time; 0 when nothing ran or it failed. */
double straggler_healthy_s(struct straggler *straggler);
