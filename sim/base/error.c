/* SPDX-License-Identifier: Apache-2.0 */
/* Filling and printing errors. What is printed may hold anything a user's file holds, so
 * control characters never reach the terminal, and the source line is cut to a window around
 * the column. */
#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

enum { WINDOW_BEFORE = 60, WINDOW_BYTES = 96 };

__attribute__((format(printf, 3, 0))) static void
fill(struct error *error, enum error_kind kind, const char *format, va_list arguments)
{
    assert(kind != ERROR_NONE);
    error->kind = kind;
    vsnprintf(error->message, sizeof error->message, format, arguments);
}

bool error_fill(struct error *error, enum error_kind kind, const char *format, ...)
{
    if (error->kind != ERROR_NONE) {
        return false;
    }
    va_list arguments;
    va_start(arguments, format);
    fill(error, kind, format, arguments);
    va_end(arguments);
    error->path[0] = '\0';
    error->line = error->column = 0;
    return false;
}

bool error_at(struct error *error, enum error_kind kind, const char *path, int line, int column,
              const char *format, ...)
{
    if (error->kind != ERROR_NONE) {
        return false;
    }
    va_list arguments;
    va_start(arguments, format);
    fill(error, kind, format, arguments);
    va_end(arguments);
    snprintf(error->path, sizeof error->path, "%s", path);
    error->line = line;
    error->column = column;
    return false;
}

#define ERROR_STATUS_ROW(NAME, status, meaning)  [ERROR_##NAME] = status,
#define ERROR_MEANING_ROW(NAME, status, meaning) [ERROR_##NAME] = meaning,

int error_exit_status(enum error_kind kind)
{
    static const int statuses[] = {ERROR_KINDS(ERROR_STATUS_ROW)};
    return statuses[kind];
}

const char *error_meaning(enum error_kind kind)
{
    static const char *const meanings[] = {ERROR_KINDS(ERROR_MEANING_ROW)};
    return meanings[kind];
}

static void print_clean(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        putc(byte < ' ' || byte == 127 ? '?' : byte, stderr);
    }
}

/* Only from a regular file: a pipe would wait, a device might act. Not from a gzip file, whose
 * lines are others. */
static FILE *open_source(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        return NULL;
    }
    FILE *source = fopen(path, "r");
    if (source != NULL && getc(source) == 0x1F) {
        fclose(source);
        return NULL;
    }
    if (source != NULL) {
        rewind(source);
    }
    return source;
}

/* Reads bytes [from, from + WINDOW_BYTES) of a line; false when there is no such line. */
static bool read_line(const char *path, int line, int from, char text[WINDOW_BYTES + 1])
{
    FILE *source = open_source(path);
    if (source == NULL) {
        return false;
    }
    int byte = getc(source);
    for (int at = 1; at < line && byte != EOF; byte = getc(source)) {
        at += byte == '\n';
    }
    bool found = byte != EOF;
    int length = 0;
    for (int place = 0; byte != EOF && byte != '\n' && length < WINDOW_BYTES; place++) {
        if (place >= from) {
            text[length++] = (char)(byte < ' ' || byte == 127 ? ' ' : byte);
        }
        byte = getc(source);
    }
    text[length] = '\0';
    fclose(source);
    return found;
}

/* A tab is shown as one space and UTF-8 continuation bytes take no column, so that the caret
 * stands where the reader looks. */
static void print_source(const struct error *error)
{
    char text[WINDOW_BYTES + 1];
    int from = error->column > WINDOW_BEFORE ? error->column - WINDOW_BEFORE : 0;
    if (!read_line(error->path, error->line, from, text)) {
        return;
    }
    fprintf(stderr, "    %s\n", text);
    if (error->column < 1) {
        return;
    }
    fputs("    ", stderr);
    for (int i = 0; i < error->column - 1 - from && text[i] != '\0'; i++) {
        if (((unsigned char)text[i] & 0xC0) != 0x80) {
            putc(' ', stderr);
        }
    }
    fputs("^\n", stderr);
}

void error_print(const struct error *error)
{
    fputs("trnsim: ", stderr);
    if (error->path[0] != '\0') {
        print_clean(error->path);
        if (error->line > 0) {
            fprintf(stderr, ":%d", error->line);
        }
        if (error->line > 0 && error->column > 0) {
            fprintf(stderr, ":%d", error->column);
        }
        fputs(": ", stderr);
    }
    print_clean(error->message);
    putc('\n', stderr);
    if (error->path[0] != '\0' && error->line > 0) {
        print_source(error);
    }
}
