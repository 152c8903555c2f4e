/* SPDX-License-Identifier: Apache-2.0 */
#include "study/distribution.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHOICES = 64 };

static const struct {
    const char *name;
    enum distribution_kind kind;
    int arguments;
} forms[] = {
    {"uniform", DISTRIBUTION_UNIFORM, 2},       {"loguniform", DISTRIBUTION_LOGUNIFORM, 2},
    {"triangular", DISTRIBUTION_TRIANGULAR, 3}, {"normal", DISTRIBUTION_NORMAL, 2},
    {"lognormal", DISTRIBUTION_LOGNORMAL, 2},   {"choice", DISTRIBUTION_CHOICE, 0},
};

static bool refuse(const char *text, const char *what, struct error *error)
{
    return error_fill(error, ERROR_INPUT,
                      "'%.80s' %s; expected 1..2, uniform(1, 2), loguniform(1, 2), "
                      "triangular(low, peak, high), normal(mean, deviation), lognormal(median, "
                      "factor) or choice(a|b)",
                      text, what);
}

/* A number and the unit that follows it up to one of the ends; NULL when it is none. */
static const char *number(const char *at, const char *ends, double *value, const char **unit,
                          struct arena *arena)
{
    char *after;
    at += strspn(at, " ");
    *value = strtod(at, &after);
    if (after == at || !isfinite(*value)) {
        return NULL;
    }
    if (after[-1] == '.' && *after == '.') { /* "1..2": the point is not of the number */
        after--;
    }
    size_t length = strcspn(after, ends);
    size_t kept = length;
    while (kept > 0 && after[kept - 1] == ' ') {
        kept--;
    }
    *unit = arena_format(arena, "%.*s", (int)kept, after);
    return after + length;
}

/* from..to */
static bool read_span(const char *text, struct distribution *distribution, struct arena *arena,
                      struct error *error)
{
    const char *first, *second;
    distribution->kind = DISTRIBUTION_UNIFORM;
    const char *at = number(text, ".", &distribution->a, &first, arena);
    if (at == NULL || strncmp(at, "..", 2) != 0 ||
        (at = number(at + 2, "", &distribution->b, &second, arena)) == NULL || *at != '\0') {
        return refuse(text, "is no distribution", error);
    }
    if (*first != '\0' && strcmp(first, second) != 0) {
        return refuse(text, "has two units", error);
    }
    distribution->unit = second;
    return distribution->a <= distribution->b || refuse(text, "ends before it begins", error);
}

static bool read_choices(const char *text, const char *at, struct distribution *distribution,
                         struct arena *arena, struct error *error)
{
    char *rest = arena_format(arena, "%.*s", (int)strcspn(at, ")"), at);
    distribution->unit = "";
    distribution->choices = arena_array(arena, CHOICES, sizeof(char *));
    for (char *word;
         (word = strtok_r(rest, "|", &rest)) != NULL && distribution->choice_count < CHOICES;) {
        distribution->choices[distribution->choice_count++] = word;
    }
    return distribution->choice_count > 0 || refuse(text, "has no choices", error);
}

static bool sensible(const char *text, const struct distribution *distribution,
                     struct error *error)
{
    double a = distribution->a, b = distribution->b, c = distribution->c;
    switch (distribution->kind) {
    case DISTRIBUTION_UNIFORM:
        return a <= b || refuse(text, "ends before it begins", error);
    case DISTRIBUTION_LOGUNIFORM:
        return (a > 0 && a <= b) || refuse(text, "needs 0 < low <= high", error);
    case DISTRIBUTION_TRIANGULAR:
        return (a <= b && b <= c) || refuse(text, "needs low <= peak <= high", error);
    case DISTRIBUTION_NORMAL:
        return b >= 0 || refuse(text, "has a deviation below 0", error);
    case DISTRIBUTION_LOGNORMAL:
        return (a > 0 && b >= 1) ||
               refuse(text, "needs a median above 0 and a factor of 1 or more", error);
    case DISTRIBUTION_CHOICE:
        break;
    }
    return true;
}

static bool read_call(const char *text, size_t form, struct distribution *distribution,
                      struct arena *arena, struct error *error)
{
    double *values[] = {&distribution->a, &distribution->b, &distribution->c};
    const char *at = strchr(text, '(') + 1, *unit = NULL;
    distribution->kind = forms[form].kind;
    if (distribution->kind == DISTRIBUTION_CHOICE) {
        return read_choices(text, at, distribution, arena, error);
    }
    distribution->unit = NULL;
    for (int i = 0; i < forms[form].arguments; i++) {
        bool last = i == forms[form].arguments - 1;
        at = number(at, ",)", values[i], &unit, arena);
        if (at == NULL || *at != (last ? ')' : ',')) {
            return refuse(text, "has wrong numbers", error);
        }
        bool factor = distribution->kind == DISTRIBUTION_LOGNORMAL && i == 1;
        if (distribution->unit != NULL && !factor && strcmp(unit, distribution->unit) != 0) {
            return refuse(text, "has two units", error);
        }
        distribution->unit = distribution->unit == NULL ? unit : distribution->unit;
        at++;
    }
    return sensible(text, distribution, error);
}

bool distribution_read(const char *text, struct distribution *distribution, struct arena *arena,
                       struct error *error)
{
    *distribution = (struct distribution){.unit = ""};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t length = strlen(forms[i].name);
        if (strncmp(text, forms[i].name, length) == 0 && text[length] == '(') {
            return strchr(text, ')') != NULL ? read_call(text, i, distribution, arena, error)
                                             : refuse(text, "has no closing bracket", error);
        }
    }
    return read_span(text, distribution, arena, error);
}

/* By bisection of the error function: a few draws, no table of coefficients. */
static double normal_quantile(double fraction)
{
    double low = -8.5, high = 8.5;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (0.5 * erfc(-middle / sqrt(2)) < fraction) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (low + high) / 2;
}

static double triangular_quantile(double low, double peak, double high, double fraction)
{
    double width = high - low;
    if (width <= 0) {
        return low;
    }
    return fraction * width < peak - low ? low + sqrt(fraction * width * (peak - low))
                                         : high - sqrt((1 - fraction) * width * (high - peak));
}

double distribution_quantile(const struct distribution *distribution, double fraction)
{
    double a = distribution->a, b = distribution->b;
    switch (distribution->kind) {
    case DISTRIBUTION_UNIFORM:
        return a + (b - a) * fraction;
    case DISTRIBUTION_LOGUNIFORM:
        return a * pow(b / a, fraction);
    case DISTRIBUTION_TRIANGULAR:
        return triangular_quantile(a, b, distribution->c, fraction);
    case DISTRIBUTION_NORMAL:
        return a + b * normal_quantile(fraction);
    case DISTRIBUTION_LOGNORMAL:
        return a * pow(b, normal_quantile(fraction));
    case DISTRIBUTION_CHOICE:
        break;
    }
    return fmin(floor(fraction * distribution->choice_count), distribution->choice_count - 1);
}

const char *distribution_text(const struct distribution *distribution, double fraction,
                              bool whole, struct arena *arena)
{
    double value = distribution_quantile(distribution, fraction);
    if (distribution->kind == DISTRIBUTION_CHOICE) {
        return distribution->choices[(int)value];
    }
    return whole ? arena_format(arena, "%.0f%s", round(value), distribution->unit)
                 : arena_format(arena, "%.6g%s", value, distribution->unit);
}

void distribution_ends(const struct distribution *distribution, double fractions[2])
{
    bool open = distribution->kind == DISTRIBUTION_NORMAL ||
                distribution->kind == DISTRIBUTION_LOGNORMAL;
    fractions[0] = open ? 0.05 : 0;
    fractions[1] = open ? 0.95 : 1;
}
