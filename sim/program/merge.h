/* SPDX-License-Identifier: Apache-2.0 */
/* Several jobs on one machine at once: each on its own chips, all on the same links. MODEL.md,
 * "Workloads side by side". */
#pragma once

#include "program/job.h"

/* Who gets which chips of equal parts: one after the other, domains in turn, chips in turn. */
enum merge_layout { MERGE_BLOCKS, MERGE_DOMAINS, MERGE_CHIPS, MERGE_LAYOUT_COUNT };
const char *merge_layout_name(enum merge_layout layout);

struct merge_part {
    const struct job *job; /* not planned; made for a machine of a part's domains */
    int64_t place;         /* among the parts, from 0 */
    int64_t steps;         /* how often its programs are run, one step after the other */
};

/* The chip of the whole machine that a part's chip is. */
int64_t merge_chip(const struct platform *platform, enum merge_layout layout,
                   int64_t part_count, int64_t place, int64_t chip);

/* One job, still to be planned, of jobs that share a machine cut into part_count parts; those
 * of the list run, the chips of the others stay idle. *program_end[i] is where the programs of
 * entry i end in the new list. */
struct job *merge_jobs(const struct platform *platform, enum merge_layout layout,
                       int64_t part_count, const struct merge_part *list, int64_t count,
                       int32_t *program_end, struct arena *arena);
