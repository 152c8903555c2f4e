/* SPDX-License-Identifier: Apache-2.0 */
/* Max-min sharing against hand arithmetic, and against SimGrid's on drawn networks: the cases
 * of a seed in one engine, each on wires of its own. */
#include "collective/fluid.h"

#include <stdio.h>

#include "base/random.h"
#include "engine/engine.h"
#include "support/support.h"

/* Under the sanitizers an engine's actors are threads: no engine gets all of the cases. */
enum { SEEDS = 40, CASES = 25, LINKS_MAX = 8, FLOWS_MAX = 12, CROSSED_MAX = 5 };

/* Link 0 of 10 B/s is crossed by flows A and B, link 1 of 4 B/s by B and C. First B and C have
 * 2 each and A has 8. C (2 B) ends after 1 s; B then has 4, A 6. B (6 B) has 4 left: ends at
 * 2 s. A (24 B) has sent 8 + 6 = 14 and sends its last 10 alone: ends at 3 s. */
static void test_three_flows_by_hand(void)
{
    struct arena *arena = arena_create();
    static const int32_t first[] = {0}, both[] = {0, 1}, second[] = {1};
    const double capacity_Bps[] = {10, 4};
    const unsigned char fatpipe[] = {0, 0};
    struct fluid_flow flows[] = {{first, 1, 24, 0}, {both, 2, 6, 0}, {second, 1, 2, 0}};
    struct fluid fluid = {flows, 3, capacity_Bps, fatpipe, 2, arena};
    CU_ASSERT(near(fluid_advance(&fluid, 0.5), 0.5, 0));
    CU_ASSERT(near(flows[0].bytes, 20, 1e-12) && near(flows[1].bytes, 5, 1e-12) &&
              near(flows[2].bytes, 1, 1e-12));
    CU_ASSERT(near(flows[0].rate_Bps, 8, 1e-12) && near(flows[1].rate_Bps, 2, 1e-12));
    CU_ASSERT(near(fluid_run(&fluid), 2.5, 1e-12));
    CU_ASSERT(near(flows[0].bytes, 0, 0) && near(flows[1].bytes, 0, 0));
    CU_ASSERT(near(fluid_advance(&fluid, 7), 0, 0)); /* nothing is left: no time passes */
    arena_free(arena);
}

/* A link listed three times beside once: 3x + x = 100, both flows 25. */
static void test_weight_by_hand(void)
{
    struct arena *arena = arena_create();
    static const int32_t thrice[] = {0, 0, 0}, once[] = {0};
    const double capacity_Bps[] = {100};
    const unsigned char fatpipe[] = {0};
    struct fluid_flow flows[] = {{thrice, 3, 100, 0}, {once, 1, 100, 0}};
    struct fluid fluid = {flows, 2, capacity_Bps, fatpipe, 1, arena};
    CU_ASSERT(near(fluid_run(&fluid), 4, 1e-12));
    arena_free(arena);
}

/* A fatpipe of 10 gives each of three flows 10; the one on a link of 2 gets 2: 50 s of 100. */
static void test_fatpipe_by_hand(void)
{
    struct arena *arena = arena_create();
    static const int32_t pipe[] = {0, 0}, both[] = {0, 1};
    const double capacity_Bps[] = {10, 2};
    const unsigned char fatpipe[] = {1, 0};
    struct fluid_flow flows[] = {{pipe, 1, 100, 0}, {pipe, 2, 50, 0}, {both, 2, 100, 0}};
    struct fluid fluid = {flows, 3, capacity_Bps, fatpipe, 2, arena};
    CU_ASSERT(near(fluid_advance(&fluid, 5), 5, 0));
    CU_ASSERT(near(flows[0].bytes, 50, 1e-12) && near(flows[1].bytes, 0, 0));
    CU_ASSERT(near(fluid_run(&fluid), 45, 1e-12));
    arena_free(arena);
}

static void test_no_flows(void)
{
    struct arena *arena = arena_create();
    struct fluid fluid = {.arena = arena};
    CU_ASSERT(near(fluid_run(&fluid), 0, 0));
    arena_free(arena);
}

/* Against the engine */

struct drawn {
    int32_t crossed[FLOWS_MAX][CROSSED_MAX];
    struct fluid_flow flows[FLOWS_MAX];
    double capacity_Bps[LINKS_MAX];
    unsigned char fatpipe[LINKS_MAX];
    int64_t flow_count, link_count;
    double fluid_s, engine_s;
};

static struct drawn cases[CASES];
static struct engine *engine;

/* Half of the cases have rates and sizes of few digits, so that many things happen at once. */
static void draw(struct random_stream *stream, struct drawn *drawn)
{
    bool round = random_below(stream, 2) == 0;
    drawn->link_count = 1 + random_below(stream, LINKS_MAX);
    drawn->flow_count = 1 + random_below(stream, FLOWS_MAX);
    for (int64_t l = 0; l < drawn->link_count; l++) {
        drawn->capacity_Bps[l] = round ? 1e9 * (double)(1 + random_below(stream, 4))
                                       : 1e9 * (0.1 + random_uniform(stream));
        drawn->fatpipe[l] = random_below(stream, 5) == 0;
    }
    for (int64_t f = 0; f < drawn->flow_count; f++) {
        struct fluid_flow *flow = &drawn->flows[f];
        flow->links = drawn->crossed[f];
        flow->link_count = 1 + (int32_t)random_below(stream, CROSSED_MAX);
        flow->bytes = round ? 1e8 * (double)(1 + random_below(stream, 3))
                            : 1e8 * (0.1 + random_uniform(stream));
        for (int32_t i = 0; i < flow->link_count; i++) {
            drawn->crossed[f][i] = (int32_t)random_below(stream, drawn->link_count);
        }
    }
}

static void ended(void *argument)
{
    struct drawn *drawn = argument;
    drawn->engine_s = engine_now_s(engine);
}

/* A link that a flow crosses k times has weight k. */
static void cross(struct wiring *wiring, const struct drawn *drawn, int64_t f, int32_t first)
{
    int32_t weight[LINKS_MAX] = {0};
    for (int32_t i = 0; i < drawn->flows[f].link_count; i++) {
        weight[drawn->crossed[f][i]]++;
    }
    for (int32_t l = 0; l < drawn->link_count; l++) {
        if (weight[l] > 0) {
            wiring_cross(wiring, first + l, weight[l]);
        }
    }
}

static void simulate(struct arena *arena)
{
    static struct wiring wiring;
    wiring = (struct wiring){.arena = arena, .end_point_count = 2 * CASES * FLOWS_MAX};
    for (int32_t c = 0; c < CASES; c++) {
        int32_t first = (int32_t)wiring.wire_count;
        for (int64_t l = 0; l < cases[c].link_count; l++) {
            wiring_wire(&wiring, NULL, cases[c].capacity_Bps[l], cases[c].fatpipe[l]);
        }
        for (int32_t f = 0; f < cases[c].flow_count; f++) {
            int32_t end_point = 2 * (c * FLOWS_MAX + f);
            wiring_pair(&wiring, end_point, end_point + 1);
            cross(&wiring, &cases[c], f, first);
        }
    }
    struct error error = {0};
    engine = engine_start(&wiring, arena, &error);
    int32_t pair = 0;
    for (int c = 0; c < CASES; c++) {
        for (int64_t f = 0; f < cases[c].flow_count; f++) {
            engine_transfer(engine, 0, pair++, cases[c].flows[f].bytes, ended, &cases[c]);
        }
    }
    engine_run(engine);
}

static int same_as_engine(void *argument)
{
    const uint64_t seed = *(const uint64_t *)argument;
    struct arena *arena = arena_create();
    struct random_stream stream;
    random_init(&stream, seed, "fluid");
    int wrong = 0;
    for (int c = 0; c < CASES; c++) {
        draw(&stream, &cases[c]);
    }
    simulate(arena);
    for (int c = 0; c < CASES; c++) {
        struct drawn *drawn = &cases[c];
        struct fluid fluid = {drawn->flows,   drawn->flow_count, drawn->capacity_Bps,
                              drawn->fatpipe, drawn->link_count, arena};
        if (!near(fluid_run(&fluid), drawn->engine_s, 1e-9)) {
            printf(" (case %d of seed %d)", c, (int)seed);
            wrong++;
        }
    }
    arena_free(arena);
    return wrong;
}

static void test_same_as_engine(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        CU_ASSERT(in_child(same_as_engine, &seed));
    }
}

void suite_fluid(void)
{
    static const struct test tests[] = {
        {"three flows on two links by hand", test_three_flows_by_hand},
        {"a link listed three times weighs three", test_weight_by_hand},
        {"a fatpipe limits each flow alone", test_fatpipe_by_hand},
        {"no flows take no time", test_no_flows},
        {"1,000 drawn networks end when the engine's do", test_same_as_engine},
    };
    add_suite("fluid", tests, sizeof tests / sizeof tests[0]);
}
