/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the file's bytes; cells are cut and unquoted in place. */
#include "base/csv.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { CSV_BYTES_MAX = 256 * 1000 * 1000 };

struct reading {
    struct csv *csv;
    struct arena *arena;
    char *at;
    int line;
    const char **cells;
    int64_t cell_count, cell_capacity, line_capacity;
};

static void add_cell(struct reading *reading, const char *text)
{
    reading->cells = arena_grow(reading->arena, reading->cells, reading->cell_count,
                                &reading->cell_capacity, sizeof(char *));
    reading->cells[reading->cell_count++] = text;
}

/* Cuts a quoted cell; false when its quote never ends. */
static bool take_quoted(struct reading *reading)
{
    char *read = reading->at + 1, *write = reading->at;
    add_cell(reading, write);
    for (; *read != '\0'; read++) {
        if (*read == '"' && read[1] != '"') {
            break;
        }
        read += *read == '"';
        reading->line += *read == '\n';
        *write++ = *read;
    }
    if (*read == '\0') {
        return false;
    }
    reading->at = read + 1;
    /* The closing quote's place is free; what follows must stay readable. */
    *write = '\0';
    return true;
}

static void take_plain(struct reading *reading)
{
    add_cell(reading, reading->at);
    reading->at += strcspn(reading->at, ",\r\n");
}

/* Ends the cell before reading->at; true when another one follows in this row. */
static bool more_cells(struct reading *reading)
{
    char end = *reading->at;
    if (end == '\0') {
        return false;
    }
    *reading->at++ = '\0';
    if (end == '\r' && *reading->at == '\n') {
        reading->at++;
    }
    if (end == ',') {
        return true;
    }
    reading->line++;
    return false;
}

static bool take_row(struct reading *reading, struct error *error)
{
    int line = reading->line;
    do {
        if (*reading->at != '"') {
            take_plain(reading);
        } else if (!take_quoted(reading)) {
            return error_at(error, ERROR_INPUT, reading->csv->path, line, 0,
                            "a quote begins in this row and never ends, expected a closing "
                            "quote; add it, or double quotes inside a cell");
        }
        if (strchr(",\r\n", *reading->at) == NULL) {
            return error_at(error, ERROR_INPUT, reading->csv->path, line, 0,
                            "'%.20s' follows a closing quote, expected a comma or the end of "
                            "the line; double quotes inside a cell",
                            reading->at);
        }
    } while (more_cells(reading));
    return true;
}

static bool take_rows(struct reading *reading, struct error *error)
{
    struct csv *csv = reading->csv;
    while (*reading->at != '\0') {
        int64_t first = reading->cell_count;
        csv->lines = arena_grow(reading->arena, csv->lines, csv->row_count,
                                &reading->line_capacity, sizeof(int));
        csv->lines[csv->row_count] = reading->line;
        if (!take_row(reading, error)) {
            return false;
        }
        if (reading->cell_count - first != csv->column_count) {
            return error_at(error, ERROR_INPUT, csv->path, csv->lines[csv->row_count], 0,
                            "%lld cells, expected the header's %lld; quote cells that hold a "
                            "comma",
                            (long long)(reading->cell_count - first),
                            (long long)csv->column_count);
        }
        csv->row_count++;
    }
    csv->cells = reading->cells;
    return true;
}

struct csv *csv_read(const char *path, struct arena *arena, struct error *error)
{
    size_t size;
    char *text = file_read(path, CSV_BYTES_MAX, &size, arena, error);
    if (text == NULL) {
        return NULL;
    }
    struct csv *csv = arena_alloc(arena, sizeof *csv);
    csv->path = arena_text(arena, path);
    struct reading reading = {.csv = csv, .arena = arena, .at = text, .line = 1};
    if (strlen(text) != size || size == 0) {
        error_at(error, ERROR_INPUT, path, 0, 0,
                 "%s, expected a header and rows of comma-separated text; give a CSV file",
                 size == 0 ? "the file is empty" : "a zero byte");
        return NULL;
    }
    if (!take_row(&reading, error)) {
        return NULL;
    }
    csv->names = reading.cells;
    csv->column_count = reading.cell_count;
    reading.cells = NULL;
    reading.cell_count = reading.cell_capacity = 0;
    return take_rows(&reading, error) ? csv : NULL;
}

int64_t csv_column(const struct csv *csv, const char *name)
{
    for (int64_t c = 0; c < csv->column_count; c++) {
        if (strcmp(csv->names[c], name) == 0) {
            return c;
        }
    }
    return -1;
}

const char *csv_text(const struct csv *csv, int64_t row, const char *name)
{
    int64_t column = csv_column(csv, name);
    return column < 0 ? "" : csv->cells[row * csv->column_count + column];
}

enum { NUMBER_SIZE = 64 };

/* "1,024" without its commas: those between digits, three of which follow. */
static void without_groups(const char *text, char plain[NUMBER_SIZE])
{
    size_t used = 0;
    for (const char *at = text; *at != '\0' && used + 1 < NUMBER_SIZE; at++) {
        bool group = *at == ',' && at > text && isdigit((unsigned char)at[-1]) &&
                     strspn(at + 1, "0123456789") == 3;
        if (!group) {
            plain[used++] = *at;
        }
    }
    plain[used] = '\0';
}

double csv_number(const struct csv *csv, int64_t row, const char *name)
{
    char plain[NUMBER_SIZE];
    char *end;
    without_groups(csv_text(csv, row, name), plain);
    double value = strtod(plain, &end);
    bool any = end != plain;
    while (isspace((unsigned char)*end)) {
        end++;
    }
    return any && *end == '\0' ? value : (double)NAN;
}

int64_t csv_count(const struct csv *csv, int64_t row, const char *name, int64_t otherwise)
{
    double value = csv_number(csv, row, name);
    return isfinite(value) && fabs(value) < 1e15 ? (int64_t)llround(value) : otherwise;
}
