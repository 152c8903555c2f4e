/* SPDX-License-Identifier: Apache-2.0 */
/* A text file line by line, plain or gzip, in fixed memory. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

enum { TRACE_LINE_LIMIT = 1 << 20 };

struct trace_lines {
    const char *path;
    void *file;          /* zlib's */
    char *buffer, *line; /* the current line, without its end */
    int64_t start, end;  /* of what was read and not yet given */
    int64_t number;      /* of the current line, from 1 */
    bool ended;
};

/* False and a SYSTEM error when the file cannot be read. */
bool trace_lines_open(struct trace_lines *lines, const char *path, struct arena *arena,
                      struct error *error);

/* The next line that is not empty. False at the end, or with an INPUT error for lines that are
 * too long and files that break off. */
bool trace_lines_next(struct trace_lines *lines, struct error *error);

/* Back to the first line. */
void trace_lines_rewind(struct trace_lines *lines);
void trace_lines_close(struct trace_lines *lines);
