/* SPDX-License-Identifier: Apache-2.0 */
/* Short prompts before long ones; of equal ones the first. */
#include "serving/queue_policy.h"

static void enqueue(struct request_pool *pool, struct request_list *queue, int32_t request)
{
    int32_t before = queue->last, tokens = request_at(pool, request)->input_tokens;
    while (before != REQUEST_NONE && request_at(pool, before)->input_tokens > tokens) {
        before = request_at(pool, before)->previous;
    }
    request_list_insert(queue, pool, request, before);
}

const struct queue_policy queue_shortest = {.name = "shortest", .enqueue = enqueue};
