/* SPDX-License-Identifier: Apache-2.0 */
/* One model replica for many: data- and context-parallel ranks of a training step do the same
 * at the same time, so that one pipeline of teams is simulated and its exchanges with the
 * others take the time that the whole group needs alone. MODEL.md, "One replica for many". */
#pragma once

#include "program/job.h"
#include "workload/plan.h"

/* Makes the teams of the first replica, one a pipeline stage, in the place of placement_fill.
 */
void replica_fill(struct job *job, const struct plan *plan);

/* After all exchanges are planned: those with other replicas become delays of the time that the
 * whole group takes. */
bool replica_price(struct job *job, const struct plan *plan, struct error *error);

/* Time [s] of an exchange by itself, all its subgroups at once, by the quickest of the
 * algorithms (ended by NULL): of the slowest among the slot's groups, which lie differently in
 * their domains. Negative when no algorithm can do it. The plan is derived. */
double replica_exchange_s(const struct platform *platform, const struct plan *plan,
                          enum slot slot, const struct spec *spec,
                          const char *const *algorithms);
