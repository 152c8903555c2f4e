/* SPDX-License-Identifier: Apache-2.0 */
/* A result on disk: HDF5, one group per table, one dataset per column with attributes "unit"
 * and "meaning"; written under a temporary name beside the target and renamed when complete, so
 * that no half file is ever seen. Layout: docs/RESULTS.md. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/error.h"
#include "record/table.h"

enum { RESULT_SCHEMA_VERSION = 1 };

struct result_input { /* a file that the result depends on: its exact text */
    const char *role; /* "workload", "model", "platform", "prices" */
    const char *path, *text;
    size_t size;
};

struct result_fact { /* provenance: name and text */
    const char *name, *text;
};

struct result {
    const char *kind; /* "training", "collective" */
    struct table **tables;
    int table_count;
    struct result_input *inputs;
    int input_count;
    struct result_fact *facts;
    int fact_count;
};

/* Refuses (USAGE) a path that exists and is no regular file, or whose folder is not there. Call
 * it before a long run: it also tries that the folder can be written (SYSTEM). */
bool result_file_check(const char *path, struct error *error);

/* Writes the result. On any failure nothing is left behind and the old file, if any, is whole.
 */
bool result_file_write(const char *path, const struct result *result, struct error *error);

/* Removes the temporary file of a write in progress; async-signal-safe, for SIGINT. */
void result_file_abandon(void);

/* Reads a table of a result: all its rows, with the columns that are asked for; a column that
 * the file does not have stays 0 (or ""). One clear INPUT error for truncated files, files of
 * other programs and other schema versions, columns of another type or unit. */
struct table *result_file_read(const char *path, const char *name, const struct column *columns,
                               int column_count, struct arena *arena, struct error *error);

/* A text attribute of a group: "kind" of "/", facts of "/provenance". */
const char *result_file_read_text(const char *path, const char *group, const char *name,
                                  struct arena *arena, struct error *error);

/* Reads the file whole in a child process first: flipped bits can bring the HDF5 library down,
 * and are then one INPUT error. Other faults are left to the reads that follow. */
bool result_file_probe(const char *path, struct error *error);

/* The digest, as result_file_digest() makes it, in such a child. */
bool result_file_digest_apart(const char *path, char text[DIGEST_TEXT_SIZE],
                              struct error *error);

/* The digest of every dataset and attribute outside /provenance. */
bool result_file_digest(const char *path, char text[DIGEST_TEXT_SIZE], struct error *error);
