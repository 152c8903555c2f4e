/* SPDX-License-Identifier: Apache-2.0 */
/* Failures, checkpoints and restarts: against closed forms, published runs and a search. */
#include "training/goodput.h"

#include <math.h>
#include <time.h>

#include "support/support.h"
#include "training/checkpoint.h"

static const double day_s = 86400;

/* Llama 3 405B on 16,384 GPUs: 419 unexpected and 47 planned interruptions in 54 days (arXiv
 * 2407.21783). A checkpoint of 14 bytes x 405.9 G parameters = 5.68 TB goes to a store of 2
 * TB/s in 2.84 s; warm-up of such a job takes 318 s (MLPerf Training v5.0). */
static struct goodput_case llama(void)
{
    return (struct goodput_case){
        .duration_s = 54 * day_s,
        .stop_s = 2.84,
        .write_s = 2.84,
        .detection_s = 180,
        .restart_s = 321,
        .failures = {{"unexpected", 16384, 16384 * 54 * day_s / 419, 1, false},
                     {"planned", 16384, 16384 * 54 * day_s / 47, 1, true}},
        .failure_count = 2};
}

static void no_failures_cost_checkpoints_only(void)
{
    /* 1,000 s of work, 10 s of checkpoint: 100 checkpoints in 101,000 s leave 100,000 s. */
    struct arena *arena = arena_create();
    struct goodput_case what = {.duration_s = 101000, .stop_s = 10, .write_s = 10};
    what.interval_s = 1000;
    struct goodput result = goodput_simulate(&what, 1, 3, arena);
    CU_ASSERT(near(result.goodput_fraction, 100.0 / 101, 1e-12));
    CU_ASSERT(result.interruptions == 0);
    CU_ASSERT(near(result.loss.checkpoint_h, 1000.0 / 3600, 1e-12));
    arena_free(arena);
}

static void closed_form_of_exponential_failures(void)
{
    /* Between failures M apart on average, floor(X / (T + d)) periods are kept: their mean is
     * 1 / (exp((T + d) / M) - 1). A cycle takes M + R, as failures in the restart begin it
     * again only seldom: R << M. M = 10,000, T = 1,000, d = 50, R = 10: 1000 / (exp(0.105) - 1)
     * / 10010 = 0.9022. */
    struct arena *arena = arena_create();
    struct goodput_case what = {.duration_s = 1e8,
                                .stop_s = 50,
                                .write_s = 50,
                                .interval_s = 1000,
                                .restart_s = 10,
                                .failures = {{"all", 1, 10000, 1, false}},
                                .failure_count = 1};
    struct goodput result = goodput_simulate(&what, 1, 20, arena);
    CU_ASSERT(near(result.goodput_fraction, 1000 / (exp(0.105) - 1) / 10010, 2e-3));
    arena_free(arena);
}

static void time_is_kept_or_lost(void)
{
    /* Kept work and all losses add up to the whole time. */
    struct arena *arena = arena_create();
    struct goodput_case what = llama();
    what.repair_s = day_s;
    what.spares = 4;
    struct goodput result = goodput_simulate(&what, 7, 50, arena);
    const struct goodput_loss *loss = &result.loss;
    double lost_h = loss->checkpoint_h + loss->detection_h + loss->restart_h + loss->rework_h +
                    loss->waiting_h;
    CU_ASSERT(near(result.goodput_fraction * 54 * 24 + lost_h, 54 * 24, 1e-9));
    CU_ASSERT(loss->waiting_h > 0); /* 7.8 failures a day with 4 spares that take a day */
    arena_free(arena);
}

static void llama_keeps_more_than_90_percent(void)
{
    struct arena *arena = arena_create();
    struct goodput_case what = llama();
    clock_t start = clock();
    struct goodput result = goodput_simulate(&what, 1, 1000, arena);
    CU_ASSERT((double)(clock() - start) / CLOCKS_PER_SEC < 10);
    CU_ASSERT(result.goodput_fraction > 0.9 && result.goodput_fraction < 0.97);
    CU_ASSERT(near(result.interruptions, 466, 0.02));
    /* Poisson: 466 +- 1.96 x sqrt(466), less what restarts hide. */
    CU_ASSERT(near(result.low_interruptions, 466 - 1.96 * sqrt(466), 0.03));
    CU_ASSERT(near(result.high_interruptions, 466 + 1.96 * sqrt(466), 0.03));
    arena_free(arena);
}

static void young_and_daly_are_near_the_search(void)
{
    /* M = 54 d / 419 = 11,135 s, d = 30 s: Young sqrt(2 x 30 x 11135) = 817.4 s; Daly with
     * r = 30 / 22270: 817.4 x (1 + sqrt(r) / 3 + r / 9) - 30 = 797.5 s. */
    struct arena *arena = arena_create();
    struct goodput_case what = llama();
    what.stop_s = what.write_s = 30;
    what.failure_count = 1;
    double mean_s = goodput_mean_between_s(&what);
    CU_ASSERT(near(checkpoint_young_s(30, mean_s), 817.4, 1e-3));
    CU_ASSERT(near(checkpoint_daly_s(30, mean_s), 797.5, 1e-3));
    double best_s = goodput_search_s(&what, 1, 400, arena);
    CU_ASSERT(near(checkpoint_daly_s(30, mean_s), best_s, 0.05));
    CU_ASSERT(near(checkpoint_young_s(30, mean_s), best_s, 0.05));
    arena_free(arena);
}

static void equal_seeds_are_equal_and_weibull_keeps_its_mean(void)
{
    struct arena *arena = arena_create();
    struct goodput_case what = llama();
    double once = goodput_simulate(&what, 3, 100, arena).goodput_fraction;
    CU_ASSERT(once == goodput_simulate(&what, 3, 100, arena).goodput_fraction);
    CU_ASSERT(once != goodput_simulate(&what, 4, 100, arena).goodput_fraction);
    what.failures[0].shape = 0.7; /* bursts */
    CU_ASSERT(near(goodput_simulate(&what, 3, 300, arena).interruptions, 466, 0.04));
    arena_free(arena);
}

/* A chip at half speed that is noticed after 1,000 s, once in 10,000 s: nothing else stops the
 * job, and a restart takes no time. Of each 11,000 s 500 are lost. */
static void slow_chips_cost_until_they_are_noticed(void)
{
    struct arena *arena = arena_create();
    struct goodput_case what = {.duration_s = 1e8, .interval_s = 1e3, .job_chips = 10};
    what.failures[0] = (struct goodput_failure){
        .cause = "slow", .count = 1, .mean_s = 1e4, .shape = 1, .slow_speed = 0.5};
    what.failures[0].notice_s = 1e3;
    what.failure_count = 1;
    struct goodput result = goodput_simulate(&what, 1, 20, arena);
    CU_ASSERT(near(result.goodput_fraction, 1 - 500.0 / 11000, 2e-3));
    CU_ASSERT(near(result.loss.slow_h * 3600, 1e8 - result.goodput_fraction * 1e8, 1e-6));
    CU_ASSERT(near(result.interruptions, 1e8 / 11000, 0.01));
    CU_ASSERT(near(result.lost_chip_h_of[0], 10 * result.loss.slow_h, 1e-9));
    arena_free(arena);
}

/* Copies in memory each 100 s of work, one of ten in the store, and every failure takes the
 * copies: what is lost is that of checkpoints each 1,000 s in the store alone. */
static void lost_copies_go_back_to_the_store(void)
{
    struct arena *arena = arena_create();
    struct goodput_case what = {.duration_s = 1e8, .interval_s = 1e3, .restart_s = 50};
    what.failures[0] =
        (struct goodput_failure){.cause = "all", .count = 1, .mean_s = 1e4, .shape = 1};
    what.failure_count = 1;
    double store = goodput_simulate(&what, 1, 20, arena).goodput_fraction;
    what.interval_s = 100;
    double memory = goodput_simulate(&what, 1, 20, arena).goodput_fraction;
    what.durable_every = 10;
    CU_ASSERT(goodput_simulate(&what, 1, 20, arena).goodput_fraction == memory);
    what.failures[0].durable_fraction = 1;
    CU_ASSERT(near(goodput_simulate(&what, 1, 20, arena).goodput_fraction, store, 3e-3));
    CU_ASSERT(memory > store + 0.03);
    arena_free(arena);
}

/* What did not break takes no spare; what did is away for its repair. */
static void repairs_take_spares_and_chips(void)
{
    struct arena *arena = arena_create();
    struct goodput_case what = llama();
    what.failure_count = 1;
    what.spares = 1;
    what.repair_s = 10 * day_s;
    what.job_chips = 16384;
    struct goodput software = goodput_simulate(&what, 1, 20, arena);
    CU_ASSERT(software.loss.waiting_h == 0);
    what.failures[0].takes_chips = 8;
    struct goodput chips = goodput_simulate(&what, 1, 20, arena);
    CU_ASSERT(chips.loss.waiting_h > 0.5 * 54 * 24);
    CU_ASSERT(near(chips.lost_chip_h_of[0],
                   chips.lost_h_of[0] * 16384 + chips.interruptions_of[0] * 8 * 240, 1e-9));
    arena_free(arena);
}

static void a_counted_rate_spreads_what_it_predicts(void)
{
    /* Negative binomial: 500 expected from a count of 25 spread by sqrt(500 + 500^2 / 25), from
     * an exact rate by sqrt(500). */
    struct arena *arena = arena_create();
    struct goodput_case what = {.duration_s = 5e6, .interval_s = 1e3};
    what.failures[0] =
        (struct goodput_failure){.cause = "all", .count = 1, .mean_s = 1e4, .shape = 1};
    what.failure_count = 1;
    struct goodput exact = goodput_simulate(&what, 1, 4000, arena);
    what.failures[0].counted = 25;
    struct goodput wide = goodput_simulate(&what, 1, 4000, arena);
    CU_ASSERT(near(exact.interruptions, 500, 0.01) && near(wide.interruptions, 500, 0.02));
    CU_ASSERT(near(exact.high_interruptions - exact.low_interruptions, 3.92 * sqrt(500), 0.05));
    CU_ASSERT(near(wide.high_interruptions - wide.low_interruptions,
                   3.92 * sqrt(500 + 500 * 500 / 25.0), 0.05));
    arena_free(arena);
}

void suite_goodput(void)
{
    static const struct test tests[] = {
        {"no failures cost checkpoints only", no_failures_cost_checkpoints_only},
        {"closed form of exponential failures", closed_form_of_exponential_failures},
        {"time is kept or lost", time_is_kept_or_lost},
        {"slow chips cost until noticed", slow_chips_cost_until_they_are_noticed},
        {"lost copies go back to the store", lost_copies_go_back_to_the_store},
        {"repairs take spares and chips", repairs_take_spares_and_chips},
        {"Llama 3 keeps more than 90 %", llama_keeps_more_than_90_percent},
        {"Young and Daly are near the search", young_and_daly_are_near_the_search},
        {"equal seeds, and Weibull gaps", equal_seeds_are_equal_and_weibull_keeps_its_mean},
        {"a counted rate spreads what it predicts", a_counted_rate_spreads_what_it_predicts},
    };
    add_suite("goodput", tests, (int)(sizeof tests / sizeof tests[0]));
}
