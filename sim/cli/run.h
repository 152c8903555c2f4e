/* SPDX-License-Identifier: Apache-2.0 */
/* A run whose inputs are read: simulated, written and told, whatever its kind. */
#pragma once

#include "cli/run_job.h"

bool run_simulate(struct run_job *job, struct error *error);
