/* SPDX-License-Identifier: Apache-2.0 */
/* Amounts over time (joules, bytes) in a fixed number of equal intervals, whatever the length
 * of the run: when it goes on beyond the last, neighbours are joined. An interval's amount over
 * its width is a mean rate; nothing of what was added is lost. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "record/timeline_file.h"

enum { GAUGE_INTERVALS = 1024 };

struct gauge {
    double *amounts; /* [count x GAUGE_INTERVALS] */
    int64_t count;   /* of quantities, all over the same intervals */
    double width_s;
};

void gauge_init(struct gauge *gauge, int64_t count, struct arena *arena);

/* Adds an amount that came evenly from start to end. */
void gauge_add(struct gauge *gauge, int64_t quantity, double start_s, double end_s,
               double amount);

/* Transfers that share a link are each told as if even, which can add up to more than it
 * carries in an interval: what is too much for a rate moves to intervals before, then after. */
void gauge_level(struct gauge *gauge, int64_t quantity, double rate);

/* A counter: base + scale x rate, until the end of the run, then 0. */
struct gauge_counter {
    const char *name;
    int32_t process;
    double base, scale, end_s;
};
void gauge_write(const struct gauge *gauge, int64_t quantity,
                 const struct gauge_counter *counter, struct timeline_file *file);
