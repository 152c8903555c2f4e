/* SPDX-License-Identifier: Apache-2.0 */
/* Urgent requests before all others, each kind in the order of its coming. */
#include "serving/queue_policy.h"

static void enqueue(struct request_pool *pool, struct request_list *queue, int32_t request)
{
    int32_t before = queue->last;
    if (request_at(pool, request)->urgent) {
        while (before != REQUEST_NONE && !request_at(pool, before)->urgent) {
            before = request_at(pool, before)->previous;
        }
    }
    request_list_insert(queue, pool, request, before);
}

const struct queue_policy queue_priority = {.name = "priority", .enqueue = enqueue};
