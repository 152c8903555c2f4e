/* SPDX-License-Identifier: Apache-2.0 */
/* Results on stdout: for people as aligned lines with three significant figures and units, for
 * programs as one JSON object whose names are the columns' names, in full precision. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "record/table.h"

enum { PRINT_SIZE = 64 };

/* A line "  label    text". */
void print_field(const char *label, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Three significant figures with the unit of a column ("s", "B", "B/s", "W", "J", "USD",
 * "USD/h", "1", "1/s" or any other); "unknown" for NAN. Returns buffer. */
char *print_quantity(char buffer[PRINT_SIZE], double value, const char *unit);

/* A count such as tokens: "853", "16.8 M"; and a share: "41.2 %". */
char *print_count(char buffer[PRINT_SIZE], double value);
char *print_share(char buffer[PRINT_SIZE], double fraction);

/* A line "  label    low to high: evidence"; "unknown" when they are NAN. */
void print_range(const char *label, double low, double high, const char *unit,
                 const char *evidence);

/* A whole table with a line of column names: texts to the left, numbers to the right. */
void print_table(const struct table *table);

/* A new object of one row; NAN and infinity become null. The caller owns it. */
json_t *print_json_row(const struct table *table, int64_t row);

/* An array of all rows. */
json_t *print_json_table(const struct table *table);

/* Prints object, releases it. */
bool print_json(json_t *object, struct error *error);
