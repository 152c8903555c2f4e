/* SPDX-License-Identifier: Apache-2.0 */
/* The cheapest of several algorithms is a concave function of size: straight lines between its
 * points are never too low between the smallest and the largest. */
#include "serving/exchange_table.h"

#include <math.h>

#include "collective/collective.h"

/* MODEL.md, "Serving: step time" */
bool exchange_table_fill(struct exchange_table *table, const struct platform *platform,
                         int64_t first, int64_t count, double row_bytes, struct error *error)
{
    struct arena *scratch = arena_create();
    int64_t *chips = arena_array(scratch, count, sizeof *chips);
    for (int64_t i = 0; i < count; i++) {
        chips[i] = first + i;
    }
    bool planned = true;
    for (double rows = 1; table->count < EXCHANGE_SIZES && rows < 1 << 21 && planned;
         rows *= 2) {
        struct collective collective = {COLLECTIVE_ALL_REDUCE, rows * row_bytes, platform,
                                        chips, count};
        struct schedule schedule = {.arena = scratch};
        planned = collective_plan(&collective, "auto", &schedule, error);
        table->bytes[table->count] = collective.bytes;
        table->time_s[table->count++] = planned ? collective_time_s(&collective, &schedule) : 0;
    }
    arena_free(scratch);
    return planned;
}

double exchange_table_s(const struct exchange_table *table, double bytes)
{
    int i = 1;
    while (i < table->count - 1 && table->bytes[i] < bytes) {
        i++;
    }
    double share = (bytes - table->bytes[i - 1]) / (table->bytes[i] - table->bytes[i - 1]);
    return table->time_s[i - 1] + fmax(share, 0) * (table->time_s[i] - table->time_s[i - 1]);
}
