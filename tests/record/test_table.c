/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: rows are zeroed, stay where they were put, and columns are found by name. */
#include "record/table.h"
#include "support/support.h"

static const struct column columns[] = {
    {"name", COLUMN_TEXT, "", "of the row"},
    {"time_s", COLUMN_F64, "s", "a time"},
    {"count", COLUMN_I64, "1", "a number"},
};

static void rows_grow(void)
{
    struct arena *arena = arena_create();
    struct table *table = table_create(arena, "t", "a table", columns, 3);
    CU_ASSERT_EQUAL(table->row_count, 0);
    for (int64_t i = 0; i < 1000; i++) {
        union cell *row = table_append(table);
        CU_ASSERT_PTR_NULL_FATAL(row[0].text);
        CU_ASSERT_EQUAL_FATAL(row[2].i64, 0);
        row[1].f64 = (double)i / 2;
        row[2].i64 = i;
    }
    CU_ASSERT_EQUAL(table->row_count, 1000);
    CU_ASSERT_EQUAL(table->cells[999 * 3 + 1].f64, 499.5);
    CU_ASSERT_EQUAL(table->cells[0 * 3 + 2].i64, 0);
    arena_free(arena);
}

static void columns_are_found(void)
{
    struct arena *arena = arena_create();
    struct table *table = table_create(arena, "t", "a table", columns, 3);
    CU_ASSERT_EQUAL(table_find(table, "count"), 2);
    CU_ASSERT_EQUAL(table_find(table, "time"), -1);
    arena_free(arena);
}

void suite_table(void)
{
    static const struct test tests[] = {{"rows grow", rows_grow},
                                        {"columns are found", columns_are_found}};
    add_suite("table", tests, sizeof tests / sizeof tests[0]);
}
