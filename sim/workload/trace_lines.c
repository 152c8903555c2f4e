/* SPDX-License-Identifier: Apache-2.0 */
/* zlib reads plain files as they are, so there is one way for both. A line is never longer than
 * the buffer: what follows is refused before it is read. */
#include "workload/trace_lines.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum { BUFFER_SIZE = TRACE_LINE_LIMIT + 2 };

bool trace_lines_open(struct trace_lines *lines, const char *path, struct arena *arena,
                      struct error *error)
{
    *lines = (struct trace_lines){.path = path, .buffer = arena_alloc(arena, BUFFER_SIZE)};
    struct stat about;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
        return error_at(error, ERROR_SYSTEM, path, 0, 0,
                        "the trace is a folder, expected a file; check the path");
    }
    errno = 0;
    lines->file = gzopen(path, "rb");
    if (lines->file == NULL) {
        return error_at(error, ERROR_SYSTEM, path, 0, 0,
                        "the trace cannot be read (%s); check the path",
                        errno != 0 ? strerror(errno) : "out of memory");
    }
    return true;
}

void trace_lines_rewind(struct trace_lines *lines)
{
    gzrewind(lines->file);
    lines->start = lines->end = lines->number = 0;
    lines->ended = false;
}

void trace_lines_close(struct trace_lines *lines)
{
    if (lines->file != NULL) {
        gzclose(lines->file);
        lines->file = NULL;
    }
}

static bool refuse(const struct trace_lines *lines, struct error *error, const char *message)
{
    return error_at(error, ERROR_INPUT, lines->path, (int)lines->number + 1, 0, "%s", message);
}

/* Moves what is left to the front and reads behind it. */
static bool fill(struct trace_lines *lines, struct error *error)
{
    int64_t left = lines->end - lines->start;
    memmove(lines->buffer, lines->buffer + lines->start, (size_t)left);
    lines->start = 0;
    lines->end = left;
    int got = gzread(lines->file, lines->buffer + left, (unsigned)(BUFFER_SIZE - 1 - left));
    int state = Z_OK;
    if (got >= 0) {
        gzerror(lines->file, &state);
    }
    bool broken = got < 0 || (state != Z_OK && state != Z_STREAM_END);
    if (broken && !(got > 0)) { /* what came before it has been given */
        return refuse(lines, error,
                      "the file breaks off or is damaged here, expected a whole (gzip) file; "
                      "fetch it again");
    }
    lines->end += got;
    lines->ended = got == 0;
    return true;
}

/* The next line, empty or not. */
static bool next_line(struct trace_lines *lines, struct error *error)
{
    for (;;) {
        char *start = lines->buffer + lines->start;
        int64_t length = lines->end - lines->start;
        char *end = memchr(start, '\n', (size_t)length);
        if (end != NULL || (lines->ended && length > 0)) {
            int64_t size = end != NULL ? end - start : length;
            lines->start += size + (end != NULL);
            size -= size > 0 && start[size - 1] == '\r';
            if (memchr(start, '\0', (size_t)size) != NULL) {
                return refuse(lines, error, "the line holds a zero byte, expected text");
            }
            start[size] = '\0';
            lines->line = start;
            lines->number++;
            return true;
        }
        if (lines->ended) {
            return false;
        }
        if (length > TRACE_LINE_LIMIT) {
            return refuse(
                lines, error,
                "the line is longer than 1 MiB, expected one request a line; is this a "
                "trace?");
        }
        if (!fill(lines, error)) {
            return false;
        }
    }
}

bool trace_lines_next(struct trace_lines *lines, struct error *error)
{
    while (next_line(lines, error)) {
        if (lines->line[strspn(lines->line, " \t")] != '\0') {
            return true;
        }
    }
    return false;
}
