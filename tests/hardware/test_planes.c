/* SPDX-License-Identifier: Apache-2.0 */
/* Planes of the tiny platform's scale-out network, reckoned by hand: two planes, NICs of 72
 * GB/s that two chips share, trunks of a box and rail 36 GB/s a box (2:1), groups of two boxes.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hardware/defect.h"
#include "hardware/fabric.h"
#include "support/support.h"
#include "support/tiny_platform.h"

static const char one[] = "<prop id=\"domain_count\" value=\"7\"/>";
static const char two[] = "<prop id=\"domain_count\" value=\"7\"/>"
                          "<prop id=\"scale_out.planes\" value=\"2\"/>"
                          "<prop id=\"scale_out.planes.source\" value=\"published: a book\"/>";

static const struct platform *machine(const char *degraded, struct arena *arena,
                                      struct error *error)
{
    struct defects defects = {.degraded_links = degraded};
    struct platform *platform = tiny_platform(one, two, arena, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    return defect_apply(platform, &defects, 1, arena, error);
}

/* The links between two chips as "name weight", and what one flow alone gets. */
static bool way_is(const char *degraded, int64_t from, int64_t to, double rate_Bps,
                   const char *expected)
{
    struct arena *arena = arena_create();
    struct error error;
    const struct platform *platform = machine(degraded, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    struct fabric_path path;
    char text[600] = "";
    double most_Bps = INFINITY;
    fabric_path(platform, from, to, &path);
    for (int32_t i = 0; i < path.link_count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s %d", i == 0 ? "" : ", ",
                 fabric_link_name(platform, path.links[i], arena), path.weights[i]);
        most_Bps = fmin(most_Bps, fabric_link_Bps(platform, path.links[i]) *
                                      (double)fabric_link_units(platform, path.links[i]) /
                                      path.weights[i]);
    }
    bool same = strcmp(text, expected) == 0 && near(most_Bps, rate_Bps, 1e-12);
    if (!same) {
        printf("\n    found %s: %g B/s", text, most_Bps);
    }
    arena_free(arena);
    return same;
}

static void alike(void)
{
    CU_ASSERT(way_is(NULL, 0, 6, 9e9, "u0.nic-0_UP 1, u1.nic-1_DOWN 1"));
    CU_ASSERT(way_is("u2.nic-0:0.5", 0, 6, 9e9, "u0.nic-0_UP 1, u1.nic-1_DOWN 1"));
    CU_ASSERT(way_is("u2.nic-0.plane1:0.5", 0, 2, 50e9, "u0.wire-0_UP 1, u0.wire-2_DOWN 1"));
}

/* Sprayed equally, a flow is as slow as its slowest plane; one that is dead leaves the other.
 */
static void one_differs(void)
{
    CU_ASSERT(way_is("u0.nic-0_UP.plane1:0.5", 0, 6, 4.5e9,
                     "u0.nic-0_UP.others 1, u0.nic-0_UP.plane1 1, u1.nic-1_DOWN.others 1, "
                     "u1.nic-1_DOWN.plane1 1"));
    CU_ASSERT(way_is("u0.nic-0_UP.plane1:0", 0, 6, 4.5e9,
                     "u0.nic-0_UP.others 2, u1.nic-1_DOWN.others 2"));
    CU_ASSERT(way_is("u0.nic-0_UP.plane1:0", 8, 14, 9e9,
                     "u2.nic-0_UP.others 1, u2.nic-0_UP.plane1 1, u3.nic-1_DOWN.others 1, "
                     "u3.nic-1_DOWN.plane1 1"));
    CU_ASSERT(way_is("u0.nic-0_UP.plane1:0,u0.nic-0_UP:0.5", 0, 6, 2.25e9,
                     "u0.nic-0_UP.others 2, u1.nic-1_DOWN.others 2"));
}

static void everywhere(void)
{
    CU_ASSERT(way_is("plane1:0", 0, 6, 4.5e9, "u0.nic-0_UP.others 2, u1.nic-1_DOWN.others 2"));
    CU_ASSERT(way_is("plane0:0.25", 0, 6, 2.25e9,
                     "u0.nic-0_UP.others 1, u0.nic-0_UP.plane0 1, u1.nic-1_DOWN.others 1, "
                     "u1.nic-1_DOWN.plane0 1"));
}

/* A trunk of rail 0 of group 0: two boxes of 9 GB/s at 2:1, so 9 GB/s, of it half a plane. */
static void trunks(void)
{
    CU_ASSERT(way_is("tier1.0.0_UP.plane0:0.5", 0, 5, 4.5e9,
                     "u0.nic-0_UP.others 1, u0.nic-0_UP.plane0 1, tier1.0.0_UP.others 1, "
                     "tier1.0.0_UP.plane0 1, tier1.0.1_DOWN.others 1, tier1.0.1_DOWN.plane0 1, "
                     "u1.nic-0_DOWN.others 1, u1.nic-0_DOWN.plane0 1"));
}

/* Without a plane in common bytes go by another chip's NIC. */
static void none_in_common(void)
{
    CU_ASSERT(way_is("u0.nic-0_UP.plane1:0,u1.nic-1_DOWN.plane0:0", 0, 6, 4.5e9,
                     "u0.wire-0_UP 1, u0.wire-2_DOWN 1, u0.nic-1_UP.plane1 2, "
                     "u1.nic-1_DOWN.plane1 2"));
}

static bool refuses(const char *degraded, const char *words)
{
    struct arena *arena = arena_create();
    struct error error;
    bool refused = machine(degraded, arena, &error) == NULL && strstr(error.message, words);
    if (!refused) {
        printf("\n    %s", error.message);
    }
    arena_free(arena);
    return refused;
}

static void refusals(void)
{
    CU_ASSERT(refuses("plane2:0", "there is no plane 'plane2'"));
    CU_ASSERT(refuses("u0.nic-0.planet:0", "there is no plane"));
    CU_ASSERT(refuses("u0.wire-0.plane1:0", "there is no link 'u0.wire-0'"));
}

void suite_planes(void);

void suite_planes(void)
{
    static const struct test tests[] = {
        {"planes that are alike are one", alike},
        {"one plane of a NIC slow or dead", one_differs},
        {"one plane slow or dead everywhere", everywhere},
        {"one plane of a trunk", trunks},
        {"round where no plane is in common", none_in_common},
        {"what is no plane", refusals},
    };
    add_suite("planes", tests, sizeof tests / sizeof tests[0]);
}
