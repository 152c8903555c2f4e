/* SPDX-License-Identifier: Apache-2.0 */
/* MODEL.md, "Cost": price per chip-hour times chip-hours. */
#include "economics/cost.h"

#include <math.h>

struct cost_range cost_of_chips(const struct price *price, int64_t chips, double time_s)
{
    if (price == NULL) {
        return (struct cost_range){(double)NAN, (double)NAN, (double)NAN};
    }
    double chip_h = (double)chips * time_s / 3600;
    return (struct cost_range){.usd = price->usd_per_chip_h * chip_h,
                               .low_usd = price->low_usd_per_chip_h * chip_h,
                               .high_usd = price->high_usd_per_chip_h * chip_h};
}

struct cost_range cost_per_million_tokens(const struct price *price, int64_t chips,
                                          double tokens_per_s)
{
    return cost_of_chips(price, chips, 1e6 / tokens_per_s);
}
