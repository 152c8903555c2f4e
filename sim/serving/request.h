/* SPDX-License-Identifier: Apache-2.0 */
/* A request while it waits and runs, in a pool whose size follows the requests that are present
 * and not those that ever came. Requests are named by their place in the pool. */
#pragma once

#include <stdalign.h>
#include <stdint.h>

#include "base/arena.h"
#include "workload/arrivals.h"

enum { REQUEST_NONE = -1 };

/* What a step or an end needs of a request comes first: a line of the processor's cache, then
 * another. */
struct request {
    double arrival_s, admitted_s, first_token_s;
    int64_t id;
    int32_t input_tokens, output_tokens;
    int32_t generated;  /* output tokens before the last admission */
    int32_t prefilled;  /* positions whose keys and values are there, while it is prefilled */
    int32_t reached;    /* the furthest position of the prompt that was ever prefilled */
    int32_t chunk;      /* tokens of the current step */
    uint32_t admission; /* number among those of its replica */
    int32_t join_context;

    int64_t join_step, session;
    int32_t previous, next; /* in the one list of a replica that it is in */
    int32_t cached_tokens, preemptions;
    int32_t replica;
    int32_t lane;         /* the replica that it is given to, among all pools' */
    int32_t away;         /* leading positions that are brought from elsewhere; 0: none */
    bool queued;          /* is in its replica's queue */
    bool decodes;         /* is in its replica's decode set */
    bool whole;           /* what is away is its whole context: it decodes at once */
    bool swapped, saving; /* its context is in host memory, or on its way there */
    bool waits;           /* for a transfer before the one that brings the rest */
    int8_t source, stream, parts; /* context.c: where from, layers sent, transfers left */
    bool urgent, lost;            /* lost: its replica failed just now */
    int8_t goes_to;               /* the pool, while no replica is open */

    int32_t blocks, block_count; /* first piece of its block ids; how many ids */
    int32_t block_tokens;
    int32_t chain, kept_tokens; /* of the arrival */
    int32_t from;               /* the replica that holds what it prefilled; REQUEST_NONE */
    int32_t retries;
};

enum { PIECE_RANGES = 5 };

struct block_piece { /* ids of prompt blocks, as ranges */
    struct block_range ranges[PIECE_RANGES];
    int32_t count, next;
};

/* Requests lie in pages that never move, each request on lines of the processor's cache of its
 * own. */
enum { REQUEST_PAGE_BITS = 10, REQUEST_PAGE = 1 << REQUEST_PAGE_BITS, CACHE_LINE = 64 };

struct request_slot {
    alignas(CACHE_LINE) struct request request;
};

struct request_pool {
    struct request_slot **pages;
    int64_t count, page_count, page_capacity;
    int32_t free;
    struct block_piece *pieces;
    int64_t piece_count, piece_capacity;
    int32_t free_piece;
    int64_t present;
    struct arena *arena;
};

void request_pool_init(struct request_pool *pool, struct arena *arena);

/* A request that has come, before it is given to anybody. */
struct request_come {
    struct arrival arrival; /* but for its ranges */
    int64_t id;
    int32_t blocks; /* first piece of its block ids */
    bool urgent;
};

/* Keeps the block ids of an arrival beyond its next take. */
int32_t request_keep_blocks(struct request_pool *pool, const struct arrival *arrival);

int32_t request_create(struct request_pool *pool, const struct request_come *come);
void request_release(struct request_pool *pool, int32_t request);

/* Requests in order, such as a queue; each is in one list at most. */
struct request_list {
    int32_t first, last, count;
};
static const struct request_list REQUEST_LIST_EMPTY = {REQUEST_NONE, REQUEST_NONE, 0};
void request_list_append(struct request_list *list, struct request_pool *pool, int32_t request);
void request_list_prepend(struct request_list *list, struct request_pool *pool,
                          int32_t request);
/* Behind another, or first when that is none. */
void request_list_insert(struct request_list *list, struct request_pool *pool, int32_t request,
                         int32_t before);
void request_list_remove(struct request_list *list, struct request_pool *pool, int32_t request);

static inline struct request *request_at(const struct request_pool *pool, int32_t request)
{
    return &pool->pages[request >> REQUEST_PAGE_BITS][request & (REQUEST_PAGE - 1)].request;
}

/* Asks the processor's cache for a request, as far as steps and ends look at it. */
static inline void request_prefetch(const struct request_pool *pool, int32_t request)
{
    const char *item = (const char *)request_at(pool, request);
    __builtin_prefetch(item);
    __builtin_prefetch(item + CACHE_LINE);
}

/* Goes over the block ids of a request in order. */
struct block_walk {
    const struct request_pool *pool;
    int32_t piece, range;
    int64_t offset;
};
void block_walk_init(struct block_walk *walk, const struct request_pool *pool,
                     const struct request *request);
bool block_walk_next(struct block_walk *walk, int64_t *id);
