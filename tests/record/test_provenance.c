/* SPDX-License-Identifier: Apache-2.0 */
/* Provenance: the caller's texts, the time in ISO 8601, wall time and peak memory as numbers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "record/provenance.h"
#include "support/support.h"

static const char *fact(const struct provenance *provenance, const char *name)
{
    for (int i = 0; i < PROVENANCE_FACTS; i++) {
        if (strcmp(provenance->facts[i].name, name) == 0) {
            return provenance->facts[i].text;
        }
    }
    return "no such fact";
}

static void holds_what_the_caller_says(void)
{
    struct arena *arena = arena_create();
    struct provenance_source source = {
        .command = "trnsim run a.yaml", .version = "0.1.0", .simgrid = "3.32", .seed = "7"};
    struct provenance *provenance = provenance_start(&source, arena);
    provenance_end(provenance);
    CU_ASSERT_STRING_EQUAL(fact(provenance, "command"), "trnsim run a.yaml");
    CU_ASSERT_STRING_EQUAL(fact(provenance, "simgrid"), "3.32");
    CU_ASSERT_STRING_EQUAL(fact(provenance, "seed"), "7");
    CU_ASSERT_STRING_EQUAL(fact(provenance, "git"), ""); /* not given */
    CU_ASSERT_PTR_NOT_NULL(strchr(fact(provenance, "hdf5"), '.'));
    arena_free(arena);
}

static void measures_time_and_memory(void)
{
    struct arena *arena = arena_create();
    struct provenance_source source = {0};
    struct provenance *provenance = provenance_start(&source, arena);
    struct timespec wait = {0, 20 * 1000 * 1000}, left;
    nanosleep(&wait, &left);
    memset(arena_alloc(arena, 32u << 20), 1, 32u << 20);
    provenance_end(provenance);
    CU_ASSERT_TRUE(provenance->wall_s >= 0.02 && provenance->wall_s < 10);
    CU_ASSERT_TRUE(provenance->peak_bytes >= 32 << 20);
    CU_ASSERT_TRUE(near(strtod(fact(provenance, "simulator_peak_bytes"), NULL),
                        provenance->peak_bytes, 1e-12));
    CU_ASSERT_DOUBLE_EQUAL(strtod(fact(provenance, "simulator_wall_s"), NULL),
                           provenance->wall_s, 0.0006);
    arena_free(arena);
}

static void start_is_iso_8601(void)
{
    struct arena *arena = arena_create();
    struct provenance_source source = {0};
    const char *start = fact(provenance_start(&source, arena), "start");
    int year, month, day, hour, minute, second, end = 0;
    CU_ASSERT_EQUAL(sscanf(start, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &year, &month, &day, &hour,
                           &minute, &second, &end),
                    6);
    CU_ASSERT_EQUAL(end, 20);
    CU_ASSERT_TRUE(year > 2000 && month <= 12 && day <= 31 && hour < 24);
    arena_free(arena);
}

void suite_provenance(void)
{
    static const struct test tests[] = {
        {"holds what the caller says", holds_what_the_caller_says},
        {"measures time and memory", measures_time_and_memory},
        {"start is ISO 8601", start_is_iso_8601},
    };
    add_suite("provenance", tests, sizeof tests / sizeof tests[0]);
}
