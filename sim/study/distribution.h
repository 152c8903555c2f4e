/* SPDX-License-Identifier: Apache-2.0 */
/* What an uncertain input may be, as people write it, and its quantiles.
 *
 *     1.1..1.5                    uniform          loguniform(1e6, 1e9)
 *     normal(800W, 80W)           mean, deviation  lognormal(5, 2)    median, factor of 1 sigma
 *     triangular(700W, 850W, 1kW) low, peak, high  choice(bf16|fp8)   equally likely
 *
 * Numbers of one distribution have one unit, written the same. MODEL.md, "Uncertainty". */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

enum distribution_kind {
    DISTRIBUTION_UNIFORM,
    DISTRIBUTION_LOGUNIFORM,
    DISTRIBUTION_TRIANGULAR,
    DISTRIBUTION_NORMAL,
    DISTRIBUTION_LOGNORMAL,
    DISTRIBUTION_CHOICE
};

struct distribution {
    enum distribution_kind kind;
    double a, b, c;
    const char *unit; /* behind the numbers: "W"; "" */
    const char **choices;
    int choice_count;
};

/* False and an INPUT error that shows the forms there are. */
bool distribution_read(const char *text, struct distribution *distribution, struct arena *arena,
                       struct error *error);

/* The value below which it is with probability fraction, as a number; for choices the index. */
double distribution_quantile(const struct distribution *distribution, double fraction);

/* The same as a text that a key takes; whole: rounded. */
const char *distribution_text(const struct distribution *distribution, double fraction,
                              bool whole, struct arena *arena);

/* The lowest and highest fraction that count as its ends: 0 and 1, or 5 and 95 % where there is
 * no end. */
void distribution_ends(const struct distribution *distribution, double fractions[2]);
