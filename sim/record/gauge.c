/* SPDX-License-Identifier: Apache-2.0 */
#include "record/gauge.h"

#include <math.h>
#include <stdbool.h>

void gauge_init(struct gauge *gauge, int64_t count, struct arena *arena)
{
    *gauge = (struct gauge){.count = count, .width_s = 1e-9};
    gauge->amounts = arena_array(arena, count * GAUGE_INTERVALS + 1, sizeof(double));
}

static void join_neighbours(struct gauge *gauge)
{
    for (int64_t q = 0; q < gauge->count; q++) {
        double *row = &gauge->amounts[q * GAUGE_INTERVALS];
        for (int i = 0; i < GAUGE_INTERVALS; i++) {
            row[i] = i < GAUGE_INTERVALS / 2 ? row[2 * i] + row[2 * i + 1] : 0;
        }
    }
    gauge->width_s *= 2;
}

void gauge_add(struct gauge *gauge, int64_t quantity, double start_s, double end_s,
               double amount)
{
    while (end_s >= gauge->width_s * GAUGE_INTERVALS) {
        join_neighbours(gauge);
    }
    double *row = &gauge->amounts[quantity * GAUGE_INTERVALS];
    int first = (int)(start_s / gauge->width_s), last = (int)(end_s / gauge->width_s);
    double rest = amount;
    for (int i = first; i < last; i++) {
        double from_s = fmax(start_s, i * gauge->width_s);
        double part = amount * (((i + 1) * gauge->width_s - from_s) / (end_s - start_s));
        row[i] += part;
        rest -= part;
    }
    row[last] += rest;
}

void gauge_level(struct gauge *gauge, int64_t quantity, double rate)
{
    double *row = &gauge->amounts[quantity * GAUGE_INTERVALS];
    double most = rate * gauge->width_s, excess = 0;
    for (int i = GAUGE_INTERVALS - 1; i >= 0; i--) {
        double amount = row[i] + excess;
        row[i] = fmin(amount, most);
        excess = amount - row[i];
    }
    for (int i = 0; i < GAUGE_INTERVALS && excess > 0; i++) {
        double room = most - row[i];
        row[i] += fmin(room, excess);
        excess -= fmin(room, excess);
    }
    row[GAUGE_INTERVALS - 1] += excess;
}

void gauge_write(const struct gauge *gauge, int64_t quantity,
                 const struct gauge_counter *counter, struct timeline_file *file)
{
    const double *row = &gauge->amounts[quantity * GAUGE_INTERVALS];
    double shown = (double)NAN;
    for (int i = 0; i < GAUGE_INTERVALS && i * gauge->width_s < counter->end_s; i++) {
        double start_s = i * gauge->width_s;
        double covered_s = fmin(gauge->width_s, counter->end_s - start_s);
        bool last = start_s + gauge->width_s >= counter->end_s;
        /* What came at the very end stands in the interval that begins there. */
        double amount = row[i] + (last && i + 1 < GAUGE_INTERVALS ? row[i + 1] : 0);
        double value = counter->base + counter->scale * amount / covered_s;
        if (!(fabs(value - shown) <= 1e-12 * fabs(value))) {
            timeline_file_counter(file, counter->process, counter->name, value, start_s);
        }
        shown = value;
    }
    timeline_file_counter(file, counter->process, counter->name, 0, counter->end_s);
}
