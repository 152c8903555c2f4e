/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a sweep: points/DIGEST.h5 for each point that is done, points/DIGEST.failed for
 * each that cannot be, named by the digest of what it depends on. Nothing else is ever touched.
 */
#pragma once

#include "base/digest.h"
#include "record/table.h"
#include "study/sweep.h"

enum sweep_state { SWEEP_MISSING, SWEEP_DONE, SWEEP_FAILED };

struct sweep_point {
    char digest[DIGEST_TEXT_SIZE];
    enum sweep_state state;
    bool blocked;          /* its file is there and is no result: left alone */
    int64_t same_as;       /* an earlier point of the same inputs; -1: none */
    const char *message;   /* of a failure */
    const union cell *row; /* of the summary, when it was read */
};

struct sweep_store {
    const struct sweep *sweep;
    const char *folder;
    struct sweep_point *points; /* [sweep->point_count], digests filled by the caller */
    struct column *columns;     /* of the summaries, known once a point is done */
    int column_count;
    int64_t foreign_count;    /* files in points/ that are none of the sweep's kind */
    const char *foreign_name; /* one of them */
    struct arena *arena;
};

/* Makes the folder where needed. */
bool sweep_store_open(struct sweep_store *store, struct error *error);

/* Finds out which points are done, have failed or are missing, and which are the same. */
void sweep_store_look(struct sweep_store *store);

/* The same for one point. Its row is kept. */
void sweep_store_look_at(struct sweep_store *store, int64_t point);

const char *sweep_store_path(const struct sweep_store *store, int64_t point,
                             struct arena *arena);

/* Writes a failure down, atomically. */
bool sweep_store_fail(const struct sweep_store *store, int64_t point, const char *message,
                      struct error *error);

/* Waits until all points are on the disk. */
void sweep_store_sync(const struct sweep_store *store);

/* Removes temporary files that killed runs left; only while no other sweep works here. */
void sweep_store_tidy(const struct sweep_store *store);

/* Writes sweep.h5: a row for every point, in the order of the sweep. */
bool sweep_store_gather(struct sweep_store *store, const char *version, struct error *error);
