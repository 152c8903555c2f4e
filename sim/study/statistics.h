/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of a set of errors, and rank correlation. docs/ACCURACY.md says how they are read. */
#pragma once

#include <stdint.h>

#include "base/arena.h"

/* The fraction-quantile (0.5: median) of values, interpolated linearly between ranks; sorts
 * values. NAN for none. */
double statistics_quantile(double *values, int64_t count, double fraction);

double statistics_mean(const double *values, int64_t count);

/* Spearman's rank correlation, equal values sharing the mean of their ranks; NAN for less than
 * three pairs or when all of one side are equal. */
double statistics_spearman(const double *x, const double *y, int64_t count,
                           struct arena *arena);
