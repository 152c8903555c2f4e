/* SPDX-License-Identifier: Apache-2.0 */
/* The replica to which most of the prompt's leading blocks were sent last, unless it has far
 * more to do than the least loaded. What was sent where is remembered in a table of fixed size,
 * in which newer blocks displace older ones. */
#include "serving/router.h"

enum { SLOTS = 1 << 20, MOST_AHEAD = 2, ALWAYS_ALLOWED = 8 };

static int64_t slot_of(int64_t id)
{
    uint64_t mixed = (uint64_t)id * 0x9E3779B97F4A7C15u;
    return (int64_t)(mixed >> 44) & (SLOTS - 1);
}

static int32_t home_of(const struct router *router, const struct request *request)
{
    struct block_walk walk;
    int64_t id;
    int32_t home = -1;
    block_walk_init(&walk, router->engine->pool, request);
    while (block_walk_next(&walk, &id)) {
        int64_t slot = slot_of(id);
        if (router->block_ids[slot] != id + 1) {
            break;
        }
        home = router->block_homes[slot];
    }
    return home;
}

static void remember(struct router *router, const struct request *request, int32_t replica)
{
    struct block_walk walk;
    int64_t id;
    block_walk_init(&walk, router->engine->pool, request);
    while (block_walk_next(&walk, &id)) {
        int64_t slot = slot_of(id);
        router->block_ids[slot] = id + 1;
        router->block_homes[slot] = replica;
    }
}

static int32_t pick(struct router *router, const struct request *request)
{
    if (router->block_slots == 0) {
        router->block_slots = SLOTS;
        router->block_ids = arena_array(router->arena, SLOTS, sizeof(int64_t));
        router->block_homes = arena_array(router->arena, SLOTS, sizeof(int32_t));
    }
    int32_t replica = router_least_loaded(router), home = home_of(router, request);
    int64_t least = router->loads[replica];
    if (home >= 0 && !router->closed[home] &&
        router->loads[home] <= MOST_AHEAD * least + ALWAYS_ALLOWED) {
        replica = home;
    }
    remember(router, request, replica);
    return replica;
}

const struct router_policy router_prefix = {.name = "prefix", .pick = pick};
