/* SPDX-License-Identifier: Apache-2.0 */
/* Full disks and interruptions: a message, nothing left behind, and the old file whole. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/result_file.h"
#include "support/support.h"

static char folder[512], path[600];

static void open_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/trnsim-disk-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.h5", folder);
}

static void put_old_file(void)
{
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs("old", file);
    fclose(file);
}

static bool old_file_alone_is_there(void)
{
    struct stat status;
    int count = 0;
    DIR *open = opendir(folder);
    for (struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open)) {
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    }
    closedir(open);
    return count == 1 && stat(path, &status) == 0 && status.st_size == 3;
}

/* 300 000 random-looking doubles: 2.4 MB that no compression makes small. */
static bool write_large(struct error *error)
{
    static const struct column column = {"time_s", COLUMN_F64, "s", "its time"};
    struct arena *arena = arena_create();
    struct table *table = table_create(arena, "steps", "one row each", &column, 1);
    uint64_t bits = 1;
    for (int i = 0; i < 300000; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        table_append(table)->f64 = (double)bits;
    }
    struct result result = {.kind = "training", .tables = &table, .table_count = 1};
    bool written = result_file_write(path, &result, error);
    arena_free(arena);
    return written;
}

static bool write_says_disk_is_full(void)
{
    struct error error = {0};
    bool right = !write_large(&error) && error.kind == ERROR_SYSTEM &&
                 strstr(error.message, "make room or choose another disk") != NULL;
    if (!right) {
        printf("\n    found '%s'", error.message);
    }
    return right;
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit = {bytes, bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
}

static int write_with_limit(void *unused)
{
    (void)unused;
    signal(SIGXFSZ, SIG_IGN);
    limit_files(1 << 20);
    return write_says_disk_is_full() ? 0 : 1;
}

static void a_limit_on_files_leaves_nothing(void)
{
    open_folder();
    put_old_file();
    CU_ASSERT_TRUE(in_child(write_with_limit, NULL));
    CU_ASSERT_TRUE(old_file_alone_is_there());
    unlink(path);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static void abandon_and_end(int number)
{
    (void)number;
    result_file_abandon();
    _exit(0);
}

/* The signal of the limit comes in the middle of the write, as Ctrl-C might. */
static int interrupt_the_write(void *unused)
{
    (void)unused;
    struct error error = {0};
    signal(SIGXFSZ, abandon_and_end);
    limit_files(1 << 20);
    write_large(&error);
    return 1; /* not reached: the handler ends the child */
}

static void a_signal_leaves_nothing(void)
{
    open_folder();
    put_old_file();
    CU_ASSERT_TRUE(in_child(interrupt_the_write, NULL));
    CU_ASSERT_TRUE(old_file_alone_is_there());
    result_file_abandon(); /* nothing is pending: does nothing */
    CU_ASSERT_TRUE(old_file_alone_is_there());
    unlink(path);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static void a_full_disk_leaves_nothing(void)
{
    open_folder();
    if (mount("tmpfs", folder, "tmpfs", 0, "size=1m") != 0) {
        printf("\n    skipped: a small disk cannot be mounted by this user");
    } else {
        put_old_file();
        CU_ASSERT_TRUE(write_says_disk_is_full());
        CU_ASSERT_TRUE(old_file_alone_is_there());
        CU_ASSERT_EQUAL(umount(folder), 0);
    }
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

void suite_result_file_disk(void)
{
    static const struct test tests[] = {
        {"a limit on files leaves nothing", a_limit_on_files_leaves_nothing},
        {"a signal leaves nothing", a_signal_leaves_nothing},
        {"a full disk leaves nothing", a_full_disk_leaves_nothing},
    };
    add_suite("result_file_disk", tests, sizeof tests / sizeof tests[0]);
}
