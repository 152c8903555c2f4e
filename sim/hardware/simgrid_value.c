/* SPDX-License-Identifier: Apache-2.0 */
/* Turns SimGrid's spelling into the one of base/units and lets that do the reading. */
#include "hardware/simgrid_value.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"

enum { VALUE_SIZE = 64 };

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* Reads text with its ending, which it must have, replaced by that of base/units. */
static bool read_as(const char *text, const char *end, enum unit unit, double *value,
                    struct error *error)
{
    char copy[VALUE_SIZE];
    int kept = (int)(strlen(text) - strlen(end));
    if (kept >= VALUE_SIZE - 8) {
        return error_fill(error, ERROR_INPUT, "'%.20s...' is too long; expected %s", text,
                          units_meaning(unit));
    }
    snprintf(copy, sizeof copy, "%.*s%s", kept, text, units_name(unit));
    return units_read(copy, unit, value, error);
}

bool simgrid_value_bandwidth(const char *text, double *Bps, struct error *error)
{
    if (!ends_with(text, "bps")) {
        return units_read(text, UNIT_BYTES_PER_S, Bps, error);
    }
    bool done = read_as(text, "bps", UNIT_BYTES_PER_S, Bps, error);
    *Bps /= 8;
    return done;
}

bool simgrid_value_time(const char *text, double *time_s, struct error *error)
{
    if (ends_with(text, "min")) {
        return error_fill(error, ERROR_INPUT,
                          "'%.60s' has a unit that SimGrid does not know; write it in s", text);
    }
    return units_read(text, UNIT_SECONDS, time_s, error);
}

bool simgrid_value_speed(const char *text, double *flops_per_s, struct error *error)
{
    const char *end = ends_with(text, "flops") ? "flops" : "f";
    if (!ends_with(text, end)) {
        return units_read(text, UNIT_FLOPS_PER_S, flops_per_s, error);
    }
    return read_as(text, end, UNIT_FLOPS_PER_S, flops_per_s, error);
}
