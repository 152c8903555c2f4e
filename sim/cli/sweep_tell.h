/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep at work, and what is said about it at its end. */
#pragma once

#include "cli/sweep_point.h"
#include "cli/sweep_progress.h"

struct sweep_request {
    const char *file;
    int64_t jobs, at_once;
    bool slurm, dry_run;
    int64_t part, parts; /* 0 parts: all */
    struct command_shared shared;
};

struct sweep_run {
    const struct sweep_request *request;
    struct arena *arena;
    struct sweep *sweep;
    struct sweep_inputs inputs;
    struct sweep_store store;
    struct sweep_progress progress;
    int64_t before, asked; /* points done before, points that were missing */
    bool untold;           /* the caller says what came of it */
    const char *trial;     /* a dry run's points are written here and forgotten */
};

/* Reads the sweep that the request names and all that its points need; the folder is opened by
 * what follows. */
bool sweep_prepare(struct sweep_run *run, struct error *error);

/* Runs the points that are missing, gathers the table, and tells. */
bool sweep_run_points(struct sweep_run *run, struct error *error);

/* Points by enum sweep_state, and how many are blocked by a file that is no result. */
void sweep_tell_states(const struct sweep_run *run, int64_t counts[3], int64_t *blocked);

bool sweep_tell(const struct sweep_run *run, struct error *error);
