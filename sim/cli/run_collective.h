/* SPDX-License-Identifier: Apache-2.0 */
/* The collective kind of `trnsim run`: one exchange alone on the machine. */
#pragma once

#include "cli/run_job.h"

bool run_collective(struct run_job *job, struct error *error);
