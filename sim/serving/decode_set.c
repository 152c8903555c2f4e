/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts all grow by one in a step, so the step at which a request joined and its context
 * then say all that follows. */
#include "serving/decode_set.h"

/* The heap of those that decode, by the step in which they end; ties by order of arrival keep
 * two ways of stepping equal. Nothing here looks at the requests: they lie far apart. */
static bool earlier(struct finish a, struct finish b)
{
    return a.step != b.step ? a.step < b.step : (int32_t)(a.order - b.order) < 0;
}

static void heap_up(struct replica *replica, int64_t place, struct finish finish)
{
    while (place > 0 && earlier(finish, replica->heap[(place - 1) / 2])) {
        replica->heap[place] = replica->heap[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    replica->heap[place] = finish;
}

static void heap_down(struct replica *replica, int64_t place, struct finish finish)
{
    for (;;) {
        int64_t child = 2 * place + 1;
        if (child >= replica->decode_count) {
            break;
        }
        if (child + 1 < replica->decode_count &&
            earlier(replica->heap[child + 1], replica->heap[child])) {
            child++;
        }
        if (!earlier(replica->heap[child], finish)) {
            break;
        }
        replica->heap[place] = replica->heap[child];
        place = child;
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
    item->finish_step = replica->step + item->output_tokens - item->generated;
    replica->context += item->join_context;
    replica->block_needs[decode_set_remainder(engine, item->join_step - item->join_context)]++;
    replica->heap = arena_grow(engine->arena, replica->heap, replica->decode_count,
                               &replica->heap_capacity, sizeof(struct finish));
    struct finish finish = {item->finish_step, (uint32_t)item->id, item->admission, request};
    item->decodes = true;
    heap_up(replica, replica->decode_count++, finish);
}

void decode_set_leave(struct serving_engine *engine, struct replica *replica, int32_t request)
{
    struct request *item = request_at(engine->pool, request);
    replica->context -= decode_set_context(replica, item);
    replica->block_needs[decode_set_remainder(engine, item->join_step - item->join_context)]--;
    int64_t place = find(replica, request);
    struct finish last = replica->heap[--replica->decode_count];
    item->decodes = false;
    if (place == replica->decode_count) {
        return;
    }
    if (place > 0 && earlier(last, replica->heap[(place - 1) / 2])) {
        heap_up(replica, place, last);
    } else {
        heap_down(replica, place, last);
    }
}
