/* SPDX-License-Identifier: Apache-2.0 */
/* A plan search as tables: the best with their simulated figures, and all feasible plans. */
#pragma once

#include "cli/run_job.h"
#include "record/table.h"
#include "study/search.h"

/* A plan in one line, for people. */
const char *plan_tables_text(const struct search *search, const struct search_point *point,
                             struct arena *arena);

struct table *plan_tables_top(const struct search_simulation *top, struct arena *arena);
struct table *plan_tables_all(const struct search *search, struct arena *arena);

/* The checked plans, estimate beside simulation, as OUTPUT.check.csv; nothing without output.
 */
bool plan_tables_check(const struct search_simulation *simulation, const char *output,
                       struct arena *arena, struct error *error);

/* How the answer of a search begins in --json, of training and of serving alike; platform: that
 * was searched. */
json_t *plan_object(const struct run_job *job, const struct platform *platform,
                    enum search_objective objective, int64_t considered, int64_t feasible,
                    double wall_s);
