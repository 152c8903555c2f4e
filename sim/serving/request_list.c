/* SPDX-License-Identifier: Apache-2.0 */
/* Doubly linked through the requests themselves. */
#include "serving/request.h"

/* Puts request between two neighbours, either of which may be none. */
static void link(struct request_list *list, struct request_pool *pool, int32_t request,
                 int32_t previous, int32_t next)
{
    struct request *item = request_at(pool, request);
    item->previous = previous;
    item->next = next;
    if (previous == REQUEST_NONE) {
        list->first = request;
    } else {
        request_at(pool, previous)->next = request;
    }
    if (next == REQUEST_NONE) {
        list->last = request;
    } else {
        request_at(pool, next)->previous = request;
    }
    list->count++;
}

void request_list_append(struct request_list *list, struct request_pool *pool, int32_t request)
{
    link(list, pool, request, list->last, REQUEST_NONE);
}

void request_list_prepend(struct request_list *list, struct request_pool *pool, int32_t request)
{
    link(list, pool, request, REQUEST_NONE, list->first);
}

void request_list_insert(struct request_list *list, struct request_pool *pool, int32_t request,
                         int32_t before)
{
    link(list, pool, request, before,
         before == REQUEST_NONE ? list->first : request_at(pool, before)->next);
}

void request_list_remove(struct request_list *list, struct request_pool *pool, int32_t request)
{
    const struct request *item = request_at(pool, request);
    if (item->previous == REQUEST_NONE) {
        list->first = item->next;
    } else {
        request_at(pool, item->previous)->next = item->next;
    }
    if (item->next == REQUEST_NONE) {
        list->last = item->previous;
    } else {
        request_at(pool, item->next)->previous = item->previous;
    }
    list->count--;
}
