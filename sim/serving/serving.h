/* SPDX-License-Identifier: Apache-2.0 */
/* A served load from question to numbers: requests come, a router gives them to replicas, each
 * replica goes from span to span. The events of all replicas stand in one heap; what moves
 * between replicas and storage is shared out by transfers.h:
 * docs/decisions/0005-serving-loop.md. MODEL.md, "Serving: engine" */
#pragma once

#include "hardware/platform.h"
#include "serving/fleet.h"
#include "serving/kv_tiers.h"
#include "serving/kv_ways.h"
#include "serving/outcome.h"
#include "serving/replica.h"
#include "serving/router.h"
#include "serving/span_queue.h"
#include "serving/step_cost.h"
#include "serving/timers.h"
#include "serving/transfers.h"
#include "workload/scenario.h"

/* Replicas that do the same work: all of it, or the decoding when another pool prefills. */
enum pool_kind { POOL_MAIN, POOL_PREFILL, POOL_KINDS };

struct pool {
    const struct platform *platform;
    struct serving_scenario scenario; /* with the pool's own plan and engine */
    struct step_cost *cost;
    int64_t replica_count, chips; /* chips: of all replicas */
    int64_t block_count;          /* of one replica */
    int64_t first_chip;           /* on its platform */
    struct kv_tiers tiers;

    /* of the last simulation */
    struct serving_engine engine;
    struct replica *replicas; /* [lane_count]: each pipeline stage of a replica makes a lane */
    int32_t lane_count;
    struct router router;
};

struct serving {
    const struct platform *platform;
    const struct scenario *scenario;
    struct pool pools[POOL_KINDS];
    int pool_count;
    bool kv_unlimited;

    /* of the last simulation */
    struct request_pool requests;
    struct replica *replicas; /* [lane_count], of all pools */
    int32_t lane_count;
    struct outcome *outcome;
    struct arrivals *arrivals;
    bool apart; /* replicas go on apart, and nobody asks whose span ends next */
    struct span_queue spans;
    struct timers timers;
    struct transfers transfers;
    struct kv_ways ways;
    struct fleet fleet;
    struct request_list homeless; /* while no replica is open */
    struct random_stream urgency;
    struct kept_context *kept; /* of sessions, by their chain: context.c */
    int64_t kept_count, kept_capacity;
    double found_bytes[KV_PLACES]; /* of the request that was looked up last */
    int64_t found_tokens[KV_PLACES];
    int64_t swaps, restores; /* contexts moved out for room; brought back from tiers */
    double kv_moved_bytes;   /* from prefill to decode replicas */
    double kv_wait_s;        /* prompts complete until they decode, summed */
    double now_s;
    int64_t running, waiting, blocks_used;
    int64_t longest_queue;
};

struct serving_options {
    void (*progress)(double fraction, double now_s); /* or NULL */
    bool in_order; /* events of all replicas in common order even where that is not needed */
};

/* Prices and sizes one replica of each pool, and counts how many the machine holds. NULL and an
 * INFEASIBLE error when the model does not fit, or the replicas do not. prefill_platform: of a
 * pool that only prefills; NULL: the same machine, whose chips come first. */
struct serving *serving_prepare_pools(struct platform *platform,
                                      struct platform *prefill_platform,
                                      const struct scenario *scenario, struct arena *arena,
                                      struct error *error);

/* The same on one machine. */
struct serving *serving_prepare(struct platform *platform, const struct scenario *scenario,
                                struct arena *arena, struct error *error);

/* Serves the scenario's load from empty to empty. False with an INPUT error of the trace, or
 * INFEASIBLE when nothing comes of the steps any more (live-lock). Can be called again. */
bool serving_simulate(struct serving *serving, const struct serving_options *options,
                      struct arena *arena, struct error *error);

/* Parts of the loop: a replica's span ends now; INFEASIBLE when somebody is left at the end;
 * how far the run has come. */
bool serving_end_span(struct serving *serving, struct replica *replica, struct error *error);
bool serving_nothing_waits(const struct serving *serving, struct error *error);
void serving_show(const struct serving *serving, const struct serving_options *options);

/* Chips of all pools; totals over them. */
int64_t serving_chips(const struct serving *serving);
struct engine_totals serving_totals(const struct serving *serving);

static inline struct pool *serving_pool_of(struct serving *serving,
                                           const struct replica *replica)
{
    return &serving->pools[replica->pool];
}
