/* SPDX-License-Identifier: Apache-2.0 */
/* From a spec and a group to flows over links, and the state of an exchange that runs alone. */
#pragma once

#include "program/job.h"

/* Plans every exchange that the job's programs use, and with them its network. */
bool exchanges_plan_all(struct job *job, struct error *error);

/* The same in two steps: plans those that are not there yet; then fills alone_s of all. */
bool exchanges_plan_untimed(struct job *job, struct error *error);
void exchanges_time_all(struct job *job);

/* The schedule of a spec on one subgroup; equal shapes share one. NULL and an error when no
 * algorithm can do it. */
const struct schedule *exchanges_schedule(struct job *job, const struct collective *collective,
                                          const struct spec *spec, struct error *error);

/* NULL and an error when no algorithm can do it. */
struct traffic *exchanges_plan(struct job *job, const struct group *group,
                               const struct spec *spec, struct error *error);

/* Time from start to end when no other flow is on its links. MODEL.md, "Coalescing". */
double exchanges_alone_s(const struct job *job, const struct traffic *exchange);

struct exchange_state {
    int64_t stage;      /* stage_count: over */
    double delay_s;     /* of launch and rounds still to wait for */
    double *left_bytes; /* per flow of the stage once it moves bytes, else NULL: not begun */
};

/* Where an exchange that runs alone stands after elapsed_s. */
struct exchange_state exchanges_state(const struct job *job, const struct traffic *exchange,
                                      double elapsed_s, struct arena *arena);
