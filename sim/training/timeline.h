/* SPDX-License-Identifier: Apache-2.0 */
/* Draws a job while it runs: teams as tracks with what they do, messages and exchanges as
 * arrows, transfers of a collective, power and links as counters. What a track's slices add up
 * to is the breakdown. At most so many slices: whole tracks are left out, and it is said.
 * docs/TIMELINE.md */
#pragma once

#include "execution/executor.h"
#include "record/timeline_file.h"
#include "workload/plan.h"

enum { TIMELINE_SLICES = 500000 };

struct timeline_request { /* what is to be drawn */
    const char *path;
    int64_t slice_limit;
    bool transfers;          /* of one collective: chips instead of teams */
    const struct plan *plan; /* whose teams these are; or NULL */
    const struct timeline_fact *facts;
    int fact_count;
    /* filled at the end */
    int64_t slices, drawn, all; /* drawn of all teams or pairs of chips that send */
    int64_t detailed;           /* of those drawn, with every operation */
    bool arrows_missing;        /* some, and exchanges between teams */
};

/* Runs a job as executor_run() does, in the job's arena, and draws it when request is not NULL;
 * the run is the same either way. */
bool timeline_run(struct timeline_request *request, const struct job *job,
                  const struct executor_options *options, struct execution *execution,
                  struct error *error);
