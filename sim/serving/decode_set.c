/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts all grow by one in a step, so the step at which a request joined and its context
 * then say all that follows. */
#include "serving/decode_set.h"

/* Each place of the heap has four below it, which share a line of the processor's cache. */
enum { BELOW = 4 };

static void grow_heap(struct serving_engine *engine, struct replica *replica)
{
    int64_t capacity = replica->heap_capacity > 0 ? 2 * replica->heap_capacity : 2 * BELOW;
    size_t line = CACHE_LINE, top = sizeof(struct finish);
    unsigned char *bytes = arena_alloc(engine->arena, (size_t)capacity * top + 2 * line);
    bytes += line - (uintptr_t)bytes % line; /* a line begins here, and behind the top */
    struct finish *heap = (struct finish *)(bytes + line - top);
    for (int64_t i = 0; i < replica->decode_count; i++) {
        heap[i] = replica->heap[i];
    }
    replica->heap = heap;
    replica->heap_capacity = capacity;
}

/* The heap of those that decode, by the step in which they end; ties by order of arrival keep
 * two ways of stepping equal. Nothing here looks at the requests: they lie far apart. */
static bool earlier(struct finish a, struct finish b)
{
    return a.step != b.step ? (int32_t)(a.step - b.step) < 0 : (int32_t)(a.order - b.order) < 0;
}

static void heap_up(struct replica *replica, int64_t place, struct finish finish)
{
    while (place > 0 && earlier(finish, replica->heap[(place - 1) / BELOW])) {
        replica->heap[place] = replica->heap[(place - 1) / BELOW];
        place = (place - 1) / BELOW;
    }
    replica->heap[place] = finish;
}

static int64_t earliest_below(const struct replica *replica, int64_t place)
{
    int64_t first = BELOW * place + 1, end = first + BELOW;
    int64_t best = first;
    end = end < replica->decode_count ? end : replica->decode_count;
    for (int64_t i = first + 1; i < end; i++) {
        best = earlier(replica->heap[i], replica->heap[best]) ? i : best;
    }
    return best;
}

static void heap_down(struct replica *replica, int64_t place, struct finish finish)
{
    while (BELOW * place + 1 < replica->decode_count) {
        int64_t below = earliest_below(replica, place);
        if (!earlier(replica->heap[below], finish)) {
            break;
        }
        replica->heap[place] = replica->heap[below];
        place = below;
    }
    replica->heap[place] = finish;
}

/* At the top, but for those that lose their place. */
static int64_t find(const struct replica *replica, int32_t request)
{
    int64_t place = 0;
    while (replica->heap[place].request != request) {
        place++;
    }
    return place;
}

int64_t decode_set_remainder(const struct serving_engine *engine, int64_t number)
{
    int64_t size = engine->scenario->block_tokens;
    return ((number % size) + size) % size;
}

int64_t decode_set_context(const struct replica *replica, const struct request *request)
{
    return request->join_context + replica->step - request->join_step;
}

void decode_set_join(struct serving_engine *engine, struct replica *replica, int32_t request)
{
    struct request *item = request_at(engine->pool, request);
    item->join_step = replica->step;
    int64_t finish_step = replica->step + item->output_tokens - item->generated;
    replica->context += item->join_context;
    replica->block_needs[decode_set_remainder(engine, item->join_step - item->join_context)]++;
    if (replica->decode_count == replica->heap_capacity) {
        grow_heap(engine, replica);
    }
    struct finish finish = {(uint32_t)finish_step, (uint32_t)item->id, item->admission,
                            request};
    item->decodes = true;
    heap_up(replica, replica->decode_count++, finish);
}

/* What was last takes a place that has become free. */
static void heap_refill(struct replica *replica, int64_t place, struct finish last)
{
    if (place > 0 && earlier(last, replica->heap[(place - 1) / BELOW])) {
        heap_up(replica, place, last);
    } else {
        heap_down(replica, place, last);
    }
}

/* The next to end are at the top, or right below it. */
static void prefetch_next(const struct serving_engine *engine, const struct replica *replica)
{
    for (int64_t i = 0; i < replica->decode_count && i <= BELOW; i++) {
        request_prefetch(engine->pool, replica->heap[i].request);
    }
}

void decode_set_leave(struct serving_engine *engine, struct replica *replica, int32_t request)
{
    struct request *item = request_at(engine->pool, request);
    replica->context -= decode_set_context(replica, item);
    replica->block_needs[decode_set_remainder(engine, item->join_step - item->join_context)]--;
    int64_t place = find(replica, request);
    struct finish last = replica->heap[--replica->decode_count];
    item->decodes = false;
    if (place < replica->decode_count) {
        heap_refill(replica, place, last);
    }
    prefetch_next(engine, replica);
}
