/* SPDX-License-Identifier: Apache-2.0 */
/* Busy time to joules: a chip burns its idle power always and a share of the rest while it
 * works or waits for data; hosts, switches and fans are added per chip, and the building by
 * PUE. MODEL.md, "Energy". */
#pragma once

#include <stdint.h>

#include "hardware/chip.h"
#include "hardware/platform.h"

/* What one chip did in one step, mean over all chips. What is in none is idle: bubbles,
 * waiting. */
struct energy_activity {
    double work_s[WORK_KIND_COUNT];
    double communication_s; /* while it did not work: exposed communication */
    double step_s;
};

struct energy_use {
    double step_J;             /* of the facility, whole machine */
    double average_W, peak_W;  /* of the facility; peak: all chips at their hungriest kind */
    double idle_J, activity_J; /* chips: what they burn anyway, and more while they work */
    double host_J;             /* hosts; 0 when the platform does not tell them apart */
    double network_J;          /* all else beside the chips: switches, NICs, optics */
    double cooling_J;          /* fans and supplies of the boxes */
    double facility_J;         /* cooling and distribution of the building: what PUE adds */
};

/* chips of this type on this platform, all with the same activity. Sums of the activity beyond
 * the step are scaled down to it. */
struct energy_use energy_of_step(const struct platform *platform, const struct chip *chip,
                                 int64_t chips, const struct energy_activity *activity);

/* The share of (TDP - idle) that a kind of work takes, and exposed communication. */
double energy_work_share(enum work_kind kind);
double energy_communication_share(void);

/* The first kind of chip with the power of the mean: activities are means over chips, too. */
struct chip energy_mean_chip(const struct platform *platform);
