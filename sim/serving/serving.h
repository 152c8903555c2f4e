/* SPDX-License-Identifier: Apache-2.0 */
/* A served load from question to numbers: requests come, a router gives them to replicas, each
 * replica goes from span to span. The events of all replicas stand in one heap; no flows are
 * simulated, so it needs no engine: docs/decisions/0005-serving-loop.md.
 * MODEL.md, "Serving: engine" */
#pragma once

#include "hardware/platform.h"
#include "serving/outcome.h"
#include "serving/replica.h"
#include "serving/router.h"
#include "serving/step_cost.h"
#include "workload/scenario.h"

struct serving_event {
    double time_s;
    int32_t replica;
};

struct serving {
    const struct platform *platform;
    const struct scenario *scenario;
    int64_t replica_count, chips; /* chips: of all replicas */
    int64_t block_count;          /* of one replica */
    bool kv_unlimited;
    struct step_cost *cost;

    /* of the last simulation */
    struct serving_engine engine;
    struct replica *replicas; /* [lane_count]: each pipeline stage of a replica makes a lane */
    int32_t lane_count;
    struct router router;
    struct outcome *outcome;
    struct arrivals *arrivals;
    struct serving_event *events; /* a heap */
    int64_t event_count;
    struct serving_event *restores; /* a heap; replica: the request */
    int64_t restore_count, restore_capacity;
    double now_s;
    int64_t running, waiting, blocks_used;
    int64_t longest_queue;
    struct arrival taken;
};

struct serving_options {
    void (*progress)(double fraction, double now_s); /* or NULL */
};

/* Prices and sizes one replica, and counts how many the machine holds. NULL and an INFEASIBLE
 * error when the model does not fit, or the replicas do not. */
struct serving *serving_prepare(struct platform *platform, const struct scenario *scenario,
                                struct arena *arena, struct error *error);

/* Serves the scenario's load from empty to empty. False with an INPUT error of the trace, or
 * INFEASIBLE when nothing comes of the steps any more (live-lock). Can be called again. */
bool serving_simulate(struct serving *serving, const struct serving_options *options,
                      struct arena *arena, struct error *error);
