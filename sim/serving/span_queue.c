/* SPDX-License-Identifier: Apache-2.0 */
/* Each place of the heap has four below it. */
#include "serving/span_queue.h"

#include <math.h>

/* Of the near ones: so many are kept ready; how far ahead what is fetched. A replica's state
 * comes first, then what it points to, then the requests named there. */
enum { BELOW = 4, READY = 14, AHEAD_LISTS = 9, AHEAD_REQUESTS = 4 };
enum { SPAN_NONE = -1, SPAN_NEAR = -2 };

void span_queue_init(struct span_queue *queue, struct replica *replicas, int64_t replica_count,
                     const struct request_pool *requests, struct arena *arena)
{
    *queue =
        (struct span_queue){.heap = arena_array(arena, replica_count, sizeof(struct span_end)),
                            .places = arena_array(arena, replica_count, sizeof(int32_t)),
                            .replicas = replicas,
                            .requests = requests};
    for (int64_t i = 0; i < replica_count; i++) {
        queue->places[i] = SPAN_NONE;
    }
}

static bool before(struct span_end a, struct span_end b)
{
    return a.time_s != b.time_s ? a.time_s < b.time_s : a.replica < b.replica;
}

/* The heap */

static void place_end(struct span_queue *queue, int64_t place, struct span_end end)
{
    queue->heap[place] = end;
    queue->places[end.replica] = (int32_t)place;
}

static void move_up(struct span_queue *queue, int64_t place, struct span_end end)
{
    while (place > 0 && before(end, queue->heap[(place - 1) / BELOW])) {
        place_end(queue, place, queue->heap[(place - 1) / BELOW]);
        place = (place - 1) / BELOW;
    }
    place_end(queue, place, end);
}

static int64_t first_below(const struct span_queue *queue, int64_t place)
{
    int64_t first = BELOW * place + 1, best = first;
    for (int64_t i = first + 1; i < first + BELOW && i < queue->heap_count; i++) {
        best = before(queue->heap[i], queue->heap[best]) ? i : best;
    }
    return best;
}

static void move_down(struct span_queue *queue, int64_t place, struct span_end end)
{
    while (BELOW * place + 1 < queue->heap_count) {
        int64_t below = first_below(queue, place);
        if (!before(queue->heap[below], end)) {
            break;
        }
        place_end(queue, place, queue->heap[below]);
        place = below;
    }
    place_end(queue, place, end);
}

static void heap_remove(struct span_queue *queue, int64_t place)
{
    struct span_end last = queue->heap[--queue->heap_count];
    if (place == queue->heap_count) {
        return;
    }
    if (place > 0 && before(last, queue->heap[(place - 1) / BELOW])) {
        move_up(queue, place, last);
    } else {
        move_down(queue, place, last);
    }
}

/* The near ones */

static struct span_end *near_at(struct span_queue *queue, int32_t number)
{
    return &queue->near[(queue->near_first + number) % SPANS_NEAR];
}

static void near_remove(struct span_queue *queue, int32_t replica)
{
    int32_t number = 0;
    while (near_at(queue, number)->replica != replica) {
        number++;
    }
    for (; number > 0; number--) { /* those before it move up by one */
        *near_at(queue, number) = *near_at(queue, number - 1);
    }
    queue->near_first = (queue->near_first + 1) % SPANS_NEAR;
    queue->near_count--;
}

static void near_insert(struct span_queue *queue, struct span_end end)
{
    if (queue->near_count == SPANS_NEAR) {
        move_up(queue, queue->heap_count++, *near_at(queue, --queue->near_count));
    }
    int32_t number = queue->near_count++;
    for (; number > 0 && before(end, *near_at(queue, number - 1)); number--) {
        *near_at(queue, number) = *near_at(queue, number - 1);
    }
    *near_at(queue, number) = end;
    queue->places[end.replica] = SPAN_NEAR;
}

/* The state of a replica, a few lines of memory. */
static void prefetch_state(const struct replica *replica)
{
    for (size_t line = 0; line < sizeof *replica; line += CACHE_LINE) {
        __builtin_prefetch((const char *)replica + line);
    }
}

static void refill(struct span_queue *queue)
{
    while (queue->near_count < READY && queue->heap_count > 0) {
        struct span_end top = queue->heap[0];
        heap_remove(queue, 0);
        *near_at(queue, queue->near_count++) = top;
        queue->places[top.replica] = SPAN_NEAR;
        prefetch_state(&queue->replicas[top.replica]);
    }
}

void span_queue_set(struct span_queue *queue, struct replica *replica)
{
    int32_t place = queue->places[replica->index];
    if (place == SPAN_NEAR) {
        near_remove(queue, replica->index);
    } else if (place >= 0) {
        heap_remove(queue, place);
    }
    queue->places[replica->index] = SPAN_NONE;
    if (replica->busy) {
        struct span_end end = {replica->end_s, replica->index};
        bool near =
            queue->near_count > 0 && before(end, *near_at(queue, queue->near_count - 1));
        if (near) {
            near_insert(queue, end);
        } else {
            move_up(queue, queue->heap_count++, end);
        }
    }
    refill(queue);
}

struct replica *span_queue_first(const struct span_queue *queue)
{
    return &queue->replicas[queue->near[queue->near_first].replica];
}

/* What its state points to. */
static void prefetch_lists(const struct replica *replica)
{
    const char *heap = (const char *)replica->heap;
    __builtin_prefetch(replica->block_needs);
    __builtin_prefetch(replica->prefills);
    __builtin_prefetch(heap);
    __builtin_prefetch(heap + CACHE_LINE);
    __builtin_prefetch(replica->heap + replica->decode_count);
}

/* The requests that its next step is about. */
static void prefetch_requests(const struct replica *replica, const struct request_pool *pool)
{
    if (replica->decode_count > 0) {
        request_prefetch(pool, replica->heap[0].request);
    }
    for (int64_t i = 0; i < replica->prefill_count && i < 2; i++) {
        request_prefetch(pool, replica->prefills[i]);
    }
    if (replica->queue.count > 0) {
        request_prefetch(pool, replica->queue.first);
    }
}

static const struct replica *near_replica(const struct span_queue *queue, int32_t number)
{
    return &queue->replicas[queue->near[(queue->near_first + number) % SPANS_NEAR].replica];
}

void span_queue_prefetch(const struct span_queue *queue)
{
    if (queue->near_count > AHEAD_LISTS) {
        prefetch_lists(near_replica(queue, AHEAD_LISTS));
    }
    if (queue->near_count > AHEAD_REQUESTS) {
        prefetch_requests(near_replica(queue, AHEAD_REQUESTS), queue->requests);
    }
}

double span_queue_next_s(const struct span_queue *queue)
{
    return queue->near_count > 0 ? queue->near[queue->near_first].time_s : (double)INFINITY;
}
