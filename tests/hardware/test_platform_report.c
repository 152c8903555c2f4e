/* SPDX-License-Identifier: Apache-2.0 */
/* Totals, hop classes and published values of the tiny platform by hand, what is printed of
 * them, and the list of files. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hardware/platform_inspect.h"
#include "hardware/platform_list.h"
#include "hardware/platform_schema.h"
#include "support/support.h"
#include "support/tiny_platform.h"

static char page[40000];

/* What print writes about the tiny platform. */
static const char *printed(void (*print)(const struct platform_report *, FILE *),
                           const struct platform_report *report)
{
    FILE *file = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    print(report, file);
    rewind(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    return page;
}

static const struct platform_report *tiny_report(struct arena *arena)
{
    struct error error;
    struct platform *platform = tiny_platform(NULL, NULL, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    return platform_report_create(platform, arena);
}

/* 4 x 100 TFLOP/s; 4 x 96 GiB; 4 x 2 TB/s; 4 x (500 + 250) W. Links that leave a chip: 4 wires
 * of 100, bus-0 of 40, bus-pipe of 10 GB/s. NICs: 2 x 10 GB/s. */
static void test_totals(void)
{
    struct arena *arena = arena_create();
    const struct platform_report *report = tiny_report(arena);
    CU_ASSERT(near(report->peak_flops_per_s[DTYPE_BF16], 400e12, 1e-15));
    CU_ASSERT(near(report->hbm_bytes, 384 * 0x1p30, 1e-15));
    CU_ASSERT(near(report->hbm_Bps, 8e12, 1e-15));
    CU_ASSERT(near(report->power_W, 3000, 1e-15));
    CU_ASSERT(near(report->scale_up_Bps, 450e9, 1e-15));
    CU_ASSERT(near(report->scale_out_Bps, 20e9, 1e-15));
    CU_ASSERT(near(report->bisection_Bps, 100e9, 1e-12));
    arena_free(arena);
}

/* 8 ordered pairs over two wires; c0, c1 over the bus; c3 to c2 over it twice; c2 to c3 alone.
 */
static void test_classes(void)
{
    struct arena *arena = arena_create();
    const struct platform_report *report = tiny_report(arena);
    CU_ASSERT_EQUAL_FATAL(report->hop_class_count, 4);
    const struct hop_class *classes = report->hop_classes;
    CU_ASSERT_STRING_EQUAL(classes[0].media, "wire 2");
    CU_ASSERT(classes[0].pairs == 8 && near(classes[0].latency_s, 2e-6, 1e-12));
    CU_ASSERT(near(classes[0].bandwidth_Bps, 50e9, 1e-12));
    CU_ASSERT_STRING_EQUAL(classes[1].media, "bus 1");
    CU_ASSERT(classes[1].pairs == 2 && near(classes[1].bandwidth_Bps, 40e9, 1e-12));
    int64_t pairs = 0;
    for (int i = 0; i < 4; i++) {
        pairs += classes[i].pairs;
    }
    CU_ASSERT_EQUAL(pairs, 12);
    arena_free(arena);
}

/* 8 TB/s computed against 8.2 published is 2.4 % off: missed. 3.0 kW against 3.1 is inside its
 * range from 2.9. A sparse peak is not computed. */
static void test_published(void)
{
    struct arena *arena = arena_create();
    const struct platform_report *report = tiny_report(arena);
    CU_ASSERT_EQUAL_FATAL(report->published_count, 5);
    const struct published_total *published = report->published;
    CU_ASSERT(!published[0].missed && near(published[0].computed, 400e12, 1e-12));
    CU_ASSERT(!published[1].missed && isnan(published[1].computed));
    CU_ASSERT(published[2].missed);
    CU_ASSERT(!published[3].missed && !published[4].missed);
    arena_free(arena);
}

static void test_page(void)
{
    struct arena *arena = arena_create();
    const char *text = printed(platform_inspect, tiny_report(arena));
    const char *const expected[] = {
        "box of 4 chips: 4 x Chip One; 7 by default\n",
        "[90.0 GiB to 100 GiB] published: a data sheet, read 2026-11\n",
        "  ~ published.hbm_size ",
        "         8  wire 2                        50.0 GB/s   2.00 us\n",
        "to the second: 100 GB/s each way, limited by medium wire (wire-0_UP carries 2 "
        "flows)\n",
        "each chip sends 30 GB/s, limited by medium bus (bus-0 carries 4 flows)\n",
        "  1 leaf     groups of 2 boxs, 2 rails, oversubscription 2, 100 ns a switch\n",
        "peak_bf16_total          400 TFLOP/s vs published 400 TFLOP/s (+0.0 %)\n",
        "peak_fp8_sparse          not computed here; published 1600Tf\n",
        "hbm_bandwidth            8 TB/s vs published 8.2 TB/s (-2.4 %)  MISSED\n",
        "power                    3 kW vs published 3.1 kW (-3.2 %)  within its range\n",
        "  1 of 5 published totals missed\n",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        bool there = strstr(text, expected[i]) != NULL;
        if (!there) {
            printf("\n    not there: %s", expected[i]);
        }
        CU_ASSERT(there);
    }
    arena_free(arena);
}

static void test_json(void)
{
    struct arena *arena = arena_create();
    const char *text = printed(platform_inspect_json, tiny_report(arena));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"title\": \"Four chips & a \\\"wire\\\"\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"limiting_medium\": \"wire\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"published\": 1600000000000000, \"computed\": null"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"hbm_Bps\": 8000000000000"));
    int depth = 0;
    for (const char *at = text; *at != '\0'; at++) {
        depth += *at == '{' || *at == '[';
        depth -= *at == '}' || *at == ']';
    }
    CU_ASSERT_EQUAL(depth, 0);
    arena_free(arena);
}

static void test_list(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct platform_entry *entries;
    int64_t count;
    CU_ASSERT(
        platform_list_read(SOURCE_FOLDER "/tests/support", &entries, &count, arena, &error));
    CU_ASSERT_EQUAL_FATAL(count,
                          1); /* the pattern of the tiny platform: its zone has no name */
    CU_ASSERT_PTR_NULL(entries[0].platform);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entries[0].problem);
    CU_ASSERT(strncmp(entries[0].problem, "line 5: zone '%ZONE%' in file", 29) == 0);
    CU_ASSERT_FALSE(platform_list_read("no such folder", &entries, &count, arena, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_SYSTEM);
    arena_free(arena);
}

static void print_schema(const struct platform_report *report, FILE *file)
{
    (void)report;
    platform_schema_print(file);
}

static void test_schema_table(void)
{
    const char *text = printed(print_schema, NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "| `chip.*.tdp` | W | yes | power of a busy chip |\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "| `chip.*.tile_m` | whole number | yes | "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "| `title` | text | yes | "));
}

void suite_platform_report(void);

void suite_platform_report(void)
{
    static const struct test tests[] = {
        {"totals", test_totals},
        {"hop classes", test_classes},
        {"published totals", test_published},
        {"the page of text", test_page},
        {"the JSON object", test_json},
        {"the list of a folder", test_list},
        {"the table of properties", test_schema_table},
    };
    add_suite("platform_report", tests, sizeof tests / sizeof tests[0]);
}
