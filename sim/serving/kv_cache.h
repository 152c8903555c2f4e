/* SPDX-License-Identifier: Apache-2.0 */
/* The KV cache of one replica: blocks that are free, blocks that belong to one request, and
 * blocks of prompts that are known by an id and shared. Shared blocks that no request uses stay
 * until their room is needed, the longest unused first. MODEL.md, "Serving: KV cache" */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct kv_entry {
    int64_t id;
    int32_t users, size;  /* requests that hold it; blocks that it takes */
    int32_t older, newer; /* among the unused ones */
};

struct kv_cache {
    int64_t block_count, free_count; /* blocks: all, and those that nothing is in */
    int64_t unused_count;            /* blocks of entries without users */
    int64_t least_free_count;        /* of free_count, ever: when it was fullest */
    int32_t *slots;                  /* open addressing: entry + 1 */
    int64_t slot_count;
    struct kv_entry *entries;
    int64_t entry_count, entry_capacity, live_count;
    int32_t free_entry, oldest, newest;
    int64_t taken_count, given_count, evicted_count; /* blocks, ever */
    int64_t freed_count; /* ever given back or left unused: room grows by nothing else */
    /* An entry is evicted; NULL: nobody cares. */
    void (*evicted)(void *context, int64_t id, int32_t size);
    void *context;
    struct arena *arena;
};

enum { KV_NONE = -1 };

void kv_cache_init(struct kv_cache *cache, int64_t block_count, struct arena *arena);

/* Blocks that could be taken now. */
static inline int64_t kv_cache_available(const struct kv_cache *cache)
{
    return cache->free_count + cache->unused_count;
}

/* Blocks that requests hold now. */
static inline int64_t kv_cache_used(const struct kv_cache *cache)
{
    return cache->block_count - cache->free_count - cache->unused_count;
}

/* Takes blocks for one request alone, evicting what is needed; there must be so many. */
void kv_cache_take(struct kv_cache *cache, int64_t count);
void kv_cache_give(struct kv_cache *cache, int64_t count);

/* Whether a prompt block is stored. */
bool kv_cache_has(const struct kv_cache *cache, int64_t id);

/* Blocks by which a hold of this id would lower what is available. */
int64_t kv_cache_hold_cost(const struct kv_cache *cache, int64_t id, int32_t size);

/* One more user of a prompt block, which is stored if it was not. There must be room. */
void kv_cache_hold(struct kv_cache *cache, int64_t id, int32_t size);
/* One user less; unused entries are evicted in the order of their release. */
void kv_cache_release(struct kv_cache *cache, int64_t id);

/* Forgets a stored block without users; nothing when there is none. */
void kv_cache_drop(struct kv_cache *cache, int64_t id);

/* Forgets all blocks without users. */
void kv_cache_clear(struct kv_cache *cache);

/* Stores an id without users as the newest, evicting what is needed; in place of what it was.
 * False when it can never fit or users hold too much. */
bool kv_cache_put(struct kv_cache *cache, int64_t id, int32_t size);
