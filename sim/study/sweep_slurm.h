/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep as a Slurm job array: the same program on the same folder, a part of the points each.
 * Partition, account and time are those of sbatch's own SBATCH_* variables. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct sweep_slurm {
    const char *folder;             /* of the sweep; scripts and logs go to FOLDER/slurm */
    const char *program;            /* this program's own path */
    const char *arguments;          /* of a worker, quoted for the shell, without its part */
    int64_t tasks, at_once;         /* of the array */
    void (*waited)(void *argument); /* now and then, or NULL */
    void *argument;
};

/* Submits and waits until the array has left the queue, whatever became of it: the folder says
 * what was done. SYSTEM error when Slurm refuses; INTERRUPTED after SIGINT, with the array
 * cancelled. */
bool sweep_slurm_run(const struct sweep_slurm *slurm, struct arena *arena, struct error *error);

/* text in quotes for the shell. */
const char *sweep_slurm_quote(const char *text, struct arena *arena);
