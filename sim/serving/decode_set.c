/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts all grow by one in a step, so the step at which a request joined and its context
 * then say all that follows. */
#include "serving/decode_set.h"

/* The heap of those that decode, by the step in which they end; ties by id keep the order of
 * two ways of stepping equal. */
static bool earlier(const struct serving_engine *engine, struct finish a, struct finish b)
{
    return a.step != b.step ? a.step < b.step
                            : request_at(engine->pool, a.request)->id <
                                  request_at(engine->pool, b.request)->id;
}

static void heap_put(struct serving_engine *engine, struct replica *replica, int64_t place,
                     struct finish finish)
{
    replica->heap[place] = finish;
    request_at(engine->pool, finish.request)->heap_place = (int32_t)place;
}

static void heap_up(struct serving_engine *engine, struct replica *replica, int64_t place,
                    struct finish finish)
{
    while (place > 0 && earlier(engine, finish, replica->heap[(place - 1) / 2])) {
        heap_put(engine, replica, place, replica->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    heap_put(engine, replica, place, finish);
}

static void heap_down(struct serving_engine *engine, struct replica *replica, int64_t place,
                      struct finish finish)
{
    for (;;) {
        int64_t child = 2 * place + 1;
        if (child >= replica->decode_count) {
            break;
        }
        if (child + 1 < replica->decode_count &&
            earlier(engine, replica->heap[child + 1], replica->heap[child])) {
            child++;
        }
        if (!earlier(engine, replica->heap[child], finish)) {
            break;
        }
        heap_put(engine, replica, place, replica->heap[child]);
        place = child;
    }
    heap_put(engine, replica, place, finish);
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
    struct finish finish = {item->finish_step, request};
    heap_up(engine, replica, replica->decode_count++, finish);
}

void decode_set_leave(struct serving_engine *engine, struct replica *replica, int32_t request)
{
    struct request *item = request_at(engine->pool, request);
    replica->context -= decode_set_context(replica, item);
    replica->block_needs[decode_set_remainder(engine, item->join_step - item->join_context)]--;
    int64_t place = item->heap_place;
    struct finish last = replica->heap[--replica->decode_count];
    item->heap_place = -1;
    if (place == replica->decode_count) {
        return;
    }
    if (place > 0 && earlier(engine, last, replica->heap[(place - 1) / 2])) {
        heap_up(engine, replica, place, last);
    } else {
        heap_down(engine, replica, place, last);
    }
}
