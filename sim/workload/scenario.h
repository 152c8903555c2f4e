/* SPDX-License-Identifier: Apache-2.0 */
/* A workload file as one struct: what is asked of a machine. Schema: workloads/README.md. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "hardware/defect.h"
#include "workload/model.h"
#include "workload/plan.h"
#include "workload/scenario_serving.h"

enum scenario_kind { SCENARIO_TRAINING, SCENARIO_COLLECTIVE, SCENARIO_SERVING };

/* What the file says about a key (its own, platform.PROPERTY or price) that is not known well,
 * for trnsim uncertainty; a plain run does not look at it. */
struct scenario_range {
    const char *key, *is; /* a distribution: study/distribution.h */
};

struct scenario {
    enum scenario_kind kind;
    const char *name; /* the file's name without .yaml */
    const char *title;
    const char *path, *text;

    /* training (serving: the model alone) */
    const char *model_path; /* as written, relative to the workload file */
    struct model *model;
    int64_t sequence_tokens, batch_tokens;
    struct plan plan; /* the file's plan with the platform's own entries and --set applied */

    /* collective */
    const char *operation; /* "all-reduce", "reduce-scatter", "all-gather", "all-to-all",
                              "broadcast", "send-receive" */
    const char *algorithm; /* "auto" or a name */
    double size_bytes;
    int64_t group_chips; /* 0: all */
    int64_t repeats;     /* one after the other */

    struct serving_scenario serving; /* and model */

    /* how it is simulated */
    bool coalesce;
    int64_t slow_chips;          /* drawn by seed */
    double slow_chip_speed;      /* share of a healthy chip's */
    double chip_speed_deviation; /* of the speeds of all chips, drawn by seed about 1 */
    struct defects defects;      /* for defect_apply() */
    uint64_t seed;

    const struct scenario_range *ranges;
    int64_t range_count;
};

/* Reads a workload file for a platform (its name picks the plan entries, in the file's order;
 * NULL picks none), then applies overrides: "key=value" texts, such as
 * "plan.tensor_parallel=4", "batch_tokens=4194304", "size=64MiB", "coalesce=off".
 * NULL and an INPUT error (file, line, column, found, expected, remedy) when it is wrong; a
 * wrong override is a USAGE error that names it and the keys there are. */
struct scenario *scenario_read(const char *path, const char *platform_name,
                               const char *const *overrides, int override_count,
                               struct arena *arena, struct error *error);

/* --plan FILE: replaces the whole plan by that of a YAML file whose one key is plan; what it
 * leaves out has its default. To be followed by the overrides, which win. */
bool scenario_plan_read(struct scenario *scenario, const char *path, struct arena *arena,
                        struct error *error);

/* One "key=value", as in scenario_read. */
bool scenario_override(struct scenario *scenario, const char *text, struct arena *arena,
                       struct error *error);
