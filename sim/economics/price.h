/* SPDX-License-Identifier: Apache-2.0 */
/* Dated price books: what an hour of a chip costs, by chip type, platform and kind of price,
 * each with its source. Schema: platforms/prices/README.md. MODEL.md, "Cost". */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

/* X(NAME, text, meaning), in the order in which PRICE_ANY looks for them. */
#define PRICE_KINDS(X)                                                                         \
    X(OWNER, "owner", "what it costs who owns and runs the machine")                           \
    X(CAPACITY_BLOCK, "capacity-block", "days or weeks booked ahead")                          \
    X(ON_DEMAND, "on-demand", "list price by the hour")                                        \
    X(RESERVED, "reserved", "a contract of years")                                             \
    X(NEOCLOUD, "neocloud", "by the hour from a smaller cloud")                                \
    X(SPOT, "spot", "what is left, can be taken away")

#define PRICE_ENUM(NAME, text, meaning) PRICE_##NAME,
enum price_kind { PRICE_KINDS(PRICE_ENUM) PRICE_KIND_COUNT, PRICE_ANY = PRICE_KIND_COUNT };
#undef PRICE_ENUM

struct price {
    const char *chip;     /* type, as in platform files */
    const char *platform; /* NULL: any platform with that chip */
    const char *source;
    enum price_kind kind;
    double usd_per_chip_h;
    double low_usd_per_chip_h, high_usd_per_chip_h; /* the same as above when not given */
    bool is_estimate;                               /* by us, not published */
};

struct price_book {
    const char *path, *text; /* the file */
    size_t text_size;
    const char *title, *date; /* date: "2026-10" or "2026-10-03" */
    struct price *prices;
    int64_t price_count;
};

/* The book to read: what was asked for, NULL for "none"; unless asked (given NULL) the owner's
 * book in the folder prices beside the machine's file (NULL: no machine), or below platforms/
 * in the working directory; NULL where neither is. */
const char *price_path(const char *given, const char *platform, struct arena *arena);

/* NULL and an INPUT or SYSTEM error (file, line, found, expected) when the file is wrong. */
struct price_book *price_read(const char *path, struct arena *arena, struct error *error);

/* The price of a chip of this platform; an entry that names the platform wins over one that
 * does not. NULL and an INPUT error that lists the kinds there are when the book has none: a
 * run then warns and goes on without cost. */
const struct price *price_find(const struct price_book *book, const char *platform,
                               const char *chip, enum price_kind kind, struct error *error);

const char *price_kind_name(enum price_kind kind);
bool price_kind_read(const char *text, enum price_kind *kind, struct error *error);
