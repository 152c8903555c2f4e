/* SPDX-License-Identifier: Apache-2.0 */
/* Which replica gets a request: one policy is one file. Round robin takes turns; least-loaded
 * takes one with the fewest requests; session keeps a session where it was; prefix follows the
 * prompt blocks. MODEL.md, "Serving: fleet" */
#pragma once

#include "serving/replica.h"

struct router;

struct router_policy {
    const char *name;
    int32_t (*pick)(struct router *router, const struct request *request);
};

struct router {
    const struct router_policy *policy;
    const struct serving_engine *engine;
    struct replica *replicas;
    int32_t count, turn, open_count;
    int32_t *loads; /* [count]: requests present */
    bool *closed;   /* [count]: gets none */
    /* a tree of the least loaded: leaves are replicas; [2 * leaves] */
    int32_t *least;
    int64_t leaves;
    /* which replica a prompt block was last sent to: a table of fixed size */
    int64_t *block_ids;
    int32_t *block_homes;
    int64_t block_slots;
    struct arena *arena;
};

void router_init(struct router *router, const struct serving_engine *engine,
                 struct replica *replicas, int32_t count, struct arena *arena);

/* The replica for a request, counted as its load from now on; NULL when all are closed. */
struct replica *router_assign(struct router *router, struct request *request);
/* A replica that is open, whatever the policy: counted likewise. */
void router_count(struct router *router, struct request *request, struct replica *replica);
bool router_is_open(const struct router *router, const struct replica *replica);
void router_ended(struct router *router, const struct replica *replica);

/* Requests present on a replica. */
int64_t router_load(const struct router *router, const struct replica *replica);

/* Whether a replica gets requests. */
void router_set_open(struct router *router, struct replica *replica, bool is_open);

/* For the policies, which are asked while a replica is open: one with the fewest requests, and
 * the first open one from a place on. */
int32_t router_least_loaded(const struct router *router);
int32_t router_open_from(const struct router *router, int32_t replica);

extern const struct router_policy router_round_robin, router_least, router_session,
    router_prefix;
