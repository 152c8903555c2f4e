/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap. What comes next is fetched into the processor's cache while the present event
 * is worked on: with thousands of replicas their state does not stay there. */
#include "serving/span_queue.h"

#include <math.h>

void span_queue_init(struct span_queue *queue, struct replica *replicas, int64_t replica_count,
                     struct arena *arena)
{
    *queue =
        (struct span_queue){.ends = arena_array(arena, replica_count, sizeof(struct span_end)),
                            .replicas = replicas};
}

static void place_end(struct span_queue *queue, int64_t place, struct span_end end)
{
    queue->ends[place] = end;
    queue->replicas[end.replica].event_place = (int32_t)place;
}

static bool before(struct span_end a, struct span_end b)
{
    return a.time_s != b.time_s ? a.time_s < b.time_s : a.replica < b.replica;
}

static void move_up(struct span_queue *queue, int64_t place, struct span_end end)
{
    while (place > 0 && before(end, queue->ends[(place - 1) / 2])) {
        place_end(queue, place, queue->ends[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    place_end(queue, place, end);
}

static void move_down(struct span_queue *queue, int64_t place, struct span_end end)
{
    for (;;) {
        int64_t child = 2 * place + 1;
        if (child >= queue->count) {
            break;
        }
        if (child + 1 < queue->count && before(queue->ends[child + 1], queue->ends[child])) {
            child++;
        }
        if (!before(queue->ends[child], end)) {
            break;
        }
        place_end(queue, place, queue->ends[child]);
        place = child;
    }
    place_end(queue, place, end);
}

static void remove_end(struct span_queue *queue, struct replica *replica)
{
    int64_t place = replica->event_place;
    struct span_end last = queue->ends[--queue->count];
    replica->event_place = -1;
    if (place == queue->count) {
        return;
    }
    if (place > 0 && before(last, queue->ends[(place - 1) / 2])) {
        move_up(queue, place, last);
    } else {
        move_down(queue, place, last);
    }
}

void span_queue_set(struct span_queue *queue, struct replica *replica)
{
    if (!replica->busy) {
        if (replica->event_place >= 0) {
            remove_end(queue, replica);
        }
        return;
    }
    struct span_end end = {replica->end_s, replica->index};
    if (replica->event_place < 0) {
        move_up(queue, queue->count++, end);
    } else if (before(end, queue->ends[replica->event_place])) {
        move_up(queue, replica->event_place, end);
    } else {
        move_down(queue, replica->event_place, end);
    }
}

double span_queue_next_s(const struct span_queue *queue)
{
    return queue->count > 0 ? queue->ends[0].time_s : (double)INFINITY;
}
