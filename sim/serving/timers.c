/* SPDX-License-Identifier: Apache-2.0 */
#include "serving/timers.h"

#include <math.h>
#include <stdbool.h>

void timers_init(struct timers *timers, struct arena *arena)
{
    *timers = (struct timers){.arena = arena};
}

static bool before(const struct timer *a, const struct timer *b)
{
    return a->time_s != b->time_s ? a->time_s < b->time_s : a->order < b->order;
}

void timers_set(struct timers *timers, double time_s, enum timer_kind kind, int32_t subject,
                int64_t version)
{
    struct timer timer = {time_s, timers->order++, kind, subject, version};
    timers->heap = arena_grow(timers->arena, timers->heap, timers->count, &timers->capacity,
                              sizeof(struct timer));
    int64_t place = timers->count++;
    while (place > 0 && before(&timer, &timers->heap[(place - 1) / 2])) {
        timers->heap[place] = timers->heap[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    timers->heap[place] = timer;
}

double timers_next_s(const struct timers *timers)
{
    return timers->count > 0 ? timers->heap[0].time_s : (double)INFINITY;
}

struct timer timers_pop(struct timers *timers)
{
    struct timer top = timers->heap[0], last = timers->heap[--timers->count];
    int64_t place = 0, child;
    while ((child = 2 * place + 1) < timers->count) {
        if (child + 1 < timers->count &&
            before(&timers->heap[child + 1], &timers->heap[child])) {
            child++;
        }
        if (!before(&timers->heap[child], &last)) {
            break;
        }
        timers->heap[place] = timers->heap[child];
        place = child;
    }
    timers->heap[place] = last;
    return top;
}
