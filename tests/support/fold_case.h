/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs for the proof of folding, all drawn from a seed: the same number is the same case in
 * every process. Training plans and free mixes of exchanges on clusters with and without
 * defects. */
#pragma once

#include "program/job.h"

struct fold_case {
    int64_t number;
    bool narrow; /* a shared bottleneck: oversubscribed tiers, shared NICs */
    bool large;  /* hundreds of chips in place of some tens */
    /* what was drawn */
    bool partly; /* the last domain that works and the last group of a tier are half filled */
    bool planes; /* of the scale-out network, not all alike */
    bool dead;   /* chips; others stand in for them */
    bool second_kind; /* of chip */
    char text[640];
};

/* The job, not planned. NULL when the plan drawn does not fit: counted by the test. */
struct job *fold_case_job(struct fold_case *fold_case, struct arena *arena);
