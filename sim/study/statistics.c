/* SPDX-License-Identifier: Apache-2.0 */
#include "study/statistics.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double statistics_quantile(double *values, int64_t count, double fraction)
{
    if (count == 0) {
        return (double)NAN;
    }
    qsort(values, (size_t)count, sizeof *values, ascending);
    double place = fraction * (double)(count - 1);
    int64_t below = (int64_t)place;
    int64_t above = below + 1 < count ? below + 1 : below;
    return values[below] + (place - (double)below) * (values[above] - values[below]);
}

double statistics_mean(const double *values, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return count == 0 ? (double)NAN : sum / (double)count;
}

struct ranked {
    double value;
    int64_t index;
};

static int by_value(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    return (a->value > b->value) - (a->value < b->value);
}

static double *ranks(const double *values, int64_t count, struct arena *arena)
{
    struct ranked *order = arena_array(arena, count, sizeof *order);
    double *rank = arena_array(arena, count, sizeof *rank);
    for (int64_t i = 0; i < count; i++) {
        order[i] = (struct ranked){values[i], i};
    }
    qsort(order, (size_t)count, sizeof *order, by_value);
    for (int64_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && order[end].value <= order[first].value; end++) {
        }
        for (int64_t i = first; i < end; i++) {
            rank[order[i].index] = (double)(first + end - 1) / 2;
        }
    }
    return rank;
}

double statistics_spearman(const double *x, const double *y, int64_t count, struct arena *arena)
{
    if (count < 3) {
        return (double)NAN;
    }
    const double *a = ranks(x, count, arena), *b = ranks(y, count, arena);
    double mean = (double)(count - 1) / 2, product = 0, square_a = 0, square_b = 0;
    for (int64_t i = 0; i < count; i++) {
        product += (a[i] - mean) * (b[i] - mean);
        square_a += (a[i] - mean) * (a[i] - mean);
        square_b += (b[i] - mean) * (b[i] - mean);
    }
    return square_a > 0 && square_b > 0 ? product / sqrt(square_a * square_b) : (double)NAN;
}
