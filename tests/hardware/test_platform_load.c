/* SPDX-License-Identifier: Apache-2.0 */
/* Which link is full first: on the tiny platform, and on the 144 chips of an UltraServer, where
 * the counts are made by hand from how it is wired. */
#include <stdio.h>
#include <string.h>

#include "hardware/platform_load.h"
#include "support/support.h"
#include "support/tiny_platform.h"

/* All-to-all on c0 to c3: bus-0 carries c0 to c1, c1 to c0 and c3 to c2 twice: 4 flows at 40
 * GB/s. wire-0_UP carries 2 flows at 50 GB/s of payload. bus-pipe: 1 flow, at most 10 GB/s
 * each. So bus-0 and bus-pipe both allow 10 GB/s a flow; bus-0 stands first. */
static void test_tiny(void)
{
    struct arena *arena = arena_create();
    struct error error;
    struct platform *platform = tiny_platform(NULL, NULL, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    struct platform_load load;
    platform_load_all_to_all(platform, &load, arena);
    CU_ASSERT(load.flow_count == 12 && load.flows[0] == 2 && load.flows[8] == 4);
    CU_ASSERT_STRING_EQUAL(platform->links[load.limit].name, "bus-0");
    CU_ASSERT(near(load.flow_Bps, 10e9, 1e-12));
    /* c0 and c1 to c2 and c3: 4 flows, two on each wire of 50 GB/s. */
    platform_load_halves(platform, &load, arena);
    CU_ASSERT(load.flow_count == 4 && load.flows[8] == 0);
    CU_ASSERT_STRING_EQUAL(platform->links[load.limit].name, "wire-0_UP");
    CU_ASSERT(near(load.flow_Bps * 4, 100e9, 1e-12));
    arena_free(arena);
}

static struct platform *shipped(const char *name, struct arena *arena)
{
    struct error error = {.kind = ERROR_NONE};
    return platform_read(arena_format(arena, SOURCE_FOLDER "/platforms/%s.xml", name), arena,
                         &error);
}

/* Half of the chips, 72, stand in each rack: 72 x 72 = 5,184 pairs cross in one direction, over
 * 72 direct links: 72 flows each. Each chip has 68 partners in its rack outside its sled, over
 * rack switches; 68 pairs of it cross with a detour over rack switches, half of them at its own
 * side: 34 leave over its rack link before they cross, and as it passes on flows that crossed
 * first, 34 more. So its rack link carries 68 + 34 + 34 = 136 flows up, and down; its sled
 * link, with 3 partners and 3 detours, 3 + 1.5 + 1.5 = 6 (5 to 7 when 3 is not halved evenly).
 * The direct link is full first when D / 72 < R / 136 and D / 72 < S / 7. */
struct variant {
    const char *name;
    double sled_Bps, rack_Bps, direct_Bps; /* raw, as the variant's name says */
};

static void check_flows(const struct platform *platform, const struct platform_load *load)
{
    for (int64_t i = 0; i < platform->link_count; i++) {
        const char *medium = platform->media[platform->links[i].medium].name;
        int64_t flows = load->flows[i];
        bool even = strcmp(medium, "direct") == 0 ? flows == 72
                    : strcmp(medium, "rack") == 0 ? flows == 136
                    : strcmp(medium, "sled") == 0 ? flows >= 5 && flows <= 7
                                                  : flows == 0;
        if (!even) {
            printf("\n    %s carries %lld flows", platform->links[i].name, (long long)flows);
        }
        CU_ASSERT(even);
    }
}

static void check_variant(const struct variant *variant)
{
    struct arena *arena = arena_create();
    struct platform *platform = shipped(variant->name, arena);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    double efficiency = 0;
    for (int64_t i = 0; i < platform->media_count; i++) {
        if (strcmp(platform->media[i].name, "direct") == 0) {
            efficiency = platform->media[i].efficiency_fraction;
        }
    }
    struct platform_load load;
    platform_load_all_to_all(platform, &load, arena);
    check_flows(platform, &load);
    CU_ASSERT(variant->direct_Bps / 72 < variant->rack_Bps / 136);
    CU_ASSERT(variant->direct_Bps / 72 < variant->sled_Bps / 7);
    CU_ASSERT_STRING_EQUAL(platform->media[platform->links[load.limit].medium].name, "direct");
    CU_ASSERT(near(load.flow_Bps, variant->direct_Bps * efficiency / 72, 1e-12));
    /* Rack against rack: 72 links of D each way. */
    platform_load_halves(platform, &load, arena);
    CU_ASSERT(load.flow_count == 5184);
    CU_ASSERT_STRING_EQUAL(platform->media[platform->links[load.limit].medium].name, "direct");
    CU_ASSERT(near(load.flow_Bps * 5184, 72 * variant->direct_Bps * efficiency, 1e-12));
    arena_free(arena);
}

static void test_documented(void)
{
    check_variant(&(struct variant){"trn3-ultraserver", 256e9, 320e9, 128e9});
}

static void test_optimistic(void)
{
    check_variant(&(struct variant){"trn3-ultraserver-optimistic", 512e9, 512e9, 128e9});
}

static void test_pessimistic(void)
{
    check_variant(&(struct variant){"trn3-ultraserver-pessimistic", 128e9, 160e9, 64e9});
}

/* One link a GPU: in an all-to-all each carries 71 flows up and 71 down, whatever the routes.
 */
static void test_nvl72(void)
{
    struct arena *arena = arena_create();
    struct platform *platform = shipped("gb200-nvl72", arena);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    struct platform_load load;
    platform_load_all_to_all(platform, &load, arena);
    for (int64_t i = 0; i < platform->link_count; i++) {
        bool nvlink = strcmp(platform->media[platform->links[i].medium].name, "nvlink") == 0;
        CU_ASSERT(load.flows[i] == (nvlink ? 71 : 0));
    }
    arena_free(arena);
}

/* 4 x 4 x 4 torus, shortest ways: a ring of 4 has distances 1, 2, 1, on average over all 16
 * pairs (4 + 4 + 8) / 16 = 1 hop a dimension and direction pair. So 64 x 64 routes take 4,096
 * hops in each dimension over 128 directed links: 32 flows each, when the ways of distance 2
 * are split evenly. z, at half the rate of x and y, is full first. */
static void test_torus(void)
{
    struct arena *arena = arena_create();
    struct platform *platform = shipped("trn2-ultraserver", arena);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    struct platform_load load;
    platform_load_all_to_all(platform, &load, arena);
    for (int64_t i = 0; i < platform->link_count; i++) {
        bool nic = strcmp(platform->media[platform->links[i].medium].name, "nic") == 0;
        CU_ASSERT(load.flows[i] == (nic ? 0 : 32));
    }
    CU_ASSERT_STRING_EQUAL(platform->media[platform->links[load.limit].medium].name, "z");
    arena_free(arena);
}

void suite_platform_load(void);

void suite_platform_load(void)
{
    static const struct test tests[] = {
        {"the tiny platform's fullest link", test_tiny},
        {"144 chips as documented: direct links limit", test_documented},
        {"144 chips, optimistic: direct links limit", test_optimistic},
        {"144 chips, pessimistic: direct links limit", test_pessimistic},
        {"72 GPUs on switches: flows are even", test_nvl72},
        {"a torus of 64: flows are even, z limits", test_torus},
    };
    add_suite("platform_load", tests, sizeof tests / sizeof tests[0]);
}
