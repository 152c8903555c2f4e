/* SPDX-License-Identifier: Apache-2.0 */
/* A picture of a run over time, in the Chrome trace event format that Perfetto opens: tracks
 * with nested slices, arrows between them, counters. Written as the run goes on, so that memory
 * does not follow its length; times are seconds here and microseconds there. Layout and limits:
 * docs/TIMELINE.md. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct timeline_file;

struct timeline_track { /* numbers of a process and of a thread in it, from 1 */
    int32_t process, thread;
};

/* A begin of a slice. */
struct timeline_slice {
    const char *name, *category;
    const char *details; /* members of a JSON object, or NULL */
};

/* Whether it leaves a slice or comes to one; equal numbers make a pair. */
enum timeline_arrow { TIMELINE_ARROW_OUT, TIMELINE_ARROW_IN };

/* NULL and an error when the path cannot be written. */
struct timeline_file *timeline_file_open(const char *path, struct arena *arena,
                                         struct error *error);

/* Names of tracks, in the order of their numbers; details as above. */
void timeline_file_process(struct timeline_file *file, int32_t process, const char *name,
                           const char *details);
void timeline_file_thread(struct timeline_file *file, struct timeline_track track,
                          const char *name, const char *details);

/* Slices of a thread: the times of one thread never decrease, what began last ends first. */
void timeline_file_begin(struct timeline_file *file, struct timeline_track track,
                         const struct timeline_slice *slice, double time_s);
void timeline_file_end(struct timeline_file *file, struct timeline_track track, double time_s);

/* An arrow's end in the slice that is open at this time. */
void timeline_file_arrow(struct timeline_file *file, struct timeline_track track,
                         enum timeline_arrow end, const char *name, int64_t number,
                         double time_s);

/* Phases of something that is not one thing after the other: shown on rows of its own. */
void timeline_file_phase(struct timeline_file *file, int32_t process,
                         const struct timeline_slice *slice, int64_t number, double start_s,
                         double end_s);

/* The value holds until the next one of this name. */
void timeline_file_counter(struct timeline_file *file, int32_t process, const char *name,
                           double value, double time_s);

/* Slices and phases so far. */
int64_t timeline_file_slices(const struct timeline_file *file);

struct timeline_fact {
    const char *name, *text;
};

/* Adds facts about the whole, and makes the file appear. */
bool timeline_file_close(struct timeline_file *file, const struct timeline_fact *facts,
                         int count, struct error *error);

/* Text as a JSON string with its quotes. */
const char *timeline_file_quote(struct arena *arena, const char *text);
