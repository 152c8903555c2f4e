/* SPDX-License-Identifier: Apache-2.0 */
/* Figures for people: three of them, with a unit. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/print.h"
#include "support/support.h"

static void test_quantities(void)
{
    static const struct {
        double value;
        const char *unit, *text;
    } rows[] = {
        {0.01234, "s", "12.3 ms"},     {3.5e9, "B/s", "3.50 GB/s"},
        {2360, "W", "2.36 kW"},        {1.4877, "USD", "1.49 USD"},
        {16777216, "1", "16.8 M"},     {2304, "1", "2300"},
        {0.42, "1", "0.420"},          {559240, "1/s", "559000 1/s"},
        {(double)NAN, "J", "unknown"}, {999600, "1", "1.00 M"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buffer[PRINT_SIZE];
        CU_ASSERT_STRING_EQUAL(print_quantity(buffer, rows[i].value, rows[i].unit),
                               rows[i].text);
    }
    char buffer[PRINT_SIZE];
    CU_ASSERT_STRING_EQUAL(print_share(buffer, 0.4123), "41.2 %");
}

/* Full precision: a third comes back to the bit; what JSON cannot say is null. */
static void test_json(void)
{
    static const struct column columns[] = {{"name", COLUMN_TEXT, "", ""},
                                            {"time_s", COLUMN_F64, "s", ""},
                                            {"count", COLUMN_I64, "1", ""},
                                            {"cost_usd", COLUMN_F64, "USD", ""}};
    struct arena *arena = arena_create();
    struct table *table = table_create(arena, "t", "", columns, 4);
    union cell *row = table_append(table);
    row[0].text = "a";
    row[1].f64 = 1.0 / 3;
    row[2].i64 = 7;
    row[3].f64 = (double)NAN;
    json_t *object = print_json_row(table, 0);
    char text[160];
    size_t size = json_dumpb(object, text, sizeof text, JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_t *again = json_loadb(text, size, 0, NULL);
    CU_ASSERT(json_real_value(json_object_get(again, "time_s")) == 1.0 / 3);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(again, "count")), 7);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(again, "name")), "a");
    CU_ASSERT(json_is_null(json_object_get(again, "cost_usd")));
    json_decref(again);
    json_decref(object);
    arena_free(arena);
}

void suite_print(void)
{
    static const struct test tests[] = {
        {"quantities", test_quantities},
        {"JSON", test_json},
    };
    add_suite("print", tests, sizeof tests / sizeof tests[0]);
}
