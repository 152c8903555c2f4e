/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of calls that wait for their time, the earliest on top; of equal times the lesser
 * number first. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct ready_chain {
    double time_s;
    int32_t chain;
};

struct ready_heap {
    struct ready_chain *items; /* [count], items[0] the earliest */
    int64_t count, capacity;
};

void ready_heap_push(struct ready_heap *heap, struct arena *arena, double time_s,
                     int32_t chain);

/* Takes the earliest away; there must be one. */
struct ready_chain ready_heap_pop(struct ready_heap *heap);
