/* SPDX-License-Identifier: Apache-2.0 */
/* The table of policies, and the tree that knows a least loaded replica at its root. */
#include "serving/router.h"

static const struct router_policy *const policies[] = {
    [ROUTER_ROUND_ROBIN] = &router_round_robin,
    [ROUTER_LEAST_LOADED] = &router_least,
    [ROUTER_SESSION] = &router_session,
    [ROUTER_PREFIX] = &router_prefix,
};

static int32_t lighter(const struct router *router, int32_t a, int32_t b)
{
    if (a < 0 || b < 0) {
        return a < 0 ? b : a;
    }
    return router->loads[b] < router->loads[a] ? b : a;
}

static void update(struct router *router, int32_t replica)
{
    if (router->least == NULL) {
        return;
    }
    for (int64_t node = (router->leaves + replica) / 2; node >= 1; node /= 2) {
        router->least[node] =
            lighter(router, router->least[2 * node], router->least[2 * node + 1]);
    }
}

static void build_tree(struct router *router)
{
    router->leaves = 1;
    while (router->leaves < router->count) {
        router->leaves *= 2;
    }
    router->least = arena_array(router->arena, 2 * router->leaves, sizeof(int32_t));
    for (int64_t i = 0; i < router->leaves; i++) {
        router->least[router->leaves + i] = i < router->count ? (int32_t)i : -1;
    }
    for (int64_t node = router->leaves - 1; node >= 1; node--) {
        router->least[node] =
            lighter(router, router->least[2 * node], router->least[2 * node + 1]);
    }
}

void router_init(struct router *router, const struct serving_engine *engine,
                 struct replica *replicas, int32_t count, struct arena *arena)
{
    *router = (struct router){.policy = policies[engine->scenario->router],
                              .engine = engine,
                              .replicas = replicas,
                              .count = count,
                              .open_count = count,
                              .loads = arena_array(arena, count, sizeof(int32_t)),
                              .closed = arena_array(arena, count, sizeof(bool)),
                              .arena = arena};
    if (router->policy != &router_round_robin) {
        build_tree(router);
    }
}

int32_t router_least_loaded(const struct router *router)
{
    return router->least[1];
}

int32_t router_open_from(const struct router *router, int32_t replica)
{
    while (router->closed[replica]) {
        replica = replica + 1 == router->count ? 0 : replica + 1;
    }
    return replica;
}

void router_set_open(struct router *router, struct replica *replica, bool is_open)
{
    int32_t place = (int32_t)(replica - router->replicas);
    if (router->closed[place] == !is_open) {
        return;
    }
    router->closed[place] = !is_open;
    router->open_count += is_open ? 1 : -1;
    if (router->least != NULL) {
        router->least[router->leaves + place] = is_open ? place : -1;
        update(router, place);
    }
}

bool router_is_open(const struct router *router, const struct replica *replica)
{
    return !router->closed[replica - router->replicas];
}

void router_count(struct router *router, struct request *request, struct replica *replica)
{
    request->replica = (int32_t)(replica - router->replicas);
    router->loads[request->replica]++;
    update(router, request->replica);
}

struct replica *router_assign(struct router *router, struct request *request)
{
    if (router->open_count == 0) {
        return NULL;
    }
    struct replica *replica = &router->replicas[router->policy->pick(router, request)];
    router_count(router, request, replica);
    return replica;
}

void router_ended(struct router *router, const struct replica *replica)
{
    int32_t place = (int32_t)(replica - router->replicas);
    router->loads[place]--;
    update(router, place);
}

int64_t router_load(const struct router *router, const struct replica *replica)
{
    return router->loads[replica - router->replicas];
}
