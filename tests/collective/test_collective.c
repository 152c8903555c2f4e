/* SPDX-License-Identifier: Apache-2.0 */
/* What collectives cost alone: closed forms by hand, and what must hold on any machine. */
#include "collective/collective.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hardware/fabric.h"
#include "support/machine.h"
#include "support/support.h"

enum { CASES = 1000, CHIPS_MAX = 12, SEED = 1 };

static const char *const names[] = {"ring",  "halving-doubling", "direct",
                                    "torus", "hierarchical",     "tree"};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

/* Time of the named algorithm; infinity when it cannot do it. */
static double time_s(const struct collective *collective, const char *algorithm)
{
    struct arena *arena = arena_create();
    struct schedule schedule = {.arena = arena};
    struct error error = {0};
    double time = INFINITY;
    if (collective_plan(collective, algorithm, &schedule, &error)) {
        time = collective_time_s(collective, &schedule);
    }
    arena_free(arena);
    return time;
}

/* By hand */

/* 8 chips on a star, 100 GB/s and 1 us a link: a round costs 2 x 1 us + 0.5 us = 2.5 us beside
 * its bytes, the launch 5 us. 800 MB are 8 ms at the rate of a link. */
static void test_star_by_hand(void)
{
    struct arena *arena = arena_create();
    struct machine star = {.kind = MACHINE_STAR, .chips = 8, .Bps = 100e9, .latency_s = 1e-6};
    static const int64_t chips[] = {0, 1, 2, 3, 4, 5, 6, 7};
    struct collective collective = {COLLECTIVE_ALL_REDUCE, 800e6, machine_create(&star, arena),
                                    chips, 8};
    /* 14 rounds of 100 MB: 14 x (2.5 us + 1 ms) */
    CU_ASSERT(near(time_s(&collective, "ring"), 5e-6 + 14 * (2.5e-6 + 1e-3), 1e-12));
    /* 2 x 3 rounds, 4 + 2 + 1 ms each way */
    CU_ASSERT(near(time_s(&collective, "halving-doubling"), 5e-6 + 6 * 2.5e-6 + 14e-3, 1e-12));
    /* 2 rounds; each link carries 7 x 100 MB in each */
    CU_ASSERT(near(time_s(&collective, "direct"), 5e-6 + 2 * 2.5e-6 + 14e-3, 1e-12));
    /* blocks of 2 or 4: 1 + 2 x 3 + 1 or 3 + 2 x 1 + 3 = 8 rounds; 2 x 7/8 of the buffer */
    CU_ASSERT(near(time_s(&collective, "hierarchical"), 5e-6 + 8 * 2.5e-6 + 14e-3, 1e-12));
    /* 3 levels to the root and 3 back, of the whole buffer: 8 ms each */
    CU_ASSERT(near(time_s(&collective, "tree"), 5e-6 + 6 * (2.5e-6 + 8e-3), 1e-12));
    collective.operation = COLLECTIVE_ALL_GATHER;
    CU_ASSERT(near(time_s(&collective, "ring"), 5e-6 + 7 * (2.5e-6 + 1e-3), 1e-12));
    collective.operation = COLLECTIVE_ALL_TO_ALL;
    CU_ASSERT(near(time_s(&collective, "direct"), 5e-6 + 2.5e-6 + 7e-3, 1e-12));
    collective.operation = COLLECTIVE_BROADCAST;
    /* the root's link carries the buffer 7 times */
    CU_ASSERT(near(time_s(&collective, "direct"), 5e-6 + 2.5e-6 + 56e-3, 1e-12));
    CU_ASSERT(near(time_s(&collective, "tree"), 5e-6 + 3 * (2.5e-6 + 8e-3), 1e-12));
    arena_free(arena);
}

/* The 4x4x4 torus: 6 parts of S/6; in step k (0, 1, 2) each part has shrunk by 4^k and passes
 * 3/4 of itself on in 3 rounds; z links have the least rate and decide: S/6 x (3/4 + 3/16 +
 * 3/64) = S/6 x 63/64 each way. 18 rounds in all. */
static void test_torus_by_hand(void)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    struct platform *platform =
        platform_read(SOURCE_FOLDER "/platforms/trn2-ultraserver.xml", arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    int64_t chips[64];
    for (int64_t i = 0; i < 64; i++) {
        chips[i] = i;
    }
    struct collective collective = {COLLECTIVE_ALL_REDUCE, 6.4e9, platform, chips, 64};
    double slowest_Bps = INFINITY, latency_s = 0;
    for (int64_t m = 0; m < platform->media_count; m++) {
        const struct medium *medium = &platform->media[m];
        if (strcmp(medium->name, "nic") != 0) {
            slowest_Bps = fmin(slowest_Bps, medium->raw_Bps * medium->efficiency_fraction);
            latency_s = fmax(latency_s, medium->latency_s);
        }
    }
    double bytes_s = 2 * 6.4e9 / 6 * 63 / 64 / slowest_Bps;
    double rounds_s = 18 * (latency_s + platform->collective_step_s);
    CU_ASSERT(near(time_s(&collective, "torus"),
                   platform->collective_launch_s + rounds_s + bytes_s, 1e-9));
    arena_free(arena);
}

/* nccl-tests: 2(n-1)/n S/t for an all-reduce, (n-1)/n S/t for its halves and an all-to-all. */
static void test_bus_bandwidth(void)
{
    struct collective collective = {.operation = COLLECTIVE_ALL_REDUCE, .bytes = 8, .count = 4};
    CU_ASSERT(near(collective_bus_bandwidth_Bps(&collective, 2), 6, 1e-15));
    collective.operation = COLLECTIVE_ALL_TO_ALL;
    CU_ASSERT(near(collective_bus_bandwidth_Bps(&collective, 2), 3, 1e-15));
    collective.operation = COLLECTIVE_BROADCAST;
    CU_ASSERT(near(collective_bus_bandwidth_Bps(&collective, 2), 4, 1e-15));
}

/* On any machine */

/* Rate of the links (each once) that a chip's ways to or from all others begin or end with. */
static double ports_Bps(const struct platform *platform, int64_t chip, bool out)
{
    int32_t seen[2 * CHIPS_MAX];
    int32_t seen_count = 0, count;
    double sum_Bps = 0;
    for (int64_t other = 0; other < platform->chip_count; other++) {
        const int32_t *links =
            platform_route(platform, out ? chip : other, out ? other : chip, &count);
        int32_t link = count == 0 ? -1 : links[out ? 0 : count - 1];
        bool fresh = link >= 0;
        for (int32_t i = 0; i < seen_count; i++) {
            fresh = fresh && seen[i] != link;
        }
        if (fresh) {
            seen[seen_count++] = link;
            sum_Bps += platform->links[link].bandwidth_Bps;
        }
    }
    return sum_Bps;
}

/* What a chip must at least send or receive: its part or all but its part of the buffer; in an
 * all-reduce its own contribution must leave and the others' sum must come. */
static double least_bytes(const struct collective *collective, int64_t chip, bool out)
{
    double part_bytes = collective->bytes / (double)collective->count;
    double rest_bytes = collective->bytes - part_bytes;
    switch (collective->operation) {
    case COLLECTIVE_ALL_REDUCE:
        return collective->bytes;
    case COLLECTIVE_REDUCE_SCATTER:
        return out ? rest_bytes : part_bytes;
    case COLLECTIVE_ALL_GATHER:
        return out ? part_bytes : rest_bytes;
    case COLLECTIVE_ALL_TO_ALL:
        return rest_bytes;
    case COLLECTIVE_BROADCAST:
    case COLLECTIVE_SEND_RECEIVE:
        return out == (chip == 0) ? collective->bytes : 0;
    case COLLECTIVE_OPERATION_COUNT:
        break;
    }
    return 0;
}

static double bound_s(const struct collective *collective)
{
    double all_out_Bps = 0, bound = 0;
    for (int64_t i = 0; i < collective->count; i++) {
        double out_Bps = ports_Bps(collective->platform, collective->chips[i], true);
        double in_Bps = ports_Bps(collective->platform, collective->chips[i], false);
        all_out_Bps += out_Bps;
        bound = fmax(bound, fmax(least_bytes(collective, i, true) / out_Bps,
                                 least_bytes(collective, i, false) / in_Bps));
    }
    if (collective->operation == COLLECTIVE_ALL_REDUCE) {
        double all_bytes = 2 * (double)(collective->count - 1) * collective->bytes;
        bound = fmax(bound, all_bytes / all_out_Bps);
    }
    return bound;
}

struct drawn {
    struct collective collective;
    int64_t chips[CHIPS_MAX];
    struct arena *arena;
};

/* All chips of a drawn machine, in any order. */
static void draw(struct random_stream *stream, struct drawn *drawn)
{
    struct platform *platform =
        machine_draw(stream, 2 + random_below(stream, CHIPS_MAX - 1), drawn->arena);
    for (int64_t i = 0; i < platform->chip_count; i++) {
        int64_t at = random_below(stream, i + 1);
        drawn->chips[i] = drawn->chips[at];
        drawn->chips[at] = i;
    }
    drawn->collective = (struct collective){
        (enum collective_operation)random_below(stream, COLLECTIVE_SEND_RECEIVE),
        exp(random_uniform(stream) * 23), platform, drawn->chips, platform->chip_count};
}

static void for_all_cases(bool (*holds)(struct drawn *, struct random_stream *))
{
    struct random_stream stream;
    random_init(&stream, SEED, "collective");
    for (int i = 0; i < CASES; i++) {
        struct drawn drawn = {.arena = arena_create()};
        draw(&stream, &drawn);
        bool right = holds(&drawn, &stream);
        if (!right) {
            printf("\n    case %d of seed %d: %s over %lld chips", i, SEED,
                   collective_operation_name(drawn.collective.operation),
                   (long long)drawn.collective.count);
        }
        CU_ASSERT(right);
        arena_free(drawn.arena);
    }
}

static bool not_below_bound(struct drawn *drawn, struct random_stream *stream)
{
    (void)stream;
    const struct collective *collective = &drawn->collective;
    double least_s = collective->platform->collective_launch_s + bound_s(collective);
    bool right = true;
    for (int a = 0; a < NAME_COUNT; a++) {
        right = right && time_s(collective, names[a]) >= least_s * (1 - 1e-9);
    }
    return right;
}

static void test_no_collective_beats_its_bound(void)
{
    for_all_cases(not_below_bound);
}

static bool auto_is_fastest(struct drawn *drawn, struct random_stream *stream)
{
    (void)stream;
    double least_s = INFINITY;
    for (int a = 0; a < NAME_COUNT; a++) {
        least_s = fmin(least_s, time_s(&drawn->collective, names[a]));
    }
    return time_s(&drawn->collective, "auto") <= least_s * (1 + 2e-9);
}

static void test_auto_is_fastest(void)
{
    for_all_cases(auto_is_fastest);
}

/* One link gets up to three times its rate. */
static bool never_slower(struct drawn *drawn, struct random_stream *stream)
{
    const struct collective *collective = &drawn->collective;
    double before_s[NAME_COUNT];
    for (int a = 0; a < NAME_COUNT; a++) {
        before_s[a] = time_s(collective, names[a]);
    }
    double before_auto_s = time_s(collective, "auto");
    int64_t link = random_below(stream, collective->platform->link_count);
    collective->platform->links[link].bandwidth_Bps *= 1 + 2 * random_uniform(stream);
    bool right = time_s(collective, "auto") <= before_auto_s * (1 + 2e-9);
    for (int a = 0; a < NAME_COUNT; a++) {
        right = right && time_s(collective, names[a]) <= before_s[a] * (1 + 1e-9);
    }
    return right;
}

static void test_more_bandwidth_is_never_slower(void)
{
    for_all_cases(never_slower);
}

/* Messages */

static void check_refusal(const struct collective *collective, const char *algorithm,
                          enum error_kind kind, const char *message)
{
    struct arena *arena = arena_create();
    struct schedule schedule = {.arena = arena};
    struct error error = {0};
    CU_ASSERT_FALSE(collective_plan(collective, algorithm, &schedule, &error));
    CU_ASSERT_EQUAL(error.kind, kind);
    CU_ASSERT_EQUAL(strncmp(error.message, message, strlen(message)), 0);
    arena_free(arena);
}

static void test_refusals(void)
{
    struct arena *arena = arena_create();
    struct machine star = {.kind = MACHINE_STAR, .chips = 6, .Bps = 100e9};
    static const int64_t chips[] = {0, 1, 2, 3, 4, 5};
    struct collective collective = {COLLECTIVE_ALL_TO_ALL, 1, machine_create(&star, arena),
                                    chips, 6};
    check_refusal(&collective, "ring", ERROR_INFEASIBLE,
                  "algorithm 'ring' cannot do all-to-all over 6 chips, expected one of auto, "
                  "direct");
    collective.operation = COLLECTIVE_ALL_REDUCE;
    check_refusal(&collective, "halving-doubling", ERROR_INFEASIBLE,
                  "algorithm 'halving-doubling' cannot do all-reduce over 6 chips, expected "
                  "one of auto, ring, ");
    check_refusal(&collective, "rings", ERROR_INPUT,
                  "there is no algorithm 'rings'; for all-reduce over 6 chips expected one of "
                  "auto, ring, ");
    arena_free(arena);
}

static void test_operation_names(void)
{
    struct error error = {0};
    enum collective_operation operation;
    for (int i = 0; i < COLLECTIVE_OPERATION_COUNT; i++) {
        const char *name = collective_operation_name((enum collective_operation)i);
        CU_ASSERT(collective_operation_read(name, &operation, &error));
        CU_ASSERT_EQUAL((int)operation, i);
    }
    CU_ASSERT_FALSE(collective_operation_read("allreduce", &operation, &error));
    CU_ASSERT_STRING_EQUAL(error.message,
                           "operation is 'allreduce', expected one of all-reduce, "
                           "reduce-scatter, all-gather, all-to-all, broadcast, send-receive");
}

void suite_collective(void)
{
    static const struct test tests[] = {
        {"each algorithm on a star by hand", test_star_by_hand},
        {"the torus by hand", test_torus_by_hand},
        {"bus bandwidth", test_bus_bandwidth},
        {"no collective beats its bandwidth bound", test_no_collective_beats_its_bound},
        {"auto takes the fastest", test_auto_is_fastest},
        {"more bandwidth is never slower", test_more_bandwidth_is_never_slower},
        {"what an algorithm cannot do is refused", test_refusals},
        {"names of operations", test_operation_names},
    };
    add_suite("collective", tests, sizeof tests / sizeof tests[0]);
}
