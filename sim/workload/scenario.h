/* SPDX-License-Identifier: Apache-2.0 */
/* A workload file as one struct: what is asked of a machine. Schema: workloads/README.md. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "workload/model.h"
#include "workload/plan.h"

enum scenario_kind { SCENARIO_TRAINING, SCENARIO_COLLECTIVE };

struct scenario {
    enum scenario_kind kind;
    const char *name; /* the file's name without .yaml */
    const char *title;
    const char *path, *text;

    /* training */
    struct model *model;
    int64_t sequence_tokens, batch_tokens;
    struct plan plan; /* the file's plan with the platform's own entries and --set applied */

    /* collective */
    const char *operation; /* "all-reduce", "reduce-scatter", "all-gather", "all-to-all",
                              "broadcast", "send-receive" */
    const char *algorithm; /* "auto" or a name */
    double size_bytes;
    int64_t group_chips; /* 0: all */

    /* how it is simulated */
    bool coalesce;
    uint64_t seed;
};

/* Reads a workload file for a platform (its name picks the plan entry; chips_per_domain is for
 * messages only), then applies overrides: "key=value" texts, such as
 * "plan.tensor_parallel=4", "batch_tokens=4194304", "size=64MiB", "coalesce=off".
 * NULL and an INPUT error (file, line, column, found, expected, remedy) when it is wrong; a
 * wrong override is a USAGE error that names it and the keys there are. */
struct scenario *scenario_read(const char *path, const char *platform_name,
                               const char *const *overrides, int override_count,
                               struct arena *arena, struct error *error);
