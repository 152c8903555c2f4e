/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges with experts against arithmetic by hand, on a server of H100 and two of them. */
#include "collective/expert_exchange.h"

#include <math.h>

#include "hardware/fabric.h"
#include "support/support.h"

static double rate_Bps(const struct platform *platform, int64_t to, double *latency_s)
{
    struct fabric_path path;
    double rate = INFINITY;
    fabric_path(platform, 0, to, &path);
    for (int32_t l = 0; l < path.link_count; l++) {
        rate = fmin(rate, fabric_link_Bps(platform, path.links[l]));
    }
    *latency_s = path.latency_s;
    return rate;
}

/* Two places and two choices: 1/2 meet one, 1/2 meet both: 1.5 on average. */
static void test_reach(void)
{
    CU_ASSERT(near(expert_exchange_reach(1, 8), 1, 0));
    CU_ASSERT(near(expert_exchange_reach(2, 2), 1.5, 1e-12));
    CU_ASSERT(near(expert_exchange_reach(8, 1), 1, 1e-12));
}

/* Inside one server: 7/8 of the copies leave the chip. Over two: with one expert a token half
 * of all tokens cross, whether copies are merged or not; with eight nearly all go once, merged,
 * and four times, not merged. */
static void test_times(void)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    struct platform *platform =
        platform_read(SOURCE_FOLDER "/platforms/hgx-h100.xml", arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    platform->domain_count = 2;
    double near_s, far_s, inside = rate_Bps(platform, 1, &near_s);
    double between = rate_Bps(platform, 8, &far_s), bytes = 4096.0 * 7168;
    struct expert_exchange exchange = {.tokens = 4096,
                                       .token_bytes = 7168,
                                       .chosen = 1,
                                       .chips = 8,
                                       .imbalance = 1,
                                       .merged = true,
                                       .rate_fraction = 1};
    CU_ASSERT(
        near(expert_exchange_s(platform, &exchange), bytes * 7 / 8 / inside + near_s, 1e-12));
    exchange.copy_Bps = 1e9;
    CU_ASSERT(near(expert_exchange_s(platform, &exchange), bytes / 1e9 + near_s, 1e-12));
    exchange.copy_Bps = 0;
    exchange.chips = 16;
    double even_s = bytes / 2 / between + near_s + far_s;
    CU_ASSERT(near(expert_exchange_s(platform, &exchange), even_s, 1e-12));
    exchange.imbalance = 1.5;
    CU_ASSERT(near(expert_exchange_s(platform, &exchange),
                   1.5 * bytes / 2 / between + near_s + far_s, 1e-12));
    exchange.imbalance = 1;
    exchange.chosen = 8;
    double merged_s = expert_exchange_s(platform, &exchange);
    exchange.merged = false;
    double copied_s = expert_exchange_s(platform, &exchange);
    CU_ASSERT(near(merged_s, bytes * (2 - 2 / 256.0) / 2 / between + near_s + far_s, 1e-12));
    CU_ASSERT(near(copied_s, bytes * 8 / 2 / between + near_s + far_s, 1e-12));
    arena_free(arena);
}

void suite_expert_exchange(void);

void suite_expert_exchange(void)
{
    static const struct test tests[] = {
        {"places that a token meets", test_reach},
        {"inside, between, merged, uneven", test_times},
    };
    add_suite("expert_exchange", tests, sizeof tests / sizeof tests[0]);
}
