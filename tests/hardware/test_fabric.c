/* SPDX-License-Identifier: Apache-2.0 */
/* Paths inside and between the boxes of the tiny platform: seven boxes, chips c0 to c3, rails
 * by index modulo 2 in tier 1, groups of 2 and 4 boxes, NIC 2 us, tiers 100, 200 and 400 ns. */
#include <stdio.h>
#include <string.h>

#include "hardware/fabric.h"
#include "support/support.h"
#include "support/tiny_platform.h"

struct machine {
    struct arena *arena;
    struct platform *platform;
};

static struct machine machine(void)
{
    struct machine machine = {.arena = arena_create()};
    struct error error;
    machine.platform = tiny_platform(NULL, NULL, machine.arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine.platform);
    return machine;
}

static bool path_is(const struct machine *machine, int64_t from, int64_t to, double latency_s,
                    const char *expected)
{
    struct fabric_path path;
    fabric_path(machine->platform, from, to, &path);
    char text[400] = "";
    for (int32_t i = 0; i < path.link_count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", i == 0 ? "" : " ",
                 fabric_link_name(machine->platform, path.links[i], machine->arena));
    }
    bool same = strcmp(text, expected) == 0 && near(path.latency_s, latency_s, 1e-12) &&
                path.scale_out == (from / 4 != to / 4);
    if (!same) {
        printf("\n    found %s, %g s", text, path.latency_s);
    }
    return same;
}

static void test_paths(void)
{
    struct machine m = machine();
    CU_ASSERT(path_is(&m, 0, 2, 2e-6, "u0.wire-0_UP u0.wire-2_DOWN"));
    CU_ASSERT(path_is(&m, 15, 14, 6e-6, "u3.bus-0 u3.bus-0"));
    /* Same group and rail: one switch. 2 + 0.1 + 2 us. */
    CU_ASSERT(path_is(&m, 0, 6, 4.1e-6, "u0.nic-0_UP u1.nic-1_DOWN"));
    /* Other rail: up to tier 2 and down. 4 + 0.1 + 0.2 + 0.1 us. */
    CU_ASSERT(
        path_is(&m, 0, 5, 4.4e-6, "u0.nic-0_UP tier1.0.0_UP tier1.0.1_DOWN u1.nic-0_DOWN"));
    /* Other group of tier 1, same of tier 2. */
    CU_ASSERT(
        path_is(&m, 1, 13, 4.4e-6, "u0.nic-0_UP tier1.0.1_UP tier1.1.1_DOWN u3.nic-0_DOWN"));
    /* Over all three tiers: 4 + 0.1 + 0.2 + 0.4 + 0.2 + 0.1 us. */
    CU_ASSERT(path_is(&m, 1, 26, 5e-6,
                      "u0.nic-0_UP tier1.0.1_UP tier2.0.0_UP tier2.1.0_DOWN tier1.3.0_DOWN "
                      "u6.nic-1_DOWN"));
    arena_free(m.arena);
}

/* The link of a path by its name. */
static int64_t link_of(const struct machine *machine, int64_t from, int64_t to, int32_t number)
{
    struct fabric_path path;
    fabric_path(machine->platform, from, to, &path);
    return path.links[number];
}

/* A box has two rails of two chips at 4.5 GB/s. Tier 1: 2 boxes x 9 GB/s / 2 = 9 GB/s a rail,
 * and half in the last group, of one box. Tier 2: 4 boxes x 18 GB/s = 72 GB/s, 3 in the
 * last: 54. */
static void test_trunks(void)
{
    struct machine m = machine();
    int64_t up1 = link_of(&m, 1, 26, 1), up2 = link_of(&m, 1, 26, 2);
    int64_t down2 = link_of(&m, 1, 26, 3), down1 = link_of(&m, 1, 26, 4);
    CU_ASSERT(near(fabric_link_Bps(m.platform, up1), 9e9, 1e-12));
    CU_ASSERT(near(fabric_link_Bps(m.platform, up2), 72e9, 1e-12));
    CU_ASSERT(near(fabric_link_Bps(m.platform, down2), 54e9, 1e-12));
    CU_ASSERT(near(fabric_link_Bps(m.platform, down1), 4.5e9, 1e-12));
    CU_ASSERT_STRING_EQUAL(fabric_link_medium(m.platform, up2), "tier2");
    CU_ASSERT(fabric_link_domain(m.platform, up2) == -1);
    CU_ASSERT(fabric_link_policy(m.platform, up1) == LINK_SHARED);
    arena_free(m.arena);
}

static void test_links(void)
{
    struct machine m = machine();
    int64_t nic = link_of(&m, 1, 26, 0), pipe = link_of(&m, 10, 11, 0);
    CU_ASSERT(near(fabric_link_Bps(m.platform, nic), 9e9, 1e-12));
    CU_ASSERT_STRING_EQUAL(fabric_link_medium(m.platform, nic), "nic");
    CU_ASSERT(fabric_link_domain(m.platform, nic) == 0);
    CU_ASSERT(fabric_link_domain(m.platform, pipe) == 2);
    CU_ASSERT(fabric_link_policy(m.platform, pipe) == LINK_FATPIPE);
    CU_ASSERT_STRING_EQUAL(fabric_link_name(m.platform, pipe, m.arena), "u2.bus-pipe");
    arena_free(m.arena);
}

/* Ids and names belong together one to one, and there and back cross as many links. */
static void test_all_pairs(void)
{
    struct machine m = machine();
    int64_t ids[400];
    const char *names[400];
    int known = 0;
    for (int64_t from = 0; from < 28; from++) {
        for (int64_t to = 0; to < 28; to++) {
            struct fabric_path path, back;
            if (from == to) {
                continue;
            }
            fabric_path(m.platform, from, to, &path);
            fabric_path(m.platform, to, from, &back);
            CU_ASSERT(!path.scale_out || path.link_count == back.link_count);
            for (int32_t i = 0; i < path.link_count; i++) {
                const char *name = fabric_link_name(m.platform, path.links[i], m.arena);
                int at = 0;
                while (at < known && ids[at] != path.links[i]) {
                    CU_ASSERT(strcmp(names[at], name) != 0);
                    at++;
                }
                if (at == known && known < 400) {
                    ids[known] = path.links[i];
                    names[known++] = name;
                }
                CU_ASSERT_STRING_EQUAL(names[at], name);
            }
        }
    }
    /* 7 boxes x 14 links; tier 1: 4 groups x 2 rails, tier 2: 2 groups, each both ways. */
    CU_ASSERT_EQUAL(known, 7 * 14 + 16 + 4);
    arena_free(m.arena);
}

void suite_fabric(void);

void suite_fabric(void)
{
    static const struct test tests[] = {
        {"paths inside a box and over each tier", test_paths},
        {"capacity of trunks", test_trunks},
        {"links of a box", test_links},
        {"every pair: ids and names", test_all_pairs},
    };
    add_suite("fabric", tests, 4);
}
