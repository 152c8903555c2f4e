/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of all replicas' spans, the first on top of a heap; the place of each is
 * known, so that an end can be moved. Ties go by the replica's index. */
#pragma once

#include "serving/replica.h"

struct span_end {
    double time_s;
    int32_t replica;
};

struct span_queue {
    struct span_end *ends; /* [count] of at most all replicas */
    int32_t *places;       /* [replicas]: in ends; -1: none */
    struct replica *replicas;
    int64_t count;
};

void span_queue_init(struct span_queue *queue, struct replica *replicas, int64_t replica_count,
                     struct arena *arena);

/* The end of this replica's span is new or has moved; or it is idle and has none. */
void span_queue_set(struct span_queue *queue, struct replica *replica);

/* Asks the processor's cache for what the next ends are going to touch. */
void span_queue_prefetch(const struct span_queue *queue, const struct request_pool *pool);

/* INFINITY when all are idle. */
double span_queue_next_s(const struct span_queue *queue);
