/* SPDX-License-Identifier: Apache-2.0 */
/* The load of a measured row: how many requests of which lengths come when. */
#pragma once

#include "study/engines.h"
#include "workload/scenario.h"

/* Whether the columns that a load needs are filled; else an INPUT error that says which is
 * empty. */
bool measured_load_stated(const struct csv *csv, int64_t row, struct error *error);

/* Fills the load of one of so many replicas of an engine, with limits of
 * its batch that the load implies. INPUT error for a load that is not known, or a trace that is
 * not there. */
bool measured_load_apply(const struct engines *engines, const struct csv *csv, int64_t row,
                         const struct engine_name *engine, int64_t replicas,
                         struct scenario *scenario, struct arena *arena, struct error *error);

/* How long a row's load lasts at least: benchmarks that draw samples of a set (MLPerf) do so
 * for ten minutes. */
double measured_load_least_s(const struct csv *csv, int64_t row);

/* Speculative decoding as a row describes it. */
void measured_load_draft(const char *description, const struct model *model,
                         struct serving_scenario *scenario);
