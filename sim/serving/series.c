/* SPDX-License-Identifier: Apache-2.0 */
/* Both kinds of facts are spread over the intervals that they cover; nearly always one or two.
 */
#include "serving/series.h"

#include <math.h>

void series_init(struct series *series, double interval_s, struct arena *arena)
{
    *series = (struct series){.interval_s = interval_s, .arena = arena};
}

static void add_cell(struct series_cell *sum, const struct series_cell *cell)
{
    sum->running_s += cell->running_s;
    sum->waiting_s += cell->waiting_s;
    sum->blocks_s += cell->blocks_s;
    sum->output_tokens += cell->output_tokens;
    sum->prompt_tokens += cell->prompt_tokens;
    sum->arrivals += cell->arrivals;
}

static void halve(struct series *series)
{
    for (int64_t i = 0; i < series->count; i++) {
        if (i % 2 == 0) {
            series->cells[i / 2] = series->cells[i];
        } else {
            add_cell(&series->cells[i / 2], &series->cells[i]);
        }
    }
    series->count = (series->count + 1) / 2;
    series->interval_s *= 2;
}

static void reach(struct series *series, double time_s)
{
    while (time_s >= series->interval_s * SERIES_LIMIT) {
        halve(series);
    }
    int64_t wanted = (int64_t)(time_s / series->interval_s) + 1;
    while (series->count < wanted) {
        series->cells = arena_grow(series->arena, series->cells, series->count,
                                   &series->capacity, sizeof(struct series_cell));
        series->cells[series->count++] = (struct series_cell){0};
    }
}

/* Adds amount, given per second, to every interval from start to end. */
static void spread(struct series *series, double start_s, double end_s,
                   const struct series_cell *per_s)
{
    reach(series, end_s);
    while (start_s < end_s) {
        int64_t cell = (int64_t)(start_s / series->interval_s);
        double stop_s = fmin((double)(cell + 1) * series->interval_s, end_s);
        if (stop_s <= start_s) { /* rounding put the start on the far edge */
            cell++;
            stop_s = fmin((double)(cell + 1) * series->interval_s, end_s);
        }
        if (cell >= series->count) {
            return;
        }
        double part_s = stop_s - start_s;
        struct series_cell part = {.running_s = per_s->running_s * part_s,
                                   .waiting_s = per_s->waiting_s * part_s,
                                   .blocks_s = per_s->blocks_s * part_s,
                                   .output_tokens = per_s->output_tokens * part_s,
                                   .prompt_tokens = per_s->prompt_tokens * part_s};
        add_cell(&series->cells[cell], &part);
        start_s = stop_s;
    }
}

void series_add_levels(struct series *series, double start_s, double end_s, double running,
                       double waiting, double blocks)
{
    struct series_cell levels = {
        .running_s = running, .waiting_s = waiting, .blocks_s = blocks};
    if (end_s > start_s) {
        spread(series, start_s, end_s, &levels);
    }
}

void series_levels(struct series *series, double now_s, double running, double waiting,
                   double blocks)
{
    if (now_s > series->now_s) {
        series_add_levels(series, series->now_s, now_s, running, waiting, blocks);
        series->now_s = now_s;
    }
}

void series_tokens(struct series *series, double start_s, double end_s, double output_tokens,
                   double prompt_tokens)
{
    double time_s = end_s - start_s;
    struct series_cell rates = {.output_tokens = output_tokens / time_s,
                                .prompt_tokens = prompt_tokens / time_s};
    if (time_s > 0) {
        spread(series, start_s, end_s, &rates);
    }
}

void series_arrival(struct series *series, double time_s)
{
    reach(series, time_s);
    series->cells[(int64_t)(time_s / series->interval_s)].arrivals++;
}

double series_peak(const struct series *series)
{
    enum { PARTS = 20 };
    int64_t first = 0, end = series->count;
    while (end > 0 && series->cells[end - 1].arrivals == 0) {
        end--;
    }
    while (first < end && series->cells[first].arrivals == 0) {
        first++;
    }
    int64_t width = (end - first + PARTS - 1) / PARTS;
    double all = 0, window = 0, most = 0;
    for (int64_t i = first; i < end; i++) {
        all += series->cells[i].arrivals;
        window += series->cells[i].arrivals;
        window -= i - first >= width ? series->cells[i - width].arrivals : 0;
        most = fmax(most, window);
    }
    double mean = all * (double)width / (double)(end - first);
    return end > first ? fmax((most - 2 * sqrt(most)) / mean, 1) : 1;
}
