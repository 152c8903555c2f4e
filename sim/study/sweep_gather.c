/* SPDX-License-Identifier: Apache-2.0 */
/* One table of all points: what each is, what was varied, what came out. Nothing in it depends
 * on when, where or in how many processes it was made. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "record/result_file.h"
#include "study/sweep_store.h"

#define POINT_COLUMNS(X)                                                                       \
    X(INDEX, "point", I64, "1", "number of the point in the sweep")                            \
    X(STATE, "status", TEXT, "", "done or failed")                                             \
    X(MESSAGE, "message", TEXT, "", "why it failed")                                           \
    X(FILE, "file", TEXT, "", "its own result, beside this file")
#define POINT_ENUM(NAME, column, type, unit, meaning) COLUMN_POINT_##NAME,
enum { POINT_COLUMNS(POINT_ENUM) POINT_COLUMN_COUNT };
#define POINT_ROW(NAME, column, type, unit, meaning) {column, COLUMN_##type, unit, meaning},
static const struct column point_columns[] = {POINT_COLUMNS(POINT_ROW)};

/* How the values of a varied key are written: whole numbers, numbers with one unit, texts. */
static bool read_as(const char *text, const struct column *column, union cell *cell)
{
    struct error ignored = {.kind = ERROR_NONE};
    const char *suffix;
    double number;
    if (strcmp(column->unit, "B") == 0) {
        return units_read(text, UNIT_BYTES, &cell->f64, &ignored);
    }
    if (column->type == COLUMN_TEXT || !sweep_number(text, &number, &suffix) ||
        suffix[0] != '\0') {
        return false;
    }
    if (column->type == COLUMN_I64) {
        cell->i64 = (int64_t)number;
        return number == floor(number) && fabs(number) < 1e15;
    }
    cell->f64 = number;
    return true;
}

static bool all_read_as(const struct sweep *sweep, int key, const struct column *column)
{
    bool all = true;
    for (int64_t p = 0; all && p < sweep->point_count; p++) {
        union cell cell;
        all = read_as(sweep_value(sweep, p, key), column, &cell);
    }
    return all;
}

static struct column key_column(const struct sweep *sweep, int key, struct arena *arena)
{
    const struct sweep_key *from = &sweep->keys[key];
    const char *meaning = from->scenario != NULL
                              ? from->scenario->meaning
                              : arena_format(arena, "%s, as the sweep sets it", from->name);
    static const struct {
        enum column_type type;
        const char *unit;
    } forms[] = {{COLUMN_I64, "1"}, {COLUMN_F64, "1"}, {COLUMN_F64, "B"}};
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
        struct column column = {from->column, forms[f].type, forms[f].unit, meaning};
        if (all_read_as(sweep, key, &column)) {
            return column;
        }
    }
    return (struct column){from->column, COLUMN_TEXT, "", meaning};
}

/* Columns: the point's, the varied keys', the summary's without those of equal name. */
static int all_columns(struct sweep_store *store, struct column *columns, int *keys)
{
    const struct sweep *sweep = store->sweep;
    int count = 0, fixed;
    for (int c = 0; c < POINT_COLUMN_COUNT; c++) {
        columns[count++] = point_columns[c];
    }
    *keys = 0;
    for (int k = 0; k < sweep->key_count; k++) {
        if (sweep->keys[k].varied) {
            columns[count++] = key_column(sweep, k, store->arena);
            (*keys)++;
        }
    }
    fixed = count;
    for (int c = 0; c < store->column_count; c++) {
        struct column column = store->columns[c];
        for (int i = 0; i < fixed; i++) {
            if (strcmp(columns[i].name, column.name) == 0) {
                column.name = arena_format(store->arena, "result_%s", column.name);
            }
        }
        columns[count++] = column;
    }
    return count;
}

static void fill_keys(const struct sweep *sweep, int64_t point, const struct column *columns,
                      union cell *row)
{
    int at = POINT_COLUMN_COUNT;
    for (int k = 0; k < sweep->key_count; k++) {
        if (!sweep->keys[k].varied) {
            continue;
        }
        const char *text = sweep_value(sweep, point, k);
        if (columns[at].type == COLUMN_TEXT) {
            row[at].text = text;
        } else {
            read_as(text, &columns[at], &row[at]);
        }
        at++;
    }
}

static void fill_summary(const struct sweep_store *store, const struct sweep_point *point,
                         union cell *row)
{
    for (int c = 0; c < store->column_count; c++) {
        if (point->row != NULL && point->state == SWEEP_DONE) {
            row[c] = point->row[c];
        } else if (store->columns[c].type == COLUMN_F64) {
            row[c].f64 = NAN;
        } else if (store->columns[c].type == COLUMN_TEXT) {
            row[c].text = "";
        }
    }
}

static void add_point(const struct sweep_store *store, int64_t index, int keys,
                      struct table *table)
{
    const struct sweep_point *point = &store->points[index];
    if (point->same_as >= 0) {
        point = &store->points[point->same_as];
    }
    union cell *row = table_append(table);
    bool done = point->state == SWEEP_DONE;
    row[COLUMN_POINT_INDEX].i64 = index;
    row[COLUMN_POINT_STATE].text = done ? "done" : "failed";
    row[COLUMN_POINT_MESSAGE].text = done || point->message == NULL ? "" : point->message;
    row[COLUMN_POINT_FILE].text =
        done ? arena_format(table->arena, "points/%.32s.h5", point->digest) : "";
    fill_keys(store->sweep, index, table->columns, row);
    fill_summary(store, point, row + POINT_COLUMN_COUNT + keys);
}

bool sweep_store_gather(struct sweep_store *store, const char *version, struct error *error)
{
    struct arena *arena = store->arena;
    const struct sweep *sweep = store->sweep;
    int keys, most = POINT_COLUMN_COUNT + sweep->key_count + store->column_count;
    struct column *columns = arena_array(arena, most, sizeof *columns);
    int count = all_columns(store, columns, &keys);
    struct table *table = table_create(arena, "sweep", sweep->title, columns, count);
    for (int64_t p = 0; p < sweep->point_count; p++) {
        add_point(store, p, keys, table);
    }
    struct result_input input = {"sweep", sweep->name, sweep->document->text,
                                 sweep->document->size};
    struct result_fact fact = {"version", version};
    struct result result = {.kind = "sweep",
                            .tables = &table,
                            .table_count = 1,
                            .inputs = &input,
                            .input_count = 1,
                            .facts = &fact,
                            .fact_count = 1};
    return result_file_write(arena_format(arena, "%s/sweep.h5", store->folder), &result, error);
}
