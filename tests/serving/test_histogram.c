/* SPDX-License-Identifier: Apache-2.0 */
/* Quantiles within their stated error, and sums of two histograms. */
#include "serving/histogram.h"

#include <math.h>

#include "base/arena.h"
#include "support/support.h"

/* 1 to 10,000 ms in steps of a millisecond: the quantile q is 10 q seconds. */
static void test_quantiles(void)
{
    struct arena *arena = arena_create();
    struct histogram *even = arena_alloc(arena, sizeof *even);
    struct histogram *odd = arena_alloc(arena, sizeof *odd);
    CU_ASSERT(isnan(histogram_quantile(even, 0.5)));
    for (int i = 1; i <= 10000; i++) {
        histogram_add(i % 2 == 0 ? even : odd, i * 1e-3);
    }
    histogram_merge(even, odd);
    static const double shares[] = {0.01, 0.1, 0.5, 0.9, 0.99};
    for (int i = 0; i < 5; i++) {
        CU_ASSERT(near(histogram_quantile(even, shares[i]), 10 * shares[i], 1.0 / 2000));
    }
    CU_ASSERT_EQUAL(histogram_quantile(even, 1), 10);
    CU_ASSERT(near(histogram_mean(even), 5.0005, 1e-12));
    arena_free(arena);
}

/* Zero, tiny and huge values are kept at the ends. */
static void test_ends(void)
{
    struct arena *arena = arena_create();
    struct histogram *histogram = arena_alloc(arena, sizeof *histogram);
    histogram_add(histogram, 0);
    histogram_add(histogram, 1e-30);
    histogram_add(histogram, 1e30);
    CU_ASSERT_EQUAL(histogram_quantile(histogram, 0.5), 0);
    CU_ASSERT(histogram_quantile(histogram, 1) > 1e12);
    CU_ASSERT_EQUAL(histogram->count, 3);
    arena_free(arena);
}

void suite_histogram(void)
{
    static const struct test tests[] = {{"quantiles", test_quantiles}, {"ends", test_ends}};
    add_suite("histogram", tests, sizeof tests / sizeof tests[0]);
}
