/* SPDX-License-Identifier: Apache-2.0 */
/* What happens second by second: means of levels (requests that run and wait, blocks in use)
 * and sums of tokens, over all replicas. At most SERIES_LIMIT intervals: when a run is longer,
 * neighbours are joined and the interval doubles. MODEL.md, "Serving: statistics" */
#pragma once

#include <stdint.h>

#include "base/arena.h"

enum { SERIES_LIMIT = 100000 };

struct series_cell {
    double running_s, waiting_s, blocks_s; /* integrals over time */
    double output_tokens, prompt_tokens;
    double arrivals;
};

struct series {
    struct series_cell *cells; /* [SERIES_LIMIT], grown as time goes on */
    int64_t count, capacity;
    double interval_s, now_s;
    struct arena *arena;
};

void series_init(struct series *series, double interval_s, struct arena *arena);

/* Levels held from start to end, of some replicas. */
void series_add_levels(struct series *series, double start_s, double end_s, double running,
                       double waiting, double blocks);

/* The levels held from the last call until now. */
void series_levels(struct series *series, double now_s, double running, double waiting,
                   double blocks);

/* A request comes. */
void series_arrival(struct series *series, double time_s);

/* Tokens that came evenly from start to end. */
void series_tokens(struct series *series, double start_s, double end_s, double output_tokens,
                   double prompt_tokens);

/* The rate of arrivals in the busiest twentieth of the time from the first to the last, over
 * their mean rate; what chance adds to a count (two deviations of a Poisson process) is taken
 * off. 1 or more. MODEL.md, "Serving: saturation" */
double series_peak(const struct series *series);
