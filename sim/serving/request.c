/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of requests, which grows page by page, and of the pieces that hold their block ids,
 * which grows by doubling: both are used again through free lists. */
#include "serving/request.h"

void request_pool_init(struct request_pool *pool, struct arena *arena)
{
    *pool =
        (struct request_pool){.free = REQUEST_NONE, .free_piece = REQUEST_NONE, .arena = arena};
}

static void add_page(struct request_pool *pool)
{
    unsigned char *bytes = arena_alloc(pool->arena, REQUEST_PAGE * sizeof(struct request_slot) +
                                                        (size_t)CACHE_LINE);
    pool->pages = arena_grow(pool->arena, pool->pages, pool->page_count, &pool->page_capacity,
                             sizeof *pool->pages);
    pool->pages[pool->page_count++] =
        (struct request_slot *)(bytes + (CACHE_LINE - (uintptr_t)bytes % CACHE_LINE));
}

static int32_t take_item(struct request_pool *pool)
{
    int32_t item = pool->free;
    if (item != REQUEST_NONE) {
        pool->free = request_at(pool, item)->next;
        if (pool->free != REQUEST_NONE) {
            request_prefetch(pool, pool->free);
        }
        return item;
    }
    if (pool->count == pool->page_count * REQUEST_PAGE) {
        add_page(pool);
    }
    return (int32_t)pool->count++;
}

static int32_t take_piece(struct request_pool *pool)
{
    int32_t piece = pool->free_piece;
    if (piece != REQUEST_NONE) {
        pool->free_piece = pool->pieces[piece].next;
        return piece;
    }
    pool->pieces = arena_grow(pool->arena, pool->pieces, pool->piece_count,
                              &pool->piece_capacity, sizeof(struct block_piece));
    return (int32_t)pool->piece_count++;
}

int32_t request_keep_blocks(struct request_pool *pool, const struct arrival *arrival)
{
    int32_t first = REQUEST_NONE, last = REQUEST_NONE;
    for (int32_t i = 0; i < arrival->range_count; i++) {
        if (i % PIECE_RANGES == 0) {
            int32_t piece = take_piece(pool);
            pool->pieces[piece].count = 0;
            pool->pieces[piece].next = REQUEST_NONE;
            if (last == REQUEST_NONE) {
                first = piece;
            } else {
                pool->pieces[last].next = piece;
            }
            last = piece;
        }
        struct block_piece *piece = &pool->pieces[last];
        piece->ranges[piece->count++] = arrival->ranges[i];
    }
    return first;
}

int32_t request_create(struct request_pool *pool, const struct request_come *come)
{
    const struct arrival *arrival = &come->arrival;
    int32_t item = take_item(pool);
    *request_at(pool, item) = (struct request){.arrival_s = arrival->time_s,
                                               .admitted_s = -1,
                                               .first_token_s = -1,
                                               .id = come->id,
                                               .session = arrival->session,
                                               .input_tokens = arrival->input_tokens,
                                               .output_tokens = arrival->output_tokens,
                                               .previous = REQUEST_NONE,
                                               .next = REQUEST_NONE,
                                               .urgent = come->urgent,
                                               .blocks = come->blocks,
                                               .block_count = arrival->block_count,
                                               .block_tokens = arrival->block_tokens,
                                               .lane = REQUEST_NONE,
                                               .from = REQUEST_NONE,
                                               .chain = arrival->chain,
                                               .kept_tokens = arrival->kept_tokens};
    pool->present++;
    return item;
}

void request_release(struct request_pool *pool, int32_t request)
{
    struct request *item = request_at(pool, request);
    int32_t piece = item->blocks;
    while (piece != REQUEST_NONE) {
        int32_t next = pool->pieces[piece].next;
        pool->pieces[piece].next = pool->free_piece;
        pool->free_piece = piece;
        piece = next;
    }
    item->lane = item->from = REQUEST_NONE;
    item->next = pool->free;
    pool->free = request;
    pool->present--;
}

void block_walk_init(struct block_walk *walk, const struct request_pool *pool,
                     const struct request *request)
{
    *walk = (struct block_walk){.pool = pool, .piece = request->blocks};
}

bool block_walk_next(struct block_walk *walk, int64_t *id)
{
    while (walk->piece != REQUEST_NONE) {
        const struct block_piece *piece = &walk->pool->pieces[walk->piece];
        if (walk->range == piece->count) {
            walk->piece = piece->next;
            walk->range = 0;
            continue;
        }
        const struct block_range *range = &piece->ranges[walk->range];
        if (walk->offset < range->count) {
            *id = range->first + walk->offset++;
            return true;
        }
        walk->range++;
        walk->offset = 0;
    }
    return false;
}
