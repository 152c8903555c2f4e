/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody who looks on while a job runs, to draw it: the run itself does not depend on it. All
 * functions are called in the order of simulated time of one team, pair or group; what a team
 * slept through is told when it wakes. */
#pragma once

#include "program/job.h"

/* Something that a team did, or waited for, from start to end. */
struct span {
    int32_t team;
    int32_t instruction; /* index in the team's program */
    int32_t op;          /* index in the sequence; -1: the instruction as a whole */
    double start_s, end_s;
};

struct executor_watch {
    void *argument;
    bool each_transfer; /* flows of a stage end one by one, not when the last of them does */
    /* A team begins to run a sequence now, at start_s. */
    void (*began)(void *argument, const struct span *span);
    /* A part of the step took a team's time: the breakdown is the sum of these. */
    void (*spent)(void *argument, const struct span *span, enum part_of_time part);
    /* An instruction is over: each that began, and others that took time. */
    void (*ended)(void *argument, const struct span *span);
    /* A message leaves a team; the receiver takes the next one from this peer. */
    void (*sent)(void *argument, int32_t team, int32_t to, enum peer from, double now_s);
    void (*received)(void *argument, int32_t team, enum peer from, double now_s);
    /* The last member came to an exchange that the others of its group waited in. */
    void (*met)(void *argument, int32_t group, int32_t last, double now_s);
    /* An exchange between teams went on from start to end. */
    void (*exchanged)(void *argument, int32_t group, int32_t spec, double start_s,
                      double end_s);
    /* Bytes moved over a pair, evenly as far as is known: an exchange that was slept through is
     * told as a whole. */
    void (*moved)(void *argument, int32_t pair, double bytes, double start_s, double end_s);
};
