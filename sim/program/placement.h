/* SPDX-License-Identifier: Apache-2.0 */
/* Which team has which place in a training plan, and who belongs together. */
#pragma once

#include "program/job.h"
#include "workload/plan.h"

/* Numbers of a rank group: the chips of one tensor group. */
struct place {
    int64_t data, context, pipeline;
};

/* The tensor group at a place, numbered in the order of the chips: its first chip is this times
 * tensor_parallel. */
int32_t placement_team(const struct plan *plan, const struct place *place);
struct place placement_place(const struct plan *plan, int32_t tensor_group);

/* Tensor groups in one team of the job: those that share experts, since they meet in every
 * layer, else one. */
int64_t placement_width(const struct plan *plan);

/* The place of a tensor group by the plan's number of one of its chips: a team's seat. */
struct place placement_of_chip(const struct plan *plan, int64_t chip);

/* The team of the job that a chip belongs to, by the plan's number of it. */
int32_t placement_team_of_chip(const struct plan *plan, int64_t chip);

/* Makes the job's teams, with chips, peers and groups; programs are left 0. False and an
 * INFEASIBLE error when dead chips leave too few. */
bool placement_fill(struct job *job, const struct plan *plan, struct error *error);
