/* SPDX-License-Identifier: Apache-2.0 */
/* Which replicas there are at a time: an autoscaler asks for more and lets go, replicas start
 * with their weights, fail and are repaired. MODEL.md, "Serving: fleet" */
#pragma once

#include "base/random.h"
#include "serving/timers.h"
#include "serving/transfers.h"

struct serving;
struct replica;

enum fleet_state { FLEET_UP, FLEET_STARTING, FLEET_DRAINING, FLEET_OFF };

struct fleet_replica { /* of a replica's first lane */
    enum fleet_state state;
    int64_t version; /* timers of an earlier life are void */
    double since_s;  /* has its chips since then */
};

struct fleet {
    struct fleet_replica *items; /* [lanes of all pools]; NULL: replicas come and go never */
    struct random_stream failures;
    double enough_s; /* fewer replicas have sufficed since then; INFINITY */
    double chips_s;  /* chip-seconds of replicas that are off again */
    int64_t starts, failed, retried;
};

void fleet_start(struct serving *serving, struct arena *arena);

/* A timer of the fleet's kinds. */
void fleet_timer(struct serving *serving, const struct timer *timer);

/* The weights of a replica (its first lane) have come. */
void fleet_loaded(struct serving *serving, int32_t lane);

/* A request has left a replica that may be waiting for its last. */
void fleet_left(struct serving *serving, struct replica *replica);

/* Seconds for which a pool's chips were taken, to now, summed over chips. */
double fleet_chips_s(const struct serving *serving, int kind);
