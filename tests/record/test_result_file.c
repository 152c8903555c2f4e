/* SPDX-License-Identifier: Apache-2.0 */
/* Results on disk: what is written is read back; whatever is in the way is told, and then
 * nothing is left behind. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hdf5.h>

#include "record/result_file.h"
#include "support/support.h"

static const struct column columns[] = {
    {"name", COLUMN_TEXT, "", "of the operation"},
    {"time_s", COLUMN_F64, "s", "its time"},
    {"count", COLUMN_I64, "1", "how often"},
};

/* A folder of its own for each test, empty at the start. */
static char folder[512], path[600];

static void open_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/trnsim-result-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.h5", folder);
}

static int entries(void)
{
    int count = 0;
    DIR *open = opendir(folder);
    for (struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open)) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(open);
    return count;
}

static void close_folder(void)
{
    unlink(path);
    CU_ASSERT_EQUAL(entries(), 0);
    rmdir(folder);
}

static struct table *operations(struct arena *arena, int64_t rows)
{
    struct table *table =
        table_create(arena, "training/operations", "one row each", columns, 3);
    for (int64_t i = 0; i < rows; i++) {
        union cell *row = table_append(table);
        row[0].text = arena_format(arena, "operation %lld", (long long)i);
        row[1].f64 = i % 7 == 3 ? (double)NAN : (double)i / 8;
        row[2].i64 = -i;
    }
    return table;
}

static struct result *example(struct arena *arena, int64_t rows, const char *start)
{
    struct result *result = arena_alloc(arena, sizeof *result);
    result->kind = "training";
    result->tables = arena_array(arena, 1, sizeof *result->tables);
    result->tables[0] = operations(arena, rows);
    result->inputs = arena_array(arena, 2, sizeof *result->inputs);
    result->inputs[0] = (struct result_input){"workload", "w.yaml", "kind: training\n", 15};
    result->inputs[1] = (struct result_input){"prices", "p.yaml", "", 0};
    result->facts = arena_array(arena, 1, sizeof *result->facts);
    result->facts[0] = (struct result_fact){"start", start};
    result->table_count = result->fact_count = 1;
    result->input_count = 2;
    return result;
}

static bool write_example(int64_t rows, const char *start)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    bool written = result_file_write(path, example(arena, rows, start), &error);
    if (!written) {
        printf("\n    %s", error.message);
    }
    arena_free(arena);
    return written;
}

static bool same_row(const union cell *a, const union cell *b)
{
    bool same_time = a[1].f64 == b[1].f64 || (isnan(a[1].f64) && isnan(b[1].f64));
    return strcmp(a[0].text, b[0].text) == 0 && same_time && a[2].i64 == b[2].i64;
}

/* 1001 rows are compressed, 20000 are more than one chunk. */
static void reads_what_was_written(void)
{
    static const int64_t sizes[] = {0, 1, 1000, 1001, 20000};
    open_folder();
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        struct arena *arena = arena_create();
        struct error error = {0};
        CU_ASSERT_TRUE_FATAL(write_example(sizes[k], "now"));
        struct table *wanted = operations(arena, sizes[k]);
        struct table *read =
            result_file_read(path, "training/operations", columns, 3, arena, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(read);
        CU_ASSERT_EQUAL_FATAL(read->row_count, sizes[k]);
        for (int64_t i = 0; i < sizes[k]; i++) {
            CU_ASSERT_TRUE_FATAL(same_row(&wanted->cells[i * 3], &read->cells[i * 3]));
        }
        arena_free(arena);
    }
    CU_ASSERT_EQUAL(entries(), 1);
    close_folder();
}

static void reads_texts_of_groups(void)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    open_folder();
    CU_ASSERT_TRUE(write_example(3, "2026-01-02T03:04:05Z"));
    const char *kind = result_file_read_text(path, "/", "kind", arena, &error);
    const char *start = result_file_read_text(path, "provenance", "start", arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(kind);
    CU_ASSERT_PTR_NOT_NULL_FATAL(start);
    CU_ASSERT_STRING_EQUAL(kind, "training");
    CU_ASSERT_STRING_EQUAL(start, "2026-01-02T03:04:05Z");
    CU_ASSERT_PTR_NULL(result_file_read_text(path, "provenance", "weather", arena, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
    close_folder();
    arena_free(arena);
}

static void missing_columns_stay_zero(void)
{
    static const struct column more[] = {{"time_s", COLUMN_F64, "s", ""},
                                         {"later_s", COLUMN_F64, "s", ""},
                                         {"remark", COLUMN_TEXT, "", ""}};
    struct arena *arena = arena_create();
    struct error error = {0};
    open_folder();
    CU_ASSERT_TRUE(write_example(3, "now"));
    struct table *read = result_file_read(path, "training/operations", more, 3, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(read);
    CU_ASSERT_EQUAL(read->row_count, 3);
    CU_ASSERT_EQUAL(read->cells[2 * 3 + 0].f64, 0.25);
    CU_ASSERT_EQUAL(read->cells[2 * 3 + 1].f64, 0);
    CU_ASSERT_STRING_EQUAL(read->cells[2 * 3 + 2].text, "");
    close_folder();
    arena_free(arena);
}

static bool read_refused(const char *table, const struct column *wanted, enum error_kind kind,
                         const char *why)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    bool right = result_file_read(path, table, wanted, 1, arena, &error) == NULL &&
                 error.kind == kind && strstr(error.message, why) != NULL &&
                 strcmp(error.path, path) == 0;
    if (!right) {
        printf("\n    expected '%s', found '%s'", why, error.message);
    }
    arena_free(arena);
    return right;
}

static void other_tables_types_and_units_are_refused(void)
{
    static const struct column other_type = {"time_s", COLUMN_I64, "s", ""};
    static const struct column text_type = {"time_s", COLUMN_TEXT, "s", ""};
    static const struct column other_unit = {"time_s", COLUMN_F64, "ms", ""};
    open_folder();
    CU_ASSERT_TRUE(write_example(3, "now"));
    CU_ASSERT_TRUE(read_refused("serving", columns, ERROR_INPUT, "has no table 'serving'"));
    CU_ASSERT_TRUE(read_refused("training/operations", &other_type, ERROR_INPUT, "damaged"));
    CU_ASSERT_TRUE(read_refused("training/operations", &text_type, ERROR_INPUT, "damaged"));
    CU_ASSERT_TRUE(read_refused("training/operations", &other_unit, ERROR_INPUT,
                                "has the unit 's', expected 'ms'"));
    close_folder();
}

static void put_bytes(const char *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void files_that_are_no_result_are_refused(void)
{
    open_folder();
    CU_ASSERT_TRUE(read_refused("t", columns, ERROR_SYSTEM, "cannot be read"));
    put_bytes("", 0);
    CU_ASSERT_TRUE(read_refused("t", columns, ERROR_INPUT, "is no HDF5 file"));
    put_bytes("step,time\n1,2\n", 14);
    CU_ASSERT_TRUE(read_refused("t", columns, ERROR_INPUT, "is no HDF5 file"));
    put_bytes("\x89HDF\r\n\x1a\n", 8);
    CU_ASSERT_TRUE(read_refused("t", columns, ERROR_INPUT, "is damaged or cut short"));
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    CU_ASSERT_TRUE(read_refused("t", columns, ERROR_INPUT, "HDF5 of another program"));
    unlink(path);
    CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
    CU_ASSERT_TRUE(read_refused("t", columns, ERROR_INPUT, "is no regular file"));
    rmdir(path);
    close_folder();
}

static void other_schema_versions_are_refused(void)
{
    open_folder();
    CU_ASSERT_TRUE(write_example(3, "now"));
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t version = H5Aopen(file, "schema_version", H5P_DEFAULT);
    int seven = 7;
    CU_ASSERT_TRUE(H5Awrite(version, H5T_NATIVE_INT, &seven) >= 0);
    H5Aclose(version);
    H5Fclose(file);
    CU_ASSERT_TRUE(
        read_refused("t", columns, ERROR_INPUT, "schema version 7, this trnsim reads 1"));
    close_folder();
}

/* Whatever part of a result is left, reading it ends with a message and not with a crash. */
static void every_cut_is_refused(void)
{
    open_folder();
    CU_ASSERT_TRUE(write_example(1500, "now"));
    struct stat status;
    stat(path, &status);
    for (off_t size = status.st_size - 1; size > 0; size -= 997) {
        CU_ASSERT_EQUAL_FATAL(truncate(path, size), 0);
        CU_ASSERT_TRUE_FATAL(read_refused("training/operations", columns, ERROR_INPUT, "is"));
    }
    close_folder();
}

static bool check_refused(const char *target, enum error_kind kind, const char *why)
{
    struct error error = {0};
    bool right = !result_file_check(target, &error) && error.kind == kind &&
                 strstr(error.message, why) != NULL;
    if (!right) {
        printf("\n    %s: expected '%s', found '%s'", target, why, error.message);
    }
    return right;
}

static void targets_that_are_no_file_are_refused(void)
{
    char too_long[5000];
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    open_folder();
    CU_ASSERT_TRUE(check_refused("", ERROR_USAGE, "names no file"));
    CU_ASSERT_TRUE(check_refused("/tmp/", ERROR_USAGE, "names no file"));
    CU_ASSERT_TRUE(check_refused(folder, ERROR_USAGE, "is a folder"));
    CU_ASSERT_TRUE(check_refused("/dev/null", ERROR_USAGE, "is a device"));
    CU_ASSERT_TRUE(check_refused("no/such/folder/a.h5", ERROR_USAGE, "make it first"));
    CU_ASSERT_TRUE(check_refused("/dev/null/a.h5", ERROR_USAGE, "is no folder"));
    CU_ASSERT_TRUE(check_refused(too_long, ERROR_USAGE, "too long"));
    too_long[300] = '\0'; /* a name that no file system takes */
    CU_ASSERT_TRUE(check_refused(too_long, ERROR_SYSTEM, "cannot be used"));
    CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
    CU_ASSERT_TRUE(check_refused(path, ERROR_USAGE, "is a pipe"));
    close_folder();
}

static void links_are_followed(void)
{
    char other[700];
    open_folder();
    CU_ASSERT_EQUAL(symlink("/dev/null", path), 0);
    CU_ASSERT_TRUE(check_refused(path, ERROR_USAGE, "is a device"));
    unlink(path);
    snprintf(other, sizeof other, "%s/other.h5", folder);
    CU_ASSERT_EQUAL(symlink("other.h5", path), 0);
    CU_ASSERT_TRUE(check_refused(path, ERROR_USAGE, "leads nowhere"));
    fclose(fopen(other, "w"));
    CU_ASSERT_TRUE(write_example(3, "now")); /* replaces other.h5, not the link */
    struct stat status;
    CU_ASSERT_TRUE(lstat(path, &status) == 0 && S_ISLNK(status.st_mode));
    CU_ASSERT_TRUE(lstat(other, &status) == 0 && status.st_size > 1000);
    unlink(other);
    close_folder();
}

static void good_targets_are_left_alone(void)
{
    struct error error = {0};
    open_folder();
    CU_ASSERT_TRUE(result_file_check(path, &error));
    CU_ASSERT_EQUAL(entries(), 0);
    put_bytes("old", 3);
    CU_ASSERT_TRUE(result_file_check(path, &error));
    struct stat status;
    CU_ASSERT_TRUE(stat(path, &status) == 0 && status.st_size == 3);
    CU_ASSERT_EQUAL(entries(), 1);
    close_folder();
}

static int check_as_nobody(void *unused)
{
    (void)unused;
    if (geteuid() == 0 && setuid(65534) != 0) {
        return 2;
    }
    return check_refused(path, ERROR_SYSTEM, "Permission denied") ? 0 : 1;
}

static void read_only_folders_and_files_are_refused(void)
{
    open_folder();
    chmod(folder, 0555);
    CU_ASSERT_TRUE(in_child(check_as_nobody, NULL));
    chmod(folder, 0777);
    put_bytes("old", 3);
    chmod(path, 0444);
    CU_ASSERT_TRUE(in_child(check_as_nobody, NULL));
    close_folder();
}

static void results_are_open_to_others(void)
{
    struct stat status;
    open_folder();
    mode_t before = umask(022);
    CU_ASSERT_TRUE(write_example(1, "now"));
    umask(before);
    CU_ASSERT_EQUAL(stat(path, &status), 0);
    CU_ASSERT_EQUAL(status.st_mode & 0777, 0644);
    close_folder();
}

void suite_result_file(void)
{
    static const struct test tests[] = {
        {"reads what was written", reads_what_was_written},
        {"reads texts of groups", reads_texts_of_groups},
        {"missing columns stay 0", missing_columns_stay_zero},
        {"other tables, types and units are refused", other_tables_types_and_units_are_refused},
        {"files that are no result are refused", files_that_are_no_result_are_refused},
        {"other schema versions are refused", other_schema_versions_are_refused},
        {"every cut is refused", every_cut_is_refused},
        {"targets that are no file are refused", targets_that_are_no_file_are_refused},
        {"links are followed", links_are_followed},
        {"good targets are left alone", good_targets_are_left_alone},
        {"read-only folders and files are refused", read_only_folders_and_files_are_refused},
        {"results are open to others", results_are_open_to_others},
    };
    add_suite("result_file", tests, sizeof tests / sizeof tests[0]);
}
