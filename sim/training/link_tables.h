/* SPDX-License-Identifier: Apache-2.0 */
/* What the links of a job moved, for any execution. */
#pragma once

#include "execution/executor.h"
#include "program/job.h"
#include "record/table.h"

/* The links used, busiest first within the order of their media. */
struct table *link_tables_use(const struct job *job, const struct execution *execution,
                              struct arena *arena);

/* Which of its rows holds for each link of the first domain: for a folded job. */
struct table *link_tables_alike(const struct job *job, struct arena *arena);
