/* SPDX-License-Identifier: Apache-2.0 */
/* A collective alone as a job: one team of all its chips, one exchange. */
#pragma once

#include "program/job.h"

struct collective_request {
    enum collective_operation operation;
    double bytes;
    const char *algorithm;
    int64_t chips;      /* the first so many that live */
    int64_t per_domain; /* the first so many of each domain; 0: domains are filled */
};

/* Chips of the group, when so many are wanted; 0: all that live and do not wait. */
int64_t lower_collective_chips(const struct platform *platform, int64_t wanted);

/* The job, its exchange still to be planned. NULL and an error when the machine has too few
 * chips.
 */
struct job *lower_collective(const struct platform *platform,
                             const struct collective_request *request, struct arena *arena,
                             struct error *error);
