/* SPDX-License-Identifier: Apache-2.0 */
/* All-to-all on the Trainium3 UltraServers: how many flows cross each link, counted over the
 * routes of the files, and the time by hand for each reading of the link rates. */
#include "collective/distance.h"

#include <math.h>
#include <string.h>

#include "hardware/fabric.h"
#include "support/cluster.h"
#include "support/support.h"

enum { CHIPS = 144 };

static struct platform *read_platform(const char *path, struct arena *arena)
{
    struct error error = {0};
    struct platform *platform = platform_read(path, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    return platform;
}

static struct collective all_to_all(const struct platform *platform, double bytes,
                                    struct arena *arena)
{
    int64_t *chips = arena_array(arena, platform->chip_count, sizeof(int64_t));
    for (int64_t i = 0; i < platform->chip_count; i++) {
        chips[i] = i;
    }
    return (struct collective){COLLECTIVE_ALL_TO_ALL, bytes, platform, chips,
                               platform->chip_count};
}

/* Flows over each link of the domain. */
static int64_t *count_flows(const struct collective *collective,
                            const struct schedule *schedule, struct arena *arena)
{
    int64_t *flows = arena_array(arena, collective->platform->link_count, sizeof(int64_t));
    for (int64_t p = 0; p < schedule->phase_count; p++) {
        const struct phase *phase = &schedule->phases[p];
        for (int64_t t = 0; t < phase->transfer_count; t++) {
            struct fabric_path path;
            fabric_path(collective->platform, collective->chips[phase->transfers[t].from],
                        collective->chips[phase->transfers[t].to], &path);
            for (int32_t l = 0; l < path.link_count; l++) {
                flows[path.links[l]]++;
            }
        }
    }
    return flows;
}

static const struct medium *medium_of(const struct platform *platform, const char *name)
{
    for (int64_t m = 0; m < platform->media_count; m++) {
        if (strcmp(platform->media[m].name, name) == 0) {
            return &platform->media[m];
        }
    }
    return NULL;
}

struct expected {
    const char *path;
    double sled_Bps, rack_Bps, direct_Bps; /* raw */
};

/* Of the 143 x 144 ordered pairs each directed sled link carries 6 flows, each rack link 136,
 * each direct link 72. */
static void check_even(const struct platform *platform, const int64_t *flows)
{
    static const struct {
        const char *medium;
        int64_t flows;
    } due[] = {{"sled", 6}, {"rack", 136}, {"direct", 72}, {"nic", 0}};
    for (int64_t l = 0; l < platform->link_count; l++) {
        const char *medium = platform->media[platform->links[l].medium].name;
        for (size_t m = 0; m < sizeof due / sizeof due[0]; m++) {
            CU_ASSERT(strcmp(medium, due[m].medium) != 0 || flows[l] == due[m].flows);
        }
    }
}

/* The medium whose links take longest to carry their flows. */
static const char *limit(const struct platform *platform, const int64_t *flows)
{
    double longest = 0;
    const char *name = "";
    for (int64_t l = 0; l < platform->link_count; l++) {
        double load = (double)flows[l] / platform->links[l].bandwidth_Bps;
        if (load > longest) {
            longest = load;
            name = platform->media[platform->links[l].medium].name;
        }
    }
    return name;
}

static double round_s(const struct collective *collective)
{
    double longest_s = 0;
    for (int64_t i = 1; i < collective->count; i++) {
        struct fabric_path path;
        fabric_path(collective->platform, 0, i, &path);
        longest_s = fmax(longest_s, path.latency_s);
    }
    return longest_s + collective->platform->collective_step_s;
}

/* Each chip sends 144 MB, 1 MB of it to each chip. The direct links need the time of 72 MB, the
 * rack links of 136, the sled links of 6:
 *   documented   72 MB / 128 GB/s = 562.5 us, 136 / 320 = 425 us, 6 / 256 = 23 us
 *   optimistic   72 / 128 = 562.5 us,         136 / 512 = 266 us, 6 / 512 = 12 us
 *   pessimistic  72 / 64 = 1125 us,           136 / 160 = 850 us, 6 / 128 = 47 us
 * each over the medium's efficiency. Direct links decide in all three. */
static void test_trainium3_by_hand(void)
{
    static const struct expected variants[] = {
        {SOURCE_FOLDER "/platforms/trn3-ultraserver.xml", 256e9, 320e9, 128e9},
        {SOURCE_FOLDER "/platforms/trn3-ultraserver-optimistic.xml", 512e9, 512e9, 128e9},
        {SOURCE_FOLDER "/platforms/trn3-ultraserver-pessimistic.xml", 128e9, 160e9, 64e9},
    };
    for (size_t v = 0; v < sizeof variants / sizeof variants[0]; v++) {
        struct arena *arena = arena_create();
        struct platform *platform = read_platform(variants[v].path, arena);
        CU_ASSERT_EQUAL_FATAL(platform->chip_count, CHIPS);
        CU_ASSERT(near(medium_of(platform, "sled")->raw_Bps, variants[v].sled_Bps, 0));
        CU_ASSERT(near(medium_of(platform, "rack")->raw_Bps, variants[v].rack_Bps, 0));
        CU_ASSERT(near(medium_of(platform, "direct")->raw_Bps, variants[v].direct_Bps, 0));
        struct collective collective = all_to_all(platform, 144e6, arena);
        struct schedule schedule = {.arena = arena};
        struct error error = {0};
        CU_ASSERT_FATAL(collective_plan(&collective, "auto", &schedule, &error));
        CU_ASSERT_STRING_EQUAL(schedule.algorithm, "direct");
        int64_t *flows = count_flows(&collective, &schedule, arena);
        check_even(platform, flows);
        CU_ASSERT_STRING_EQUAL(limit(platform, flows), "direct");
        double bytes_s =
            72e6 / variants[v].direct_Bps / medium_of(platform, "direct")->efficiency_fraction;
        CU_ASSERT(near(collective_time_s(&collective, &schedule),
                       platform->collective_launch_s + round_s(&collective) + bytes_s, 1e-9));
        arena_free(arena);
    }
}

/* Two UltraServers of 4x4 chips: every chip's NIC carries its flows to the 16 chips of the
 * other; a torus link the 32 of "flows for every ordered pair" over 4 or 8. The NIC is slower:
 * 16 x S/32 over its rate. */
static void test_two_domains_by_hand(void)
{
    struct arena *arena = arena_create();
    struct platform *platform =
        read_platform(SOURCE_FOLDER "/platforms/trn2.48xlarge.xml", arena);
    platform->domain_count = 2;
    int64_t chips[32];
    for (int64_t i = 0; i < 32; i++) {
        chips[i] = i;
    }
    struct collective collective = {COLLECTIVE_ALL_TO_ALL, 320e6, platform, chips, 32};
    struct schedule schedule = {.arena = arena};
    struct error error = {0};
    CU_ASSERT_FATAL(collective_plan(&collective, "direct", &schedule, &error));
    struct fabric_path path;
    fabric_path(platform, 0, 16, &path);
    CU_ASSERT(path.scale_out);
    double bytes_s = 160e6 / platform->nic_up_Bps[0];
    CU_ASSERT(near(collective_time_s(&collective, &schedule),
                   platform->collective_launch_s + path.latency_s +
                       platform->collective_step_scale_out_s + bytes_s,
                   1e-9));
    arena_free(arena);
}

/* Bytes over the links of all domains. */
static double *link_bytes(const struct collective *collective, const struct schedule *schedule,
                          struct arena *arena)
{
    const struct platform *platform = collective->platform;
    double *bytes =
        arena_array(arena, platform->link_count * platform->domain_count, sizeof(double));
    for (int64_t t = 0; t < schedule->phases->transfer_count; t++) {
        const struct transfer *transfer = &schedule->phases->transfers[t];
        struct fabric_path path;
        fabric_path(platform, collective->chips[transfer->from],
                    collective->chips[transfer->to], &path);
        for (int32_t l = 0; l < path.link_count; l++) {
            if (path.links[l] >= 0) {
                bytes[path.links[l]] += transfer->bytes;
            }
        }
    }
    return bytes;
}

/* One flow for each pair, or for each class of distance: every link carries the same, and it
 * takes as long. Domains of 4, groups of 5 and of 15 domains, 1:3 above, with and without
 * rails; groups that are all full, and one of which a part is left. */
static void distance_case(int64_t domains, int64_t rails, double tolerance)
{
    struct arena *arena = arena_create();
    struct cluster cluster = {.kind = CLUSTER_STAR,
                              .chips = 4,
                              .domains = domains,
                              .nic_chips = 1,
                              .tier_count = 3,
                              .tiers = {{"leaf", 5, rails, 3, 1e-6, NULL, NULL},
                                        {"spine", 15, 1, 2, 1e-6, NULL, NULL},
                                        {"core", 1024, 1, 1, 1e-6, NULL, NULL}},
                              .Bps = 100e9,
                              .nic_Bps = 10e9};
    struct platform *platform = cluster_create(&cluster, arena);
    int64_t count = platform_chips(platform);
    int64_t *chips = arena_array(arena, count, sizeof(int64_t));
    for (int64_t i = 0; i < count; i++) {
        chips[i] = i;
    }
    struct collective collective = {COLLECTIVE_ALL_TO_ALL, 1e9, platform, chips, count};
    struct schedule pairs = {.arena = arena}, classes = {.arena = arena};
    struct error error = {.kind = ERROR_NONE};
    CU_ASSERT_FATAL(collective_plan(&collective, "direct", &pairs, &error));
    distance_plan(&collective, &classes);
    classes.member_count = count;
    CU_ASSERT(classes.phases->transfer_count <= distance_flows(&collective));
    CU_ASSERT(classes.phases->transfer_count < pairs.phases->transfer_count / 2);
    const double *one = link_bytes(&collective, &pairs, arena);
    const double *other = link_bytes(&collective, &classes, arena);
    for (int64_t l = 0; l < platform->link_count * domains; l++) {
        CU_ASSERT(near(one[l], other[l], tolerance));
    }
    CU_ASSERT(near(collective_time_s(&collective, &pairs),
                   collective_time_s(&collective, &classes), tolerance));
    arena_free(arena);
}

static void test_by_distance(void)
{
    distance_case(30, 1, 1e-9);
    distance_case(30, 4, 1e-9);
    distance_case(45, 2, 1e-9);
    distance_case(37, 1, 0.1);
    distance_case(18, 1, 0.1);
}

void suite_direct(void)
{
    static const struct test tests[] = {
        {"all-to-all over 144 chips by hand, flows per link", test_trainium3_by_hand},
        {"all-to-all by classes of distance is that of all pairs", test_by_distance},
        {"all-to-all over two domains is limited by NICs", test_two_domains_by_hand},
    };
    add_suite("direct", tests, sizeof tests / sizeof tests[0]);
}
