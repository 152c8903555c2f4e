/* SPDX-License-Identifier: Apache-2.0 */
/* A training result beside a baseline, simulated or measured: ratios of the summary's numbers,
 * and where the chip-hours of a token went on either side. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "record/summary.h"

struct compared { /* one result */
    const char *path;
    const char *name;                        /* "trn3-ultraserver x 16" */
    const char *dtype;                       /* of matmul operands; "": not known */
    const struct table *summary, *breakdown; /* a measurement's breakdown is empty */
    bool is_measured;
};

/* False and an INPUT error when the file is neither a training result nor a baseline. */
bool comparison_read(const char *path, struct arena *arena, struct compared *compared,
                     struct error *error);

/* A number of the summary as a double; NAN when it is not known. */
double comparison_value(const struct compared *compared, enum summary_column column);
const char *comparison_text(const struct compared *compared, enum summary_column column);

/* Result over baseline; NAN when either is not known or the baseline is 0. */
double comparison_ratio(const struct compared *result, const struct compared *baseline,
                        enum summary_column column);

/* A ratio from low to high; NAN: nothing is known. */
struct comparison_range {
    double low, high;
};

/* How far from the ratio of two simulated step times that of measured ones may lie, as factors;
 * NAN when nothing is known of one. MODEL.md, "Evidence". */
struct comparison_range comparison_time_range(const struct compared *result,
                                              const struct compared *baseline);

/* Of tokens/s over those of the baseline, by the same. */
struct comparison_range comparison_speed_range(const struct compared *result,
                                               const struct compared *baseline);

/* Of the cost of a token over that on the baseline, by the ranges of the prices alone. */
struct comparison_range comparison_price_range(const struct compared *result,
                                               const struct compared *baseline);

/* Chip-hours per million tokens that a part of the step takes; parts that one side does not
 * have are 0 there. */
struct comparison_part {
    const char *part;
    double chip_h, baseline_chip_h;
};

/* The parts of both, the largest difference first; *count of them, in the arena. */
struct comparison_part *comparison_parts(const struct compared *result,
                                         const struct compared *baseline, struct arena *arena,
                                         int *count);

/* Price of one chip-hour; NAN when not known. */
double comparison_usd_per_chip_h(const struct compared *compared);

/* The price of the result's chip-hour at which a token costs what it does on the baseline; NAN
 * when the baseline has no price. It needs none of the result. */
double comparison_break_even(const struct compared *result, const struct compared *baseline);

/* Chip-hours per million tokens. */
double comparison_chip_h(const struct compared *compared);
