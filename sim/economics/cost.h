/* SPDX-License-Identifier: Apache-2.0 */
/* Chip-hours to dollars, with the range that the price has. MODEL.md, "Cost". */
#pragma once

#include <stdint.h>

#include "economics/price.h"

struct cost_range {
    double usd, low_usd, high_usd;
};

/* What chips cost for a time; NAN everywhere when price is NULL. */
struct cost_range cost_of_chips(const struct price *price, int64_t chips, double time_s);

/* The same per million tokens, when the chips make tokens_per_s together. */
struct cost_range cost_per_million_tokens(const struct price *price, int64_t chips,
                                          double tokens_per_s);
