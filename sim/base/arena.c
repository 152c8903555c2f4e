/* SPDX-License-Identifier: Apache-2.0 */
/* An arena is a list of blocks; a request that does not fit into the newest block opens
 * another. Under the address sanitizer every request has its own block, so that one byte too
 * far is seen. Out of memory ends the program here: nothing sensible can be done without
 * memory, and a check after each call would be most of the program. */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_SANITIZED 1
#endif
#endif

#ifdef ARENA_SANITIZED
enum { BLOCK_SIZE = 1 };
#else
enum { BLOCK_SIZE = 64 * 1024 };
#endif
enum { ALIGNMENT = 16 };

struct block {
    struct block *next;
    size_t capacity, used;
    alignas(ALIGNMENT) unsigned char bytes[];
};

struct arena {
    struct block *blocks; /* newest first */
    int64_t used_bytes;
};

/* _Exit and not exit: handlers of libraries may allocate again, or wait for other threads. */
static _Noreturn void end_out_of_memory(size_t size)
{
    fprintf(stderr,
            "trnsim: out of memory (asked for %zu bytes); try a smaller workload, "
            "less detail, or a machine with more memory\n",
            size);
    _Exit(error_exit_status(ERROR_SYSTEM));
}

static struct block *add_block(struct arena *arena, size_t size)
{
    size_t capacity = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    if (capacity > SIZE_MAX - sizeof(struct block)) {
        end_out_of_memory(size);
    }
    struct block *block = calloc(1, sizeof *block + capacity);
    if (block == NULL) {
        end_out_of_memory(size);
    }
    block->capacity = capacity;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

struct arena *arena_create(void)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL) {
        end_out_of_memory(sizeof *arena);
    }
    return arena;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL) {
        return;
    }
    for (struct block *block = arena->blocks, *next; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    free(arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct block *block = arena->blocks;
    size_t start = 0;
    if (block != NULL) {
        start = (block->used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    if (block == NULL || start > block->capacity || size > block->capacity - start) {
        block = add_block(arena, size);
        start = 0;
    }
    block->used = start + (size > 0 ? size : 1); /* two requests never share an address */
    arena->used_bytes += (int64_t)size;
    return block->bytes + start;
}

void *arena_array(struct arena *arena, int64_t count, size_t size)
{
    assert(count >= 0);
    if (size != 0 && (uint64_t)count > SIZE_MAX / 2 / size) {
        end_out_of_memory(SIZE_MAX / 2);
    }
    return arena_alloc(arena, (size_t)count * size);
}

void *arena_grow(struct arena *arena, void *items, int64_t count, int64_t *capacity,
                 size_t size)
{
    if (count < *capacity) {
        return items;
    }
    int64_t wider = *capacity < 8 ? 16 : *capacity * 2;
    void *moved = arena_array(arena, wider, size);
    if (count > 0) {
        memcpy(moved, items, (size_t)count * size);
    }
    *capacity = wider;
    return moved;
}

char *arena_text(struct arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(arena_alloc(arena, size), text, size);
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

int64_t arena_used_bytes(const struct arena *arena)
{
    return arena->used_bytes;
}

void *arena_library_realloc(void *context, void *pointer, size_t size)
{
    (void)context;
    if (size == 0) {
        free(pointer);
        return NULL;
    }
    void *moved = realloc(pointer, size);
    if (moved == NULL) {
        end_out_of_memory(size);
    }
    return moved;
}
