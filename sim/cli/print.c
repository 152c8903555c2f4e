/* SPDX-License-Identifier: Apache-2.0 */
/* Figures for people and for programs from the same tables. */
#include "cli/print.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

enum { LABEL_WIDTH = 26, COLUMNS = 32 };

void print_field(const char *label, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("  %-*s ", LABEL_WIDTH, label);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
}

char *print_count(char buffer[PRINT_SIZE], double value)
{
    static const struct {
        double scale;
        const char *prefix;
    } scales[] = {{1e12, " T"}, {1e9, " G"}, {1e6, " M"}};
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        if (fabs(value) >= 0.9995 * scales[i].scale) {
            units_print(buffer, PRINT_SIZE, value / scales[i].scale, UNIT_FRACTION);
            return strncat(buffer, scales[i].prefix, PRINT_SIZE - strlen(buffer) - 1);
        }
    }
    return units_print(buffer, PRINT_SIZE, value, UNIT_FRACTION);
}

char *print_share(char buffer[PRINT_SIZE], double fraction)
{
    units_print(buffer, PRINT_SIZE, 100 * fraction, UNIT_FRACTION);
    return isfinite(fraction) ? strncat(buffer, " %", PRINT_SIZE - strlen(buffer) - 1) : buffer;
}

char *print_quantity(char buffer[PRINT_SIZE], double value, const char *unit)
{
    static const struct {
        const char *column_unit;
        enum unit unit;
    } rows[] = {{"s", UNIT_SECONDS},       {"B", UNIT_BYTES},
                {"B/s", UNIT_BYTES_PER_S}, {"FLOP/s", UNIT_FLOPS_PER_S},
                {"W", UNIT_WATTS},         {"J", UNIT_JOULES},
                {"USD", UNIT_USD},         {"USD/h", UNIT_USD_PER_H}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].column_unit, unit) == 0) {
            return units_print(buffer, PRINT_SIZE, value, rows[i].unit);
        }
    }
    print_count(buffer, value);
    if (strcmp(unit, "1") != 0 && unit[0] != '\0' && isfinite(value)) {
        size_t used = strlen(buffer);
        snprintf(buffer + used, PRINT_SIZE - used, " %s", unit);
    }
    return buffer;
}

void print_range(const char *label, double low, double high, const char *unit,
                 const char *evidence)
{
    char text[2][PRINT_SIZE];
    if (isfinite(low) && isfinite(high)) {
        print_field(label, "%s to %s", print_quantity(text[0], low, unit),
                    print_quantity(text[1], high, unit));
    } else {
        print_field(label, "unknown");
    }
    print_field("  evidence", "%s", evidence);
}

static const union cell *cell_of(const struct table *table, int64_t row, int column)
{
    return &table->cells[row * table->column_count + column];
}

static const char *cell_text(char buffer[PRINT_SIZE], const struct table *table, int64_t row,
                             int column)
{
    const union cell *cell = cell_of(table, row, column);
    switch (table->columns[column].type) {
    case COLUMN_TEXT:
        return cell->text != NULL ? cell->text : "";
    case COLUMN_I64:
        snprintf(buffer, PRINT_SIZE, "%lld", (long long)cell->i64);
        return buffer;
    case COLUMN_F64:
        break;
    }
    return print_quantity(buffer, cell->f64, table->columns[column].unit);
}

static int column_width(const struct table *table, int column)
{
    char buffer[PRINT_SIZE];
    size_t width = strlen(table->columns[column].name);
    for (int64_t row = 0; row < table->row_count; row++) {
        size_t length = strlen(cell_text(buffer, table, row, column));
        width = length > width ? length : width;
    }
    return (int)width;
}

static void print_cell(const struct table *table, int column, int width, const char *text)
{
    bool left = table->columns[column].type == COLUMN_TEXT;
    bool last = column == table->column_count - 1;
    if (left && last) {
        printf("  %s", text);
    } else {
        printf("  %*s", left ? -width : width, text);
    }
}

void print_table(const struct table *table)
{
    int widths[COLUMNS];
    for (int column = 0; column < table->column_count && column < COLUMNS; column++) {
        widths[column] = column_width(table, column);
        print_cell(table, column, widths[column], table->columns[column].name);
    }
    putchar('\n');
    for (int64_t row = 0; row < table->row_count; row++) {
        for (int column = 0; column < table->column_count && column < COLUMNS; column++) {
            char buffer[PRINT_SIZE];
            print_cell(table, column, widths[column], cell_text(buffer, table, row, column));
        }
        putchar('\n');
    }
}

static json_t *json_cell(const union cell *cell, enum column_type type)
{
    switch (type) {
    case COLUMN_TEXT:
        return json_string(cell->text != NULL ? cell->text : "");
    case COLUMN_I64:
        return json_integer(cell->i64);
    case COLUMN_F64:
        break;
    }
    return isfinite(cell->f64) ? json_real(cell->f64) : json_null();
}

json_t *print_json_row(const struct table *table, int64_t row)
{
    json_t *object = json_object();
    for (int column = 0; column < table->column_count; column++) {
        json_object_set_new(
            object, table->columns[column].name,
            json_cell(cell_of(table, row, column), table->columns[column].type));
    }
    return object;
}

json_t *print_json_table(const struct table *table)
{
    json_t *array = json_array();
    for (int64_t row = 0; row < table->row_count; row++) {
        json_array_append_new(array, print_json_row(table, row));
    }
    return array;
}

bool print_json(json_t *object, struct error *error)
{
    /* 17 digits bring every double back to the bit. */
    int status = json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    json_decref(object);
    putchar('\n');
    if (status != 0) {
        return error_fill(error, ERROR_SYSTEM,
                          "standard output could not be written; send it "
                          "elsewhere");
    }
    return true;
}
