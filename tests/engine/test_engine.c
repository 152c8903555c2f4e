/* SPDX-License-Identifier: Apache-2.0 */
/* Delays and transfers against arithmetic done by hand. Each test runs its engine in a child:
 * there is one in a process. */
#include "engine/engine.h"

#include <string.h>

#include "support/support.h"

static struct arena *arena;
static struct engine *engine;
static struct wiring wiring;

static void new_wiring(void)
{
    arena = arena_create();
    wiring = (struct wiring){.arena = arena};
}

static void start(int64_t end_points)
{
    struct error error = {0};
    wiring.end_point_count = end_points;
    engine = engine_start(&wiring, arena, &error);
}

static void end_at(void *end_s)
{
    *(double *)end_s = engine_now_s(engine);
}

/* Ring rounds */

enum { RING = 11, ROUNDS = 20 };
struct member {
    int32_t pair;
    int rounds;
    double end_s;
};

static void next_round(void *argument)
{
    struct member *member = argument;
    end_at(&member->end_s);
    if (member->rounds++ < ROUNDS) {
        engine_transfer(engine, 1e-6, member->pair, 1e6, next_round, member);
    }
}

/* An all-reduce of 11 MB over 11 chips: 2 x 10 rounds of 1 MB. One round lasts 1 us + 1 MB /
 * 100 GB/s = 11 us, 20 of them 220 us. */
static int ring_rounds(void *unused)
{
    (void)unused;
    new_wiring();
    struct member members[RING] = {{0}};
    for (int32_t i = 0; i < RING; i++) {
        members[i].pair = wiring_pair(&wiring, i, (i + 1) % RING);
        wiring_cross(&wiring, wiring_wire(&wiring, NULL, 100e9, false), 1);
    }
    start(RING);
    for (int i = 0; i < RING; i++) {
        engine_after(engine, 0, next_round, &members[i]);
    }
    engine_run(engine);
    bool right = engine_transfer_count(engine) == RING * ROUNDS;
    for (int i = 0; i < RING; i++) {
        right = right && near(members[i].end_s, 220e-6, 1e-9);
    }
    return !right;
}

static void test_ring_rounds(void)
{
    CU_ASSERT(in_child(ring_rounds, NULL));
}

/* Sharing */

/* Two flows of 1 GB on one wire of 1 GB/s, one starts after 1 us, the other after 10 ms. From
 * then on both have half: the first has 0.990001 GB left when the second comes, ends at 0.01 s
 * + 2 x 0.990001 s, and the second sends its last 0.009999 GB alone: in all 2.000001 s. */
static int latencies_do_not_weigh(void *unused)
{
    (void)unused;
    new_wiring();
    int32_t wire = wiring_wire(&wiring, NULL, 1e9, false);
    for (int32_t i = 0; i < 2; i++) {
        wiring_pair(&wiring, 2 * i, 2 * i + 1);
        wiring_cross(&wiring, wire, 1);
    }
    start(4);
    double end_s[2];
    engine_transfer(engine, 1e-6, 0, 1e9, end_at, &end_s[0]);
    engine_transfer(engine, 10e-3, 1, 1e9, end_at, &end_s[1]);
    engine_run(engine);
    return !(near(end_s[0], 0.01 + 2 * 0.990001, 1e-9) && near(end_s[1], 2.000001, 1e-9));
}

static void test_latencies_do_not_weigh(void)
{
    CU_ASSERT(in_child(latencies_do_not_weigh, NULL));
}

/* A flow that lists a wire of 100 MB/s three times beside one that lists it once: 3x + x = 100,
 * both at 25 MB/s, 4 s for 100 MB. */
static int weights(void *unused)
{
    (void)unused;
    new_wiring();
    int32_t wire = wiring_wire(&wiring, NULL, 100e6, false);
    wiring_pair(&wiring, 0, 1);
    wiring_cross(&wiring, wire, 3);
    wiring_pair(&wiring, 2, 3);
    wiring_cross(&wiring, wire, 1);
    start(4);
    double end_s[2];
    engine_transfer(engine, 0, 0, 100e6, end_at, &end_s[0]);
    engine_transfer(engine, 0, 1, 100e6, end_at, &end_s[1]);
    engine_run(engine);
    return !(near(end_s[0], 4, 1e-9) && near(end_s[1], 4, 1e-9));
}

static void test_weights(void)
{
    CU_ASSERT(in_child(weights, NULL));
}

/* A FATPIPE wire gives each flow its whole capacity, however often it is listed: 1 s each. A
 * flow that also crosses a shared wire of half of it takes 2 s. */
static int fatpipe(void *unused)
{
    (void)unused;
    new_wiring();
    int32_t pipe = wiring_wire(&wiring, NULL, 1e9, true);
    int32_t shared = wiring_wire(&wiring, NULL, 0.5e9, false);
    for (int32_t i = 0; i < 3; i++) {
        wiring_pair(&wiring, 2 * i, 2 * i + 1);
        wiring_cross(&wiring, pipe, i == 1 ? 3 : 1);
    }
    wiring_cross(&wiring, shared, 1);
    start(6);
    double end_s[3];
    for (int32_t i = 0; i < 3; i++) {
        engine_transfer(engine, 0, i, 1e9, end_at, &end_s[i]);
    }
    engine_run(engine);
    return !(near(end_s[0], 1, 1e-9) && near(end_s[1], 1, 1e-9) && near(end_s[2], 2, 1e-9));
}

static void test_fatpipe(void)
{
    CU_ASSERT(in_child(fatpipe, NULL));
}

/* Nothing to do */

static int nothing(void *unused)
{
    (void)unused;
    new_wiring();
    wiring_pair(&wiring, 0, 1);
    wiring_cross(&wiring, wiring_wire(&wiring, NULL, 1e9, false), 1);
    start(2);
    double end_s[4] = {-1, -1, -1, -1};
    engine_after(engine, 0, end_at, &end_s[0]);
    engine_transfer(engine, 0, 0, 0, end_at, &end_s[1]);
    engine_transfer(engine, 2e-6, 0, 0, end_at, &end_s[2]);
    engine_after(engine, 3e-6, end_at, &end_s[3]);
    engine_run(engine);
    return !(near(end_s[0], 0, 0) && near(end_s[1], 0, 0) && near(end_s[2], 2e-6, 1e-9) &&
             near(end_s[3], 3e-6, 1e-9) && engine_activity_count(engine) == 4 &&
             engine_transfer_count(engine) == 0);
}

static void test_zero_bytes_and_delays(void)
{
    CU_ASSERT(in_child(nothing, NULL));
}

static int never_started(void *unused)
{
    (void)unused;
    new_wiring();
    start(1);
    engine_run(engine);
    return !(near(engine_now_s(engine), 0, 0) && engine_activity_count(engine) == 0);
}

static void test_a_run_without_activities(void)
{
    CU_ASSERT(in_child(never_started, NULL));
}

/* Together */

enum { FLOWS = 200 };
static struct engine_flow flows[FLOWS];
static double first_end_s, second_end_s;

static void second_over(void *unused)
{
    (void)unused;
    end_at(&second_end_s);
}

static void first_over(void *unused)
{
    (void)unused;
    end_at(&first_end_s);
    for (int i = 0; i < FLOWS; i++) {
        flows[i].bytes = 0;
    }
    flows[7].bytes = 2e6;
    engine_transfers(engine, flows, FLOWS, second_over, NULL);
}

/* 200 flows of 0 to 4 MB in turn, each on its own wire of 1 GB/s, and one more of 4 MB beside a
 * flow of 4 MB: those two share, and last 8 ms. Then 2 MB and many flows of nothing: 2 ms. */
static int flows_together(void *unused)
{
    (void)unused;
    new_wiring();
    for (int32_t i = 0; i < FLOWS; i++) {
        flows[i] = (struct engine_flow){wiring_pair(&wiring, i / 2, FLOWS - 1 - i / 2),
                                        (double)(i % 5) * 1e6};
        wiring_cross(&wiring, wiring_wire(&wiring, NULL, 1e9, false), 1);
    }
    start(FLOWS);
    double alone_end_s = -1, nothing_end_s = -1;
    engine_transfers(engine, flows, FLOWS, first_over, NULL);
    engine_transfer(engine, 0, 9, 4e6, end_at, &alone_end_s);
    engine_transfers(engine, flows, 1, end_at, &nothing_end_s);
    engine_run(engine);
    return !(near(alone_end_s, 8e-3, 1e-9) && near(first_end_s, 8e-3, 1e-9) &&
             near(second_end_s, 10e-3, 1e-9) && near(nothing_end_s, 0, 0) &&
             engine_transfer_count(engine) == 160 + 1 + 1);
}

static void test_flows_together(void)
{
    CU_ASSERT(in_child(flows_together, NULL));
}

/* A quarter of a byte and 1.5 bytes share a wire of 1 B/s: for half a second both send, 0.25 B
 * each; the other 1.25 B take 1.25 s more. */
static int parts_of_bytes(void *unused)
{
    (void)unused;
    new_wiring();
    int32_t wire = wiring_wire(&wiring, NULL, 1, false);
    for (int32_t i = 0; i < 2; i++) {
        wiring_pair(&wiring, 2 * i, 2 * i + 1);
        wiring_cross(&wiring, wire, 1);
    }
    start(4);
    double end_s[2];
    engine_transfer(engine, 0, 0, 0.25, end_at, &end_s[0]);
    engine_transfer(engine, 0, 1, 1.5, end_at, &end_s[1]);
    engine_run(engine);
    return !(near(end_s[0], 0.5, 1e-9) && near(end_s[1], 1.75, 1e-9));
}

static void test_parts_of_bytes(void)
{
    CU_ASSERT(in_child(parts_of_bytes, NULL));
}

/* A machine of one chip sends nothing: no end points, only delays. */
static int no_end_points(void *unused)
{
    (void)unused;
    new_wiring();
    start(0);
    double end_s = -1;
    engine_after(engine, 2, end_at, &end_s);
    engine_run(engine);
    return !near(end_s, 2, 1e-12);
}

static void test_no_end_points(void)
{
    CU_ASSERT(in_child(no_end_points, NULL));
}

/* Callbacks */

enum { CHAIN = 1000 };
static int links_of_chain, together;

static void chain(void *end_s)
{
    if (++links_of_chain == CHAIN) {
        end_at(end_s);
        return;
    }
    engine_after(engine, 1e-6, chain, end_s);
}

static void count(void *unused)
{
    (void)unused;
    together++;
}

/* 1,000 delays in a row, of 1 us each but the first (0), and 1,000 at once. */
static int many(void *unused)
{
    (void)unused;
    new_wiring();
    start(3);
    double end_s = 0;
    engine_after(engine, 0, chain, &end_s);
    for (int i = 0; i < CHAIN; i++) {
        engine_after(engine, 5e-6, count, NULL);
    }
    engine_run(engine);
    return !(near(end_s, 999e-6, 1e-9) && together == CHAIN &&
             engine_activity_count(engine) == 2 * CHAIN);
}

static void test_many_activities(void)
{
    CU_ASSERT(in_child(many, NULL));
}

/* The same simulation after others in one process; its clock starts at 0 again. Where SimGrid
 * cannot be ended there is nothing to try. */
static int again(void *unused)
{
    int (*const all[])(void *) = {ring_rounds, weights, many,       latencies_do_not_weigh,
                                  fatpipe,     nothing, ring_rounds};
    int wrong = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        wrong += all[i](unused);
        if (!engine_end()) {
            break;
        }
    }
    return wrong;
}

static void test_again(void)
{
    CU_ASSERT(in_child(again, NULL));
}

static void test_settings_are_known(void)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(engine_settings(), "network/latency-factor:0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(engine_settings(), "network/model:CM02"));
    CU_ASSERT_EQUAL(strncmp(engine_version(), "3.", 2), 0);
}

void suite_engine(void)
{
    static const struct test tests[] = {
        {"20 ring rounds of 1 MB at 100 GB/s and 1 us take 220 us", test_ring_rounds},
        {"flows of different latency share a wire equally", test_latencies_do_not_weigh},
        {"a wire listed three times weighs three", test_weights},
        {"a fatpipe limits each flow alone", test_fatpipe},
        {"zero bytes and zero delays", test_zero_bytes_and_delays},
        {"flows that end together, and flows of nothing", test_flows_together},
        {"parts of bytes count", test_parts_of_bytes},
        {"a run without activities", test_a_run_without_activities},
        {"delays without any end point", test_no_end_points},
        {"many activities, one after the other and at once", test_many_activities},
        {"one simulation after the other in a process", test_again},
        {"the settings that decide are recorded", test_settings_are_known},
    };
    add_suite("engine", tests, sizeof tests / sizeof tests[0]);
}
