/* SPDX-License-Identifier: Apache-2.0 */
/* A cell is a number in the unit of its column or a text with a unit ("28.9min", "512kW"). A
 * cell that cannot be meant (a time of 0, a share above 1) is refused with its line. */
#include "study/baseline.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "record/summary.h"

#define BASELINE_ROW(NAME, column, type, unit, needed, meaning)                                \
    {column, COLUMN_##type, unit, meaning},
const struct column baseline_columns[BASELINE_COLUMN_COUNT] = {BASELINE_COLUMNS(BASELINE_ROW)};

#define BASELINE_NEEDED(NAME, column, type, unit, needed, meaning) needed,
static const bool is_needed[] = {BASELINE_COLUMNS(BASELINE_NEEDED)};

bool baseline_is_needed(enum baseline_column column)
{
    return is_needed[column];
}

struct reader { /* one row on its way into cells */
    const struct csv *csv;
    int64_t row;
    union cell *cells;
};

static bool refuse(const struct reader *reader, enum baseline_column column, const char *found,
                   const char *expected, struct error *error)
{
    return error_at(error, ERROR_INPUT, reader->csv->path, reader->csv->lines[reader->row], 0,
                    "column '%s': found '%.40s', expected %s; see docs/BASELINES.md",
                    baseline_columns[column].name, found, expected);
}

static bool check_header(const struct csv *csv, struct error *error)
{
    for (int64_t c = 0; c < csv->column_count; c++) {
        int known = 0;
        while (known < BASELINE_COLUMN_COUNT &&
               strcmp(csv->names[c], baseline_columns[known].name) != 0) {
            known++;
        }
        if (known == BASELINE_COLUMN_COUNT || csv_column(csv, csv->names[c]) != c) {
            return error_at(error, ERROR_INPUT, csv->path, 1, 0,
                            "column '%.40s' is %s, expected columns of docs/BASELINES.md; "
                            "rename it or take it out",
                            csv->names[c],
                            known == BASELINE_COLUMN_COUNT ? "unknown" : "there twice");
        }
    }
    for (int c = 0; c < BASELINE_COLUMN_COUNT; c++) {
        if (is_needed[c] && csv_column(csv, baseline_columns[c].name) < 0) {
            return error_at(error, ERROR_INPUT, csv->path, 1, 0,
                            "there is no column '%s' (%s), which every baseline needs; add it",
                            baseline_columns[c].name, baseline_columns[c].meaning);
        }
    }
    return true;
}

static const char *ids(const struct csv *csv, struct arena *arena)
{
    enum { SHOWN = 12 };
    const char *text = csv_text(csv, 0, "id");
    for (int64_t row = 1; row < csv->row_count && row < SHOWN; row++) {
        text = arena_format(arena, "%s, %s", text, csv_text(csv, row, "id"));
    }
    return csv->row_count > SHOWN ? arena_format(arena, "%s, ...", text) : text;
}

static bool find_row(const struct csv *csv, const char *id, int64_t *found, struct arena *arena,
                     struct error *error)
{
    int64_t count = 0;
    for (int64_t row = 0; row < csv->row_count; row++) {
        bool is_it = id == NULL || strcmp(csv_text(csv, row, "id"), id) == 0;
        if (is_it && id != NULL && count > 0) {
            return error_at(error, ERROR_INPUT, csv->path, csv->lines[row], 0,
                            "the id '%.40s' is also in line %d, expected it once; rename one",
                            id, csv->lines[*found]);
        }
        *found = is_it ? row : *found;
        count += is_it;
    }
    if (csv->row_count == 0) {
        return error_at(error, ERROR_INPUT, csv->path, 2, 0,
                        "there is only a header, expected a row with a measurement");
    }
    if (count == 0) {
        return error_at(error, ERROR_INPUT, csv->path, 0, 0,
                        "has no row '%.40s', expected one of: %.400s", id, ids(csv, arena));
    }
    if (count > 1) {
        return error_at(error, ERROR_USAGE, csv->path, 0, 0,
                        "has %lld rows, and a baseline is one; choose with --row ID, one of: "
                        "%.400s",
                        (long long)count, ids(csv, arena));
    }
    return true;
}

static enum unit unit_of(const struct column *column)
{
    static const struct {
        const char *unit;
        enum unit kind;
    } units[] = {
        {"s", UNIT_SECONDS}, {"B", UNIT_BYTES}, {"W", UNIT_WATTS}, {"USD/h", UNIT_USD_PER_H}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(column->unit, units[i].unit) == 0) {
            return units[i].kind;
        }
    }
    return UNIT_FRACTION;
}

static bool read_number(struct reader *reader, enum baseline_column column, const char *text,
                        struct error *error)
{
    const struct column *what = &baseline_columns[column];
    struct error cause = {.kind = ERROR_NONE};
    char *end;
    double value = strtod(text, &end);
    bool plain = end != text && *end == '\0' && isxdigit((unsigned char)text[0]);
    if (!plain &&
        (unit_of(what) == UNIT_FRACTION || !units_read(text, unit_of(what), &value, &cause))) {
        return refuse(reader, column, text,
                      unit_of(what) == UNIT_FRACTION ? "a number"
                                                     : "a number in the column's unit, or one "
                                                       "with its own, such as 28.9min or 512kW",
                      error);
    }
    bool may_be_0 = column == BASELINE_PRICE || column == BASELINE_PRICE_LOW;
    if (!isfinite(value) || value < 0 || (value == 0 && !may_be_0)) {
        return refuse(reader, column, text, "a finite number above 0", error);
    }
    reader->cells[column].f64 = value;
    return true;
}

static bool read_count(struct reader *reader, enum baseline_column column, const char *text,
                       struct error *error)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || value < 0 || value > 1e15 || value != floor(value)) {
        return refuse(reader, column, text, "a whole number", error);
    }
    reader->cells[column].i64 = (int64_t)value;
    return true;
}

static bool read_cell(struct reader *reader, enum baseline_column column, struct error *error)
{
    const struct column *what = &baseline_columns[column];
    const char *text = csv_text(reader->csv, reader->row, what->name);
    union cell *cell = &reader->cells[column];
    if (*text == '\0' && is_needed[column]) {
        return refuse(reader, column, "", what->meaning, error);
    }
    switch (what->type) {
    case COLUMN_TEXT:
        cell->text = text;
        return true;
    case COLUMN_I64:
        return *text == '\0' || read_count(reader, column, text, error);
    case COLUMN_F64:
        break;
    }
    cell->f64 = (double)NAN;
    return *text == '\0' || read_number(reader, column, text, error);
}

static bool is_date(const char *text)
{
    static const char form[] = "dddd-dd-dd";
    size_t length = strlen(text);
    for (size_t i = 0; i < length && i < sizeof form - 1; i++) {
        if (form[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != '-') {
            return false;
        }
    }
    return length == 4 || length == 7 || length == 10;
}

/* What one cell alone does not tell. */
static bool check_power(const struct reader *reader, struct error *error)
{
    const union cell *row = reader->cells;
    const char *scope = row[BASELINE_POWER_SCOPE].text;
    bool known = strcmp(scope, "facility") == 0 || strcmp(scope, "it") == 0 ||
                 strcmp(scope, "accelerators") == 0;
    if (!known && (*scope != '\0' || isfinite(row[BASELINE_POWER].f64))) {
        return refuse(reader, BASELINE_POWER_SCOPE, scope, "facility, it or accelerators",
                      error);
    }
    return row[BASELINE_PUE].f64 < 1
               ? refuse(reader, BASELINE_PUE, "less than 1", "1 or more", error)
               : true;
}

static bool check_row(const struct reader *reader, struct error *error)
{
    const union cell *row = reader->cells;
    if (!is_date(row[BASELINE_DATE].text)) {
        return refuse(reader, BASELINE_DATE, row[BASELINE_DATE].text,
                      "a date such as 2026-11-23", error);
    }
    if (row[BASELINE_ACCELERATORS].i64 == 0) {
        return refuse(reader, BASELINE_ACCELERATORS, "0", "at least 1", error);
    }
    if (row[BASELINE_MFU].f64 > 1) {
        return refuse(reader, BASELINE_MFU, "more than 1", "a share such as 0.41", error);
    }
    if (row[BASELINE_PRICE_LOW].f64 > row[BASELINE_PRICE].f64 ||
        row[BASELINE_PRICE_HIGH].f64 < row[BASELINE_PRICE].f64) {
        return refuse(reader, BASELINE_PRICE, "a price outside its range",
                      "it between the lowest and the highest", error);
    }
    if ((double)row[BASELINE_TOKENS_PER_STEP].i64 > row[BASELINE_TOKENS].f64) {
        return refuse(reader, BASELINE_TOKENS_PER_STEP, "more than tokens",
                      "at most the tokens of the whole time", error);
    }
    return check_power(reader, error);
}

static double facility_W(const union cell *row)
{
    const char *scope = row[BASELINE_POWER_SCOPE].text;
    if (strcmp(scope, "facility") == 0) {
        return row[BASELINE_POWER].f64;
    }
    return strcmp(scope, "it") == 0 ? row[BASELINE_POWER].f64 * row[BASELINE_PUE].f64
                                    : (double)NAN;
}

static void fill_money(const union cell *row, double tokens_per_s, union cell *summary)
{
    double accelerators = (double)row[BASELINE_ACCELERATORS].i64;
    double hours = 1e6 / tokens_per_s * accelerators / 3600; /* of accelerators, a million */
    double price = row[BASELINE_PRICE].f64, low = row[BASELINE_PRICE_LOW].f64,
           high = row[BASELINE_PRICE_HIGH].f64;
    summary[SUMMARY_COST_PER_H].f64 = price * accelerators;
    summary[SUMMARY_COST].f64 = price * hours;
    summary[SUMMARY_COST_LOW].f64 = (isfinite(low) ? low : price) * hours;
    summary[SUMMARY_COST_HIGH].f64 = (isfinite(high) ? high : price) * hours;
    summary[SUMMARY_PRICE_KIND].text = row[BASELINE_PRICE_KIND].text;
    summary[SUMMARY_PRICE_IS_ESTIMATE].i64 = row[BASELINE_PRICE_IS_ESTIMATE].i64;
}

/* MODEL.md, "Measured baselines" */
static struct table *summary_of(const union cell *row, struct arena *arena)
{
    struct table *table = summary_table(arena);
    union cell *summary = table->cells;
    int64_t step_tokens = row[BASELINE_TOKENS_PER_STEP].i64;
    double tokens_per_s = row[BASELINE_TOKENS].f64 / row[BASELINE_TIME].f64;
    if (step_tokens == 0) {
        step_tokens = (int64_t)llround(row[BASELINE_TOKENS].f64);
    }
    bool named = *row[BASELINE_WORKLOAD].text != '\0';
    summary[SUMMARY_PLATFORM].text = row[BASELINE_SYSTEM].text;
    summary[SUMMARY_WORKLOAD].text = row[named ? BASELINE_WORKLOAD : BASELINE_MODEL].text;
    summary[SUMMARY_CHIPS].i64 = row[BASELINE_ACCELERATORS].i64;
    summary[SUMMARY_DOMAINS].i64 =
        row[BASELINE_DOMAINS].i64 > 0 ? row[BASELINE_DOMAINS].i64 : 1;
    summary[SUMMARY_TOKENS_PER_STEP].i64 = step_tokens;
    summary[SUMMARY_STEP_TIME].f64 = (double)step_tokens / tokens_per_s;
    summary[SUMMARY_STEP_LOW].f64 = summary[SUMMARY_STEP_TIME].f64;
    summary[SUMMARY_STEP_HIGH].f64 = summary[SUMMARY_STEP_TIME].f64;
    summary[SUMMARY_EVIDENCE].text = row[BASELINE_SOURCE].text;
    summary[SUMMARY_TOKENS_PER_S].f64 = tokens_per_s;
    summary[SUMMARY_TOKENS_PER_S_PER_CHIP].f64 =
        tokens_per_s / (double)row[BASELINE_ACCELERATORS].i64;
    summary[SUMMARY_MFU].f64 = row[BASELINE_MFU].f64;
    summary[SUMMARY_MODEL_FLOPS].f64 = (double)NAN;
    summary[SUMMARY_PEAK_MEMORY].f64 = row[BASELINE_MEMORY].f64;
    summary[SUMMARY_POWER].f64 = facility_W(row);
    summary[SUMMARY_PEAK_POWER].f64 = (double)NAN;
    summary[SUMMARY_ENERGY].f64 = facility_W(row) / tokens_per_s * 1e6;
    fill_money(row, tokens_per_s, summary);
    return table;
}

bool baseline_read(const char *path, const char *id, struct baseline *baseline,
                   struct arena *arena, struct error *error)
{
    struct csv *csv = csv_read(path, arena, error);
    int64_t row = 0;
    if (csv == NULL || !check_header(csv, error) || !find_row(csv, id, &row, arena, error)) {
        return false;
    }
    baseline->measured = table_create(arena, "baseline", "the measurement, as it was given",
                                      baseline_columns, BASELINE_COLUMN_COUNT);
    struct reader reader = {csv, row, table_append(baseline->measured)};
    for (int column = 0; column < BASELINE_COLUMN_COUNT; column++) {
        if (!read_cell(&reader, (enum baseline_column)column, error)) {
            return false;
        }
    }
    if (!check_row(&reader, error)) {
        return false;
    }
    baseline->summary = summary_of(reader.cells, arena);
    baseline->energy_unknown =
        isfinite(reader.cells[BASELINE_POWER].f64) && !isfinite(facility_W(reader.cells));
    return true;
}
