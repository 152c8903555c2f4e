/* SPDX-License-Identifier: Apache-2.0 */
/* Tables grow in their arena, row by row; what the columns mean stays with the columns. */
#include "record/table.h"

#include <assert.h>
#include <string.h>

struct table *table_create(struct arena *arena, const char *name, const char *meaning,
                           const struct column *columns, int column_count)
{
    assert(column_count > 0);
    struct table *table = arena_alloc(arena, sizeof *table);
    table->name = name;
    table->meaning = meaning;
    table->columns = columns;
    table->column_count = column_count;
    table->arena = arena;
    return table;
}

void table_reserve(struct table *table, int64_t rows)
{
    assert(table->row_count == 0);
    table->cells = arena_array(table->arena, rows * table->column_count, sizeof *table->cells);
    table->capacity = rows;
}

union cell *table_append(struct table *table)
{
    size_t row_size = (size_t)table->column_count * sizeof *table->cells;
    table->cells =
        arena_grow(table->arena, table->cells, table->row_count, &table->capacity, row_size);
    union cell *row = table->cells + table->row_count * table->column_count;
    table->row_count++;
    return row;
}

int table_find(const struct table *table, const char *column)
{
    for (int i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, column) == 0) {
            return i;
        }
    }
    return -1;
}
