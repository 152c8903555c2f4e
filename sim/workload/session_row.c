/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/session_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Columns that are used, in the recorded order. */
enum field {
    FIELD_SESSION,
    FIELD_AGENT,
    FIELD_SEQ,
    FIELD_TIME,
    FIELD_INPUT = 6,
    FIELD_OUTPUT,
    FIELD_THINK = 9,
    FIELD_PREFIX = 12,
    FIELD_RANGES,
    FIELD_COUNT
};
const char session_header[] = "trace_id,agent,seq,t_s,type,model,in_tokens,out_tokens,"
                              "api_time_s,think_time_s,stop,n_blocks,"
                              "common_prefix_blocks_prev,hash_ranges";

static const double MOST_TOKENS = 1 << 26, MOST_S = 1e9, MOST_CALLS = 1e9;
static const int64_t MOST_ID = (INT64_C(1) << 24) - 1; /* sessions are kept apart by more */

/* Cuts the text at its commas. False when there are not as many fields. */
static bool cut(char *text, char *fields[FIELD_COUNT])
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        fields[i] = text;
        text = strchr(text, ',');
        if ((text == NULL) != (i == FIELD_COUNT - 1)) {
            return false;
        }
        if (text != NULL) {
            *text++ = '\0';
        }
    }
    return true;
}

/* A number from 0 to most; nothing counts as 0. */
static bool number(const char *text, double most, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return *end == '\0' && *value >= 0 && *value <= most;
}

static bool count(const char *text, double most, int32_t *value)
{
    double found;
    bool right = text[0] != '\0' && number(text, most, &found) && floor(found) == found;
    *value = right ? (int32_t)found : 0;
    return right;
}

/* "1-1523 1525-1531". */
static bool read_ranges(struct session_row *row, const char *text)
{
    row->range_count = row->block_count = 0;
    while (*text != '\0') {
        char *end;
        int64_t from = strtoll(text, &end, 10), to = from;
        bool right = end != text;
        if (*end == '-') {
            text = end + 1;
            to = strtoll(text, &end, 10);
            right = right && end != text;
        }
        if (!right || from < 0 || to < from || to > MOST_ID ||
            row->range_count == SESSION_RANGES) {
            return false;
        }
        int32_t blocks = (int32_t)(to - from + 1);
        row->ranges[row->range_count++] = (struct block_range){from, blocks};
        row->block_count += blocks;
        text = end + strspn(end, " ;");
        if (text == end && *end != '\0') {
            return false;
        }
    }
    return true;
}

static const char *read_fields(struct session_row *row, char *const fields[FIELD_COUNT])
{
    int32_t number_of_call;
    row->session = fields[FIELD_SESSION];
    row->agent = fields[FIELD_AGENT];
    if (!count(fields[FIELD_SEQ], MOST_CALLS, &number_of_call)) {
        return "seq is no whole number, 0 or more";
    }
    row->number = number_of_call;
    if (!number(fields[FIELD_TIME], MOST_S, &row->time_s) ||
        !number(fields[FIELD_THINK], MOST_S, &row->think_s)) {
        return "t_s or think_time_s is no time, expected seconds from 0 to 1e9";
    }
    if (!count(fields[FIELD_INPUT], MOST_TOKENS, &row->input_tokens) ||
        !count(fields[FIELD_OUTPUT], MOST_TOKENS, &row->output_tokens) ||
        row->input_tokens < 1) {
        return "in_tokens or out_tokens is wrong, expected whole numbers, 1 or more and 0 or "
               "more";
    }
    double prefix = ceil((double)row->input_tokens / SESSION_BLOCK_TOKENS);
    if (!count(fields[FIELD_PREFIX], prefix, &row->prefix_blocks)) {
        return "common_prefix_blocks_prev is wrong, expected no more blocks of 64 tokens than "
               "in_tokens fills";
    }
    return read_ranges(row, fields[FIELD_RANGES])
               ? NULL
               : "hash_ranges is wrong, expected up to 512 ranges such as 1-1523 1525-1531, of "
                 "ids up to 2^24";
}

const char *session_row_read(struct session_row *row, const char *line, int64_t length)
{
    char *fields[FIELD_COUNT];
    if (length >= SESSION_LINE) {
        return "the line is longer than 4 KiB, expected one call a line";
    }
    memcpy(row->text, line, (size_t)length);
    row->text[length] = '\0';
    if (strlen(row->text) < (size_t)length) {
        return "the line holds a zero byte, expected text";
    }
    row->text[strcspn(row->text, "\r")] = '\0';
    return cut(row->text, fields) ? read_fields(row, fields)
                                  : "the line has other fields than the first line";
}
