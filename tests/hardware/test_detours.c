/* SPDX-License-Identifier: Apache-2.0 */
/* Ways round dead links of the tiny platform, reckoned by hand: wires 1 us, bus 3 us, NIC 2 us,
 * tiers 100, 200 and 400 ns; rails by index modulo 2, groups of two boxes. */
#include <stdio.h>
#include <string.h>

#include "hardware/defect.h"
#include "hardware/fabric.h"
#include "support/support.h"
#include "support/tiny_platform.h"

struct machine {
    struct arena *arena;
    const struct platform *platform;
    struct error error;
};

static struct machine machine(const char *degraded)
{
    struct machine machine = {.arena = arena_create()};
    machine.platform = tiny_platform(NULL, NULL, machine.arena, &machine.error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine.platform);
    struct defects defects = {.degraded_links = degraded};
    machine.platform =
        defect_apply(machine.platform, &defects, 1, machine.arena, &machine.error);
    return machine;
}

/* "": there is no way. */
static bool way_is(const char *degraded, int64_t from, int64_t to, double latency_s,
                   const char *expected)
{
    struct machine m = machine(degraded);
    struct fabric_path path;
    char text[400] = "";
    CU_ASSERT_PTR_NOT_NULL_FATAL(m.platform);
    fabric_path(m.platform, from, to, &path);
    for (int32_t i = 0; i < path.link_count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", i == 0 ? "" : " ",
                 fabric_link_name(m.platform, path.links[i], m.arena));
    }
    bool same = strcmp(text, expected) == 0 && near(path.latency_s, latency_s, 1e-12) &&
                path.cut == (*expected == 0) &&
                (path.cut || path.scale_out == (strstr(text, "nic") != NULL));
    if (!same) {
        printf("\n    found %s, %g s", text, path.latency_s);
    }
    arena_free(m.arena);
    return same;
}

static void over_other_chips(void)
{
    CU_ASSERT(way_is("u0.wire-0:0", 0, 2, 5e-6, "u0.bus-0 u0.wire-1_UP u0.wire-2_DOWN"));
    CU_ASSERT(way_is("u0.wire-0_UP:0", 2, 0, 2e-6, "u0.wire-2_UP u0.wire-0_DOWN"));
    CU_ASSERT(way_is("u1.wire-0:0", 0, 2, 2e-6, "u0.wire-0_UP u0.wire-2_DOWN"));
}

static void over_another_nic(void)
{
    CU_ASSERT(way_is("u0.nic-0_UP:0", 0, 6, 6.1e-6,
                     "u0.wire-0_UP u0.wire-2_DOWN u0.nic-1_UP u1.nic-1_DOWN"));
    CU_ASSERT(way_is("u0.nic-0_UP:0", 6, 0, 4.1e-6, "u1.nic-1_UP u0.nic-0_DOWN"));
    CU_ASSERT(way_is("u1.nic-1_DOWN:0", 0, 6, 6.1e-6,
                     "u0.nic-0_UP u1.nic-0_DOWN u1.wire-0_UP u1.wire-2_DOWN"));
}

/* The rail over chip 0 has lost its switch's way up: chip 1's rail is as near. */
static void over_another_rail(void)
{
    CU_ASSERT(way_is("tier1.0.0_UP:0", 0, 5, 7.1e-6, "u0.bus-0 u0.nic-0_UP u1.nic-0_DOWN"));
    CU_ASSERT(way_is("tier1.0.0_UP:0", 0, 6, 4.1e-6, "u0.nic-0_UP u1.nic-1_DOWN"));
}

/* Chip 0 has lost its links: its NIC is left. */
static void over_the_fabric(void)
{
    CU_ASSERT(way_is("u0.wire-0:0,u0.bus-0:0", 0, 2, 4.1e-6, "u0.nic-0_UP u0.nic-1_DOWN"));
    CU_ASSERT(way_is("u0.wire-0:0,u0.bus-0:0", 0, 1, 4.4e-6,
                     "u0.nic-0_UP tier1.0.0_UP tier1.0.1_DOWN u0.nic-0_DOWN"));
}

static void no_way(void)
{
    CU_ASSERT(way_is("u0.nic-*_UP:0", 0, 6, 0, ""));
    CU_ASSERT(way_is("tier2.0.0:0", 1, 26, 0, ""));
    CU_ASSERT(way_is("u0.wire-0:0,u0.bus-0:0,u0.nic-0:0", 0, 2, 0, ""));
}

static void shares(void)
{
    struct machine m = machine("u0.nic-*:1/4,tier1.1.1_DOWN:0.5");
    CU_ASSERT_PTR_NOT_NULL_FATAL(m.platform);
    CU_ASSERT_EQUAL(m.platform->defect_count, 5);
    CU_ASSERT(near(defect_factor(m.platform, m.platform->defects[4].link), 0.25, 1e-12));
    CU_ASSERT_PTR_NULL(m.platform->detours);
    arena_free(m.arena);
}

static void refused(void)
{
    static const char *const wrong[] = {"u0.nic-0",   "u0.nic-0:2",       "u0.nic-0:1/0",
                                        "u0.nic-9:0", "u0.nic-0:-1",      "tier1.0.2:0",
                                        "u7.nic-0:0", "u0.nic-0:0.5left", "u0.nic-0:1e-9"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct machine m = machine(wrong[i]);
        CU_ASSERT(m.platform == NULL && m.error.kind == ERROR_INPUT);
        arena_free(m.arena);
    }
}

void suite_detours(void)
{
    static const struct test tests[] = {
        {"a dead link inside: over other chips", over_other_chips},
        {"a dead NIC: over another chip's", over_another_nic},
        {"a dead trunk: over another rail", over_another_rail},
        {"no links left inside: over the fabric", over_the_fabric},
        {"nothing left: no way", no_way},
        {"shares of links, by pattern", shares},
        {"names and shares that are none", refused},
    };
    add_suite("detours", tests, sizeof tests / sizeof tests[0]);
}
