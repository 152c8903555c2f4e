/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a job: every team follows its program in simulated time. What nobody else can touch is
 * slept through in one piece (coalescing) and taken apart again when a foreign transfer comes
 * on the team's links. MODEL.md, "Programs", "Coalescing". */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "execution/transport.h"
#include "execution/watch.h"
#include "program/job.h"

typedef void executor_trace(void *argument, const struct span *span);

struct executor_options {
    enum detail detail;
    bool coalesce;
    bool trace_ops;        /* spans of single ops too */
    executor_trace *trace; /* or NULL */
    void *trace_argument;
    const struct executor_watch *watch;              /* or NULL */
    void (*progress)(double fraction, double now_s); /* or NULL */
};

struct execution {
    double time_s;                     /* until the last team ended */
    double part_s[PART_OF_TIME_COUNT]; /* mean over teams; sums to time_s */
    double *op_s, *op_count;           /* per op of all sequences, summed over teams */
    double slowest_wait_s;
    const double *pair_bytes; /* [pair] */
    int64_t activities, transfers;
    int64_t team_instructions;
};

/* The place of a sequence's first op in op_s and op_count. */
int64_t executor_op_place(const struct job *job, int32_t sequence);

/* Runs the job on a fresh engine (once per process). SYSTEM error when the engine cannot start;
 * an INPUT error when teams are left waiting for each other, with one of them named. */
bool executor_run(const struct job *job, const struct executor_options *options,
                  struct execution *execution, struct arena *arena, struct error *error);
