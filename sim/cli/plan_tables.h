/* SPDX-License-Identifier: Apache-2.0 */
/* A plan search as tables: the best with their simulated figures, and all feasible plans. */
#pragma once

#include "record/table.h"
#include "study/search.h"

struct table *plan_tables_top(const struct search_simulation *top, struct arena *arena);
struct table *plan_tables_all(const struct search *search, struct arena *arena);

/* The checked plans, estimate beside simulation, as OUTPUT.check.csv; nothing without output.
 */
bool plan_tables_check(const struct search_simulation *simulation, const char *output,
                       struct arena *arena, struct error *error);
