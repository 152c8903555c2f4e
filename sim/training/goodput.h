/* SPDX-License-Identifier: Apache-2.0 */
/* Months of a training run with failures, checkpoints and restarts, many times over: the share
 * of the time that is kept as progress. From failure to failure the time is closed form, so a
 * run of months takes microseconds. MODEL.md, "Goodput". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum { GOODPUT_CAUSES = 8 };

struct goodput_failure {
    const char *cause;
    double count;  /* components of this kind that the job uses */
    double mean_s; /* time to failure of one of them */
    double shape;  /* of Weibull gaps of the whole fleet; 1: exponential */
    bool planned;  /* announced: a checkpoint is written first, nothing is lost */
    /* Silent: the job goes on at this share of its speed until it is noticed, then is planned
     * like; 0: it stops at once. */
    double slow_speed, notice_s;
    double durable_fraction; /* that no copy in memory outlives: restart from the store */
    double takes_chips;      /* out of use for repair_s: what its topology says */
    /* Failures that the rate was counted from: each run has one of the rates that such a count
     * leaves open, its mean the one given; 0: the rate is known. */
    double counted;
};

struct goodput_case {
    double duration_s;
    double stop_s;     /* the job stands for each checkpoint */
    double write_s;    /* from its start until it can be restarted from; at least stop_s */
    double interval_s; /* work between checkpoints; 0: Daly's */
    double detection_s;
    double restart_s;         /* load, set up and warm up; a failure in it begins it again */
    double durable_restart_s; /* the same from the store, when copies in memory are lost too */
    int64_t durable_every;    /* checkpoints, of which one goes to the store; 0 or 1: each */
    double job_chips;         /* for lost chip-hours; 0: not asked */
    double repair_s;          /* until the part that failed can be used again */
    int64_t spares;           /* that wait for failures; 0: no limit, repair_s plays no part */
    struct goodput_failure failures[GOODPUT_CAUSES];
    int failure_count;
};

struct goodput_loss { /* hours of the whole job, mean over seeds */
    double checkpoint_h, detection_h, restart_h, rework_h, waiting_h, slow_h;
};

struct goodput {
    double goodput_fraction, low_fraction, high_fraction; /* mean, 2.5 and 97.5 % of seeds */
    double interruptions, low_interruptions, high_interruptions; /* the same */
    double mean_between_s, interval_s;
    struct goodput_loss loss;
    double interruptions_of[GOODPUT_CAUSES];
    double lost_h_of[GOODPUT_CAUSES]; /* detection, restart, rework, waiting and slowness */
    double lost_chip_h_of[GOODPUT_CAUSES]; /* of the job, and of what is under repair */
    double low_chip_h_of[GOODPUT_CAUSES], high_chip_h_of[GOODPUT_CAUSES]; /* 2.5, 97.5 % */
    double repair_chip_h; /* of all causes: chips under repair, not of the job */
};

/* Mean time between interruptions of the whole job; INFINITY when nothing fails. */
double goodput_mean_between_s(const struct goodput_case *what);

/* Work between checkpoints: as given, or Daly's for the failures that nobody announced. */
double goodput_interval_s(const struct goodput_case *what);

/* seeds runs; equal seed, equal result. */
struct goodput goodput_simulate(const struct goodput_case *what, uint64_t seed, int64_t seeds,
                                struct arena *arena);

/* The interval of the highest goodput by simulation: the vertex of a parabola through the
 * logarithms of intervals around Young's. */
double goodput_search_s(const struct goodput_case *what, uint64_t seed, int64_t seeds,
                        struct arena *arena);
