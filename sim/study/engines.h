/* SPDX-License-Identifier: Apache-2.0 */
/* What a measured inference row leaves to tables in workloads/measured/: properties of engines
 * by name and version, shapes of models, machines by their published names, and lengths of
 * published sets of requests. */
#pragma once

#include "base/csv.h"
#include "workload/model.h"
#include "workload/scenario_serving.h"

struct engines {
    struct csv *engines, *models, *hardware, *lengths;
};

/* Reads engines.csv, models.csv, hardware.csv and lengths.csv of a folder. */
struct engines *engines_read(const char *folder, struct arena *arena, struct error *error);

/* The row of an engine: of those whose name (or one of several, with | between) the text begins
 * with, that with the longest beginning (likewise one of several) of the version. -1: none. */
int64_t engines_find(const struct engines *engines, const char *name, const char *version);

/* Fills the scenario's engine with a row's properties. */
void engines_apply(const struct engines *engines, int64_t row,
                   struct serving_scenario *scenario);

/* The shape of a model by its exact name; NULL and an INPUT error when it is not there. */
struct model *engines_model(const struct engines *engines, const char *name,
                            struct arena *arena, struct error *error);

/* The row of hardware.csv, or lengths.csv, whose first column the text begins with, the longest
 * one; -1: none. */
int64_t engines_longest(const struct csv *csv, const char *text);
