/* SPDX-License-Identifier: Apache-2.0 */
/* The cheapest of several algorithms is a concave function of size: straight lines between its
 * points are never too low between the smallest and the largest. */
#include "serving/exchange_table.h"

#include <math.h>

/* A kernel that reads its neighbours' buffers word by word gets this part of a link's payload
 * rate. Fit: own all-reduces of vLLM and TensorRT-LLM on 2 to 8 H100, 128 KiB to 2 MiB. */
static const double one_round_fraction = 0.45;

/* Payload rate at which a chip reads from one other of the group. */
static double neighbour_Bps(const struct platform *platform)
{
    int32_t count = 0;
    const int32_t *route = platform_route(platform, 0, 1, &count);
    double least = INFINITY;
    for (int32_t i = 0; i < count; i++) {
        least = fmin(least, platform->links[route[i]].bandwidth_Bps);
    }
    return least;
}

static double one_round_s(const struct platform *platform, int64_t count, double bytes,
                          double start_s)
{
    if (!(start_s > 0) || count > platform->chip_count || count > 8) {
        return INFINITY;
    }
    return start_s +
           (double)(count - 1) * bytes / (one_round_fraction * neighbour_Bps(platform));
}

/* MODEL.md, "Serving: step time" */
bool exchange_table_fill(struct exchange_table *table, const struct platform *platform,
                         int64_t first, enum collective_operation operation, int64_t count,
                         double row_bytes, double start_s, struct error *error)
{
    struct arena *scratch = arena_create();
    int64_t *chips = arena_array(scratch, count, sizeof *chips);
    for (int64_t i = 0; i < count; i++) {
        chips[i] = first + i;
    }
    bool planned = true;
    table->count = 0;
    for (double rows = 1; table->count < EXCHANGE_SIZES && rows < 1 << 21 && planned;
         rows *= 2) {
        struct collective collective = {operation, rows * row_bytes, platform, chips, count};
        struct schedule schedule = {.arena = scratch};
        planned = collective_plan(&collective, "auto", &schedule, error);
        double time_s = planned ? collective_time_s(&collective, &schedule) : 0;
        table->bytes[table->count] = collective.bytes;
        table->time_s[table->count++] =
            fmin(time_s, one_round_s(platform, count, collective.bytes, start_s));
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
