/* SPDX-License-Identifier: Apache-2.0 */
/* An arena is a list of blocks; a request that does not fit into the newest block opens
 * another. Under the address sanitizer every request has its own block, so that one byte too
 * far is seen. Out of memory ends the program here: nothing sensible can be done without
 * memory, and a check after each call would be most of the program. */
#define _DEFAULT_SOURCE /* madvise */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_SANITIZED 1
#endif
#endif

#ifdef ARENA_SANITIZED
enum { BLOCK_SIZE = 1, BLOCK_SIZE_MOST = 1, SPARE_MOST = 0 };
#else
enum { BLOCK_SIZE = 64 << 10, BLOCK_SIZE_MOST = 4 << 20, SPARE_MOST = 64 << 20 };
#endif
enum { ALIGNMENT = 16 };
#define LARGE ((size_t)2 << 20)

struct block {
    struct block *next;
    size_t capacity, used;
    alignas(ALIGNMENT) unsigned char bytes[];
};

struct arena {
    struct block *blocks; /* newest first */
    size_t block_size;    /* of the next */
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

/* Whole large pages, where one begins: what was mapped around them is given back. */
static void *map_pages(size_t size)
{
    unsigned char *mapped =
        mmap(NULL, size + LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        return NULL;
    }
    size_t before = (LARGE - (uintptr_t)mapped % LARGE) % LARGE;
    if (before > 0) {
        munmap(mapped, before);
    }
    munmap(mapped + before + size, LARGE - before);
    (void)madvise(mapped + before, size, MADV_HUGEPAGE); /* a wish: it may have none */
    return mapped + before;
}

/* Large blocks come from the system by themselves, on large pages where it has them: touching
 * a new page for the first time costs more than most of what is written there. */
static struct block *new_block(size_t capacity)
{
    size_t size = sizeof(struct block) + capacity;
    struct block *block = size % LARGE == 0 ? map_pages(size) : calloc(1, size);
    if (block != NULL) {
        block->capacity = capacity;
    }
    return block;
}

static void release_block(struct block *block)
{
    size_t size = sizeof *block + block->capacity;
    if (size % LARGE == 0) {
        munmap(block, size);
    } else {
        free(block);
    }
}

/* Blocks of freed arenas, zeroed as far as they were used, for the next ones: scratch arenas
 * come and go. */
static struct block *spare;
static size_t spare_bytes;

static void free_block(struct block *block)
{
    if (spare_bytes + block->capacity > SPARE_MOST) {
        release_block(block);
        return;
    }
    memset(block->bytes, 0, block->used);
    block->used = 0;
    block->next = spare;
    spare = block;
    spare_bytes += block->capacity;
}

/* A spare block that is not much too large, or NULL. */
static struct block *spare_block(size_t capacity)
{
    for (struct block **place = &spare; *place != NULL; place = &(*place)->next) {
        struct block *block = *place;
        if (block->capacity >= capacity && block->capacity / 4 <= capacity) {
            *place = block->next;
            spare_bytes -= block->capacity;
            return block;
        }
    }
    return NULL;
}

/* Each block is twice as large as the one before, up to a limit, and has room for some more of
 * what is asked for; large ones fill their pages. */
static size_t next_capacity(struct arena *arena, size_t size)
{
    size_t capacity = arena->block_size;
    while (capacity < BLOCK_SIZE_MOST && capacity / 4 < size) {
        capacity *= 2;
    }
    arena->block_size = capacity < BLOCK_SIZE_MOST ? capacity * 2 : capacity;
    capacity = size > capacity ? size : capacity;
    if (capacity > SIZE_MAX / 2) {
        end_out_of_memory(size);
    }
    if (BLOCK_SIZE_MOST > 1 && capacity + sizeof(struct block) > LARGE / 2) {
        size_t pages = (capacity + sizeof(struct block) + LARGE - 1) / LARGE;
        capacity = pages * LARGE - sizeof(struct block);
    }
    return capacity;
}

static struct block *add_block(struct arena *arena, size_t size)
{
    size_t capacity = next_capacity(arena, size);
    struct block *block = spare_block(capacity);
    if (block == NULL) {
        block = new_block(capacity);
    }
    if (block == NULL) {
        end_out_of_memory(size);
    }
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
    arena->block_size = BLOCK_SIZE;
    return arena;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL) {
        return;
    }
    for (struct block *block = arena->blocks, *next; block != NULL; block = next) {
        next = block->next;
        free_block(block);
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
