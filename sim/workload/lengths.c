/* SPDX-License-Identifier: Apache-2.0 */
/* All three forms become quantiles: a length is two of them, and so is a range. */
#include "workload/lengths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LENGTH_LIMIT = 1 << 26;

static bool refuse(const char *text, struct error *error)
{
    return error_fill(error, ERROR_INPUT,
                      "is '%.60s', expected a length such as 1024, a range such as 819..1024, "
                      "or rising quantiles such as 0:2 0.5:1020 1:14050",
                      text);
}

static void set(struct lengths *lengths, double low, double high, struct arena *arena)
{
    lengths->count = 2;
    lengths->share = arena_array(arena, 2, sizeof(double));
    lengths->value = arena_array(arena, 2, sizeof(double));
    lengths->share[1] = 1;
    lengths->value[0] = low;
    lengths->value[1] = high;
}

static bool read_quantiles(const char *text, struct lengths *lengths, struct arena *arena)
{
    int64_t most = (int64_t)strlen(text) / 2 + 1;
    lengths->count = 0;
    lengths->share = arena_array(arena, most, sizeof(double));
    lengths->value = arena_array(arena, most, sizeof(double));
    for (const char *at = text; *at != '\0';) {
        char *end;
        double share = strtod(at, &end);
        if (end == at || *end != ':') {
            return false;
        }
        at = end + 1;
        double value = strtod(at, &end);
        int64_t i = lengths->count++;
        bool rises = i == 0 ? share == 0
                            : share > lengths->share[i - 1] && value >= lengths->value[i - 1];
        if (end == at || !rises || !(value >= 1 && value <= LENGTH_LIMIT)) {
            return false;
        }
        lengths->share[i] = share;
        lengths->value[i] = value;
        at = end + strspn(end, " ,");
    }
    return lengths->count >= 2 && lengths->share[lengths->count - 1] == 1;
}

static bool in_order(double low, double high)
{
    return low >= 1 && high >= low && high <= LENGTH_LIMIT;
}

bool lengths_read(const char *text, struct lengths *lengths, struct arena *arena,
                  struct error *error)
{
    if (strchr(text, ':') != NULL) {
        return read_quantiles(text, lengths, arena) || refuse(text, error);
    }
    char *end;
    double low = (double)strtoll(text, &end, 10), high = low;
    if (end != text && strncmp(end, "..", 2) == 0) {
        const char *second = end + 2;
        high = (double)strtoll(second, &end, 10);
        end = end == second ? NULL : end;
    }
    bool rest = end == NULL || end == text || *end != '\0';
    if (rest || !in_order(low, high)) {
        return refuse(text, error);
    }
    bool range = high > low; /* rounding gives each whole number an equal share */
    set(lengths, range ? low - 0.5 : low, range ? high + 0.5 : high, arena);
    return true;
}

int32_t lengths_at(const struct lengths *lengths, double share)
{
    int64_t low = 0, high = lengths->count - 1;
    while (high - low > 1) {
        int64_t middle = (low + high) / 2;
        if (lengths->share[middle] <= share) {
            low = middle;
        } else {
            high = middle;
        }
    }
    double part = (share - lengths->share[low]) / (lengths->share[high] - lengths->share[low]);
    double value = lengths->value[low] + part * (lengths->value[high] - lengths->value[low]);
    return (int32_t)fmax(floor(value + 0.5), 1);
}

double lengths_mean(const struct lengths *lengths)
{
    double mean = 0;
    for (int64_t i = 1; i < lengths->count; i++) {
        mean += (lengths->share[i] - lengths->share[i - 1]) *
                (lengths->value[i] + lengths->value[i - 1]) / 2;
    }
    return mean;
}
