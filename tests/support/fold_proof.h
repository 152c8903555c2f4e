/* SPDX-License-Identifier: Apache-2.0 */
/* One job run twice, as it is and folded, each in a process of its own, and compared: start and
 * end of every operation of every team with those of the team that stands for it. */
#pragma once

#include "program/fold.h"

enum fold_verdict {
    FOLD_EQUAL,
    FOLD_DIFFERENT,
    FOLD_NOTHING, /* there is no such job */
    FOLD_CRASHED
};

struct fold_proof {
    /* Makes the job, the same whenever it is called, not planned; NULL: nothing. */
    struct job *(*make)(void *argument, struct arena *arena);
    void *argument;
    enum fold_blindness blindness;
    bool coalesce_full, coalesce_folded;
    bool quiet; /* a difference is expected: say nothing about it */
    /* what came out, of a proof that was EQUAL or DIFFERENT */
    double full_s, folded_s;
    int64_t teams, classes, flow_classes, spans;
    bool gave_up; /* looking for classes of flows */
};

enum fold_verdict fold_prove(struct fold_proof *proof);
