/* SPDX-License-Identifier: Apache-2.0 */
/* One request of a trace, from a line of CSV or JSON. Formats are told apart by the names of
 * their columns. MODEL.md, "Serving: load" */
#pragma once

#include "workload/arrivals.h"
#include "workload/trace_lines.h"

enum { TRACE_COLUMNS = 24 };

struct trace_row {
    double time_s;
    int64_t input_tokens, output_tokens, session;
    struct block_range *ranges; /* [range_count]; of the reader */
    int64_t range_count, range_capacity, block_count;
};

struct trace_reader {
    struct trace_lines lines;
    enum trace_format format;
    int columns, time_column, input_column, output_column; /* of CSV */
    bool dates;                                            /* times are dates, not seconds */
    double time_unit_s;                                    /* of JSON */
    int64_t block_tokens;                                  /* of prompt ids; 0: not known yet */
    struct trace_row row;
    struct arena *arena;
};

/* Opens a trace and looks at its first line. */
bool trace_reader_open(struct trace_reader *reader, const char *path, enum trace_format format,
                       struct arena *arena, struct error *error);

/* Reads the next request into reader->row. False at the end, or with an INPUT error that names
 * the line. Rows without a prompt or an answer are passed over. */
bool trace_reader_next(struct trace_reader *reader, struct error *error);
bool trace_reader_rewind(struct trace_reader *reader, struct error *error);
