/* SPDX-License-Identifier: Apache-2.0 */
/* Which team has which place in a training plan, and who belongs together. */
#pragma once

#include "program/job.h"
#include "workload/plan.h"

/* Numbers of a team: data, context and pipeline rank. */
struct place {
    int64_t data, context, pipeline;
};

int64_t placement_team_count(const struct plan *plan);
int32_t placement_team(const struct plan *plan, const struct place *place);
struct place placement_place(const struct plan *plan, int32_t team);

/* Makes the job's teams, with chips, peers and groups; programs are left 0. */
void placement_fill(struct job *job, const struct plan *plan);
