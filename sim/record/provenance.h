/* SPDX-License-Identifier: Apache-2.0 */
/* Where a result comes from: command, program, libraries, seed, and when, how long and with how
 * much memory it was made. The only part of a result that differs between two equal runs. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "record/result_file.h"

/* What only the caller knows, as texts; NULL is written as "". */
struct provenance_source {
    const char *command; /* the command line */
    const char *version, *git, *compiler;
    const char *simgrid;       /* "3.32" */
    const char *network_model; /* "CM02, crosstraffic off, ..." */
    const char *seed;
};

enum { PROVENANCE_FACTS = 11 };

struct provenance {
    struct result_fact facts[PROVENANCE_FACTS]; /* for struct result, complete after _end */
    double start_s;                             /* of a clock that only goes forward */
    double wall_s, peak_bytes;                  /* after _end */
    struct arena *arena;
};

/* Takes the time. To be called when the run starts. */
struct provenance *provenance_start(const struct provenance_source *source,
                                    struct arena *arena);

/* The seed of all random numbers, once the workload is read. */
void provenance_seed(struct provenance *provenance, uint64_t seed);

/* Fills wall_s and peak_bytes, and the facts simulator_wall_s and simulator_peak_bytes. */
void provenance_end(struct provenance *provenance);
