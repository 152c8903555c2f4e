/* SPDX-License-Identifier: Apache-2.0 */
/* Quantiles of any number of positive values in fixed memory: values are counted by their
 * exponent and leading ten bits, so that a quantile is wrong by at most one part in 2,000.
 * Histograms add up. MODEL.md, "Serving: statistics" */
#pragma once

#include <stdint.h>

enum { HISTOGRAM_BITS = 10, HISTOGRAM_LOWEST = -34, HISTOGRAM_HIGHEST = 40 };

struct histogram {
    int64_t counts[(HISTOGRAM_HIGHEST - HISTOGRAM_LOWEST) << HISTOGRAM_BITS];
    int64_t count, below; /* below: not positive, or less than 2^HISTOGRAM_LOWEST */
    double sum, least, most;
};

void histogram_add(struct histogram *histogram, double value);
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* The smallest value that a share of the values does not exceed; NAN when there are none. */
double histogram_quantile(const struct histogram *histogram, double share);
double histogram_mean(const struct histogram *histogram);

/* Sum of the values from a value on. */
double histogram_sum_from(const struct histogram *histogram, double value);
