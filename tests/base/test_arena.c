/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas: zeroed, aligned, counted, and an end with status 5 when there is no memory. */
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "support/support.h"

static void is_zeroed_and_aligned(void)
{
    struct arena *arena = arena_create();
    for (size_t size = 0; size < 3000; size += 7) {
        unsigned char *bytes = arena_alloc(arena, size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
        CU_ASSERT_EQUAL((uintptr_t)bytes % 16, 0);
        for (size_t i = 0; i < size; i++) {
            CU_ASSERT_EQUAL_FATAL(bytes[i], 0);
        }
        memset(bytes, 0xAB, size); /* the next request must not see it */
    }
    arena_free(arena);
    arena_free(NULL);
}

static void counts_what_it_gave(void)
{
    struct arena *arena = arena_create();
    CU_ASSERT_EQUAL(arena_used_bytes(arena), 0);
    arena_alloc(arena, 100);
    arena_array(arena, 1000, 1000);
    CU_ASSERT_EQUAL(arena_used_bytes(arena), 100 + 1000 * 1000);
    CU_ASSERT_PTR_NOT_EQUAL(arena_alloc(arena, 0), arena_alloc(arena, 0));
    arena_free(arena);
}

static void grows_a_list(void)
{
    struct arena *arena = arena_create();
    int64_t *items = NULL, capacity = 0;
    for (int64_t i = 0; i < 10000; i++) {
        items = arena_grow(arena, items, i, &capacity, sizeof *items);
        CU_ASSERT_EQUAL_FATAL(items[i], 0);
        items[i] = i;
    }
    for (int64_t i = 0; i < 10000; i++) {
        CU_ASSERT_EQUAL_FATAL(items[i], i);
    }
    CU_ASSERT_TRUE(capacity >= 10000);
    arena_free(arena);
}

static void formats_texts(void)
{
    struct arena *arena = arena_create();
    char wide[5000];
    memset(wide, 'x', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    CU_ASSERT_STRING_EQUAL(arena_format(arena, "%d %s", 42, "chips"), "42 chips");
    CU_ASSERT_EQUAL(strlen(arena_format(arena, "%s%s", wide, wide)), 2 * 4999);
    char *copy = arena_text(arena, wide);
    CU_ASSERT_PTR_NOT_EQUAL(copy, wide);
    CU_ASSERT_STRING_EQUAL(copy, wide);
    CU_ASSERT_STRING_EQUAL(arena_text(arena, ""), "");
    arena_free(arena);
}

static void gives_memory_to_libraries(void)
{
    char *bytes = arena_library_realloc(NULL, NULL, 4);
    memcpy(bytes, "abc", 4);
    bytes = arena_library_realloc(NULL, bytes, 100000);
    CU_ASSERT_STRING_EQUAL(bytes, "abc");
    CU_ASSERT_PTR_NULL(arena_library_realloc(NULL, bytes, 0));
}

/* The exit status of a child that asks for what cannot be had; its message goes nowhere. */
static int status_of_asking(int64_t count, size_t size)
{
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        arena_array(arena_create(), count, size);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void ends_when_there_is_no_memory(void)
{
    CU_ASSERT_EQUAL(status_of_asking(INT64_MAX, 16), 5);         /* the product overflows */
    CU_ASSERT_EQUAL(status_of_asking(INT64_MAX / 2, 1) != 0, 1); /* nobody has 4 EiB */
}

void suite_arena(void)
{
    static const struct test tests[] = {
        {"memory is zeroed and aligned", is_zeroed_and_aligned},
        {"counts what it gave", counts_what_it_gave},
        {"grows a list", grows_a_list},
        {"formats texts", formats_texts},
        {"gives memory to libraries and takes it back", gives_memory_to_libraries},
        {"ends with status 5 when there is no memory", ends_when_there_is_no_memory},
    };
    add_suite("arena", tests, sizeof tests / sizeof tests[0]);
}
