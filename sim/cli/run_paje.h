/* SPDX-License-Identifier: Apache-2.0 */
/* SimGrid's own trace of a run, when it is asked for. */
#pragma once

#include "cli/run_job.h"
#include "record/new_file.h"

/* Refuses what has no network in SimGrid, and a path that cannot be written. */
bool run_paje_open(const struct run_job *job, struct new_file *file, struct error *error);

/* Makes the trace appear; SimGrid writes its last lines when the program ends. */
bool run_paje_close(const struct run_job *job, struct new_file *file, struct error *error);
