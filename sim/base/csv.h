/* SPDX-License-Identifier: Apache-2.0 */
/* Tables as comma-separated values with a header: cells may be quoted, a doubled quote in them
 * is one, lines end in LF or CRLF. Every row knows its line, for errors. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct csv {
    const char *path;
    const char **names; /* [column_count] */
    int64_t column_count, row_count;
    const char **cells; /* [row_count x column_count] */
    int *lines;         /* [row_count]: where the row begins */
};

/* NULL and an error when the file cannot be read (SYSTEM), or has no header, a quote that never
 * ends or a row with another number of cells (INPUT, with its line). */
struct csv *csv_read(const char *path, struct arena *arena, struct error *error);

/* The index of a column, or -1. */
int64_t csv_column(const struct csv *csv, const char *name);

/* A cell's text; "" when there is no such column. */
const char *csv_text(const struct csv *csv, int64_t row, const char *name);

/* A cell as a number, NAN when it is empty or no number. */
double csv_number(const struct csv *csv, int64_t row, const char *name);

/* A cell as a whole number, otherwise when it is empty or no number. */
int64_t csv_count(const struct csv *csv, int64_t row, const char *name, int64_t otherwise);
