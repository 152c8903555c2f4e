/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is written under a temporary name beside its target and renamed when it is
 * complete, so that no half file is ever seen, whatever ends the program. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct new_file {
    const char *path, *noun; /* as the user gave it; "result", "timeline" */
    char target[PATH_MAX];   /* that is replaced */
    int descriptor;
    int place;  /* among the files being written; -1: none */
    int reason; /* errno of the first write that failed; 0 */
};

/* Refuses (USAGE) a path that exists and is no regular file, or whose folder is not there. Call
 * it before a long run: it also tries that the folder can be written (SYSTEM). */
bool new_file_check(const char *path, const char *noun, struct error *error);

/* From now on nothing that this process writes is waited for to reach the disk: a failure of
 * power may lose it, the end of the program cannot. For many small files, synced together. */
void new_file_unsynced(void);

/* path and noun must live as long as the file. */
bool new_file_open(struct new_file *file, const char *path, const char *noun,
                   struct error *error);

/* The temporary file, for libraries that write by themselves. */
const char *new_file_temporary(const struct new_file *file);

/* What goes wrong is told by new_file_close. */
void new_file_write(struct new_file *file, const char *bytes, size_t size);

/* Makes the file appear under its name. On failure nothing is left behind and the old file, if
 * any, is whole. */
bool new_file_close(struct new_file *file, struct error *error);

/* Removes the temporary files of all writes in progress; async-signal-safe, for SIGINT. */
void new_file_abandon_all(void);
