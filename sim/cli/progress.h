/* SPDX-License-Identifier: Apache-2.0 */
/* One line on stderr that is rewritten while a long run works; only on a terminal, so that logs
 * and pipes stay clean. It uses neither colours nor escape codes, so NO_COLOR has nothing to
 * switch off. */
#pragma once

#include <stdbool.h>

struct progress {
    const char *activity;              /* "simulating" */
    double start_wall_s, shown_wall_s; /* of a monotonic clock */
    int width;                         /* characters of the last line */
    bool shown;
};

/* quiet: nothing is ever shown. activity: a literal. */
void progress_start(struct progress *progress, const char *activity, bool quiet);

/* done_fraction of the work is done, simulated_s of the machine's time are behind us. Cheap:
 * call it often; the line changes ten times a second. */
void progress_update(struct progress *progress, double done_fraction, double simulated_s);

/* Wipes the line. */
void progress_end(struct progress *progress);

/* Seconds since progress_start, also when nothing is shown. */
double progress_wall_s(const struct progress *progress);
