/* SPDX-License-Identifier: Apache-2.0 */
/* Where the context of a request lies when it is not in its replica's KV cache: on the replica
 * that prefilled it, in a tier to which it was moved, or kept since the session's last call.
 * The hooks of serving_engine. MODEL.md, "Serving: disaggregation", "Serving: tiers" */
#pragma once

#include "serving/serving.h"

/* Stores, links and hooks of all pools, at the start of a simulation. */
void context_start(struct serving *serving, struct arena *arena);

/* A transfer has ended. */
void context_moved(struct serving *serving, const struct timer *timer);

/* Evicted prompt blocks go down to the next tier. */
void context_write_out(struct serving *serving, struct replica *replica);

/* A request leaves its replica for good: what it has of its session is kept. */
void context_keep(struct serving *serving, struct replica *replica,
                  const struct request *request);

/* Of two pools, the decode replica that still keeps the session's context and makes the prompt
 * complete sooner than a prefill replica does, each alone; NULL: none. */
struct replica *context_home(struct serving *serving, const struct request *request);

/* A replica has failed, and a request loses what it had there; it is marked lost unless it can
 * go on where it is. */
void context_drop(struct serving *serving, int32_t request, struct replica *failed);
