/* SPDX-License-Identifier: Apache-2.0 */
/* Done, failed, rate, time left; ten times a second on a terminal, else every ten seconds. */
#include "cli/sweep_progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void sweep_progress_start(struct sweep_progress *progress, int64_t count, bool quiet)
{
    *progress = (struct sweep_progress){.count = count, .quiet = quiet};
    progress->terminal = isatty(STDERR_FILENO) == 1;
    progress->start_s = now_s();
    progress->shown_s = progress->start_s;
}

void sweep_progress_show(struct sweep_progress *progress)
{
    double now = now_s(), spent_s = now - progress->start_s;
    if (progress->quiet || now - progress->shown_s < (progress->terminal ? 0.1 : 10)) {
        return;
    }
    progress->shown_s = now;
    int64_t ended = progress->done + progress->failed;
    char left[24] = "unknown";
    if (ended > 0) {
        double each_s = spent_s / (double)ended;
        units_print(left, sizeof left, each_s * (double)(progress->count - ended),
                    UNIT_SECONDS);
    }
    fprintf(stderr, "%ssweep: %lld of %lld done, %lld failed, %.3g points/s, %s left%s",
            progress->terminal ? "\r" : "trnsim: ", (long long)progress->done,
            (long long)progress->count, (long long)progress->failed, (double)ended / spent_s,
            left, progress->terminal ? "   " : "\n");
    fflush(stderr);
}

void sweep_progress_end(struct sweep_progress *progress)
{
    if (!progress->quiet && progress->terminal) {
        fprintf(stderr, "\r%-78s\r", "");
    }
}

double sweep_progress_wall_s(const struct sweep_progress *progress)
{
    return now_s() - progress->start_s;
}
