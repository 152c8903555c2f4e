/* SPDX-License-Identifier: Apache-2.0 */
/* The same work for each of a few indices, in children whose results come back to the caller.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct children {
    int jobs; /* at once */
    int64_t count;
    size_t result_bytes;
    /* In a child: fills its result, which is zero before. The arena ends with it. */
    bool (*work)(struct arena *arena, const void *argument, int64_t index, void *result,
                 struct error *error);
    /* In the parent, for each that ended: message as of struct sweep_pool. */
    void (*ended)(void *result, const char *message);
    const void *argument;
};

/* results: [count] of result_bytes. Errors as of sweep_pool_run, after which the results of
 * those that ended are there; SYSTEM when no memory can be shared. */
bool children_run(const struct children *children, void *results, struct arena *arena,
                  struct error *error);
