/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs side by side: who has which chips, and what they share, against arithmetic by hand. */
#include "program/merge.h"

#include "execution/executor.h"
#include "program/exchanges.h"
#include "program/lower_collective.h"
#include "support/cluster.h"
#include "support/support.h"

/* 4 servers of 2 chips in one place: NICs of 10 GB/s, leaves of 2 servers whose trunks carry a
 * quarter of their 4 NICs, 10 GB/s. */
static struct platform *four_servers(struct arena *arena)
{
    struct cluster cluster = {.kind = CLUSTER_STAR,
                              .chips = 2,
                              .domains = 4,
                              .nic_chips = 1,
                              .tier_count = 2,
                              .tiers = {{"leaf", 2, 1, 4, 1e-6}, {"spine", 64, 1, 1, 1e-6}},
                              .Bps = 1e12,
                              .nic_Bps = 10e9};
    return cluster_create(&cluster, arena);
}

static void test_whose_chips(void)
{
    struct arena *arena = arena_create();
    const struct platform *platform = four_servers(arena);
    /* 8 chips, two parts of 4: the second part's chip 3. */
    CU_ASSERT_EQUAL(merge_chip(platform, MERGE_BLOCKS, 2, 1, 3), 7);
    CU_ASSERT_EQUAL(merge_chip(platform, MERGE_DOMAINS, 2, 1, 3), 7);
    CU_ASSERT_EQUAL(merge_chip(platform, MERGE_DOMAINS, 2, 1, 0), 2);
    CU_ASSERT_EQUAL(merge_chip(platform, MERGE_CHIPS, 2, 1, 0), 1);
    for (int l = 0; l < MERGE_LAYOUT_COUNT; l++) {
        int taken[8] = {0};
        for (int64_t i = 0; i < 8; i++) {
            taken[merge_chip(platform, (enum merge_layout)l, 2, i / 4, i % 4)]++;
        }
        for (int i = 0; i < 8; i++) {
            CU_ASSERT_EQUAL(taken[i], 1);
        }
    }
    arena_free(arena);
}

struct trial {
    enum merge_layout layout;
    int64_t parts, steps;
    double expected_s;
};

/* Each part sends 100 MB around a ring of its 4 chips, half of it either way: 3 rounds of 12.5
 * MB from each chip to both sides. In blocks a part is one leaf: 37.5 MB over NICs of 10 GB/s,
 * 3.75 ms. By domains each direction leaves each leaf once: 75 MB over a trunk of 10 GB/s,
 * 7.5 ms; 15 ms when it carries both parts. */
static int all_gathers(void *argument)
{
    const struct trial *trial = argument;
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct platform *whole = four_servers(arena);
    struct platform half = *whole;
    half.domain_count = 2;
    struct collective_request request = {COLLECTIVE_ALL_GATHER, 100e6, "ring", 4, 0};
    struct merge_part parts[2];
    for (int64_t i = 0; i < trial->parts; i++) {
        parts[i] = (struct merge_part){lower_collective(&half, &request, arena, &error), i,
                                       trial->steps};
    }
    int32_t program_end[2];
    struct job *job =
        merge_jobs(whole, trial->layout, 2, parts, trial->parts, program_end, arena);
    struct executor_options options = {.detail = DETAIL_FLOW};
    struct execution execution;
    bool done = exchanges_plan_all(job, &error) &&
                executor_run(job, &options, &execution, arena, &error);
    /* Latencies and launch come on top: below 1 %. */
    bool right = done && near(execution.time_s, trial->expected_s, 0.01) &&
                 program_end[trial->parts - 1] == trial->parts;
    arena_free(arena);
    return !right;
}

static void test_sharing(void)
{
    struct trial trials[] = {
        {MERGE_BLOCKS, 1, 1, 3.75e-3}, {MERGE_BLOCKS, 2, 1, 3.75e-3},
        {MERGE_DOMAINS, 1, 1, 7.5e-3}, {MERGE_DOMAINS, 2, 1, 15e-3},
        {MERGE_DOMAINS, 2, 3, 45e-3},
    };
    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
        CU_ASSERT(in_child(all_gathers, &trials[i]));
    }
}

void suite_merge(void)
{
    static const struct test tests[] = {
        {"each chip belongs to one part", test_whose_chips},
        {"rings that share trunks take twice as long, others do not", test_sharing},
    };
    add_suite("merge", tests, sizeof tests / sizeof tests[0]);
}
