/* SPDX-License-Identifier: Apache-2.0 */
/* run --plan auto: the plan that trnsim plan would name takes the place of the workload's. */
#pragma once

#include "cli/run_job.h"

bool plan_auto(struct run_job *job, struct error *error);
