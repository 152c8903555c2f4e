/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/ready_heap.h"

static bool sooner(struct ready_chain a, struct ready_chain b)
{
    return a.time_s < b.time_s || (a.time_s <= b.time_s && a.chain < b.chain);
}

void ready_heap_push(struct ready_heap *heap, struct arena *arena, double time_s, int32_t chain)
{
    struct ready_chain item = {time_s, chain};
    heap->items = arena_grow(arena, heap->items, heap->count, &heap->capacity, sizeof item);
    int64_t place = heap->count++;
    while (place > 0 && sooner(item, heap->items[(place - 1) / 2])) {
        heap->items[place] = heap->items[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    heap->items[place] = item;
}

struct ready_chain ready_heap_pop(struct ready_heap *heap)
{
    struct ready_chain top = heap->items[0], last = heap->items[--heap->count];
    int64_t place = 0, child;
    while ((child = 2 * place + 1) < heap->count) {
        if (child + 1 < heap->count && sooner(heap->items[child + 1], heap->items[child])) {
            child++;
        }
        if (!sooner(heap->items[child], last)) {
            break;
        }
        heap->items[place] = heap->items[child];
        place = child;
    }
    heap->items[place] = last;
    return top;
}
