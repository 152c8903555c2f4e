/* SPDX-License-Identifier: Apache-2.0 */
/* Units: what people write is read to the bit, everything else is refused with an example. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "base/units.h"
#include "support/support.h"

static double value_of(const char *text, enum unit unit)
{
    struct error error = {0};
    double value = -1;
    if (!units_read(text, unit, &value, &error)) {
        printf("\n    %s", error.message);
        return -1;
    }
    return value;
}

static bool refused(const char *text, enum unit unit, const char *why)
{
    struct error error = {0};
    double value = 7;
    bool read = units_read(text, unit, &value, &error);
    if (read || error.kind != ERROR_INPUT || strstr(error.message, why) == NULL || value != 0) {
        printf("\n    '%s': %s", text, read ? "was read" : error.message);
        return false;
    }
    return true;
}

static const char *shown(double value, enum unit unit)
{
    static char text[24];
    return units_print(text, sizeof text, value, unit);
}

static void reads_sizes(void)
{
    CU_ASSERT_EQUAL(value_of("96GiB", UNIT_BYTES), 96.0 * 1024 * 1024 * 1024);
    CU_ASSERT_EQUAL(value_of("4GB", UNIT_BYTES), 4e9);
    CU_ASSERT_EQUAL(value_of("5EB", UNIT_BYTES), 5e18); /* E is a prefix here */
    CU_ASSERT_EQUAL(value_of("5e3B", UNIT_BYTES), 5000);
    CU_ASSERT_EQUAL(value_of("0.5KiB", UNIT_BYTES), 512);
    CU_ASSERT_EQUAL(value_of(".5KiB", UNIT_BYTES), 512);
    CU_ASSERT_EQUAL(value_of("0B", UNIT_BYTES), 0);
}

static void reads_rates(void)
{
    CU_ASSERT_EQUAL(value_of("3.2TBps", UNIT_BYTES_PER_S), 3.2e12);
    CU_ASSERT_EQUAL(value_of("1.5e3GBps", UNIT_BYTES_PER_S), 1.5e12);
    CU_ASSERT_EQUAL(value_of("820GiBps", UNIT_BYTES_PER_S), 820.0 * 1073741824.0);
    CU_ASSERT_EQUAL(value_of("667Tf", UNIT_FLOPS_PER_S), 667e12);
}

/* The nearest double of the decimal number, not that of 15 times the nearest double of 1e-6. */
static void reads_times_to_the_bit(void)
{
    CU_ASSERT_EQUAL(value_of("15us", UNIT_SECONDS), 15e-6);
    CU_ASSERT_EQUAL(value_of("100ns", UNIT_SECONDS), 100e-9);
    CU_ASSERT_EQUAL(value_of("7ms", UNIT_SECONDS), 7e-3);
    CU_ASSERT_EQUAL(value_of("30min", UNIT_SECONDS), 1800);
    CU_ASSERT_EQUAL(value_of("1.5h", UNIT_SECONDS), 5400);
    CU_ASSERT_EQUAL(value_of("54d", UNIT_SECONDS), 54.0 * 86400);
}

static void reads_power_money_and_numbers(void)
{
    CU_ASSERT_EQUAL(value_of("1.2kW", UNIT_WATTS), 1200);
    CU_ASSERT_EQUAL(value_of("20pJ", UNIT_JOULES), 20e-12);
    CU_ASSERT_EQUAL(value_of("1200USD", UNIT_USD), 1200);
    CU_ASSERT_EQUAL(value_of("2.36USD/h", UNIT_USD_PER_H), 2.36);
    CU_ASSERT_EQUAL(value_of("0.85", UNIT_FRACTION), 0.85);
    CU_ASSERT_EQUAL(value_of("85%", UNIT_FRACTION), 0.85);
    CU_ASSERT_EQUAL(value_of("1.25", UNIT_FRACTION), 1.25);
    CU_ASSERT_EQUAL(value_of("4194304", UNIT_COUNT), 4194304);
    CU_ASSERT_EQUAL(value_of("any text", UNIT_TEXT), 0);
}

static void refuses_what_has_no_unit_or_another(void)
{
    CU_ASSERT_TRUE(refused("12", UNIT_BYTES, "no unit"));
    CU_ASSERT_TRUE(refused("12G", UNIT_BYTES, "unknown unit"));
    CU_ASSERT_TRUE(refused("12s", UNIT_BYTES, "96GiB"));
    CU_ASSERT_TRUE(refused("10Gbps", UNIT_BYTES_PER_S, "bytes per second"));
    CU_ASSERT_TRUE(refused("10GB", UNIT_BYTES_PER_S, "a bandwidth"));
    CU_ASSERT_TRUE(refused("1mB", UNIT_BYTES, "unknown unit"));
    CU_ASSERT_TRUE(refused("1ks", UNIT_SECONDS, "unknown unit"));
    CU_ASSERT_TRUE(refused("1Gis", UNIT_SECONDS, "unknown unit"));
    CU_ASSERT_TRUE(refused("1mmin", UNIT_SECONDS, "unknown unit"));
    CU_ASSERT_TRUE(refused("4 GB", UNIT_BYTES, "a space"));
    CU_ASSERT_TRUE(refused("4GB ", UNIT_BYTES, "unknown unit"));
    CU_ASSERT_TRUE(refused("85%", UNIT_COUNT, "unknown unit"));
}

static void refuses_what_is_no_number(void)
{
    static const char *const texts[] = {"",    " 1s", "s",  "inf", "nan", "infs", "nans", "NaN",
                                        "+1s", "one", ".s", "e5s", "-",   "0x",   "\xFFs"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CU_ASSERT_TRUE(refused(texts[i], UNIT_SECONDS, "expected a time such as 15us"));
    }
    CU_ASSERT_TRUE(refused("-1s", UNIT_SECONDS, "is negative"));
    CU_ASSERT_TRUE(refused("0x10s", UNIT_SECONDS, "unknown unit"));
    CU_ASSERT_TRUE(refused("1,5s", UNIT_SECONDS, "unknown unit"));
    CU_ASSERT_TRUE(refused("1e400s", UNIT_SECONDS, "out of range"));
    CU_ASSERT_TRUE(refused("1e308Tf", UNIT_FLOPS_PER_S, "out of range"));
    CU_ASSERT_TRUE(refused("1e-400s", UNIT_SECONDS, "out of range"));
    CU_ASSERT_TRUE(refused("1.5", UNIT_COUNT, "whole number"));
    CU_ASSERT_TRUE(refused("1e16", UNIT_COUNT, "whole number"));
    CU_ASSERT_TRUE(refused("1111111111111111111111111111111111111111111111111s", UNIT_SECONDS,
                           "too many digits"));
}

static void long_texts_are_cut_in_messages(void)
{
    char text[5000];
    memset(text, 'z', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CU_ASSERT_TRUE(refused(text, UNIT_WATTS, "zzz' is no number"));
}

/* Only where the machine has such a locale; the comma must change nothing. */
static void locale_does_not_matter(void)
{
    const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "da_DK.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (setlocale(LC_NUMERIC, names[i]) != NULL) {
            CU_ASSERT_EQUAL(value_of("1.5us", UNIT_SECONDS), 1.5e-6);
        }
    }
    setlocale(LC_NUMERIC, "C");
}

static void prints_times(void)
{
    CU_ASSERT_STRING_EQUAL(shown(0, UNIT_SECONDS), "0 s");
    CU_ASSERT_STRING_EQUAL(shown(1.5e-6, UNIT_SECONDS), "1.50 us");
    CU_ASSERT_STRING_EQUAL(shown(220e-6, UNIT_SECONDS), "220 us");
    CU_ASSERT_STRING_EQUAL(shown(0.01234, UNIT_SECONDS), "12.3 ms");
    CU_ASSERT_STRING_EQUAL(shown(0.9996, UNIT_SECONDS), "1.00 s"); /* not 1000 ms */
    CU_ASSERT_STRING_EQUAL(shown(119, UNIT_SECONDS), "119 s");
    CU_ASSERT_STRING_EQUAL(shown(1800, UNIT_SECONDS), "30.0 min");
    CU_ASSERT_STRING_EQUAL(shown(7200, UNIT_SECONDS), "2.00 h");
    CU_ASSERT_STRING_EQUAL(shown(54 * 86400.0, UNIT_SECONDS), "54.0 d");
    CU_ASSERT_STRING_EQUAL(shown(-0.01234, UNIT_SECONDS), "-12.3 ms");
}

static void prints_other_quantities(void)
{
    CU_ASSERT_STRING_EQUAL(shown(8.0 * 1073741824, UNIT_BYTES), "8.00 GiB");
    CU_ASSERT_STRING_EQUAL(shown(1000.0 * 1048576, UNIT_BYTES), "0.977 GiB");
    CU_ASSERT_STRING_EQUAL(shown(512, UNIT_BYTES), "512 B");
    CU_ASSERT_STRING_EQUAL(shown(1.15e12, UNIT_BYTES_PER_S), "1.15 TB/s");
    CU_ASSERT_STRING_EQUAL(shown(999.6e9, UNIT_BYTES_PER_S), "1.00 TB/s");
    CU_ASSERT_STRING_EQUAL(shown(362e15, UNIT_FLOPS_PER_S), "362 PFLOP/s");
    CU_ASSERT_STRING_EQUAL(shown(1.234e6, UNIT_WATTS), "1.23 MW");
    CU_ASSERT_STRING_EQUAL(shown(20e-12, UNIT_JOULES), "20.0 pJ");
    CU_ASSERT_STRING_EQUAL(shown(0.00123, UNIT_USD), "0.00123 USD");
    CU_ASSERT_STRING_EQUAL(shown(52.3e6, UNIT_USD), "52.3 million USD");
    CU_ASSERT_STRING_EQUAL(shown(2.36, UNIT_USD_PER_H), "2.36 USD/h");
    CU_ASSERT_STRING_EQUAL(shown(0.4123, UNIT_FRACTION), "0.412");
    CU_ASSERT_STRING_EQUAL(shown(4194304, UNIT_COUNT), "4194304");
    CU_ASSERT_STRING_EQUAL(shown((double)NAN, UNIT_USD), "unknown");
    CU_ASSERT_STRING_EQUAL(shown((double)INFINITY, UNIT_SECONDS), "inf");
}

/* Property: what is printed has at most 3 figures before its unit and is within half a unit of
 * the third figure, 0.5 % of the value; it always fits into 24 bytes. */
static void printed_values_are_near(void)
{
    static const struct {
        const char *unit;
        double scale;
    } scales[] = {{"B", 1},        {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30},
                  {"TiB", 0x1p40}, {"PiB", 0x1p50}, {"EiB", 0x1p60}};
    struct random_stream stream;
    random_init(&stream, 1, "printed values");
    for (int i = 0; i < 1000; i++) {
        double value = pow(10, 18 * random_uniform(&stream)), number;
        char unit[8];
        const char *text = shown(value, UNIT_BYTES);
        CU_ASSERT_EQUAL_FATAL(sscanf(text, "%lf %7s", &number, unit), 2);
        for (size_t k = 0; k < sizeof scales / sizeof scales[0]; k++) {
            if (strcmp(unit, scales[k].unit) == 0) {
                CU_ASSERT_TRUE(near(number * scales[k].scale, value, 0.0051));
            }
        }
        CU_ASSERT_TRUE(number < 1000);
    }
}

/* Property: any mantissa and prefix gives their product; reading never gives anything but a
 * finite number of 0 or more, whatever the bytes. */
static void random_texts(void)
{
    static const char letters[] = "0123456789.eE+-kMGTPmunpiBsfWJUD/h%n ";
    struct random_stream stream;
    random_init(&stream, 2, "random texts");
    for (int i = 0; i < 100000; i++) {
        char text[12] = "";
        int64_t length = random_below(&stream, 11);
        for (int64_t k = 0; k < length; k++) {
            text[k] = letters[random_below(&stream, sizeof letters - 1)];
        }
        struct error error = {0};
        double value = -1;
        enum unit unit = (enum unit)random_below(&stream, UNIT_TEXT);
        bool read = units_read(text, unit, &value, &error);
        CU_ASSERT_TRUE_FATAL(isfinite(value) && value >= 0);
        CU_ASSERT_EQUAL_FATAL(read, error.kind == ERROR_NONE);
    }
}

void suite_units(void)
{
    static const struct test tests[] = {
        {"reads sizes", reads_sizes},
        {"reads rates", reads_rates},
        {"reads times to the bit", reads_times_to_the_bit},
        {"reads power, money and numbers", reads_power_money_and_numbers},
        {"refuses no unit or another one", refuses_what_has_no_unit_or_another},
        {"refuses what is no number", refuses_what_is_no_number},
        {"long texts are cut in messages", long_texts_are_cut_in_messages},
        {"the locale does not matter", locale_does_not_matter},
        {"prints times", prints_times},
        {"prints other quantities", prints_other_quantities},
        {"printed values are near", printed_values_are_near},
        {"random texts", random_texts},
    };
    add_suite("units", tests, sizeof tests / sizeof tests[0]);
}
