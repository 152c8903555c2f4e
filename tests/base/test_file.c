/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files: the bytes with a 0 behind them, or one message that says what is in the way.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "support/support.h"

static bool refused(const char *path, size_t limit, const char *why)
{
    struct error error = {0};
    struct arena *arena = arena_create();
    size_t size = 7;
    bool right = file_read(path, limit, &size, arena, &error) == NULL &&
                 error.kind == ERROR_SYSTEM && strcmp(error.path, path) == 0 &&
                 strstr(error.message, why) != NULL;
    if (!right) {
        printf("\n    %s: %s", path, error.message);
    }
    arena_free(arena);
    return right;
}

static void reads_all_bytes(void)
{
    struct error error = {0};
    struct arena *arena = arena_create();
    size_t size;
    char *text = file_read(temporary_file("two\nlines\n", ".txt"), 10, &size, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_EQUAL(size, 10);
    CU_ASSERT_STRING_EQUAL(text, "two\nlines\n");
    text = file_read(temporary_file("", ".txt"), 0, &size, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_EQUAL(size, 0);
    CU_ASSERT_STRING_EQUAL(text, "");
    arena_free(arena);
}

static void refuses_what_is_no_file(void)
{
    CU_ASSERT_TRUE(refused("no/such/file.yaml", 100, "No such file"));
    CU_ASSERT_TRUE(refused("/", 100, "is a folder"));
    CU_ASSERT_TRUE(refused("/dev/zero", 100, "device or pipe"));
    CU_ASSERT_TRUE(
        refused(temporary_file("123456", ".txt"), 5, "has 6 bytes, expected at most 5"));
}

/* Nobody writes into the pipe: reading it would wait for ever. */
static void refuses_a_pipe_without_waiting(void)
{
    char path[600];
    snprintf(path, sizeof path, "%s", temporary_file("", ".pipe"));
    unlink(path);
    CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
    CU_ASSERT_TRUE(refused(path, 100, "device or pipe"));
}

static int read_as_nobody(void *path)
{
    if (geteuid() == 0 && setuid(65534) != 0) {
        return 2;
    }
    return refused(path, 100, "Permission denied") ? 0 : 1;
}

static void says_that_permission_is_missing(void)
{
    char path[600];
    snprintf(path, sizeof path, "%s", temporary_file("secret", ".txt"));
    chmod(path, 0);
    CU_ASSERT_TRUE(in_child(read_as_nobody, path));
}

void suite_file(void)
{
    static const struct test tests[] = {
        {"reads all bytes", reads_all_bytes},
        {"refuses what is no file", refuses_what_is_no_file},
        {"refuses a pipe without waiting", refuses_a_pipe_without_waiting},
        {"says that permission is missing", says_that_permission_is_missing},
    };
    add_suite("file", tests, sizeof tests / sizeof tests[0]);
}
