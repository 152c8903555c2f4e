/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong, said to the person who can mend it. Filled once, by the function that knows
 * most, and passed up unchanged; cli/main.c prints it and turns its kind into the exit status.
 */
#pragma once

#include <stdbool.h>

/* X(NAME, exit status, meaning): one table for the enum, the exit status and --help. */
#define ERROR_KINDS(X)                                                                         \
    X(NONE, 0, "done")                                                                         \
    X(DIFFERS, 1, "only with --expect: a comparison or claim is beyond its tolerance")         \
    X(USAGE, 2, "the command line is wrong")                                                   \
    X(INPUT, 3, "an input file is wrong")                                                      \
    X(INFEASIBLE, 4, "the plan does not fit the machine")                                      \
    X(SYSTEM, 5, "the operating system or a library refused")                                  \
    X(INTERRUPTED, 130, "interrupted by SIGINT")

#define ERROR_ENUM(NAME, status, meaning) ERROR_##NAME,
enum error_kind { ERROR_KINDS(ERROR_ENUM) ERROR_KIND_COUNT };
#undef ERROR_ENUM

struct error {
    enum error_kind kind; /* ERROR_NONE until filled */
    char path[256];       /* the user's file, or "" */
    int line, column;     /* 1-based; 0 when unknown */
    char message[768];    /* "found, expected; remedy", no full stop */
};

/* Fills error with kind and message. Always false, so that `return error_fill(...)` is the
 * whole idiom. A filled error is kept: the first cause is the one that is told. */
bool error_fill(struct error *error, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with a place in the user's file. line and column may be 0. Always false. */
bool error_at(struct error *error, enum error_kind kind, const char *path, int line, int column,
              const char *format, ...) __attribute__((format(printf, 6, 7)));

int error_exit_status(enum error_kind kind);
const char *error_meaning(enum error_kind kind);

/* Prints "trnsim: FILE:LINE:COLUMN: message" to stderr and, when line is known and the file can
 * be read, the source line with a caret under the column. */
void error_print(const struct error *error);
