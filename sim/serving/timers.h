/* SPDX-License-Identifier: Apache-2.0 */
/* What happens at a set time beside spans and arrivals, the earliest on top of a heap; of equal
 * times the one set first. */
#pragma once

#include <stdint.h>

#include "base/arena.h"

enum timer_kind {
    TIMER_TRANSFER, /* a transfer ends */
    TIMER_FAIL,     /* a replica fails */
    TIMER_REPAIR,   /* a failed replica begins to start again */
    TIMER_LOAD,     /* a starting replica reads its weights */
    TIMER_UP,       /* a replica can serve */
    TIMER_SCALE     /* the autoscaler looks */
};

struct timer {
    double time_s;
    int64_t order;
    enum timer_kind kind;
    int32_t subject; /* a replica or a request */
    int64_t version; /* of the subject when the timer was set */
};

struct timers {
    struct timer *heap;
    int64_t count, capacity, order;
    struct arena *arena;
};

void timers_init(struct timers *timers, struct arena *arena);
void timers_set(struct timers *timers, double time_s, enum timer_kind kind, int32_t subject,
                int64_t version);
double timers_next_s(const struct timers *timers); /* INFINITY: none */
struct timer timers_pop(struct timers *timers);    /* there must be one */
