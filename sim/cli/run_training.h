/* SPDX-License-Identifier: Apache-2.0 */
/* The training kind of `trnsim run`: simulate, write, tell. */
#pragma once

#include "cli/run_job.h"

bool run_training(struct run_job *job, struct error *error);
