/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim run with a workload of kind serving. */
#pragma once

#include "cli/run_job.h"

bool run_serving(struct run_job *run, struct error *error);
