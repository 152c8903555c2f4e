/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of context.h know of each other. */
#pragma once

#include "serving/context.h"

enum context_source { SOURCE_NONE, SOURCE_REMOTE, SOURCE_TIERS };
enum stream_state { STREAM_NONE, STREAM_SENDING, STREAM_SENT };
enum { CONTEXT_NOBODY = -2 }; /* subject of a transfer that nobody waits for */

/* Ids in stores: of a prompt block its own, of an agent's context and of a request that was
 * moved out one made here. */
static const int64_t CONTEXT_KEPT_IDS = INT64_MIN, CONTEXT_SWAP_IDS = INT64_MIN / 2,
                     CONTEXT_IDS_END = INT64_MIN / 4;

/* A replica's place in its pool, without its pipeline stages; blocks that tokens take. */
int64_t context_number(const struct pool *pool, const struct replica *replica);
int64_t context_blocks(const struct pool *pool, int64_t tokens);

/* Positions [from, to) computed alone. */
double context_prefill_s(const struct pool *pool, int64_t from, int64_t to);

/* What serving->found_bytes would take one after the other, as things are. */
double context_restore_s(const struct serving *serving, const struct pool *pool,
                         int64_t replica);
void context_find_nothing(struct serving *serving);

/* Writes out to a tier, beside all else. */
void context_save(struct serving *serving, const struct pool *pool, int64_t replica,
                  enum kv_place tier, double bytes, int32_t subject);

/* context_swap.c: requests that lost their place and lie in host memory. */
void context_swap_out(struct serving_engine *engine, struct replica *replica, int32_t request,
                      int64_t context);
void context_swap_forget(struct serving *serving, const struct replica *replica,
                         int32_t request);
int64_t context_swap_find(struct serving *serving, const struct pool *pool,
                          const struct replica *replica, int32_t request);

/* context_kept.c: sessions that keep their context. */
int64_t context_kept_find(struct serving *serving, struct pool *pool, struct replica *replica,
                          struct request *item);

/* context_blocks.c: prompt blocks that went down to a tier. */
int64_t context_blocks_find(struct serving *serving, const struct pool *pool,
                            const struct replica *replica, const struct request *item);
void context_blocks_start(struct serving *serving, struct pool *pool);

/* context_handover.c: prompts that are complete on a prefill replica. */
void context_handover_admitted(struct serving_engine *engine, struct replica *replica,
                               int32_t request);
void context_handover_prefilled(struct serving_engine *engine, struct replica *replica,
                                int32_t request);
void context_handover_bring(struct serving *serving, int32_t request);

/* Until keys and values of a whole prompt that a prefill replica has just completed are there.
 */
double context_handover_s(struct serving *serving, const struct replica *target,
                          int64_t tokens);

/* The prefill replica gives the prompt's blocks back. */
void context_handover_release(struct serving *serving, struct request *item);
