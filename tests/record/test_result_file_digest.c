/* SPDX-License-Identifier: Apache-2.0 */
/* The digest of a result: equal for equal content, another for any change outside /provenance.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hdf5.h>

#include "record/result_file.h"
#include "support/support.h"

/* What a small result may differ in. */
struct variant {
    const char *start, *text, *unit, *meaning, *input, *kind, *table_meaning;
    double time_s;
    int64_t count, rows;
};

static const struct variant plain = {
    .start = "2026-01-01T00:00:00Z",
    .text = "qkv",
    .unit = "s",
    .meaning = "its time",
    .input = "kind: training\n",
    .kind = "training",
    .table_meaning = "one row each",
    .time_s = 0.25,
    .count = 7,
    .rows = 3,
};

static void fill_table(struct table *table, const struct variant *variant)
{
    for (int64_t i = 0; i < variant->rows; i++) {
        union cell *row = table_append(table);
        row[0].text = variant->text;
        row[1].f64 = variant->time_s;
        row[2].i64 = variant->count;
    }
}

static void digest_result(const struct variant *variant, char text[DIGEST_TEXT_SIZE])
{
    struct column columns[] = {{"name", COLUMN_TEXT, "", "of the operation"},
                               {"time_s", COLUMN_F64, variant->unit, variant->meaning},
                               {"count", COLUMN_I64, "1", "how often"}};
    char path[600];
    struct error error = {0};
    struct arena *arena = arena_create();
    struct table *table = table_create(arena, "summary", variant->table_meaning, columns, 3);
    fill_table(table, variant);
    struct result_input input = {"workload", "w.yaml", variant->input, strlen(variant->input)};
    struct result_fact fact = {"start", variant->start};
    struct result result = {variant->kind, &table, 1, &input, 1, &fact, 1};
    snprintf(path, sizeof path, "%s", temporary_file("", ".h5"));
    CU_ASSERT_TRUE(result_file_write(path, &result, &error));
    CU_ASSERT_TRUE(result_file_digest(path, text, &error));
    unlink(path);
    arena_free(arena);
}

static bool same_as_plain(const struct variant *variant)
{
    char a[DIGEST_TEXT_SIZE], b[DIGEST_TEXT_SIZE];
    digest_result(&plain, a);
    digest_result(variant, b);
    CU_ASSERT_EQUAL(strlen(b), 64);
    return strcmp(a, b) == 0;
}

static void provenance_does_not_count(void)
{
    struct variant later = plain;
    later.start = "2027-12-31T23:59:59Z and then some";
    CU_ASSERT_TRUE(same_as_plain(&plain));
    CU_ASSERT_TRUE(same_as_plain(&later));
}

static void everything_else_counts(void)
{
    struct variant changed[10];
    for (int i = 0; i < 10; i++) {
        changed[i] = plain;
    }
    changed[0].text = "qkw";
    changed[1].unit = "ms";
    changed[2].meaning = "its tame";
    changed[3].input = "kind: training";
    changed[4].kind = "collective";
    changed[5].table_meaning = "";
    changed[6].time_s = 0.25 + 1e-16;
    changed[7].count = -7;
    changed[8].rows = 0;
    changed[9].rows = 2000; /* compressed */
    for (int i = 0; i < 10; i++) {
        CU_ASSERT_FALSE(same_as_plain(&changed[i]));
    }
}

/* Compressing the same values in another way, or renaming the file, is no change of content. */
static void layout_does_not_count(void)
{
    char a[DIGEST_TEXT_SIZE], b[DIGEST_TEXT_SIZE], path[600], packed[700], command[2000];
    struct error error = {0};
    struct arena *arena = arena_create();
    static const struct column column = {"time_s", COLUMN_F64, "s", "its time"};
    struct table *table = table_create(arena, "steps", "one row each", &column, 1);
    for (int i = 0; i < 5000; i++) {
        table_append(table)->f64 = i;
    }
    struct result result = {.kind = "training", .tables = &table, .table_count = 1};
    snprintf(path, sizeof path, "%s", temporary_file("", ".h5"));
    snprintf(packed, sizeof packed, "%s.packed", path);
    CU_ASSERT_TRUE(result_file_write(path, &result, &error));
    CU_ASSERT_TRUE(result_file_digest(path, a, &error));
    snprintf(command, sizeof command, "h5repack -f NONE -l CONTI '%s' '%s' 2>/dev/null", path,
             packed);
    if (system(command) == 0) {
        CU_ASSERT_TRUE(result_file_digest(packed, b, &error));
        CU_ASSERT_STRING_EQUAL(a, b);
    } else {
        printf("\n    skipped: h5repack (hdf5-tools) is not here");
    }
    unlink(packed);
    arena_free(arena);
}

/* A dataset of a kind that results do not have: better refused than half counted. */
static void foreign_content_is_refused(void)
{
    char path[600], text[DIGEST_TEXT_SIZE];
    struct error error = {0};
    struct result result = {.kind = "training"};
    snprintf(path, sizeof path, "%s", temporary_file("", ".h5"));
    CU_ASSERT_TRUE(result_file_write(path, &result, &error));
    CU_ASSERT_TRUE(result_file_digest(path, text, &error));
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    hsize_t size[2] = {2, 2};
    hid_t space = H5Screate_simple(2, size, NULL);
    H5Dclose(H5Dcreate2(file, "matrix", H5T_NATIVE_INT, space, H5P_DEFAULT, H5P_DEFAULT,
                        H5P_DEFAULT));
    H5Sclose(space);
    H5Fclose(file);
    CU_ASSERT_FALSE(result_file_digest(path, text, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
}

void suite_result_file_digest(void)
{
    static const struct test tests[] = {
        {"provenance does not count", provenance_does_not_count},
        {"everything else counts", everything_else_counts},
        {"layout does not count", layout_does_not_count},
        {"foreign content is refused", foreign_content_is_refused},
    };
    add_suite("result_file_digest", tests, sizeof tests / sizeof tests[0]);
}
