/* SPDX-License-Identifier: Apache-2.0 */
/* Transfers by hand, and drawn ones that begin together against the fluid model. */
#include "serving/transfers.h"

#include <math.h>

#include "base/random.h"
#include "collective/fluid.h"
#include "support/support.h"

struct network {
    struct arena *arena;
    struct timers timers;
    struct transfers transfers;
};

static void network_init(struct network *network)
{
    *network = (struct network){.arena = arena_create()};
    timers_init(&network->timers, network->arena);
    transfers_init(&network->transfers, &network->timers, network->arena);
}

/* Ends the next transfer; its subject, and the time. */
static int32_t next_end(struct network *network, double *now_s)
{
    while (network->timers.count > 0) {
        struct timer timer = timers_pop(&network->timers);
        enum transfer_purpose purpose;
        int32_t subject = transfers_subject(&network->transfers, &timer, &purpose);
        if (subject >= 0) {
            *now_s = timer.time_s;
            transfers_stop(&network->transfers, *now_s, timer.subject);
            return subject;
        }
    }
    return -1;
}

static void start(struct network *network, double now_s, int32_t link, double bytes,
                  int32_t subject)
{
    struct link_use use = {link, 1};
    struct transfer_way way = {&use, 1, 1, 0.25, NULL};
    transfers_start(&network->transfers, now_s, &way, bytes, TRANSFER_SAVE, subject);
}

/* 100 bytes at 10 B/s alone for 4 s, then beside a second of 20 bytes at 5 B/s each: that ends
 * after 4 s, the first has 40 bytes left for 4 s more. Each a latency of 0.25 s later. */
static void test_two(void)
{
    struct network network;
    double now_s;
    network_init(&network);
    int32_t link = transfers_link(&network.transfers, 10);
    start(&network, 0, link, 100, 1);
    start(&network, 4, link, 20, 2);
    CU_ASSERT_EQUAL(next_end(&network, &now_s), 2);
    CU_ASSERT(near(now_s, 8.25, 1e-12));
    CU_ASSERT_EQUAL(next_end(&network, &now_s), 1);
    CU_ASSERT(near(now_s, 12.375, 1e-12)); /* shared while the second waits for its latency */
    CU_ASSERT_EQUAL(next_end(&network, &now_s), -1);
    CU_ASSERT_EQUAL(network.transfers.active, 0);
    arena_free(network.arena);
}

/* A transfer of 4 flows, of which 2 pass a narrow link: all go at the pace of those. */
static void test_parallel(void)
{
    struct network network;
    double now_s;
    network_init(&network);
    struct link_use uses[2] = {{transfers_link(&network.transfers, 6), 2},
                               {transfers_link(&network.transfers, 100), 4}};
    struct transfer_way way = {uses, 2, 4, 0, NULL};
    transfers_start(&network.transfers, 0, &way, 120, TRANSFER_SAVE, 7);
    CU_ASSERT(near(transfers_estimate_s(&network.transfers, &way, 120), 20, 1e-12));
    CU_ASSERT_EQUAL(next_end(&network, &now_s), 7);
    CU_ASSERT(near(now_s, 10, 1e-12));
    arena_free(network.arena);
}

enum { LINKS = 6, FLOWS = 12 };

/* The last end of drawn transfers over two links each. */
static void test_drawn(void)
{
    struct random_stream stream;
    random_init(&stream, 3, "transfers");
    for (int i = 0; i < 200; i++) {
        struct network network;
        double capacity_Bps[LINKS], now_s = 0;
        unsigned char fatpipe[LINKS] = {0};
        int32_t links[FLOWS][2];
        struct fluid_flow flows[FLOWS];
        network_init(&network);
        for (int l = 0; l < LINKS; l++) {
            capacity_Bps[l] = 1 + 100 * random_uniform(&stream);
            transfers_link(&network.transfers, capacity_Bps[l]);
        }
        for (int f = 0; f < FLOWS; f++) {
            links[f][0] = (int32_t)random_below(&stream, LINKS);
            links[f][1] = (links[f][0] + 1 + (int32_t)random_below(&stream, LINKS - 1)) % LINKS;
            struct link_use uses[2] = {{links[f][0], 1}, {links[f][1], 1}};
            struct transfer_way way = {uses, 2, 1, 0, NULL};
            double bytes = 10 + 1000 * random_uniform(&stream);
            flows[f] = (struct fluid_flow){links[f], 2, bytes, 0};
            transfers_start(&network.transfers, 0, &way, bytes, TRANSFER_SAVE, f);
        }
        struct fluid fluid = {flows, FLOWS, capacity_Bps, fatpipe, LINKS, network.arena};
        while (next_end(&network, &now_s) >= 0) {
        }
        CU_ASSERT(near(now_s, fluid_run(&fluid), 1e-9));
        arena_free(network.arena);
    }
}

void suite_transfers(void)
{
    static const struct test tests[] = {
        {"two on a link", test_two},
        {"parallel flows", test_parallel},
        {"against the fluid model", test_drawn},
    };
    add_suite("transfers", tests, sizeof tests / sizeof tests[0]);
}
