/* SPDX-License-Identifier: Apache-2.0 */
/* Times of a collective over the chips of a replica, by size: planned and priced once at
 * powers of two. MODEL.md, "Serving: step time" */
#pragma once

#include "collective/collective.h"

enum { EXCHANGE_SIZES = 40 };

struct exchange_table {
    double bytes[EXCHANGE_SIZES], time_s[EXCHANGE_SIZES];
    int count;
};

/* For 'count' chips of the platform from 'first' on, and multiples of row_bytes. one_round_s:
 * start of the engine's own all-reduce, in which every chip reads all others' buffers; 0: none.
 */
bool exchange_table_fill(struct exchange_table *table, const struct platform *platform,
                         int64_t first, enum collective_operation operation, int64_t count,
                         double row_bytes, double one_round_s, struct error *error);

double exchange_table_s(const struct exchange_table *table, double bytes);
