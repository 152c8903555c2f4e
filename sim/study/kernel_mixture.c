/* SPDX-License-Identifier: Apache-2.0 */
#include "study/kernel_mixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

static const char power_law[] = "power_law_";
enum { DRAWS = 3, CLIP_ROUNDS = 8, PRODUCTS_AND_MORE = 4 };

/* Weight of an expert in a power law between 1 and 0.8 of all tokens; share 0: the most. */
static double power_weight(double exponent, double tokens, double share)
{
    double top = fmax(0.8 * tokens, 1.001), power = 1 - exponent;
    return pow(1 + (pow(top, power) - 1) * (1 - share), 1 / power);
}

/* No expert gets more than every token once; what is over goes to the others in proportion. */
static void clip(double *rows, int64_t experts, double tokens)
{
    for (int round = 0; round < CLIP_ROUNDS; round++) {
        double over = 0, free = 0;
        for (int64_t e = 0; e < experts; e++) {
            over += fmax(0, rows[e] - tokens);
            free += rows[e] < tokens ? rows[e] : 0;
        }
        if (!(over > 0) || !(free > 0)) {
            return;
        }
        for (int64_t e = 0; e < experts; e++) {
            rows[e] = fmin(tokens, rows[e] * (rows[e] < tokens ? 1 + over / free : 1));
        }
    }
}

static void power_rows(const struct kernel_mixture *mixture, double *rows)
{
    int64_t experts = (int64_t)mixture->experts;
    double exponent = strtod(mixture->law + strlen(power_law), NULL), sum = 0;
    for (int64_t e = 0; e < experts; e++) {
        rows[e] = power_weight(exponent, mixture->tokens, ((double)e + 0.5) / (double)experts);
        sum += rows[e];
    }
    for (int64_t e = 0; e < experts; e++) {
        rows[e] *= mixture->tokens * mixture->chosen / sum;
    }
    clip(rows, experts, mixture->tokens);
}

static void shuffle(double *rows, int64_t count, struct random_stream *stream)
{
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j = random_below(stream, i + 1);
        double other = rows[i];
        rows[i] = rows[j];
        rows[j] = other;
    }
}

/* Where the place with most rows begins, and how many those are. */
static int64_t fullest(const double *rows, int64_t experts, int64_t own, double *most)
{
    int64_t best = 0;
    *most = -1;
    for (int64_t first = 0; first + own <= experts; first += own) {
        double sum = 0;
        for (int64_t e = first; e < first + own; e++) {
            sum += rows[e];
        }
        best = sum > *most ? first : best;
        *most = fmax(*most, sum);
    }
    return best;
}

static int64_t as_groups(const double *rows, int64_t count, struct row_group *groups)
{
    for (int64_t e = 0; e < count; e++) {
        double chance = 1 - exp(-rows[e]);
        groups[e] = (struct row_group){rows[e] / chance, chance};
    }
    return count;
}

/* Experts lie on places by chance: of some draws the one in the middle. */
static int64_t power_groups(const struct kernel_mixture *mixture, int64_t own,
                            struct row_group *groups)
{
    double rows[MIXTURE_MOST_EXPERTS], most[DRAWS], sorted[DRAWS];
    struct row_group drawn[DRAWS][MIXTURE_MOST_EXPERTS];
    int64_t experts = (int64_t)mixture->experts;
    struct random_stream stream;
    random_init(&stream, 1, "experts");
    power_rows(mixture, rows);
    for (int draw = 0; draw < DRAWS; draw++) {
        shuffle(rows, experts, &stream);
        int64_t first = fullest(rows, experts, own, &most[draw]);
        as_groups(rows + first, own, drawn[draw]);
    }
    sorted[0] = fmin(fmin(most[0], most[1]), most[2]);
    sorted[2] = fmax(fmax(most[0], most[1]), most[2]);
    int middle = 0;
    while (middle < DRAWS - 1 && (most[middle] == sorted[0] || most[middle] == sorted[2])) {
        middle++;
    }
    memcpy(groups, drawn[middle], (size_t)own * sizeof *groups);
    return own;
}

int64_t kernel_mixture_groups(const struct kernel_mixture *mixture,
                              struct row_group groups[MIXTURE_MOST_EXPERTS])
{
    int64_t own = (int64_t)fmax(1, floor(mixture->experts / mixture->places));
    if (strncmp(mixture->law, power_law, strlen(power_law)) == 0) {
        return power_groups(mixture, own, groups);
    }
    double pairs = mixture->tokens * mixture->chosen;
    double met = fmin(mixture->experts, pairs) / mixture->places;
    met = fmax(1, fmin((double)own, round(met)));
    groups[0] = (struct row_group){fmax(1, pairs / mixture->places / met), met};
    return 1;
}

/* Both grouped products. */
static double products_s(const struct chip *chip, const struct kernel_mixture *mixture,
                         const struct product *like, const struct number_format *format,
                         const struct engine_call *call)
{
    struct product up = *like, down = *like;
    up.n = 2 * mixture->width;
    up.k = mixture->hidden;
    up.converted_rows = mixture->tokens;
    down.n = mixture->hidden;
    down.k = mixture->width;
    return product_s(chip, &up, format, call) + product_s(chip, &down, format, call);
}

/* Activation and weighted sum; and zeros for pairs elsewhere where buffers hold them. */
static double vectors_s(const struct chip *chip, const struct kernel_mixture *mixture,
                        double own_rows, const struct engine_call *call)
{
    double pairs = mixture->tokens * mixture->chosen;
    double rows = call->all_pairs ? pairs : own_rows;
    double zeros = fmax(0, rows - own_rows) * (2 * mixture->width + mixture->hidden);
    return kernel_vector_s(chip, 3 * rows * mixture->width, call->launches) +
           kernel_vector_s(chip, (rows + mixture->tokens) * mixture->hidden, call->launches) +
           kernel_vector_s(chip, zeros, 0);
}

double kernel_mixture_s(const struct chip *chip, const struct kernel_mixture *mixture,
                        const struct number_format *format, const struct engine_call *call)
{
    struct row_group groups[MIXTURE_MOST_EXPERTS];
    double sizes =
        mixture->tokens * mixture->hidden * mixture->width * mixture->chosen * mixture->places;
    if (!(sizes > 0) || !(mixture->experts >= 1) || mixture->experts > MIXTURE_MOST_EXPERTS) {
        return (double)NAN;
    }
    struct product product = {.groups = groups,
                              .group_count = kernel_mixture_groups(mixture, groups)};
    double rows = 0;
    for (int64_t g = 0; g < product.group_count; g++) {
        product.batch += groups[g].count;
        rows += groups[g].count * groups[g].rows;
    }
    product.m = rows / product.batch;
    struct engine_call each = *call;
    each.launches /= PRODUCTS_AND_MORE; /* of the whole call */
    double time_s = products_s(chip, mixture, &product, format, &each) +
                    vectors_s(chip, mixture, rows, &each);
    return fmax(time_s, call->host_s);
}
