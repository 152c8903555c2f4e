/* SPDX-License-Identifier: Apache-2.0 */
/* Price books: texts to quantities, checks, and the search for a chip's price. */
#include "economics/price.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/units.h"
#include "economics/price_yaml.h"

enum { LIMIT_BYTES = 1 << 20 };

const char *price_kind_name(enum price_kind kind)
{
#define PRICE_NAME(NAME, text, meaning) text,
    static const char *const names[] = {PRICE_KINDS(PRICE_NAME) "any"};
    return names[kind];
}

bool price_kind_read(const char *text, enum price_kind *kind, struct error *error)
{
    for (enum price_kind k = PRICE_OWNER; k < PRICE_KIND_COUNT; k++) {
        if (strcmp(price_kind_name(k), text) == 0) {
            *kind = k;
            return true;
        }
    }
    return error_fill(error, ERROR_USAGE,
                      "'%s' is no kind of price; expected owner, capacity-block, on-demand, "
                      "reserved, neocloud or spot",
                      text);
}

static bool is_date(const char *text)
{
    static const char form[] = "dddd-dd-dd";
    size_t length = strlen(text);
    for (size_t i = 0; i < length && i < sizeof form - 1; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == 'd' ? !digit : text[i] != '-') {
            return false;
        }
    }
    return length == 7 || length == 10;
}

static bool check_book(const struct price_book *book, const struct price_yaml *yaml,
                       struct error *error)
{
    if (!is_date(yaml->date)) {
        return error_at(
            error, ERROR_INPUT, book->path, price_yaml_line(book, -1, "date"), 0,
            "the date is '%s', expected a month or day such as 2026-10 or 2026-10-03",
            yaml->date);
    }
    if (strcmp(yaml->currency, "USD") != 0) {
        return error_at(
            error, ERROR_INPUT, book->path, price_yaml_line(book, -1, "currency"), 0,
            "the currency is '%s', expected USD; convert the prices and say the rate "
            "in their sources",
            yaml->currency);
    }
    return true;
}

/* The place of entry index's key, for messages. */
static bool fail_at(const struct price_book *book, int64_t index, const char *key,
                    const char *message, struct error *error)
{
    return error_at(error, ERROR_INPUT, book->path, price_yaml_line(book, index, key), 0,
                    "%s: %s", key, message);
}

static bool read_unit(const struct price_book *book, int64_t index, const char *key,
                      const char *text, enum unit unit, double *value, struct error *error)
{
    struct error cause = {.kind = ERROR_NONE};
    if (!units_read(text, unit, value, &cause)) {
        return fail_at(book, index, key, cause.message, error);
    }
    return true;
}

static bool read_amount(const struct price_book *book, int64_t index, const char *key,
                        const char *text, double *value, struct error *error)
{
    return read_unit(book, index, key, text, UNIT_USD_PER_H, value, error);
}

static const char *or_else(const char *text, const char *other)
{
    return text != NULL ? text : other;
}

struct owned { /* SI and USD */
    double capital, capital_low, capital_high, years, power_W, month, month_low, month_high,
        kWh, staff;
};

static bool read_owned(const struct price_book *book, int64_t index,
                       const struct price_yaml_entry *entry, struct owned *owned,
                       struct error *error)
{
    const char *capital = entry->capital, *month = or_else(entry->colocation, "0USD");
    const struct {
        const char *key, *text;
        enum unit unit;
        double *value;
    } parts[] = {
        {"capital", capital, UNIT_USD, &owned->capital},
        {"capital_low", or_else(entry->capital_low, capital), UNIT_USD, &owned->capital_low},
        {"capital_high", or_else(entry->capital_high, capital), UNIT_USD, &owned->capital_high},
        {"years", or_else(entry->years, "0"), UNIT_FRACTION, &owned->years},
        {"power", or_else(entry->power, "0W"), UNIT_WATTS, &owned->power_W},
        {"colocation", month, UNIT_USD, &owned->month},
        {"colocation_low", or_else(entry->colocation_low, month), UNIT_USD, &owned->month_low},
        {"colocation_high", or_else(entry->colocation_high, month), UNIT_USD,
         &owned->month_high},
        {"electricity", or_else(entry->electricity, "0USD"), UNIT_USD, &owned->kWh},
        {"staff", or_else(entry->staff, "0"), UNIT_FRACTION, &owned->staff},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!read_unit(book, index, parts[i].key, parts[i].text, parts[i].unit, parts[i].value,
                       error)) {
            return false;
        }
    }
    return owned->years > 0 || fail_at(book, index, "capital",
                                       "years are missing, expected those over which capital "
                                       "is written off",
                                       error);
}

/* MODEL.md, "Cost" */
static double owned_usd_per_h(const struct owned *owned, double capital, double month)
{
    static const double hours_of_year = 8766, hours_of_month = 730.5;
    double kW = owned->power_W / 1000;
    return (capital / (owned->years * hours_of_year) +
            kW * (month / hours_of_month + owned->kWh)) *
           (1 + owned->staff);
}

static bool read_parts(const struct price_book *book, int64_t index,
                       const struct price_yaml_entry *entry, struct price *price,
                       struct error *error)
{
    struct owned owned;
    if (entry->capital == NULL || entry->usd_per_chip_h != NULL || entry->kind != PRICE_OWNER) {
        return fail_at(book, index, "chip",
                       "expected usd_per_chip_h, or of an owner capital, years, power, ...",
                       error);
    }
    if (!read_owned(book, index, entry, &owned, error)) {
        return false;
    }
    price->usd_per_chip_h = owned_usd_per_h(&owned, owned.capital, owned.month);
    price->low_usd_per_chip_h = owned_usd_per_h(&owned, owned.capital_low, owned.month_low);
    price->high_usd_per_chip_h = owned_usd_per_h(&owned, owned.capital_high, owned.month_high);
    return true;
}

static bool read_hourly(const struct price_book *book, int64_t index,
                        const struct price_yaml_entry *entry, struct price *price,
                        struct error *error)
{
    const char *middle = entry->usd_per_chip_h;
    return read_amount(book, index, "usd_per_chip_h", middle, &price->usd_per_chip_h, error) &&
           read_amount(book, index, "low", or_else(entry->low, middle),
                       &price->low_usd_per_chip_h, error) &&
           read_amount(book, index, "high", or_else(entry->high, middle),
                       &price->high_usd_per_chip_h, error);
}

static bool read_price(const struct price_book *book, int64_t index,
                       const struct price_yaml_entry *entry, struct price *price,
                       struct error *error)
{
    bool parts = entry->usd_per_chip_h == NULL || entry->capital != NULL;
    *price = (struct price){.chip = entry->chip,
                            .platform = entry->platform,
                            .source = entry->source,
                            .kind = (enum price_kind)entry->kind,
                            .is_estimate = entry->estimate != 0};
    if (!(parts ? read_parts(book, index, entry, price, error)
                : read_hourly(book, index, entry, price, error))) {
        return false;
    }
    if (price->usd_per_chip_h <= 0) {
        return fail_at(book, index, "usd_per_chip_h", "found nothing, expected a price above 0",
                       error);
    }
    if (price->low_usd_per_chip_h > price->usd_per_chip_h ||
        price->high_usd_per_chip_h < price->usd_per_chip_h) {
        return fail_at(book, index, "usd_per_chip_h",
                       "the price is outside its own low and high", error);
    }
    return true;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool check_twice(const struct price_book *book, int64_t index, struct error *error)
{
    const struct price *price = &book->prices[index];
    for (int64_t i = 0; i < index; i++) {
        const struct price *other = &book->prices[i];
        if (other->kind == price->kind && same_text(other->chip, price->chip) &&
            same_text(other->platform, price->platform)) {
            return error_at(error, ERROR_INPUT, book->path,
                            price_yaml_line(book, index, "chip"), 0,
                            "the %s price of %s stands here twice; keep one",
                            price_kind_name(price->kind), price->chip);
        }
    }
    return true;
}

static bool read_prices(struct price_book *book, const struct price_yaml *yaml,
                        struct arena *arena, struct error *error)
{
    book->title = yaml->title;
    book->date = yaml->date;
    book->price_count = yaml->entries_count;
    book->prices = arena_array(arena, book->price_count, sizeof *book->prices);
    for (int64_t i = 0; i < book->price_count; i++) {
        if (!read_price(book, i, &yaml->entries[i], &book->prices[i], error) ||
            !check_twice(book, i, error)) {
            return false;
        }
    }
    return true;
}

const char *price_path(const char *given, const char *platform, struct arena *arena)
{
    static const char beside[] = "prices/owner-2026.yaml";
    if (given != NULL) {
        return strcmp(given, "none") == 0 ? NULL : given;
    }
    const char *slash = platform == NULL ? NULL : strrchr(platform, '/');
    int folder = slash == NULL ? 0 : (int)(slash - platform) + 1;
    const char *path =
        platform == NULL ? beside : arena_format(arena, "%.*s%s", folder, platform, beside);
    if (access(path, R_OK) == 0) {
        return path;
    }
    path = arena_format(arena, "platforms/%s", beside);
    return access(path, R_OK) == 0 ? path : NULL;
}

struct price_book *price_read(const char *path, struct arena *arena, struct error *error)
{
    struct price_book *book = arena_alloc(arena, sizeof *book);
    book->path = arena_text(arena, path);
    book->text = file_read(path, LIMIT_BYTES, &book->text_size, arena, error);
    if (book->text == NULL) {
        return NULL;
    }
    struct price_yaml *yaml = price_yaml_load(book, arena, error);
    if (yaml == NULL || !check_book(book, yaml, error) ||
        !read_prices(book, yaml, arena, error)) {
        return NULL;
    }
    return book;
}

static const struct price *find_kind(const struct price_book *book, const char *platform,
                                     const char *chip, enum price_kind kind)
{
    const struct price *found = NULL;
    for (int64_t i = 0; i < book->price_count; i++) {
        const struct price *price = &book->prices[i];
        if (price->kind != kind || strcmp(price->chip, chip) != 0) {
            continue;
        }
        if (price->platform != NULL && strcmp(price->platform, platform) == 0) {
            return price;
        }
        if (price->platform == NULL) {
            found = price;
        }
    }
    return found;
}

static void fail_find(const struct price_book *book, const char *platform, const char *chip,
                      enum price_kind kind, struct error *error)
{
    char kinds[128] = "";
    for (enum price_kind k = PRICE_OWNER; k < PRICE_KIND_COUNT; k++) {
        if (find_kind(book, platform, chip, k) != NULL) {
            size_t used = strlen(kinds);
            snprintf(kinds + used, sizeof kinds - used, "%s%s", used > 0 ? ", " : "",
                     price_kind_name(k));
        }
    }
    error_at(error, ERROR_INPUT, book->path, 0, 0,
             "no %s%sprice of a %s chip in this book%s%s; add an entry with its source or give "
             "another book",
             kind == PRICE_ANY ? "" : price_kind_name(kind), kind == PRICE_ANY ? "" : " ", chip,
             kinds[0] != '\0' ? ", only " : "", kinds);
}

const struct price *price_find(const struct price_book *book, const char *platform,
                               const char *chip, enum price_kind kind, struct error *error)
{
    for (enum price_kind k = PRICE_OWNER; k < PRICE_KIND_COUNT; k++) {
        const struct price *price = NULL;
        if (kind == PRICE_ANY || kind == k) {
            price = find_kind(book, platform, chip, k);
        }
        if (price != NULL) {
            return price;
        }
    }
    fail_find(book, platform, chip, kind, error);
    return NULL;
}
