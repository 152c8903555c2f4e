/* SPDX-License-Identifier: Apache-2.0 */
/* Where a request that comes to a replica stands in its queue: one policy is one file. */
#pragma once

#include "serving/replica.h"

struct queue_policy {
    const char *name;
    void (*enqueue)(struct request_pool *pool, struct request_list *queue, int32_t request);
};

extern const struct queue_policy queue_fcfs, queue_priority, queue_shortest;
