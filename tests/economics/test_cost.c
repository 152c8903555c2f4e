/* SPDX-License-Identifier: Apache-2.0 */
/* Chip-hours to dollars, by hand. */
#include <math.h>

#include "economics/cost.h"
#include "support/support.h"

static const struct price price = {.chip = "trn3",
                                   .usd_per_chip_h = 1.3,
                                   .low_usd_per_chip_h = 1.1,
                                   .high_usd_per_chip_h = 1.5};

static void test_step(void)
{
    /* 2,304 chips for 30 s are 19.2 chip-hours: 24.96 USD at 1.3, 21.12 at 1.1, 28.8 at 1.5. */
    struct cost_range cost = cost_of_chips(&price, 2304, 30);
    CU_ASSERT(near(cost.usd, 24.96, 1e-12));
    CU_ASSERT(near(cost.low_usd, 21.12, 1e-12));
    CU_ASSERT(near(cost.high_usd, 28.8, 1e-12));
}

static void test_tokens(void)
{
    /* 16 Mi tokens in 30 s: a million tokens cost 24.96 / 16.777216 = 1.487732 USD. */
    struct cost_range cost = cost_per_million_tokens(&price, 2304, 16777216 / 30.0);
    CU_ASSERT(near(cost.usd, 1.487731933, 1e-9));
    CU_ASSERT(near(cost.high_usd / cost.low_usd, 1.5 / 1.1, 1e-12));
}

static void test_no_price(void)
{
    CU_ASSERT(isnan(cost_of_chips(NULL, 2304, 30).usd));
    CU_ASSERT(isnan(cost_per_million_tokens(NULL, 2304, 1e5).high_usd));
}

void suite_cost(void)
{
    static const struct test tests[] = {
        {"dollars of a step", test_step},
        {"dollars of a million tokens", test_tokens},
        {"no price, no cost", test_no_price},
    };
    add_suite("cost", tests, sizeof tests / sizeof tests[0]);
}
