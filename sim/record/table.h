/* SPDX-License-Identifier: Apache-2.0 */
/* A named table whose columns say their unit and meaning: the one form in which results leave
 * the program, to HDF5, to JSON and to docs/RESULTS.md. */
#pragma once

#include <stdint.h>

#include "base/arena.h"

enum column_type { COLUMN_F64, COLUMN_I64, COLUMN_TEXT };

struct column {
    const char *name; /* ends in its unit: "step_time_s" */
    enum column_type type;
    const char *unit; /* "s", "B", "B/s", "1", "USD", ... */
    const char *meaning;
};

union cell {
    double f64;
    int64_t i64;
    const char *text; /* kept as given: must live as long as the table */
};

struct table {
    const char *name; /* its HDF5 group: "training/operations" */
    const char *meaning;
    const struct column *columns;
    int column_count;
    int64_t row_count;
    int64_t capacity;
    union cell *cells; /* row_count x column_count, row by row */
    struct arena *arena;
};

/* An empty table; columns is a static array of descriptors. */
struct table *table_create(struct arena *arena, const char *name, const char *meaning,
                           const struct column *columns, int column_count);

/* Room for so many rows of an empty table, which else grows by doubling. */
void table_reserve(struct table *table, int64_t rows);

/* Appends a zeroed row and returns its column_count cells, to be filled in column order. */
union cell *table_append(struct table *table);

/* The index of a column by name, or -1. */
int table_find(const struct table *table, const char *column);
