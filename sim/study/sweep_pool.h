/* SPDX-License-Identifier: Apache-2.0 */
/* A pool of forked processes: SimGrid has one engine per process, and a child that crashes
 * takes nothing with it. What the parent has read is shared with every child. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct sweep_pool {
    int jobs; /* children at once */
    /* In a child, which may have done other tasks before: nothing that they left behind may
     * change what comes out. */
    bool (*work)(void *argument, int64_t task, struct error *error);
    /* In the parent, as each child ends: kind is ERROR_NONE when all went well. message is ""
     * when the child did not live to tell one by itself. */
    void (*ended)(void *argument, int64_t task, enum error_kind kind, const char *message);
    void *argument;
};

/* Children at once: as many as are asked for, 0 for one a processor. */
int sweep_pool_jobs(int64_t asked);

/* Runs tasks in order, all of them whatever happens to one. False with INTERRUPTED after
 * SIGINT or SIGTERM: children are ended and waited for; what was done stays done. */
bool sweep_pool_run(const struct sweep_pool *pool, const int64_t *tasks, int64_t count,
                    struct error *error);
