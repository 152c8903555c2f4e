/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of one run: everything read or built before and during execution lives in an arena
 * and is freed with it as a whole. The only place of the program that allocates; out of memory
 * ends the program here, in one line. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct arena *arena_create(void);
void arena_free(struct arena *arena); /* NULL is allowed */

/* size zeroed bytes, aligned to 16; never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* count zeroed elements of size bytes; ends the program when count * size overflows. */
void *arena_array(struct arena *arena, int64_t count, size_t size);

/* A list that grows: returns items with room for at least count + 1 elements, moved when
 * *capacity had to rise. Start with NULL, 0, 0. Old copies stay until the arena is freed. */
void *arena_grow(struct arena *arena, void *items, int64_t count, int64_t *capacity,
                 size_t size);

char *arena_text(struct arena *arena, const char *text);
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Bytes handed out so far. */
int64_t arena_used_bytes(const struct arena *arena);

/* malloc-like calls for libraries that take an allocator: memory that can be given back. */
void *arena_library_realloc(void *context, void *pointer, size_t size); /* size 0 frees */
