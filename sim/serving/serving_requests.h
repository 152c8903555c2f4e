/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a request in the fleet: it comes, is given to a replica, and ends. */
#pragma once

#include "serving/serving.h"

/* Takes the next request from the load. False with the error of a trace. */
bool serving_requests_take(struct serving *serving, struct error *error);

/* The same, for later: it is written down before the replica that will get it. */
bool serving_requests_deal(struct serving *serving, struct error *error);

/* Gives a request to the replica that the pool's router picks. */
void serving_requests_deliver(struct serving *serving, struct pool *pool, int32_t request);

/* Gives requests that found no open replica to one that is open now. */
void serving_requests_rehouse(struct serving *serving);

/* A replica has failed: its requests go elsewhere. */
void serving_requests_evacuate(struct serving *serving, struct replica *replica);

/* Puts a request into the queue of this replica. */
void serving_requests_enqueue(struct serving *serving, struct replica *replica,
                              int32_t request);

/* The replica ended a request: for serving_engine.ended. */
void serving_requests_ended(struct serving_engine *engine, struct replica *replica,
                            int32_t request, double now_s);

/* Plans the replica's next span, now; levels are the caller's. */
void serving_requests_plan(struct serving *serving, struct replica *replica);

/* Something has changed for a replica between its events: it plans when it was idle, and else
 * looks up at the next step boundary. */
void serving_requests_wake(struct serving *serving, struct replica *replica);

/* Levels are summed over replicas by taking a replica's share out before it changes and putting
 * it back after. */
void serving_requests_take_levels(struct serving *serving, const struct replica *replica);
void serving_requests_put_levels(struct serving *serving, const struct replica *replica);
