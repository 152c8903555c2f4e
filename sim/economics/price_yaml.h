/* SPDX-License-Identifier: Apache-2.0 */
/* A price book's YAML as plain texts, and where in the file they stand: libcyaml checks keys
 * and structure, price.c what the texts say. */
#pragma once

#include "economics/price.h"

struct price_yaml_entry {
    char *chip, *platform, *usd_per_chip_h, *low, *high, *source;
    char *capital, *capital_low, *capital_high, *years, *power, *colocation, *colocation_low,
        *colocation_high, *electricity, *staff; /* of an owner, in place of usd_per_chip_h */
    int kind;                                   /* enum price_kind */
    int estimate;                               /* 0 or 1 */
};

struct price_yaml {
    char *title, *date, *currency;
    struct price_yaml_entry *entries;
    unsigned entries_count; /* libcyaml's name and type */
};

/* NULL and an INPUT error when the text is not as the schema says. */
struct price_yaml *price_yaml_load(const struct price_book *book, struct arena *arena,
                                   struct error *error);

/* The line of a key of the entry by index, of the entry itself when the key is not found; of a
 * key of the book for entry -1. 0 when the file is not laid out line by line. */
int price_yaml_line(const struct price_book *book, int64_t entry, const char *key);
