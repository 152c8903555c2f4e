/* SPDX-License-Identifier: Apache-2.0 */
/* The points of a sweep as runs: every file they name is read once, by the parent; a child then
 * takes the same way as trnsim run, from the scenario to the result file. */
#pragma once

#include "cli/run_job.h"
#include "study/sweep_store.h"

struct sweep_platform {
    const char *value; /* as the sweep names it */
    struct platform *platform;
    char digest[DIGEST_TEXT_SIZE];
    bool *properties; /* [key_count]: known to be there */
};

struct sweep_prices {
    const char *path;
    struct price_book *book;
};

struct sweep_scenario { /* before the point's own settings */
    const char *workload, *platform_name, *plan, *model;
    struct scenario *scenario;
    const char *plan_text;
};

struct sweep_inputs {
    const struct sweep *sweep;
    struct arena *arena;
    struct sweep_platform *platforms;
    int64_t platform_count, platform_capacity;
    struct sweep_prices *prices;
    int64_t prices_count, prices_capacity;
    struct sweep_scenario *scenarios;
    int64_t scenario_count, scenario_capacity;
    int *order; /* of keys, by name */
};

/* Reads all that the points need, checks every value, and fills their digests. */
bool sweep_point_prepare(struct sweep_inputs *inputs, struct sweep_point *points,
                         struct error *error);

/* Simulates a point and writes its result. Once per process. */
bool sweep_point_run(struct sweep_inputs *inputs, int64_t point, const char *output,
                     struct error *error);
