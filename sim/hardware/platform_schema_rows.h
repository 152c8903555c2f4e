/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the property table, and how a name finds its row. Apart from platform_schema.c
 * because this is data: a new property is one row here and one field in platform.h or chip.h.
 */
#pragma once

#include <stddef.h>

#include "base/units.h"

/* Which list of struct platform a property belongs to; PUBLISHED is kept as it is, for inspect.
 */
enum schema_scope {
    SCOPE_PLATFORM,
    SCOPE_CHIP,
    SCOPE_MEDIUM,
    SCOPE_TIER,
    SCOPE_PROTOCOL,
    SCOPE_PUBLISHED
};
enum { SCHEMA_SCOPES = SCOPE_PUBLISHED + 1 };

enum schema_range {
    RANGE_ANY,      /* 0 or more */
    RANGE_POSITIVE, /* more than 0 */
    RANGE_SHARE,    /* more than 0, at most 1 */
    RANGE_PART,     /* 0 to 1 */
    RANGE_FACTOR,   /* 1 or more */
    RANGE_FAMILY,   /* a text: one of the families of chip.h */
};

struct schema_row {
    const char *pattern; /* "chip.*.title": * is the key, such as the chip's type */
    enum schema_scope scope;
    enum unit unit;
    enum schema_range range;
    size_t offset; /* of a const char *, a double or, for tiers' and domains' counts, ... */
    bool whole;    /* ... an int64_t */
    bool required;
    const char *meaning;
};

extern const struct schema_row platform_schema_rows[];
extern const int platform_schema_row_count;

/* The row of a property; *key is where the key begins in name and *key_length its length. NULL
 * when there is none. */
const struct schema_row *platform_schema_row(const char *name, const char **key,
                                             int *key_length);

/* The nearest names to an unknown one, "chip.trn3.tdp or chip.trn3.title", for the message. */
void platform_schema_nearest(const char *name, char *text, size_t size);
