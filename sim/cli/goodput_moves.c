/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/goodput_moves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "hardware/platform_change.h"

static const struct column columns[] = {
    {"input", COLUMN_TEXT, "", "what is moved, all else at its value"},
    {"low", COLUMN_TEXT, "", "low end of the input"},
    {"high", COLUMN_TEXT, "", "high end of the input"},
    {"goodput_low_fraction", COLUMN_F64, "1", "goodput with the input at its low end"},
    {"goodput_high_fraction", COLUMN_F64, "1", "goodput with the input at its high end"},
    {"source", COLUMN_TEXT, "", "of the range"},
};

static bool is_moved(const struct property *property)
{
    return property->low < property->high && (strncmp(property->name, "failure.", 8) == 0 ||
                                              strncmp(property->name, "storage.", 8) == 0);
}

static const char *end_text(const struct property *property, double end, struct arena *arena)
{
    bool pure = property->unit == UNIT_COUNT || property->unit == UNIT_FRACTION;
    return arena_format(arena, "%.6g%s", end, pure ? "" : units_name(property->unit));
}

static bool goodput_at(const struct goodput_question *question, const char *name,
                       const char *text, double *goodput, struct error *error)
{
    struct arena *scratch = arena_create();
    struct platform_change change = {name, text};
    struct campaign campaign;
    struct platform *platform = platform_change(question->platform, &change, 1, scratch, error);
    if (platform != NULL) {
        platform->domain_count = question->platform->domain_count;
    }
    bool made = platform != NULL && campaign_of(platform, question->model, question->plan,
                                                &question->options, &campaign, error);
    if (made) {
        *goodput = goodput_simulate(&campaign.what, question->seed, question->seeds, scratch)
                       .goodput_fraction;
    }
    arena_free(scratch);
    return made;
}

static const char *told(enum unit unit, double end, struct arena *arena)
{
    char text[PRINT_SIZE];
    return arena_text(arena, unit == UNIT_SECONDS ? print_quantity(text, end, "s")
                                                  : units_print(text, PRINT_SIZE, end, unit));
}

static bool append(const struct goodput_question *question, const struct property *property,
                   struct table *table, struct arena *arena, struct error *error)
{
    const double ends[] = {property->low, property->high};
    double goodput[2];
    for (int i = 0; i < 2; i++) {
        if (!goodput_at(question, property->name, end_text(property, ends[i], arena),
                        &goodput[i], error)) {
            return false;
        }
    }
    if (goodput[0] != goodput[1]) {
        union cell *row = table_append(table);
        row[MOVES_INPUT].text = property->name;
        row[MOVES_LOW].text = told(property->unit, ends[0], arena);
        row[MOVES_HIGH].text = told(property->unit, ends[1], arena);
        row[MOVES_AT_LOW].f64 = goodput[0];
        row[MOVES_AT_HIGH].f64 = goodput[1];
        row[MOVES_SOURCE].text = property->source != NULL ? property->source : "";
    }
    return true;
}

static int by_swing(const void *a, const void *b)
{
    const union cell *first = a, *second = b;
    double one = fabs(first[MOVES_AT_HIGH].f64 - first[MOVES_AT_LOW].f64);
    double other = fabs(second[MOVES_AT_HIGH].f64 - second[MOVES_AT_LOW].f64);
    return one != other ? (one < other ? 1 : -1)
                        : strcmp(first[MOVES_INPUT].text, second[MOVES_INPUT].text);
}

struct table *goodput_moves(const struct goodput_question *question, struct arena *arena,
                            struct error *error)
{
    struct table *table =
        table_create(arena, "goodput/tornado", "what moves the goodput, most first", columns,
                     sizeof columns / sizeof columns[0]);
    for (int64_t i = 0; i < question->platform->property_count; i++) {
        const struct property *property = &question->platform->properties[i];
        if (is_moved(property) && !append(question, property, table, arena, error)) {
            return NULL;
        }
    }
    qsort(table->cells, (size_t)table->row_count,
          (size_t)table->column_count * sizeof *table->cells, by_swing);
    return table;
}
