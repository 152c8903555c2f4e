/* SPDX-License-Identifier: Apache-2.0 */
/* Distributions as they are written, their quantiles, and what is made of samples. */
#include "study/uncertainty.h"

#include <math.h>
#include <string.h>

#include "support/support.h"

static double quantile_of(const char *text, double fraction)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct distribution distribution;
    double value = distribution_read(text, &distribution, arena, &error)
                       ? distribution_quantile(&distribution, fraction)
                       : (double)NAN;
    arena_free(arena);
    return value;
}

static void quantiles_are_exact(void)
{
    CU_ASSERT(near(quantile_of("1..3", 0.25), 1.5, 1e-12));
    CU_ASSERT(near(quantile_of("0.5..1.5", 1), 1.5, 1e-12));
    CU_ASSERT(near(quantile_of("loguniform(1, 100)", 0.5), 10, 1e-12));
    CU_ASSERT(near(quantile_of("normal(800W, 80W)", 0.95), 800 + 80 * 1.6448536, 1e-6));
    CU_ASSERT(near(quantile_of("lognormal(5, 2)", 0.5), 5, 1e-9));
    /* half of the area of a symmetric triangle is left of its peak; 1/8 of it left of 1/4 */
    CU_ASSERT(near(quantile_of("triangular(0, 1, 2)", 0.5), 1, 1e-12));
    CU_ASSERT(near(quantile_of("triangular(0, 1, 2)", 0.125), 0.5, 1e-12));
    CU_ASSERT(near(quantile_of("triangular(2, 2, 4)", 0), 2, 1e-12));
    CU_ASSERT(quantile_of("choice(a|b|c)", 0.5) == 1);
}

static void wrong_texts_are_refused(void)
{
    static const char *const texts[] = {"",
                                        "3",
                                        "3..1",
                                        "1W..2s",
                                        "normal(1)",
                                        "uniform(2,1",
                                        "choice()",
                                        "normal(1, -1)",
                                        "loguniform(0, 1)"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CU_ASSERT(isnan(quantile_of(texts[i], 0.5)));
    }
}

static struct uncertainty *made(struct arena *arena, int64_t samples)
{
    struct uncertainty_input *inputs = arena_array(arena, 2, sizeof *inputs);
    struct error error = {.kind = ERROR_NONE};
    inputs[0] = (struct uncertainty_input){.key = "x", .usual = "1"};
    inputs[1] = (struct uncertainty_input){.key = "y", .usual = ""};
    CU_ASSERT_FATAL(distribution_read("0s..2s", &inputs[0].distribution, arena, &error));
    CU_ASSERT_FATAL(distribution_read("0..10", &inputs[1].distribution, arena, &error));
    return uncertainty_create(inputs, 2, samples, 1, arena);
}

/* One sample in each stratum of each input; ends alone; the rest as usual. */
static void points_are_as_said(void)
{
    struct arena *arena = arena_create();
    enum { SAMPLES = 50 };
    struct uncertainty *all = made(arena, SAMPLES);
    CU_ASSERT(all->point_count == 1 + 4 + SAMPLES);
    CU_ASSERT_STRING_EQUAL(uncertainty_text(all, 0, 0), "1");
    CU_ASSERT_STRING_EQUAL(uncertainty_text(all, 1, 0), "0s");
    CU_ASSERT_STRING_EQUAL(uncertainty_text(all, 2, 0), "2s");
    CU_ASSERT_STRING_EQUAL(uncertainty_text(all, 2, 1), "");
    int seen[2][SAMPLES] = {{0}};
    for (int64_t p = 5; p < all->point_count; p++) {
        for (int i = 0; i < 2; i++) {
            seen[i][(int)(all->fractions[2 * p + i] * SAMPLES)]++;
        }
    }
    for (int s = 0; s < SAMPLES; s++) {
        CU_ASSERT(seen[0][s] == 1 && seen[1][s] == 1);
    }
    const struct uncertainty *again = made(arena, SAMPLES);
    CU_ASSERT(memcmp(all->fractions, again->fractions,
                     (size_t)all->point_count * 2 * sizeof(double)) == 0);
    arena_free(arena);
}

/* f = x + 3 y / 10 with x in 0..2 and y in 0..10: swings of 2 and 3, so y leads; the mean is
 * 1 + 1.5 within the error of stratified samples. */
static void a_linear_figure(void)
{
    struct arena *arena = arena_create();
    struct uncertainty *all = made(arena, 400);
    double *figures = arena_array(arena, all->point_count, sizeof(double));
    for (int64_t p = 0; p < all->point_count; p++) {
        double x = all->fractions[2 * p], y = all->fractions[2 * p + 1];
        figures[p] = (x < 0 ? 1 : 2 * x) + 3 * (y < 0 ? 0.5 : y);
    }
    figures[7] = (double)NAN; /* a sample that failed is left out */
    struct uncertainty_range range = uncertainty_range(all, figures);
    CU_ASSERT(range.count == 399 && near(range.value, 2.5, 1e-12));
    CU_ASSERT(near(range.mean, 2.5, 0.005));
    CU_ASSERT(near(range.deviation, sqrt((4 + 9) / 12.0), 0.02));
    const struct uncertainty_swing *swings = uncertainty_tornado(all, figures);
    CU_ASSERT(swings[0].input == 1 && near(swings[0].high - swings[0].low, 3, 1e-12));
    CU_ASSERT(swings[1].input == 0 && near(swings[1].high - swings[1].low, 2, 1e-12));
    CU_ASSERT(swings[0].rank > swings[1].rank && swings[1].rank > 0.4);
    arena_free(arena);
}

void suite_uncertainty(void)
{
    static const struct test tests[] = {
        {"quantiles are exact", quantiles_are_exact},
        {"wrong texts are refused", wrong_texts_are_refused},
        {"points are as said", points_are_as_said},
        {"a linear figure", a_linear_figure},
    };
    add_suite("uncertainty", tests, (int)(sizeof tests / sizeof tests[0]));
}
