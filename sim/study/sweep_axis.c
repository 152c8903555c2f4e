/* SPDX-License-Identifier: Apache-2.0 */
/* From an axis as it is written to the texts of its values: a list, or numbers from-to in equal
 * steps, equal factors or a count, or drawn. A unit behind the numbers is kept as it is; where
 * two of one quantity differ, values have that of the first. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "study/sweep_text.h"

enum { VALUES_LIMIT = 1000 * 1000, MESSAGE_SIZE = 256 };

bool sweep_number(const char *text, double *number, const char **suffix)
{
    char *end;
    *number = strtod(text, &end);
    *suffix = end;
    return end != text && isfinite(*number);
}

struct range {
    double from, to;
    const char *suffix;
    bool logarithmic, whole;
};

static bool refuse(const struct sweep_reader *reader, const char *place, const char *key,
                   const char *message)
{
    char where[MESSAGE_SIZE];
    snprintf(where, sizeof where, "%s.%s", place, key);
    return document_error(reader->sweep->document, where, reader->error, message);
}

static bool read_number(const struct sweep_reader *reader, const char *place, const char *key,
                        const char *text, double *number)
{
    const char *suffix;
    char message[MESSAGE_SIZE];
    if (text != NULL && sweep_number(text, number, &suffix) && suffix[0] == '\0') {
        return true;
    }
    snprintf(message, sizeof message, "is '%.60s', expected a number",
             text == NULL ? "" : text);
    return refuse(reader, place, key, message);
}

static bool read_scale(const struct sweep_reader *reader, const struct sweep_axis_text *axis,
                       const char *place, struct range *range)
{
    range->logarithmic = axis->scale != NULL && strcmp(axis->scale, "log") == 0;
    if (axis->scale != NULL && !range->logarithmic && strcmp(axis->scale, "linear") != 0) {
        return refuse(reader, place, "scale", "is unknown, expected linear or log");
    }
    return !range->logarithmic || range->from > 0 ||
           refuse(reader, place, "from", "must be above 0 with scale: log");
}

/* A text's number in the unit that stands behind another one: 1GiB in KiB. */
static bool in_unit(const struct sweep_reader *reader, const char *text, const char *suffix,
                    double *number)
{
    const char *one = arena_format(reader->arena, "1%s", suffix);
    for (enum unit unit = UNIT_SECONDS; unit < UNIT_FRACTION; unit++) {
        struct error ignored = {.kind = ERROR_NONE};
        double value, of_one;
        if (units_read(text, unit, &value, &ignored) &&
            units_read(one, unit, &of_one, &ignored) && of_one > 0) {
            *number = value / of_one;
            return true;
        }
    }
    return false;
}

static bool read_range(const struct sweep_reader *reader, const struct sweep_axis_text *axis,
                       const char *place, struct range *range)
{
    const char *suffix;
    if (axis->from == NULL || axis->to == NULL) {
        return refuse(reader, place, "key", "has no values; give values, or from and to");
    }
    if (!sweep_number(axis->from, &range->from, &range->suffix)) {
        return refuse(reader, place, "from", "is no number, expected one such as 4 or 64MiB");
    }
    if (!sweep_number(axis->to, &range->to, &suffix) ||
        (strcmp(suffix, range->suffix) != 0 &&
         !in_unit(reader, axis->to, range->suffix, &range->to))) {
        return refuse(reader, place, "to", "must be a number with a unit such as 'from' has");
    }
    if (range->to < range->from) {
        return refuse(reader, place, "to", "is less than 'from'; exchange them");
    }
    range->suffix = arena_text(reader->arena, range->suffix);
    return read_scale(reader, axis, place, range);
}

/* The value at a part of the way from 'from' to 'to'. */
static double at(const struct range *range, double fraction)
{
    if (range->logarithmic) {
        return range->from * pow(range->to / range->from, fraction);
    }
    return range->from + (range->to - range->from) * fraction;
}

static const char *written(const struct sweep_reader *reader, const struct range *range,
                           double number)
{
    return range->whole ? arena_format(reader->arena, "%.0f%s", round(number), range->suffix)
                        : arena_format(reader->arena, "%.12g%s", number, range->suffix);
}

static bool take_list(const struct sweep_reader *reader, const struct sweep_axis_text *axis,
                      struct sweep_values *values)
{
    values->count = axis->values_count;
    values->texts = arena_array(reader->arena, values->count, sizeof(char *));
    for (unsigned i = 0; i < axis->values_count; i++) {
        values->texts[i] = arena_text(reader->arena, axis->values[i]);
    }
    return true;
}

static bool take_count(const struct sweep_reader *reader, const struct sweep_axis_text *axis,
                       const char *place, const struct range *range,
                       struct sweep_values *values)
{
    double count;
    if (!read_number(reader, place, "count", axis->count, &count)) {
        return false;
    }
    if (count < 1 || count > VALUES_LIMIT || count != floor(count)) {
        return refuse(reader, place, "count", "must be a whole number from 1 to a million");
    }
    values->count = (int64_t)count;
    values->texts = arena_array(reader->arena, values->count, sizeof(char *));
    for (int64_t i = 0; i < values->count; i++) {
        double fraction = values->count == 1 ? 0 : (double)i / (count - 1);
        values->texts[i] = written(reader, range, at(range, fraction));
    }
    return true;
}

static bool take_steps(const struct sweep_reader *reader, const struct sweep_axis_text *axis,
                       const char *place, const struct range *range,
                       struct sweep_values *values)
{
    bool factor = axis->factor != NULL;
    double step;
    if (!read_number(reader, place, factor ? "factor" : "step",
                     factor ? axis->factor : axis->step, &step)) {
        return false;
    }
    if (factor ? step <= 1 || range->from <= 0 : step <= 0) {
        return refuse(reader, place, factor ? "factor" : "step",
                      "leads nowhere; expected a step above 0, or a factor above 1 from a "
                      "number above 0");
    }
    double steps =
        factor ? log(range->to / range->from) / log(step) : (range->to - range->from) / step;
    if (steps > VALUES_LIMIT) {
        return refuse(reader, place, "to", "is more than a million steps away");
    }
    values->count = (int64_t)floor(steps + 1e-9) + 1;
    values->texts = arena_array(reader->arena, values->count, sizeof(char *));
    for (int64_t i = 0; i < values->count; i++) {
        double number =
            factor ? range->from * pow(step, (double)i) : range->from + step * (double)i;
        values->texts[i] = written(reader, range, number);
    }
    return true;
}

bool sweep_axis_values(const struct sweep_reader *reader, const struct sweep_axis_text *axis,
                       const char *place, struct sweep_values *values)
{
    struct range range = {.whole = reader->sweep->keys[values->key].whole};
    if (axis->values_count > 0) {
        return take_list(reader, axis, values);
    }
    if (!read_range(reader, axis, place, &range)) {
        return false;
    }
    if (axis->count != NULL) {
        return take_count(reader, axis, place, &range, values);
    }
    return take_steps(reader, axis, place, &range, values);
}

static void shuffle(int64_t *order, int64_t count, struct random_stream *stream)
{
    for (int64_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t other = random_below(stream, i + 1);
        int64_t kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

bool sweep_axis_draw(const struct sweep_reader *reader, const struct sweep_axis_text *axis,
                     const char *place, struct sweep_values *values, uint64_t seed,
                     bool hypercube)
{
    struct range range = {.whole = reader->sweep->keys[values->key].whole};
    struct sweep_values list = {.key = values->key};
    struct random_stream stream;
    if (axis->values_count > 0 ? !take_list(reader, axis, &list)
                               : !read_range(reader, axis, place, &range)) {
        return false;
    }
    int64_t *order = arena_array(reader->arena, values->count, sizeof(int64_t));
    values->texts = arena_array(reader->arena, values->count, sizeof(char *));
    random_init(&stream, seed, reader->sweep->keys[values->key].name);
    shuffle(order, values->count, &stream);
    for (int64_t i = 0; i < values->count; i++) {
        double fraction = random_uniform(&stream);
        if (hypercube) {
            fraction = ((double)order[i] + fraction) / (double)values->count;
        }
        values->texts[i] = list.count > 0 ? list.texts[(int64_t)(fraction * (double)list.count)]
                                          : written(reader, &range, at(&range, fraction));
    }
    return true;
}
