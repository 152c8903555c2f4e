/* SPDX-License-Identifier: Apache-2.0 */
/* First come, first served. */
#include "serving/queue_policy.h"

static void enqueue(struct request_pool *pool, struct request_list *queue, int32_t request)
{
    request_list_append(queue, pool, request);
}

const struct queue_policy queue_fcfs = {.name = "fcfs", .enqueue = enqueue};
