/* SPDX-License-Identifier: Apache-2.0 */
/* run --beside: several training workloads on one machine at once. */
#pragma once

#include "cli/run_job.h"

bool run_beside(struct run_job *job, struct error *error);
