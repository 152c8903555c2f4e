/* SPDX-License-Identifier: Apache-2.0 */
/* CSV by the names in its first line, JSON lines by their keys: readers for the published forms
 * and for whatever follows them. */
#include "workload/trace_row.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static const double TOKEN_LIMIT = 1 << 26;
static const int64_t MOST_ID = INT64_C(1) << 62;

static bool refuse(const struct trace_reader *reader, struct error *error, const char *found,
                   const char *expected)
{
    return error_at(error, ERROR_INPUT, reader->lines.path, (int)reader->lines.number, 0,
                    "%.200s, expected %.300s", found, expected);
}

/* Column names and what they are, by format. */
static const struct csv_form {
    enum trace_format format;
    const char *time, *input, *output;
    bool dates;
} csv_forms[] = {
    {TRACE_AZURE, "TIMESTAMP", "ContextTokens", "GeneratedTokens", true},
    {TRACE_BURSTGPT, "Timestamp", "Request tokens", "Response tokens", false},
    {TRACE_VIDUR, "arrived_at", "num_prefill_tokens", "num_decode_tokens", false},
};
enum { CSV_FORMS = sizeof csv_forms / sizeof csv_forms[0] };

/* Cuts a line at its commas; quoted fields are not used by these traces. */
static int split(char *line, char *fields[TRACE_COLUMNS])
{
    int count = 0;
    while (count < TRACE_COLUMNS) {
        fields[count++] = line;
        line = strchr(line, ',');
        if (line == NULL) {
            break;
        }
        *line++ = '\0';
    }
    return count;
}

static int find_column(char *const fields[], int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(fields[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static bool read_header(struct trace_reader *reader, struct error *error)
{
    char *fields[TRACE_COLUMNS], *line = reader->lines.line;
    if (strncmp(line, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark */
        line += 3;
    }
    int count = split(line, fields);
    for (int form = 0; form < CSV_FORMS; form++) {
        const struct csv_form *known = &csv_forms[form];
        reader->time_column = find_column(fields, count, known->time);
        reader->input_column = find_column(fields, count, known->input);
        reader->output_column = find_column(fields, count, known->output);
        bool found =
            reader->time_column >= 0 && reader->input_column >= 0 && reader->output_column >= 0;
        if (found && (reader->format == TRACE_AUTO || reader->format == known->format)) {
            reader->format = known->format;
            reader->dates = known->dates;
            reader->columns = count;
            return true;
        }
    }
    return refuse(reader, error, "the first line names other columns",
                  "TIMESTAMP, ContextTokens and GeneratedTokens (Azure), Timestamp, Request "
                  "tokens and Response tokens (BurstGPT), arrived_at, num_prefill_tokens and "
                  "num_decode_tokens (Vidur), or JSON lines");
}

static bool refuse_field(const struct trace_reader *reader, struct error *error,
                         const char *text, const char *expected)
{
    char found[120];
    snprintf(found, sizeof found, "'%.80s' stands here", text);
    return refuse(reader, error, found, expected);
}

/* Days from 1970-01-01 of the Gregorian calendar. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool read_date(const struct trace_reader *reader, const char *text, double *time_s,
                      struct error *error)
{
    int year, month, day, hour, minute, used = 0;
    char *end = NULL;
    bool date = sscanf(text, "%4d-%2d-%2d %2d:%2d:%n", &year, &month, &day, &hour, &minute,
                       &used) == 5 &&
                used > 0 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
    double seconds = date ? strtod(text + used, &end) : 0;
    if (!date || end == text + used || !(seconds >= 0 && seconds < 62)) {
        return refuse_field(reader, error, text, "a date such as 2023-11-16 18:15:46.68");
    }
    *time_s = (double)(days_of(year, month, day) * 86400 + hour * 3600 + minute * 60) + seconds;
    return true;
}

static bool read_time(const struct trace_reader *reader, const char *text, double *time_s,
                      struct error *error)
{
    char *end;
    if (reader->dates) {
        return read_date(reader, text, time_s, error);
    }
    *time_s = strtod(text, &end);
    return (end != text && *end == '\0' && isfinite(*time_s) && *time_s >= 0) ||
           refuse_field(reader, error, text, "a time in seconds, 0 or more");
}

static bool read_tokens(const struct trace_reader *reader, const char *text, int64_t *tokens,
                        struct error *error)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= 0 && value <= TOKEN_LIMIT) ||
        floor(value) != value) {
        return refuse_field(reader, error, text, "a whole number of tokens, 0 or more");
    }
    *tokens = (int64_t)value;
    return true;
}

static bool read_csv(struct trace_reader *reader, struct error *error)
{
    char *fields[TRACE_COLUMNS];
    int count = split(reader->lines.line, fields);
    int last =
        reader->time_column > reader->input_column ? reader->time_column : reader->input_column;
    last = last > reader->output_column ? last : reader->output_column;
    if (count <= last || count != reader->columns) {
        char found[64];
        snprintf(found, sizeof found, "the line has %d fields", count);
        return refuse(reader, error, found, "as many as the first line");
    }
    struct trace_row *row = &reader->row;
    row->session = -1;
    return read_time(reader, fields[reader->time_column], &row->time_s, error) &&
           read_tokens(reader, fields[reader->input_column], &row->input_tokens, error) &&
           read_tokens(reader, fields[reader->output_column], &row->output_tokens, error);
}

static void add_id(struct trace_reader *reader, int64_t id)
{
    struct trace_row *row = &reader->row;
    struct block_range *last = row->range_count > 0 ? &row->ranges[row->range_count - 1] : NULL;
    row->block_count++;
    if (last != NULL && last->first + last->count == id) {
        last->count++;
        return;
    }
    row->ranges = arena_grow(reader->arena, row->ranges, row->range_count, &row->range_capacity,
                             sizeof(struct block_range));
    row->ranges[row->range_count++] = (struct block_range){id, 1};
}

/* Ids are one a full block, or one more for the partial one at the end. */
static bool check_blocks(struct trace_reader *reader, struct error *error)
{
    static const int64_t sizes[] = {512, 16, 64, 32, 128, 256};
    struct trace_row *row = &reader->row;
    for (int i = 0; i < 6 && reader->block_tokens == 0 && row->block_count > 1; i++) {
        int64_t full = row->input_tokens / sizes[i];
        if (row->block_count == full || row->block_count == full + 1) {
            reader->block_tokens = sizes[i];
        }
    }
    if (row->block_count == 0) {
        return true;
    }
    int64_t size = reader->block_tokens > 0 ? reader->block_tokens : sizes[0];
    int64_t full = row->input_tokens / size;
    if (row->block_count != full && row->block_count != (row->input_tokens + size - 1) / size) {
        char found[120];
        snprintf(found, sizeof found, "hash_ids has %lld ids for %lld tokens",
                 (long long)row->block_count, (long long)row->input_tokens);
        return refuse(reader, error, found, "one a block, all blocks of one size");
    }
    return true;
}

static bool read_ids(struct trace_reader *reader, const json_t *ids, struct error *error)
{
    size_t index;
    json_t *id;
    if (ids == NULL || json_is_null(ids)) {
        return true;
    }
    if (!json_is_array(ids)) {
        return refuse(reader, error, "hash_ids is no list", "a list of whole numbers");
    }
    json_array_foreach(ids, index, id)
    {
        if (!json_is_integer(id) || json_integer_value(id) < 0 ||
            json_integer_value(id) > MOST_ID) {
            return refuse(reader, error, "hash_ids holds something else",
                          "a list of whole numbers from 0 to 2^62");
        }
        add_id(reader, (int64_t)json_integer_value(id));
    }
    return check_blocks(reader, error);
}

static bool read_count(const struct trace_reader *reader, const json_t *object,
                       const char *name, int64_t *count, struct error *error)
{
    const json_t *value = json_object_get(object, name);
    double number = json_is_number(value) ? json_number_value(value) : -1;
    if (!(number >= 0 && number <= TOKEN_LIMIT) || floor(number) != number) {
        char found[120];
        snprintf(found, sizeof found, "'%s' is %s", name,
                 value == NULL ? "not there" : "no number of tokens");
        return refuse(reader, error, found, "a whole number, 0 or more");
    }
    *count = (int64_t)number;
    return true;
}

static bool read_object(struct trace_reader *reader, const json_t *object, struct error *error)
{
    struct trace_row *row = &reader->row;
    const json_t *time = json_object_get(object, "timestamp");
    if (!json_is_number(time) || !(json_number_value(time) >= 0)) {
        return refuse(reader, error, "'timestamp' is not there or no time",
                      "a number, 0 or more");
    }
    if (reader->time_unit_s == 0) { /* traces with chat ids count seconds, others ms */
        reader->time_unit_s = json_object_get(object, "chat_id") != NULL ? 1 : 1e-3;
    }
    row->time_s = json_number_value(time) * reader->time_unit_s;
    const json_t *chat = json_object_get(object, "chat_id");
    int64_t session = json_is_integer(chat) ? (int64_t)json_integer_value(chat) : -1;
    row->session = session <= MOST_ID ? session : -1;
    return read_count(reader, object, "input_length", &row->input_tokens, error) &&
           read_count(reader, object, "output_length", &row->output_tokens, error) &&
           read_ids(reader, json_object_get(object, "hash_ids"), error);
}

static bool read_json(struct trace_reader *reader, struct error *error)
{
    json_error_t problem;
    json_t *object = json_loads(reader->lines.line, 0, &problem);
    if (object == NULL || !json_is_object(object)) {
        char found[160];
        snprintf(found, sizeof found, "no JSON object (%.100s)",
                 object == NULL ? problem.text : "another value");
        json_decref(object);
        return refuse(reader, error, found,
                      "one with timestamp, input_length and output_length a line");
    }
    bool read = read_object(reader, object, error);
    json_decref(object);
    return read;
}

static bool first_line(struct trace_reader *reader, struct error *error)
{
    if (!trace_lines_next(&reader->lines, error)) {
        return error->kind == ERROR_NONE
                   ? error_at(error, ERROR_INPUT, reader->lines.path, 1, 0,
                              "the trace is empty, expected requests; name another file")
                   : false;
    }
    bool json = reader->lines.line[strspn(reader->lines.line, " \t")] == '{';
    if (reader->format == TRACE_MOONCAKE || (reader->format == TRACE_AUTO && json)) {
        reader->format = TRACE_MOONCAKE;
        trace_lines_rewind(&reader->lines); /* the first line is a request */
        return true;
    }
    return read_header(reader, error);
}

bool trace_reader_open(struct trace_reader *reader, const char *path, enum trace_format format,
                       struct arena *arena, struct error *error)
{
    *reader = (struct trace_reader){.format = format, .arena = arena};
    return trace_lines_open(&reader->lines, path, arena, error) && first_line(reader, error);
}

bool trace_reader_rewind(struct trace_reader *reader, struct error *error)
{
    trace_lines_rewind(&reader->lines);
    return first_line(reader, error);
}

bool trace_reader_next(struct trace_reader *reader, struct error *error)
{
    struct trace_row *row = &reader->row;
    while (trace_lines_next(&reader->lines, error)) {
        row->range_count = row->block_count = 0;
        bool read = reader->format == TRACE_MOONCAKE ? read_json(reader, error)
                                                     : read_csv(reader, error);
        if (!read) {
            return false;
        }
        if (row->input_tokens > 0 && row->output_tokens > 0) {
            return true;
        }
    }
    return false;
}
