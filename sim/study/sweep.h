/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep: many runs described by one YAML file. Axes are crossed (several keys may move
 * together), random or Latin-hypercube samples are laid over them, conditions drop points.
 * Schema: docs/SWEEPS.md. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "workload/document.h"
#include "workload/scenario_key.h"

enum sweep_target { /* what a key changes */
                    SWEEP_WORKLOAD,
                    SWEEP_PLATFORM,
                    SWEEP_ULTRASERVERS,
                    SWEEP_PLAN,
                    SWEEP_PRICES,
                    SWEEP_PRICE_KIND,
                    SWEEP_DETAIL,
                    SWEEP_FIND_CAPACITY,
                    SWEEP_PROPERTY, /* platform.NAME: a property of the platform file */
                    SWEEP_SCENARIO  /* a key of the workload, as with --set */
};

struct sweep_key {
    const char *name;   /* as written: "plan.tensor_parallel" */
    const char *place;  /* in the file: "axes[0].key" */
    const char *column; /* in the table: "tensor_parallel" */
    enum sweep_target target;
    const struct scenario_key *scenario; /* of SWEEP_SCENARIO */
    bool varied;                         /* false: one value for all points */
    bool whole;                          /* its numbers are whole */
};

struct sweep {
    const char *name; /* the file's name without .yaml */
    const char *title;
    const char *folder; /* of the file, "" or ending in '/': paths are relative to it */
    struct document *document;
    struct sweep_key *keys;
    int key_count;
    const char **values; /* [point_count x key_count]; "" leaves a key alone */
    int64_t point_count;
};

/* NULL and an INPUT error at its place in the file. */
struct sweep *sweep_read(const char *path, struct arena *arena, struct error *error);

const char *sweep_value(const struct sweep *sweep, int64_t point, int key);

/* The value of a target at a point; NULL when the sweep does not set it. */
const char *sweep_target_value(const struct sweep *sweep, int64_t point,
                               enum sweep_target target);

/* A file that a point names, relative to the sweep's folder. */
const char *sweep_path(const struct sweep *sweep, const char *text, struct arena *arena);

/* A leading number and what follows it; false when text does not begin with one. */
bool sweep_number(const char *text, double *number, const char **suffix);
