/* SPDX-License-Identifier: Apache-2.0 */
/* One training step of a transformer as a job: what every team computes, exchanges and waits
 * for. MODEL.md, "Training step". */
#pragma once

#include "program/job.h"
#include "workload/plan.h"

/* NULL and an error when an exchange cannot be planned or the schedule does not fit the plan.
 */
struct job *lower_training(const struct platform *platform, const struct training_shape *shape,
                           struct arena *arena, struct error *error);

/* The same with one replica simulated for all: MODEL.md, "One replica for many". Teams are
 * pipeline stages. */
struct job *lower_training_replica(const struct platform *platform,
                                   const struct training_shape *shape, struct arena *arena,
                                   struct error *error);
