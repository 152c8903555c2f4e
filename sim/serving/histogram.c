/* SPDX-License-Identifier: Apache-2.0 */
/* The leading bits of an IEEE double are its logarithm, near enough, without computing one. */
#include "serving/histogram.h"

#include <math.h>
#include <string.h>

enum { MANTISSA_BITS = 52, EXPONENT_BIAS = 1023 };
static const int64_t CELLS = (int64_t)(HISTOGRAM_HIGHEST - HISTOGRAM_LOWEST) << HISTOGRAM_BITS;

static int64_t cell_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int64_t place = (int64_t)(bits >> (MANTISSA_BITS - HISTOGRAM_BITS));
    place -= (int64_t)(EXPONENT_BIAS + HISTOGRAM_LOWEST) << HISTOGRAM_BITS;
    return place < CELLS ? place : CELLS - 1;
}

/* The middle of a cell. */
static double value_of(int64_t cell)
{
    int64_t place = cell + ((int64_t)(EXPONENT_BIAS + HISTOGRAM_LOWEST) << HISTOGRAM_BITS);
    uint64_t bits = (uint64_t)place << (MANTISSA_BITS - HISTOGRAM_BITS);
    bits += (uint64_t)1 << (MANTISSA_BITS - HISTOGRAM_BITS - 1);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void histogram_add(struct histogram *histogram, double value)
{
    int64_t cell = value > 0 ? cell_of(value) : -1;
    if (cell < 0) {
        histogram->below++;
    } else {
        histogram->counts[cell]++;
    }
    if (histogram->count == 0 || value < histogram->least) {
        histogram->least = value;
    }
    if (histogram->count == 0 || value > histogram->most) {
        histogram->most = value;
    }
    histogram->count++;
    histogram->sum += value;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    for (int64_t i = 0; i < CELLS; i++) {
        histogram->counts[i] += other->counts[i];
    }
    if (other->count > 0) {
        histogram->least =
            histogram->count == 0 ? other->least : fmin(histogram->least, other->least);
        histogram->most =
            histogram->count == 0 ? other->most : fmax(histogram->most, other->most);
    }
    histogram->count += other->count;
    histogram->below += other->below;
    histogram->sum += other->sum;
}

double histogram_quantile(const struct histogram *histogram, double share)
{
    if (histogram->count == 0) {
        return NAN;
    }
    int64_t wanted = (int64_t)ceil(share * (double)histogram->count);
    int64_t passed = histogram->below;
    if (passed >= wanted) {
        return histogram->least;
    }
    int64_t cell = 0;
    while (cell < CELLS - 1 && passed + histogram->counts[cell] < wanted) {
        passed += histogram->counts[cell++];
    }
    return fmin(fmax(value_of(cell), histogram->least), histogram->most);
}

double histogram_sum_from(const struct histogram *histogram, double value)
{
    double sum = 0;
    int64_t cell = value > 0 ? cell_of(value) : 0;
    for (cell = cell < 0 ? 0 : cell; cell < CELLS; cell++) {
        sum += (double)histogram->counts[cell] * value_of(cell);
    }
    return sum;
}

double histogram_mean(const struct histogram *histogram)
{
    return histogram->count == 0 ? (double)NAN : histogram->sum / (double)histogram->count;
}
