/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing quantities. A quantity is NUMBER [PREFIX] UNIT without spaces, as SimGrid
 * writes it too. The grammar is checked here and only then strtod is asked, in the C locale,
 * since strtod alone takes "inf", "0x1p3" and, by locale, "1,5". */
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 48 };

enum prefix_set { PREFIX_NONE = 0, PREFIX_LARGE = 1, PREFIX_SMALL = 2, PREFIX_BINARY = 4 };

struct unit_rule {
    const char *name, *meaning; /* as in UNITS */
    unsigned prefixes;          /* of enum prefix_set: "mB" is a slip, not a size */
    const char *example;
};

#define UNIT_ROW(NAME, text, meaning)                                                          \
    [UNIT_##NAME] = {text, meaning, UNIT_PREFIXES_##NAME, UNIT_EXAMPLE_##NAME},
#define UNIT_PREFIXES_SECONDS     PREFIX_SMALL
#define UNIT_PREFIXES_BYTES       (PREFIX_LARGE | PREFIX_BINARY)
#define UNIT_PREFIXES_BYTES_PER_S (PREFIX_LARGE | PREFIX_BINARY)
#define UNIT_PREFIXES_FLOPS_PER_S PREFIX_LARGE
#define UNIT_PREFIXES_WATTS       (PREFIX_LARGE | PREFIX_SMALL)
#define UNIT_PREFIXES_JOULES      (PREFIX_LARGE | PREFIX_SMALL)
#define UNIT_PREFIXES_USD         PREFIX_LARGE
#define UNIT_PREFIXES_USD_PER_H   PREFIX_LARGE
#define UNIT_PREFIXES_FRACTION    PREFIX_NONE
#define UNIT_PREFIXES_COUNT       PREFIX_NONE
#define UNIT_PREFIXES_TEXT        PREFIX_NONE
#define UNIT_EXAMPLE_SECONDS      "15us, 2.5s or 30min"
#define UNIT_EXAMPLE_BYTES        "96GiB or 4GB"
#define UNIT_EXAMPLE_BYTES_PER_S  "3.2TBps or 128GBps (bytes per second)"
#define UNIT_EXAMPLE_FLOPS_PER_S  "667Tf"
#define UNIT_EXAMPLE_WATTS        "1.2kW"
#define UNIT_EXAMPLE_JOULES       "500kJ"
#define UNIT_EXAMPLE_USD          "1200USD"
#define UNIT_EXAMPLE_USD_PER_H    "2.36USD/h"
#define UNIT_EXAMPLE_FRACTION     "0.85 or 85%"
#define UNIT_EXAMPLE_COUNT        "64"
#define UNIT_EXAMPLE_TEXT         "a name"

static const struct unit_rule rules[] = {UNITS(UNIT_ROW)};

struct prefix {
    const char *text;
    double factor;
    enum prefix_set set;
};

static const struct prefix prefixes[] = {
    {"", 1, PREFIX_NONE},          {"k", 1e3, PREFIX_LARGE},      {"M", 1e6, PREFIX_LARGE},
    {"G", 1e9, PREFIX_LARGE},      {"T", 1e12, PREFIX_LARGE},     {"P", 1e15, PREFIX_LARGE},
    {"E", 1e18, PREFIX_LARGE},     {"m", 1e-3, PREFIX_SMALL},     {"u", 1e-6, PREFIX_SMALL},
    {"n", 1e-9, PREFIX_SMALL},     {"p", 1e-12, PREFIX_SMALL},    {"Ki", 0x1p10, PREFIX_BINARY},
    {"Mi", 0x1p20, PREFIX_BINARY}, {"Gi", 0x1p30, PREFIX_BINARY}, {"Ti", 0x1p40, PREFIX_BINARY},
    {"Pi", 0x1p50, PREFIX_BINARY}, {"Ei", 0x1p60, PREFIX_BINARY},
};
enum { PREFIX_COUNT = sizeof prefixes / sizeof prefixes[0] };

const char *units_name(enum unit unit)
{
    return rules[unit].name;
}

const char *units_meaning(enum unit unit)
{
    return rules[unit].meaning;
}

static bool refuse(const char *text, enum unit unit, const char *why, struct error *error)
{
    const struct unit_rule *rule = &rules[unit];
    return error_fill(error, ERROR_INPUT, "'%.60s' %s; expected %s such as %s", text, why,
                      rule->meaning, rule->example);
}

static size_t digits(const char *text)
{
    size_t length = 0;
    while (text[length] >= '0' && text[length] <= '9') {
        length++;
    }
    return length;
}

/* Bytes of a decimal number at the start of text, 0 when there is none. An E without digits
 * behind it is the prefix exa. */
static size_t number_length(const char *text)
{
    size_t whole = digits(text), length = whole, part = 0;
    if (text[length] == '.') {
        part = digits(text + length + 1);
        length += 1 + part;
    }
    if (whole + part == 0) {
        return 0;
    }
    if (text[length] == 'e' || text[length] == 'E') {
        size_t sign = text[length + 1] == '+' || text[length + 1] == '-';
        size_t exponent = digits(text + length + 1 + sign);
        length += exponent > 0 ? 1 + sign + exponent : 0;
    }
    return length;
}

/* strtod in the C locale, whatever the process has set. */
static double to_double(const char *number)
{
    static locale_t plain;
    if (plain == (locale_t)0) {
        plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    }
    locale_t before = uselocale(plain);
    errno = 0;
    double value = strtod(number, NULL);
    uselocale(before);
    return errno == ERANGE ? (double)NAN : value;
}

/* What one of the unit is worth in SI; NAN when text is no form of the unit. */
static double suffix_factor(const char *text, enum unit unit)
{
    static const struct {
        enum unit unit;
        const char *text;
        double factor;
    } whole_words[] = {{UNIT_SECONDS, "min", 60},
                       {UNIT_SECONDS, "h", 3600},
                       {UNIT_SECONDS, "d", 86400},
                       {UNIT_FRACTION, "%", 0.01}};
    for (size_t i = 0; i < sizeof whole_words / sizeof whole_words[0]; i++) {
        if (whole_words[i].unit == unit && strcmp(whole_words[i].text, text) == 0) {
            return whole_words[i].factor;
        }
    }
    for (int i = 0; i < PREFIX_COUNT; i++) {
        size_t length = strlen(prefixes[i].text);
        bool allowed = length == 0 || (rules[unit].prefixes & prefixes[i].set) != 0;
        if (allowed && strncmp(text, prefixes[i].text, length) == 0 &&
            strcmp(text + length, rules[unit].name) == 0) {
            return prefixes[i].factor;
        }
    }
    return (double)NAN;
}

static const char *suffix_problem(const char *suffix)
{
    if (*suffix == '\0') {
        return "has no unit";
    }
    return *suffix == ' ' ? "has a space" : "has an unknown unit";
}

bool units_read(const char *text, enum unit unit, double *value, struct error *error)
{
    *value = 0;
    if (unit == UNIT_TEXT) {
        return true;
    }
    size_t length = number_length(text);
    if (length == 0) {
        return refuse(text, unit, *text == '-' ? "is negative" : "is no number", error);
    }
    if (length >= NUMBER_SIZE) {
        return refuse(text, unit, "has too many digits", error);
    }
    double factor = suffix_factor(text + length, unit);
    if (isnan(factor)) {
        return refuse(text, unit, suffix_problem(text + length), error);
    }
    char number[NUMBER_SIZE];
    memcpy(number, text, length);
    number[length] = '\0';
    double read = to_double(number);
    read =
        factor < 1 ? read / round(1 / factor) : read * factor; /* 15us is 1.5e-5, to the bit */
    if (!isfinite(read)) {
        return refuse(text, unit, "is out of range", error);
    }
    if (unit == UNIT_COUNT && (read > 0x1p53 || read != floor(read))) {
        return refuse(text, unit, "is no whole number up to 2^53", error);
    }
    *value = read;
    return true;
}

/* Decimals that make three significant figures of a rounded value. */
static int decimals(double magnitude)
{
    int places = magnitude > 0 ? 2 : 0;
    for (double bound = 10; places > 0 && magnitude >= bound; bound *= 10) {
        places--;
    }
    for (double bound = 1; magnitude > 0 && magnitude < bound && places < 8; bound /= 10) {
        places++;
    }
    return places;
}

static double round3(double magnitude)
{
    if (magnitude <= 0) {
        return 0;
    }
    double step = pow(10, floor(log10(magnitude)) - 2);
    return step > 0 && isfinite(step) ? round(magnitude / step) * step : magnitude;
}

static void print_scaled(char *buffer, int size, double value, double scale, const char *unit)
{
    double shown = round3(fabs(value) / scale);
    int places = decimals(shown * (1 + 1e-12)); /* round3 may end a hair below a power of ten */
    const char *sign = value < 0 && shown > 0 ? "-" : "";
    snprintf(buffer, (size_t)size, shown < 1e7 ? "%s%.*f%s%s" : "%s%.*e%s%s", sign,
             shown < 1e7 ? places : 2, shown, *unit == '\0' ? "" : " ", unit);
}

struct step {
    double from; /* magnitudes from here on use the scale */
    double scale;
    const char *text;
};

/* The last step that value reaches, after rounding: 999.6 ms is 1.00 s. */
static void print_steps(char *buffer, int size, double value, const struct step *steps)
{
    const struct step *best = steps;
    for (const struct step *step = steps; step->text != NULL; step++) {
        if (round3(fabs(value) / step->scale) * (1 + 1e-12) >= step->from / step->scale) {
            best = step;
        }
    }
    print_scaled(buffer, size, value, best->scale, best->text);
}

static void print_decimal(char *buffer, int size, double value, const char *unit, bool small)
{
    static const struct {
        double scale;
        const char *prefix;
    } scales[] = {{1e-12, "p"}, {1e-9, "n"}, {1e-6, "u"}, {1e-3, "m"}, {1, ""},    {1e3, "k"},
                  {1e6, "M"},   {1e9, "G"},  {1e12, "T"}, {1e15, "P"}, {1e18, "E"}};
    int first = small ? 0 : 4, best = fabs(value) > 0 ? first : 4;
    for (int i = first; i < (int)(sizeof scales / sizeof scales[0]); i++) {
        if (round3(fabs(value) / scales[i].scale) * (1 + 1e-12) >= 1) {
            best = i;
        }
    }
    char text[16];
    snprintf(text, sizeof text, "%s%s", scales[best].prefix, unit);
    print_scaled(buffer, size, value, scales[best].scale, text);
}

static const struct step time_steps[] = {
    {0, 1, "s"},          {1e-12, 1e-12, "ps"}, {1e-9, 1e-9, "ns"}, {1e-6, 1e-6, "us"},
    {1e-3, 1e-3, "ms"},   {1, 1, "s"},          {120, 60, "min"},   {7200, 3600, "h"},
    {172800, 86400, "d"}, {0, 0, NULL}};

/* A binary prefix from 1000 of the smaller on: three figures, not four. */
static const struct step byte_steps[] = {{0, 1, "B"},
                                         {1000, 0x1p10, "KiB"},
                                         {1000 * 0x1p10, 0x1p20, "MiB"},
                                         {1000 * 0x1p20, 0x1p30, "GiB"},
                                         {1000 * 0x1p30, 0x1p40, "TiB"},
                                         {1000 * 0x1p40, 0x1p50, "PiB"},
                                         {1000 * 0x1p50, 0x1p60, "EiB"},
                                         {0, 0, NULL}};

static const struct step money_steps[] = {
    {0, 1, "USD"}, {1e6, 1e6, "million USD"}, {1e9, 1e9, "billion USD"}, {0, 0, NULL}};

char *units_print(char *buffer, int size, double value, enum unit unit)
{
    if (!isfinite(value)) {
        snprintf(buffer, (size_t)size, "%s",
                 isnan(value) ? "unknown"
                 : value > 0  ? "inf"
                              : "-inf");
        return buffer;
    }
    switch (unit) {
    case UNIT_SECONDS:
        print_steps(buffer, size, value, time_steps);
        break;
    case UNIT_BYTES:
        print_steps(buffer, size, value, byte_steps);
        break;
    case UNIT_USD:
        print_steps(buffer, size, value, money_steps);
        break;
    case UNIT_BYTES_PER_S:
        print_decimal(buffer, size, value, "B/s", false);
        break;
    case UNIT_FLOPS_PER_S:
        print_decimal(buffer, size, value, "FLOP/s", false);
        break;
    case UNIT_WATTS:
    case UNIT_JOULES:
        print_decimal(buffer, size, value, rules[unit].name, true);
        break;
    case UNIT_COUNT:
        snprintf(buffer, (size_t)size, fabs(value) < 1e15 ? "%.0f" : "%.2e", value);
        break;
    case UNIT_USD_PER_H:
    case UNIT_FRACTION:
        print_scaled(buffer, size, value, 1, rules[unit].name);
        break;
    case UNIT_TEXT:
    case UNIT_KINDS:
        buffer[0] = '\0';
        break;
    }
    return buffer;
}
