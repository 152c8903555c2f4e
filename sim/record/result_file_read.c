/* SPDX-License-Identifier: Apache-2.0 */
/* Reading results back. What is of another type or unit than expected, or too large to be true,
 * is told as one error; a column that a file of the same schema does not have yet stays 0. */
#include "record/result_file.h"

#include <string.h>

#include "record/hdf.h"

enum { ROWS_MAX = 100 * 1000 * 1000, TEXT_MAX = 1 << 20 };

/* A column as it is in the file. */
struct stored {
    hid_t dataset, type;
    hsize_t rows;
    size_t width; /* bytes of a value in memory */
};

static bool damaged(const char *path, const char *table, const char *column,
                    struct error *error)
{
    return error_at(error, ERROR_INPUT, path, 0, 0,
                    "column '%s' of table '%s' is damaged; copy the file again or run again",
                    column, table);
}

static void close_stored(struct stored *stored)
{
    H5Tclose(stored->type);
    H5Dclose(stored->dataset);
}

static bool open_rows(struct stored *stored)
{
    hid_t space = H5Dget_space(stored->dataset);
    bool right = H5Sget_simple_extent_ndims(space) == 1 &&
                 H5Sget_simple_extent_dims(space, &stored->rows, NULL) == 1 &&
                 stored->rows <= ROWS_MAX;
    H5Sclose(space);
    return right;
}

/* The type in memory: ours for numbers, the file's for texts, which must be of fixed length. */
static bool open_type(struct stored *stored, enum column_type type)
{
    static const H5T_class_t classes[] = {H5T_FLOAT, H5T_INTEGER, H5T_STRING};
    hid_t in_file = H5Dget_type(stored->dataset);
    bool right = H5Tget_class(in_file) == classes[type];
    stored->width = sizeof(union cell);
    if (type == COLUMN_TEXT) {
        stored->width = H5Tget_size(in_file);
        right = right && H5Tis_variable_str(in_file) == 0 && stored->width <= TEXT_MAX &&
                stored->rows * stored->width <= (hsize_t)ROWS_MAX * sizeof(union cell);
    }
    stored->type = type == COLUMN_TEXT
                       ? H5Tcopy(in_file)
                       : H5Tcopy(type == COLUMN_F64 ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64);
    H5Tclose(in_file);
    return right;
}

static void scatter(const unsigned char *values, const struct stored *stored, int column,
                    struct table *table)
{
    bool is_text = table->columns[column].type == COLUMN_TEXT;
    for (int64_t row = 0; row < table->row_count; row++, values += stored->width) {
        union cell *cell = &table->cells[row * table->column_count + column];
        if (is_text) {
            cell->text = arena_format(table->arena, "%.*s", (int)stored->width, values);
        } else {
            memcpy(cell, values, sizeof *cell);
        }
    }
}

static void resize(struct table *table, int64_t rows)
{
    while (table->row_count < rows) {
        table_append(table);
    }
}

static bool read_values(const struct stored *stored, int column, struct table *table)
{
    size_t size = (size_t)stored->rows * stored->width;
    if (size == 0) {
        return true;
    }
    unsigned char *values = arena_library_realloc(NULL, NULL, size);
    bool read =
        H5Dread(stored->dataset, stored->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    if (read) {
        scatter(values, stored, column, table);
    }
    arena_library_realloc(NULL, values, 0);
    return read;
}

static bool check_unit(hid_t dataset, const struct column *column, const char *path,
                       struct error *error)
{
    char *unit = hdf_read_text(dataset, "unit");
    bool same = unit != NULL && strcmp(unit, column->unit) == 0;
    if (!same) {
        error_at(error, ERROR_INPUT, path, 0, 0,
                 "column '%s' has the unit '%.40s', expected '%s'; run again with this trnsim",
                 column->name, unit == NULL ? "" : unit, column->unit);
    }
    hdf_free_text(unit);
    return same;
}

static bool read_column(hid_t group, const char *path, int index, bool *sized,
                        struct table *table, struct error *error)
{
    const struct column *column = &table->columns[index];
    struct stored stored = {.type = -1};
    stored.dataset = H5Dopen2(group, column->name, H5P_DEFAULT);
    bool right = stored.dataset >= 0 && open_rows(&stored) &&
                 open_type(&stored, column->type) &&
                 (!*sized || (int64_t)stored.rows == table->row_count);
    if (right) {
        *sized = true;
        resize(table, (int64_t)stored.rows);
        right = read_values(&stored, index, table);
    }
    right = right ? check_unit(stored.dataset, column, path, error)
                  : damaged(path, table->name, column->name, error);
    close_stored(&stored);
    return right;
}

static void fill_missing_texts(struct table *table)
{
    for (int64_t i = 0; i < table->row_count * table->column_count; i++) {
        if (table->columns[i % table->column_count].type == COLUMN_TEXT &&
            table->cells[i].text == NULL) {
            table->cells[i].text = "";
        }
    }
}

static bool read_table(hid_t file, const char *path, struct table *table, struct error *error)
{
    hid_t group = H5Gopen2(file, table->name, H5P_DEFAULT);
    if (group < 0) {
        return error_at(error, ERROR_INPUT, path, 0, 0,
                        "has no table '%s'; is it the result of another kind of run?",
                        table->name);
    }
    bool read = true, sized = false;
    for (int i = 0; read && i < table->column_count; i++) {
        if (H5Lexists(group, table->columns[i].name, H5P_DEFAULT) > 0) {
            read = read_column(group, path, i, &sized, table, error);
        }
    }
    H5Gclose(group);
    fill_missing_texts(table);
    return read;
}

struct table *result_file_read(const char *path, const char *name, const struct column *columns,
                               int column_count, struct arena *arena, struct error *error)
{
    hid_t file = hdf_open_result(path, error);
    if (file < 0) {
        return NULL;
    }
    struct table *table = table_create(arena, name, "", columns, column_count);
    bool read = read_table(file, path, table, error);
    H5Fclose(file);
    return read ? table : NULL;
}

static char *read_fact(hid_t file, const char *group, const char *name, struct arena *arena)
{
    hid_t object = H5Oopen(file, group, H5P_DEFAULT);
    char *text = object >= 0 ? hdf_read_text(object, name) : NULL;
    char *fact = text == NULL ? NULL : arena_text(arena, text);
    hdf_free_text(text);
    H5Oclose(object);
    return fact;
}

const char *result_file_read_text(const char *path, const char *group, const char *name,
                                  struct arena *arena, struct error *error)
{
    hid_t file = hdf_open_result(path, error);
    if (file < 0) {
        return NULL;
    }
    const char *text = read_fact(file, group, name, arena);
    if (text == NULL) {
        error_at(error, ERROR_INPUT, path, 0, 0, "has no text '%s' in '%s'", name, group);
    }
    H5Fclose(file);
    return text;
}
