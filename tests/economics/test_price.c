/* SPDX-License-Identifier: Apache-2.0 */
/* Price books: what is found for a chip, and what is said of wrong files. */
#include <stdlib.h>
#include <string.h>

#include "economics/price.h"
#include "support/support.h"

#define HEAD "title: t\ndate: 2026-10\ncurrency: USD\nentries:\n"

static const char good[] =
    HEAD "  - chip: trn3\n"
         "    kind: owner\n"
         "    usd_per_chip_h: 1.3USD/h\n"
         "    low: 1.1USD/h\n"
         "    high: 1.5USD/h\n"
         "    estimate: true\n"
         "    source: a judgement\n"
         "  - {chip: trn1, kind: on-demand, usd_per_chip_h: 1.25USD/h, source: list}\n"
         "  - {chip: trn1, platform: trn1n.32xlarge, kind: on-demand,\n"
         "     usd_per_chip_h: 1.5USD/h, source: list}\n"
         "  - {chip: trn1, kind: spot, usd_per_chip_h: 0.25USD/h, source: list}\n";

static void test_find(void)
{
    struct error error = {.kind = ERROR_NONE};
    struct arena *arena = arena_create();
    struct price_book *book = price_read(temporary_file(good, ".yaml"), arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(book);
    CU_ASSERT_EQUAL(book->price_count, 4);

    const struct price *price = price_find(book, "trn3-ultraserver", "trn3", PRICE_ANY, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(price);
    CU_ASSERT(near(price->usd_per_chip_h, 1.3, 1e-12));
    CU_ASSERT(near(price->low_usd_per_chip_h, 1.1, 1e-12));
    CU_ASSERT(near(price->high_usd_per_chip_h, 1.5, 1e-12));
    CU_ASSERT(price->is_estimate);

    /* The platform's own entry wins; another platform with the chip takes the general one. */
    price = price_find(book, "trn1n.32xlarge", "trn1", PRICE_ON_DEMAND, &error);
    CU_ASSERT(price != NULL && near(price->usd_per_chip_h, 1.5, 1e-12));
    price = price_find(book, "trn1.32xlarge", "trn1", PRICE_ANY, &error);
    CU_ASSERT(price != NULL && near(price->usd_per_chip_h, 1.25, 1e-12));
    CU_ASSERT(price != NULL && !price->is_estimate);
    /* Without a range of its own the price is its range. */
    CU_ASSERT(price != NULL && near(price->high_usd_per_chip_h, 1.25, 1e-12));
    CU_ASSERT_EQUAL(error.kind, ERROR_NONE);
    arena_free(arena);
}

static void test_not_found(void)
{
    struct error error = {.kind = ERROR_NONE};
    struct arena *arena = arena_create();
    struct price_book *book = price_read(temporary_file(good, ".yaml"), arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(book);
    CU_ASSERT_PTR_NULL(price_find(book, "trn1.32xlarge", "trn1", PRICE_OWNER, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "only on-demand, spot"));

    error.kind = ERROR_NONE;
    CU_ASSERT_PTR_NULL(price_find(book, "p5", "h100", PRICE_ANY, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "no price of a h100 chip"));
    arena_free(arena);
}

static const struct bad_book {
    const char *text;
    int line;
    const char *part; /* of the message */
} bad_books[] = {
    {"", 0, "empty"},
    {"title: t\n", 1, "date"},
    {HEAD "  []\n", 5, "this is no price book"},
    {HEAD "  - {chip: a, kind: owner, usd_per_chip_h: 1USD/h}\n", 5, "source"},
    {HEAD "  - chip: a\n    kind: owner\n    usd_per_h: 1USD/h\n    source: s\n", 7,
     "'usd_per_h' is no key"},
    {HEAD "  - chip: a\n    kind: gift\n    usd_per_chip_h: 1USD/h\n    source: s\n", 6,
     "this is no price book"},
    {HEAD "  - chip: a\n    kind: owner\n    estimate: maybe\n    usd_per_chip_h: 1USD/h\n    "
          "source: s\n",
     7, "this is no price book"},
    {HEAD "  - chip: a\n    kind: owner\n    usd_per_chip_h: 1.3\n    source: s\n", 7,
     "has no unit"},
    {HEAD "  - chip: a\n    kind: owner\n    usd_per_chip_h: 0USD/h\n    source: s\n", 7,
     "above 0"},
    {HEAD "  - chip: a\n    kind: owner\n    usd_per_chip_h: 1USD/h\n    low: 2USD/h\n    "
          "source: s\n",
     7, "outside"},
    {HEAD "  - chip: a\n    kind: owner\n    usd_per_chip_h: 1USD/h\n    source: s\n"
          "  - chip: a\n    kind: owner\n    usd_per_chip_h: 1USD/h\n    source: s\n",
     9, "twice"},
    {"title: t\ndate: October\ncurrency: USD\nentries:\n"
     "  - {chip: a, kind: owner, usd_per_chip_h: 1USD/h, source: s}\n",
     2, "October"},
    {"title: t\ndate: 2026-10\ncurrency: EUR\nentries:\n"
     "  - {chip: a, kind: owner, usd_per_chip_h: 1USD/h, source: s}\n",
     3, "EUR"},
};

static void test_bad_books(void)
{
    for (size_t i = 0; i < sizeof bad_books / sizeof bad_books[0]; i++) {
        struct error error = {.kind = ERROR_NONE};
        struct arena *arena = arena_create();
        CU_ASSERT_PTR_NULL(
            price_read(temporary_file(bad_books[i].text, ".yaml"), arena, &error));
        CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
        bool told =
            error.line == bad_books[i].line && strstr(error.message, bad_books[i].part) != NULL;
        if (!told) {
            printf("\n    book %zu: line %d: %s", i, error.line, error.message);
        }
        CU_ASSERT(told);
        arena_free(arena);
    }
}

/* The books that come with the program, and the prices that its default has to have. */
static void test_own_books(void)
{
    static const char *const names[] = {"owner-2026", "aws-2024-12", "aws-2025-06",
                                        "aws-2026-10", "neocloud-2026-09"};
    struct arena *arena = arena_create();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct error error = {.kind = ERROR_NONE};
        const char *path =
            arena_format(arena, "%s/platforms/prices/%s.yaml", SOURCE_FOLDER, names[i]);
        struct price_book *book = price_read(path, arena, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(book);
        for (int64_t j = 0; j < book->price_count; j++) {
            CU_ASSERT(strlen(book->prices[j].source) > 20);
        }
        if (i == 0) {
            const struct price *ours =
                price_find(book, "trn3-ultraserver", "trn3", PRICE_OWNER, &error);
            const struct price *theirs =
                price_find(book, "gb200-nvl72", "gb200", PRICE_OWNER, &error);
            CU_ASSERT(ours != NULL && ours->is_estimate &&
                      near(ours->usd_per_chip_h, 1.3, 1e-12));
            CU_ASSERT(theirs != NULL && near(theirs->usd_per_chip_h, 2.36, 1e-12));
        }
    }
    arena_free(arena);
}

static void test_kinds(void)
{
    struct error error = {.kind = ERROR_NONE};
    enum price_kind kind = PRICE_OWNER;
    CU_ASSERT(price_kind_read("capacity-block", &kind, &error));
    CU_ASSERT_EQUAL(kind, PRICE_CAPACITY_BLOCK);
    CU_ASSERT_STRING_EQUAL(price_kind_name(PRICE_SPOT), "spot");
    CU_ASSERT_FALSE(price_kind_read("gift", &kind, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_USAGE);
}

/* 35,064 USD over 4 years of 8,766 h are 1 USD/h; 2 kW at 146.1 USD a month of 730.5 h are 0.4,
 * at 0.05 USD/kWh 0.1 more; staff 10 %: 1.65. Low: half the capital: 1.1. */
static void book_beside_the_machine(void)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    const char *machine = SOURCE_FOLDER "/platforms/p5.xml";
    const char *path = price_path(NULL, machine, arena);
    CU_ASSERT_FATAL(path != NULL);
    CU_ASSERT_STRING_EQUAL(path, SOURCE_FOLDER "/platforms/prices/owner-2026.yaml");
    CU_ASSERT(price_read(path, arena, &error) != NULL);
    CU_ASSERT_STRING_EQUAL(price_path("own.yaml", machine, arena), "own.yaml");
    CU_ASSERT(price_path("none", machine, arena) == NULL);
    arena_free(arena);
}

static void owned_parts(void)
{
    static const char head[] = "title: t\ndate: 2026-01\ncurrency: USD\nentries:\n";
    static const char parts[] =
        "    capital: 35064USD\n    capital_low: 17532USD\n    years: 4\n"
        "    power: 2kW\n    colocation: 146.1USD\n"
        "    electricity: 0.05USD\n    staff: 0.1\n    source: s\n";
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    const struct price_book *book = price_read(
        temporary_file(arena_format(arena, "%s  - chip: a\n    kind: owner\n%s", head, parts),
                       ".yaml"),
        arena, &error);
    CU_ASSERT_FATAL(book != NULL);
    CU_ASSERT(near(book->prices[0].usd_per_chip_h, 1.65, 1e-12));
    CU_ASSERT(near(book->prices[0].low_usd_per_chip_h, 1.1, 1e-12));
    CU_ASSERT(near(book->prices[0].high_usd_per_chip_h, 1.65, 1e-12));
    CU_ASSERT(price_read(temporary_file(arena_format(arena, "%s  - chip: a\n    kind: spot\n%s",
                                                     head, parts),
                                        ".yaml"),
                         arena, &error) == NULL);
    CU_ASSERT(strstr(error.message, "usd_per_chip_h") != NULL);
    arena_free(arena);
}

void suite_price(void)
{
    static const struct test tests[] = {
        {"the book beside the machine", book_beside_the_machine},
        {"owner cost from its parts", owned_parts},
        {"the price of a chip", test_find},
        {"a price that is not there", test_not_found},
        {"wrong books", test_bad_books},
        {"the books of the program", test_own_books},
        {"kinds of prices", test_kinds},
    };
    add_suite("price", tests, sizeof tests / sizeof tests[0]);
}
