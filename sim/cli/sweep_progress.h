/* SPDX-License-Identifier: Apache-2.0 */
/* How far a sweep is, on stderr: a line that is rewritten on a terminal, a line now and then
 * elsewhere. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sweep_progress {
    int64_t done, failed, count; /* of this run */
    bool quiet, terminal;
    double start_s, shown_s;
};

void sweep_progress_start(struct sweep_progress *progress, int64_t count, bool quiet);
/* After a change of done or failed. */
void sweep_progress_show(struct sweep_progress *progress);
void sweep_progress_end(struct sweep_progress *progress);
double sweep_progress_wall_s(const struct sweep_progress *progress);
