/* SPDX-License-Identifier: Apache-2.0 */
/* A uthash table in the arena. Tables that were outgrown stay there until the arena is freed.
 */
#include "hardware/name_index.h"

#include <assert.h>
#include <string.h>

#define uthash_malloc(size)        arena_alloc(arena, size)
#define uthash_free(pointer, size) ((void)(pointer))
#define uthash_fatal(message)      assert(0 && message)
#include <uthash.h>

struct name_entry {
    const char *name;
    int64_t number;
    UT_hash_handle hh;
};

bool name_index_add(struct name_index *index, const char *name, int64_t number,
                    struct arena *arena)
{
    if (name_index_find(index, name) >= 0) {
        return false;
    }
    struct name_entry *entry = arena_alloc(arena, sizeof *entry);
    entry->name = name;
    entry->number = number;
    HASH_ADD_KEYPTR(hh, index->entries, entry->name, strlen(entry->name), entry);
    return true;
}

int64_t name_index_find(const struct name_index *index, const char *name)
{
    struct name_entry *entry = NULL;
    HASH_FIND_STR(index->entries, name, entry);
    return entry == NULL ? -1 : entry->number;
}
