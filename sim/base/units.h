/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities as people write them ("96GiB", "667Tf", "3.2TBps", "15us") to SI doubles and back.
 * Units are read here and nowhere else. Prefixes are decimal (k M G T P E, m u n p) or binary
 * (Ki Mi Gi Ti Pi); a quantity without its unit is an error. */
#pragma once

#include "base/error.h"

/* X(NAME, unit as written in text, name of the quantity) */
#define UNITS(X)                                                                               \
    X(SECONDS, "s", "a time")                                                                  \
    X(BYTES, "B", "a size")                                                                    \
    X(BYTES_PER_S, "Bps", "a bandwidth")                                                       \
    X(FLOPS_PER_S, "f", "a computing rate")                                                    \
    X(WATTS, "W", "a power")                                                                   \
    X(JOULES, "J", "an energy")                                                                \
    X(USD, "USD", "an amount of money")                                                        \
    X(USD_PER_H, "USD/h", "a price per hour")                                                  \
    X(FRACTION, "", "a fraction")                                                              \
    X(COUNT, "", "a whole number")                                                             \
    X(TEXT, "", "a text")

#define UNIT_ENUM(NAME, text, meaning) UNIT_##NAME,
enum unit { UNITS(UNIT_ENUM) UNIT_KINDS };
#undef UNIT_ENUM

/* Reads text as a non-negative quantity of the unit into *value (SI). min, h and d are times
 * too. GB is 1e9 bytes, GiB is 2^30. Bare numbers are accepted for FRACTION (0 or more) and
 * COUNT (an integer) only. On failure the error says what was found and expected, with an
 * example. */
bool units_read(const char *text, enum unit unit, double *value, struct error *error);

/* Writes value with three significant figures, a fitting prefix and the unit ("1.15 TB/s",
 * "12.3 ms", "8.00 GiB" for bytes); returns buffer. size >= 24. */
char *units_print(char *buffer, int size, double value, enum unit unit);

const char *units_name(enum unit unit);    /* "B", "Bps", ...: the unit in HDF5 and JSON docs */
const char *units_meaning(enum unit unit); /* "a size", ... */
