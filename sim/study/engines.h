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

/* An engine as a measured row names it, with the hardware it ran on. */
struct engine_name {
    const char *engine, *version, *hardware;
};

/* A cell of the closest row that has one: of the rows whose names (several have | between) the
 * engine's name begins with, the longest beginning (case, blanks and dashes aside), then that
 * of the version, then that of the hardware; empty cells of those columns fit all. Thus a row
 * holds what differs from the more general ones. "": no row has one. */
const char *engines_text(const struct engines *engines, const struct engine_name *name,
                         const char *column);

/* Fills the scenario's engine with its properties. */
void engines_apply(const struct engines *engines, const struct engine_name *name,
                   struct serving_scenario *scenario);

/* The shape of a model by its name (names.h). One that is not there has the shape nearest to
 * the parameters that its name tells ("27b"), with as many layers as they ask for, and
 * *assumed, a text, gets a sentence that says so; when it tells none, that of another version
 * of the model. NULL and an INPUT error when there is none. */
struct model *engines_model(const struct engines *engines, const char *name,
                            const char **assumed, struct arena *arena, struct error *error);

/* The only weights of a model that its publisher has, "mxfp4"; "": others can be had. */
const char *engines_published(const struct engines *engines, const char *name);

/* The engine of the row as engines.csv has it; one that is not there is what hardware.csv has
 * as usual on that hardware, and *assumed says so. */
const char *engines_name(const struct engines *engines, const struct engine_name *name,
                         int64_t hardware, const char **assumed, struct arena *arena);

/* The row of lengths.csv whose first column the text begins with, the longest
 * one; -1: none. */
int64_t engines_longest(const struct csv *csv, const char *text);
