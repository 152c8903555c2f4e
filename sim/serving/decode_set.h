/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of a replica that decode: a heap by the step in which they end, the sum of their
 * contexts, and a count of those that need a new block by the step's remainder.
 * MODEL.md, "Serving: engine" */
#pragma once

#include "serving/replica.h"

/* A request decodes from the next step on, with join_context tokens in the cache; or no more.
 */
void decode_set_join(struct serving_engine *engine, struct replica *replica, int32_t request);
void decode_set_leave(struct serving_engine *engine, struct replica *replica, int32_t request);

/* Tokens that a decoding request has in the cache. */
int64_t decode_set_context(const struct replica *replica, const struct request *request);

/* Steps until the first of them ends; there must be one. */
static inline int64_t decode_set_steps(const struct replica *replica)
{
    return (int32_t)(replica->heap[0].step - (uint32_t)replica->step);
}

/* A number of steps modulo the block's tokens, 0 or more. */
int64_t decode_set_remainder(const struct serving_engine *engine, int64_t number);
