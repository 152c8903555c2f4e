/* SPDX-License-Identifier: Apache-2.0 */
/* Data parallelism over two kinds of chip: copies of the model on the second kind get another
 * share of the batch. MODEL.md, "Two kinds of chip" */
#pragma once

#include "program/job.h"
#include "workload/plan.h"

/* A plan for each kind of chip, [chip_type_count], which differ in micro_batches alone; all
 * microbatches together stay as many. The job's teams are placed. NULL and an INFEASIBLE error
 * when a copy of the model stands on both kinds, when there are not two kinds, or when the
 * share leaves one without work. */
const struct plan *uneven_plans(const struct job *job, const struct plan *plan,
                                struct error *error);
