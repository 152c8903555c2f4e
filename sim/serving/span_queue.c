/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap. What comes next is fetched into the processor's cache while the present event
 * is worked on: with thousands of replicas their state does not stay there. */
#include "serving/span_queue.h"

#include <math.h>

enum { CACHE_LINE = 64 };

void span_queue_init(struct span_queue *queue, struct replica *replicas, int64_t replica_count,
                     struct arena *arena)
{
    *queue =
        (struct span_queue){.ends = arena_array(arena, replica_count, sizeof(struct span_end)),
                            .places = arena_array(arena, replica_count, sizeof(int32_t)),
                            .replicas = replicas};
    for (int64_t i = 0; i < replica_count; i++) {
        queue->places[i] = -1;
    }
}

static void place_end(struct span_queue *queue, int64_t place, struct span_end end)
{
    queue->ends[place] = end;
    queue->places[end.replica] = (int32_t)place;
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
    int64_t place = queue->places[replica->index];
    struct span_end last = queue->ends[--queue->count];
    queue->places[replica->index] = -1;
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
        if (queue->places[replica->index] >= 0) {
            remove_end(queue, replica);
        }
        return;
    }
    struct span_end end = {replica->end_s, replica->index};
    if (queue->places[replica->index] < 0) {
        move_up(queue, queue->count++, end);
    } else if (before(end, queue->ends[queue->places[replica->index]])) {
        move_up(queue, queue->places[replica->index], end);
    } else {
        move_down(queue, queue->places[replica->index], end);
    }
}

/* The state of a replica, a few lines of memory. */
static void prefetch_state(const struct replica *replica)
{
    for (size_t line = 0; line < sizeof *replica; line += CACHE_LINE) {
        __builtin_prefetch((const char *)replica + line);
    }
}

/* What its state points to. */
static void prefetch_lists(const struct replica *replica)
{
    __builtin_prefetch(replica->block_needs);
    __builtin_prefetch(replica->prefills);
    __builtin_prefetch(replica->heap);
    __builtin_prefetch(replica->heap + replica->decode_count);
}

static void prefetch_request(const struct request_pool *pool, int32_t request)
{
    const char *item = (const char *)request_at(pool, request);
    __builtin_prefetch(item);
    __builtin_prefetch(item + CACHE_LINE);
}

/* The requests that its next step is about. */
static void prefetch_requests(const struct replica *replica, const struct request_pool *pool)
{
    if (replica->decode_count > 0) {
        prefetch_request(pool, replica->heap[0].request);
    }
    if (replica->prefill_count > 0) {
        prefetch_request(pool, replica->prefills[0]);
    }
    if (replica->queue.count > 0) {
        prefetch_request(pool, replica->queue.first);
    }
}

/* The next ends are near the top of the heap. What is far from it is fetched first; nearer to
 * the top what that points to, and so on. */
void span_queue_prefetch(const struct span_queue *queue, const struct request_pool *pool)
{
    enum { NEAR = 3, MIDDLE = 7, FAR = 15 };
    const struct span_end *ends = queue->ends;
    for (int64_t i = 1; i < NEAR && i < queue->count; i++) {
        prefetch_requests(&queue->replicas[ends[i].replica], pool);
    }
    for (int64_t i = NEAR; i < MIDDLE && i < queue->count; i++) {
        prefetch_lists(&queue->replicas[ends[i].replica]);
    }
    for (int64_t i = MIDDLE; i < FAR && i < queue->count; i++) {
        prefetch_state(&queue->replicas[ends[i].replica]);
    }
}

double span_queue_next_s(const struct span_queue *queue)
{
    return queue->count > 0 ? queue->ends[0].time_s : (double)INFINITY;
}
