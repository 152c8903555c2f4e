/* SPDX-License-Identifier: Apache-2.0 */
#include "study/uncertainty.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "study/statistics.h"

static const double USUAL = -1;

static double *fraction_at(const struct uncertainty *uncertainty, int64_t point, int64_t input)
{
    return &uncertainty->fractions[point * uncertainty->input_count + input];
}

/* One sample in each of so many equal strata, in random order; a stream for each key, so that
 * another input leaves the samples of the others. */
static void draw(struct uncertainty *uncertainty, int64_t input, int64_t *order)
{
    int64_t samples = uncertainty->samples;
    struct random_stream stream;
    char name[160];
    snprintf(name, sizeof name, "uncertainty %.120s", uncertainty->inputs[input].key);
    random_init(&stream, uncertainty->seed, name);
    for (int64_t i = 0; i < samples; i++) {
        int64_t other = random_below(&stream, i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    int64_t first = uncertainty->point_count - samples;
    for (int64_t i = 0; i < samples; i++) {
        *fraction_at(uncertainty, first + i, input) =
            ((double)order[i] + random_uniform(&stream)) / (double)samples;
    }
}

struct uncertainty *uncertainty_create(const struct uncertainty_input *inputs, int64_t count,
                                       int64_t samples, uint64_t seed, struct arena *arena)
{
    struct uncertainty *made = arena_alloc(arena, sizeof *made);
    *made = (struct uncertainty){.inputs = inputs,
                                 .input_count = count,
                                 .samples = samples,
                                 .seed = seed,
                                 .point_count = 1 + 2 * count + samples,
                                 .arena = arena};
    made->fractions = arena_array(arena, made->point_count * count + 1, sizeof(double));
    int64_t *order = arena_array(arena, samples + 1, sizeof *order);
    for (int64_t i = 0; i < made->point_count * count; i++) {
        made->fractions[i] = USUAL;
    }
    for (int64_t i = 0; i < count; i++) {
        double ends[2];
        distribution_ends(&inputs[i].distribution, ends);
        *fraction_at(made, 1 + 2 * i, i) = ends[0];
        *fraction_at(made, 2 + 2 * i, i) = ends[1];
        draw(made, i, order);
    }
    return made;
}

const char *uncertainty_text(const struct uncertainty *uncertainty, int64_t point,
                             int64_t input)
{
    const struct uncertainty_input *what = &uncertainty->inputs[input];
    double fraction = *fraction_at(uncertainty, point, input);
    return fraction < 0 ? what->usual
                        : distribution_text(&what->distribution, fraction, what->whole,
                                            uncertainty->arena);
}

struct uncertainty_range uncertainty_range(const struct uncertainty *uncertainty,
                                           const double *figures)
{
    int64_t first = uncertainty->point_count - uncertainty->samples, count = 0;
    double *values = arena_array(uncertainty->arena, uncertainty->samples + 1, sizeof(double));
    double squares = 0;
    for (int64_t i = first; i < uncertainty->point_count; i++) {
        if (isfinite(figures[i])) {
            values[count++] = figures[i];
        }
    }
    struct uncertainty_range range = {.value = figures[0], .count = count};
    range.mean = statistics_mean(values, count);
    for (int64_t i = 0; i < count; i++) {
        squares += (values[i] - range.mean) * (values[i] - range.mean);
    }
    range.deviation = count > 1 ? sqrt(squares / (double)(count - 1)) : (double)NAN;
    range.p05 = statistics_quantile(values, count, 0.05);
    range.p50 = statistics_quantile(values, count, 0.5);
    range.p95 = statistics_quantile(values, count, 0.95);
    range.least = count > 0 ? values[0] : (double)NAN; /* sorted by now */
    range.most = count > 0 ? values[count - 1] : (double)NAN;
    return range;
}

static double rank_of(const struct uncertainty *uncertainty, const double *figures,
                      int64_t input)
{
    int64_t first = uncertainty->point_count - uncertainty->samples, count = 0;
    double *x = arena_array(uncertainty->arena, 2 * uncertainty->samples + 1, sizeof(double));
    double *y = x + uncertainty->samples;
    for (int64_t i = first; i < uncertainty->point_count; i++) {
        if (isfinite(figures[i])) {
            x[count] = *fraction_at(uncertainty, i, input);
            y[count++] = figures[i];
        }
    }
    return statistics_spearman(x, y, count, uncertainty->arena);
}

static double width(const struct uncertainty_swing *swing)
{
    double size = fabs(swing->high - swing->low);
    return isfinite(size) ? size : 0;
}

static int widest_first(const void *left, const void *right)
{
    const struct uncertainty_swing *a = left, *b = right;
    double x = width(a), y = width(b);
    return x != y ? (x < y) - (x > y) : (a->input > b->input) - (a->input < b->input);
}

struct uncertainty_swing *uncertainty_tornado(const struct uncertainty *uncertainty,
                                              const double *figures)
{
    int64_t count = uncertainty->input_count;
    struct uncertainty_swing *swings =
        arena_array(uncertainty->arena, count + 1, sizeof *swings);
    for (int64_t i = 0; i < count; i++) {
        swings[i] = (struct uncertainty_swing){i, figures[1 + 2 * i], figures[2 + 2 * i],
                                               rank_of(uncertainty, figures, i)};
    }
    qsort(swings, (size_t)count, sizeof *swings, widest_first);
    return swings;
}
