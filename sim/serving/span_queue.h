/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of all replicas' spans: the next few in order, the others in a heap behind them. The
 * place of each is known, so that an end can be moved. Ties go by the replica's index. What the
 * next ones are going to touch is asked into the processor's cache while those before them are
 * worked on: with thousands of replicas their state does not stay there. */
#pragma once

#include "serving/replica.h"

struct span_end {
    double time_s;
    int32_t replica;
};

enum { SPANS_NEAR = 32 };

struct span_queue {
    struct span_end near[SPANS_NEAR]; /* a ring: [near_count] from near_first on, in order */
    int32_t near_first, near_count;
    struct span_end *heap; /* [heap_count]: none is before one of the near */
    int64_t heap_count;
    int32_t *places; /* [replicas]: in the heap, or SPAN_NEAR, or SPAN_NONE */
    struct replica *replicas;
    const struct request_pool *requests;
};

void span_queue_init(struct span_queue *queue, struct replica *replicas, int64_t replica_count,
                     const struct request_pool *requests, struct arena *arena);

/* The end of this replica's span is new or has moved; or it is idle and has none. */
void span_queue_set(struct span_queue *queue, struct replica *replica);

/* The replica whose span ends next; there must be one. */
struct replica *span_queue_first(const struct span_queue *queue);

/* To be called before each end is worked on. */
void span_queue_prefetch(const struct span_queue *queue);

/* INFINITY when all are idle. */
double span_queue_next_s(const struct span_queue *queue);
