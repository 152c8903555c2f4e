/* SPDX-License-Identifier: Apache-2.0 */
/* The KV blocks of a request on its replica: taken at admission, with what is stored of its
 * prompt, and given back. MODEL.md, "Serving: KV cache" */
#pragma once

#include "serving/replica.h"

/* Positions that a request must have before its next token: prompt and what it has said. */
int64_t replica_blocks_target(const struct request *request);

/* Takes the blocks of all those positions and finds what is stored of them. False when there is
 * no room. */
bool replica_blocks_take(struct serving_engine *engine, struct replica *replica, int32_t index);
void replica_blocks_release(struct serving_engine *engine, struct replica *replica,
                            const struct request *request, int64_t context);

/* A request that decodes at once has no use yet for the position of its next token. */
void replica_blocks_trim(struct serving_engine *engine, struct replica *replica,
                         const struct request *request);

enum filling { FILL_COMPUTED, FILL_CACHE, FILL_TIERS };

/* Positions [from, to) have been filled: for the first time, or once more. */
void replica_blocks_count(struct serving_engine *engine, struct request *request, int64_t from,
                          int64_t to, enum filling by);
