/* SPDX-License-Identifier: Apache-2.0 */
/* Entries are found through an open-addressing table with linear probing; removal shifts what
 * follows back, so that no marks of the dead pile up in long runs. */
#include "serving/kv_cache.h"

#include <assert.h>
#include <string.h>

enum { FIRST_SLOTS = 64 };

void kv_cache_init(struct kv_cache *cache, int64_t block_count, struct arena *arena)
{
    *cache = (struct kv_cache){.block_count = block_count,
                               .free_count = block_count,
                               .least_free_count = block_count,
                               .free_entry = KV_NONE,
                               .oldest = KV_NONE,
                               .newest = KV_NONE,
                               .arena = arena};
}

static uint64_t slot_of(const struct kv_cache *cache, int64_t id)
{
    uint64_t mixed = (uint64_t)id * 0x9E3779B97F4A7C15u;
    return (mixed ^ (mixed >> 29)) & (uint64_t)(cache->slot_count - 1);
}

/* The slot of an id, or the empty one where it would go. */
static uint64_t find_slot(const struct kv_cache *cache, int64_t id)
{
    uint64_t slot = slot_of(cache, id);
    while (cache->slots[slot] != 0 && cache->entries[cache->slots[slot] - 1].id != id) {
        slot = (slot + 1) & (uint64_t)(cache->slot_count - 1);
    }
    return slot;
}

static int32_t find(const struct kv_cache *cache, int64_t id)
{
    return cache->slot_count == 0 ? KV_NONE : cache->slots[find_slot(cache, id)] - 1;
}

static void grow_slots(struct kv_cache *cache)
{
    int32_t *old = cache->slots;
    int64_t old_count = cache->slot_count;
    cache->slot_count = old_count == 0 ? FIRST_SLOTS : old_count * 2;
    cache->slots = arena_array(cache->arena, cache->slot_count, sizeof(int32_t));
    for (int64_t i = 0; i < old_count; i++) {
        if (old[i] != 0) {
            cache->slots[find_slot(cache, cache->entries[old[i] - 1].id)] = old[i];
        }
    }
}

static int32_t insert(struct kv_cache *cache, int64_t id, int32_t size)
{
    if ((cache->live_count + 1) * 2 > cache->slot_count) {
        grow_slots(cache);
    }
    int32_t entry = cache->free_entry;
    if (entry != KV_NONE) {
        cache->free_entry = cache->entries[entry].newer;
    } else {
        cache->entries = arena_grow(cache->arena, cache->entries, cache->entry_count,
                                    &cache->entry_capacity, sizeof(struct kv_entry));
        entry = (int32_t)cache->entry_count++;
    }
    cache->entries[entry] =
        (struct kv_entry){.id = id, .size = size, .older = KV_NONE, .newer = KV_NONE};
    cache->slots[find_slot(cache, id)] = entry + 1;
    cache->live_count++;
    return entry;
}

static void close_gap(struct kv_cache *cache, uint64_t gap)
{
    uint64_t mask = (uint64_t)(cache->slot_count - 1);
    for (uint64_t at = (gap + 1) & mask; cache->slots[at] != 0; at = (at + 1) & mask) {
        uint64_t home = slot_of(cache, cache->entries[cache->slots[at] - 1].id);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            cache->slots[gap] = cache->slots[at];
            gap = at;
        }
    }
    cache->slots[gap] = 0;
}

static void unlink_unused(struct kv_cache *cache, int32_t entry)
{
    struct kv_entry *item = &cache->entries[entry];
    if (item->older == KV_NONE) {
        cache->oldest = item->newer;
    } else {
        cache->entries[item->older].newer = item->newer;
    }
    if (item->newer == KV_NONE) {
        cache->newest = item->older;
    } else {
        cache->entries[item->newer].older = item->older;
    }
    item->older = item->newer = KV_NONE;
    cache->unused_count -= item->size;
}

static void forget(struct kv_cache *cache, int32_t entry)
{
    struct kv_entry *item = &cache->entries[entry];
    unlink_unused(cache, entry);
    cache->free_count += item->size;
    cache->given_count += item->size;
    close_gap(cache, find_slot(cache, item->id));
    item->newer = cache->free_entry;
    cache->free_entry = entry;
    cache->live_count--;
}

static void evict_oldest(struct kv_cache *cache)
{
    struct kv_entry item = cache->entries[cache->oldest];
    cache->evicted_count += item.size;
    forget(cache, cache->oldest);
    if (cache->evicted != NULL) {
        cache->evicted(cache->context, item.id, item.size);
    }
}

void kv_cache_take(struct kv_cache *cache, int64_t count)
{
    while (cache->free_count < count) {
        assert(cache->oldest != KV_NONE);
        evict_oldest(cache);
    }
    cache->free_count -= count;
    cache->taken_count += count;
    cache->least_free_count = cache->free_count < cache->least_free_count
                                  ? cache->free_count
                                  : cache->least_free_count;
}

void kv_cache_give(struct kv_cache *cache, int64_t count)
{
    cache->free_count += count;
    cache->given_count += count;
    cache->freed_count += count;
}

bool kv_cache_has(const struct kv_cache *cache, int64_t id)
{
    return find(cache, id) != KV_NONE;
}

int64_t kv_cache_hold_cost(const struct kv_cache *cache, int64_t id, int32_t size)
{
    int32_t entry = find(cache, id);
    if (entry == KV_NONE) {
        return size;
    }
    return cache->entries[entry].users == 0 ? cache->entries[entry].size : 0;
}

void kv_cache_hold(struct kv_cache *cache, int64_t id, int32_t size)
{
    int32_t entry = find(cache, id);
    if (entry == KV_NONE) {
        kv_cache_take(cache, size);
        entry = insert(cache, id, size);
    } else if (cache->entries[entry].users == 0) {
        unlink_unused(cache, entry);
    }
    cache->entries[entry].users++;
}

void kv_cache_release(struct kv_cache *cache, int64_t id)
{
    int32_t entry = find(cache, id);
    assert(entry != KV_NONE && cache->entries[entry].users > 0);
    struct kv_entry *item = &cache->entries[entry];
    if (--item->users > 0) {
        return;
    }
    item->older = cache->newest;
    item->newer = KV_NONE;
    if (cache->newest == KV_NONE) {
        cache->oldest = entry;
    } else {
        cache->entries[cache->newest].newer = entry;
    }
    cache->newest = entry;
    cache->freed_count += item->size;
    cache->unused_count += item->size;
}

void kv_cache_drop(struct kv_cache *cache, int64_t id)
{
    int32_t entry = find(cache, id);
    if (entry != KV_NONE && cache->entries[entry].users == 0) {
        forget(cache, entry);
    }
}

bool kv_cache_put(struct kv_cache *cache, int64_t id, int32_t size)
{
    int32_t entry = find(cache, id);
    if (entry != KV_NONE && cache->entries[entry].size != size) {
        kv_cache_drop(cache, id);
    }
    if (kv_cache_hold_cost(cache, id, size) > kv_cache_available(cache)) {
        return false;
    }
    kv_cache_hold(cache, id, size);
    kv_cache_release(cache, id);
    return true;
}

void kv_cache_clear(struct kv_cache *cache)
{
    while (cache->oldest != KV_NONE) {
        forget(cache, cache->oldest);
    }
}
