/* SPDX-License-Identifier: Apache-2.0 */
/* The line of progress: share done, simulated time, simulated seconds per second, time left. */
#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"

static double wall_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool is_terminal(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDERR_FILENO) == 1 && (kind == NULL || strcmp(kind, "dumb") != 0);
}

void progress_start(struct progress *progress, const char *activity, bool quiet)
{
    *progress = (struct progress){.activity = activity, .start_wall_s = wall_s()};
    progress->shown = !quiet && is_terminal();
    progress->shown_wall_s = progress->start_wall_s;
}

static void show(struct progress *progress, const char *line)
{
    int width = (int)strlen(line);
    fprintf(stderr, "\r%-*s", progress->width > width ? progress->width : width, line);
    fflush(stderr);
    progress->width = width;
}

void progress_update(struct progress *progress, double done_fraction, double simulated_s)
{
    enum { CHANGES_PER_S = 10 };
    double now_s = progress->shown ? wall_s() : 0;
    if (!progress->shown || now_s - progress->shown_wall_s < 1.0 / CHANGES_PER_S) {
        return;
    }
    progress->shown_wall_s = now_s;
    double spent_s = now_s - progress->start_wall_s;
    double fraction = done_fraction < 1 ? done_fraction : 1;
    char simulated[24], rate[24], left[24] = "unknown", line[160];
    units_print(simulated, sizeof simulated, simulated_s, UNIT_SECONDS);
    units_print(rate, sizeof rate, simulated_s / spent_s, UNIT_SECONDS);
    if (fraction > 0) {
        units_print(left, sizeof left, spent_s * (1 - fraction) / fraction, UNIT_SECONDS);
    }
    snprintf(line, sizeof line, "%s: %3.0f %%, %s simulated, %s per second, %s left",
             progress->activity, 100 * fraction, simulated, rate, left);
    show(progress, line);
}

void progress_end(struct progress *progress)
{
    if (progress->shown && progress->width > 0) {
        show(progress, "");
        fputc('\r', stderr);
    }
    progress->shown = false;
}

double progress_wall_s(const struct progress *progress)
{
    return wall_s() - progress->start_wall_s;
}
