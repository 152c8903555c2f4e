/* SPDX-License-Identifier: Apache-2.0 */
/* What libraries choose on the machines that ship: where in-switch reduction begins, which
 * protocol by size, what bounds exchanges between servers, and that a choice is quick. */
#include <math.h>
#include <string.h>
#include <time.h>

#include <CUnit/CUnit.h>

#include "collective/collective.h"
#include "support/support.h"

enum { CHIPS_MAX = 8192 };
static int64_t chips[CHIPS_MAX];
static struct arena *arena;

static struct collective group(const char *machine, enum collective_operation operation,
                               double bytes, int64_t count)
{
    struct error error = {.kind = ERROR_NONE};
    struct platform *platform =
        platform_read(arena_format(arena, "platforms/%s.xml", machine), arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    platform->domain_count = (count + platform->chip_count - 1) / platform->chip_count;
    for (int64_t i = 0; i < count; i++) {
        chips[i] = i;
    }
    return (struct collective){operation, bytes, platform, chips, count};
}

static struct schedule choose(const struct collective *collective, const char *algorithm)
{
    struct error error = {.kind = ERROR_NONE};
    struct schedule schedule = {.arena = arena};
    CU_ASSERT_FATAL(collective_plan(collective, algorithm, &schedule, &error));
    return schedule;
}

static const char *algorithm(const char *machine, enum collective_operation operation,
                             double bytes, int64_t count)
{
    struct collective collective = group(machine, operation, bytes, count);
    return choose(&collective, "auto").algorithm;
}

static double time_s(const char *machine, enum collective_operation operation, double bytes,
                     int64_t count, const char *name)
{
    struct collective collective = group(machine, operation, bytes, count);
    struct schedule schedule = choose(&collective, name);
    return collective_time_s(&collective, &schedule);
}

static void test_in_switch_begins(void)
{
    arena = arena_create();
    CU_ASSERT_STRING_EQUAL(algorithm("hgx-h200", COLLECTIVE_ALL_REDUCE, 8e9, 4), "ring");
    CU_ASSERT_STRING_EQUAL(algorithm("hgx-h200", COLLECTIVE_ALL_REDUCE, 8e9, 5), "in-switch");
    CU_ASSERT_STRING_EQUAL(algorithm("hgx-b200", COLLECTIVE_ALL_REDUCE, 8e9, 5), "ring");
    CU_ASSERT_STRING_EQUAL(algorithm("hgx-b200", COLLECTIVE_ALL_REDUCE, 8e9, 6), "in-switch");
    CU_ASSERT_STRING_EQUAL(algorithm("hgx-h200", COLLECTIVE_ALL_GATHER, 8e9, 8), "ring");
    CU_ASSERT_STRING_EQUAL(algorithm("hgx-a100", COLLECTIVE_ALL_REDUCE, 8e9, 8), "ring");
    CU_ASSERT_STRING_EQUAL(algorithm("h100-pcie", COLLECTIVE_ALL_REDUCE, 8e9, 8), "ring");
    arena_free(arena);
}

/* Measured gains over a ring on 8 GPUs: 1.29 on H200, 1.23 on B200. */
static void test_in_switch_gains(void)
{
    static const char *const machines[] = {"hgx-h200", "hgx-b200"};
    static const double gains[] = {1.29, 1.23};
    arena = arena_create();
    for (int i = 0; i < 2; i++) {
        double ring_s = time_s(machines[i], COLLECTIVE_ALL_REDUCE, 8e9, 8, "ring");
        double switch_s = time_s(machines[i], COLLECTIVE_ALL_REDUCE, 8e9, 8, "in-switch");
        CU_ASSERT_DOUBLE_EQUAL(ring_s / switch_s, gains[i], 0.03);
    }
    arena_free(arena);
}

/* A ring with a low-latency protocol below about 2 MiB, the switch above. */
static void test_protocol_by_size(void)
{
    arena = arena_create();
    double mib = 1048576;
    struct collective small = group("hgx-h200", COLLECTIVE_ALL_REDUCE, mib, 8);
    struct schedule low = choose(&small, "auto");
    CU_ASSERT_STRING_EQUAL(low.algorithm, "ring");
    CU_ASSERT_STRING_EQUAL(low.protocol, "LL128");
    small.bytes = 1024;
    CU_ASSERT_STRING_EQUAL(choose(&small, "auto").protocol, "LL");
    CU_ASSERT_STRING_EQUAL(algorithm("hgx-h200", COLLECTIVE_ALL_REDUCE, 32 * mib, 8),
                           "in-switch");
    struct collective gather = group("hgx-a100", COLLECTIVE_ALL_GATHER, 1024 * mib, 8);
    CU_ASSERT_STRING_EQUAL(choose(&gather, "auto").protocol, "Simple");
    arena_free(arena);
}

/* 7/8 of what a chip sends leaves its server over its NIC: the rate of the NIC plus little. */
static void test_one_nic_bounds_all_to_all(void)
{
    arena = arena_create();
    struct collective collective = group("hgx-h100", COLLECTIVE_ALL_TO_ALL, 16e9, 64);
    struct schedule schedule = choose(&collective, "auto");
    double bus_Bps =
        collective_bus_bandwidth_Bps(&collective, collective_time_s(&collective, &schedule));
    double nic_Bps = collective.platform->nic_up_Bps[0];
    CU_ASSERT(bus_Bps > nic_Bps && bus_Bps < 63.0 / 56 * nic_Bps * 1.01);
    arena_free(arena);
}

/* Measured on B200: 2.2 times the time at 16 GiB, 6.7 times at 1 MiB (host waits included). */
static void test_leaving_the_server(void)
{
    arena = arena_create();
    const double sizes[] = {17179869184.0, 1048576}, factors[] = {2.2, 6.7};
    for (int i = 0; i < 2; i++) {
        double one_s = time_s("p6-b200", COLLECTIVE_ALL_REDUCE, sizes[i], 8, "auto");
        double four_s = time_s("p6-b200", COLLECTIVE_ALL_REDUCE, sizes[i], 32, "auto");
        double host_s =
            group("p6-b200", COLLECTIVE_ALL_REDUCE, 1, 8).platform->collective_host_s;
        double factor = (four_s + host_s) / (one_s + host_s);
        CU_ASSERT_DOUBLE_EQUAL(factor, factors[i], 0.25 * factors[i]);
    }
    arena_free(arena);
}

/* Every NIC of a server carries its part: 2 (p - 1) / p of an eighth of the buffer. */
static void test_rings_use_all_nics(void)
{
    arena = arena_create();
    struct collective collective = group("hgx-h100", COLLECTIVE_ALL_REDUCE, 16e9, 32);
    double ring_s = time_s("hgx-h100", COLLECTIVE_ALL_REDUCE, 16e9, 32, "ring");
    double bytes_s = 2 * 31.0 / 32 * 2e9 / collective.platform->nic_up_Bps[0];
    CU_ASSERT(ring_s > bytes_s && ring_s < 1.01 * bytes_s + 0.01);
    arena_free(arena);
}

static void test_kangaring_needs_joined_neighbours(void)
{
    arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct collective collective = group("trn2.48xlarge", COLLECTIVE_ALL_REDUCE, 1e9, 16);
    CU_ASSERT_STRING_EQUAL(choose(&collective, "auto").algorithm, "kangaring");
    struct schedule schedule = {.arena = arena};
    collective = group("trn2.48xlarge", COLLECTIVE_ALL_REDUCE, 1e9, 32);
    CU_ASSERT_FALSE(collective_plan(&collective, "kangaring", &schedule, &error));
    arena_free(arena);
}

static void test_large_groups_choose_quickly(void)
{
    arena = arena_create();
    struct collective collective = group("hgx-h100", COLLECTIVE_ALL_REDUCE, 1e9, 7168);
    clock_t before = clock();
    struct collective_choice choice, again;
    struct error error = {.kind = ERROR_NONE};
    CU_ASSERT_FATAL(collective_choose(&collective, "auto", &choice, &error));
    double taken_s = (double)(clock() - before) / CLOCKS_PER_SEC;
    CU_ASSERT(taken_s < 0.25); /* about 0.02 with optimisation, more under sanitizers */
    CU_ASSERT_FATAL(collective_choose(&collective, "auto", &again, &error));
    CU_ASSERT(choice.algorithm == again.algorithm && choice.protocol == again.protocol);

    arena_free(arena);
}

void suite_library(void)
{
    static const struct test tests[] = {
        {"in-switch reduction begins", test_in_switch_begins},
        {"in-switch reduction gains", test_in_switch_gains},
        {"protocol by size", test_protocol_by_size},
        {"one NIC bounds all-to-all", test_one_nic_bounds_all_to_all},
        {"leaving the server", test_leaving_the_server},
        {"rings use all NICs", test_rings_use_all_nics},
        {"KangaRing needs joined neighbours", test_kangaring_needs_joined_neighbours},
        {"large groups choose quickly", test_large_groups_choose_quickly},
    };
    add_suite("library", tests, sizeof tests / sizeof tests[0]);
}
