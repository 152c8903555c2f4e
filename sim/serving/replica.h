/* SPDX-License-Identifier: Apache-2.0 */
/* One copy of the engine: its queue, its running requests, its KV cache, and the span of time
 * that it is in: one step, or several equal steps that only decode. What the running requests
 * need in each step is kept as sums (requests, context, new blocks by step), so that a step
 * costs nothing per running request. MODEL.md, "Serving: engine" */
#pragma once

#include "serving/histogram.h"
#include "serving/kv_cache.h"
#include "serving/request.h"
#include "serving/step_cost.h"

/* Why the head of the queue is not running. */
#define WAIT_REASONS(X)                                                                        \
    X(NONE, "load")                                                                            \
    X(BLOCKS, "KV cache")                                                                      \
    X(SEQUENCES, "max_num_seqs")                                                               \
    X(TOKENS, "max_num_batched_tokens")                                                        \
    X(BATCH, "static batch")
#define WAIT_ENUM(NAME, text) WAIT_##NAME,
enum wait_reason { WAIT_REASONS(WAIT_ENUM) WAIT_REASON_COUNT };
#undef WAIT_ENUM

struct finish { /* in the heap of decoding requests; numbers as far as they go */
    uint32_t step, order, admission; /* when it ends; of arrival; to this replica */
    int32_t request;
};

struct replica {
    int32_t index, pool; /* among all pools' replicas; which pool */
    struct request_list queue;
    int32_t running_count; /* in the batch: prefills and decodes */
    uint32_t admissions;   /* ever; those in the batch know their number */
    struct finish *heap;   /* [decode_count], the next to finish on top: decode_set.h */
    int64_t heap_capacity;
    int64_t reserved; /* blocks for what those with blocks have yet to say: ADMISSION_ANSWER */
    int64_t decode_count, context; /* tokens in the cache of those that decode */
    int32_t *block_needs;          /* [block_tokens]: requests by step modulo block_tokens */
    int32_t *prefills;             /* admitted, prompt not complete, in order */
    int64_t prefill_count, prefill_capacity;
    int64_t incoming_count; /* admitted, with blocks, while their context is brought */
    int32_t *landed;        /* [landed_count]: has come, not yet in the batch */
    int64_t landed_count, landed_capacity;
    int64_t held_count;    /* prefilled here, their blocks not yet fetched by another replica */
    int32_t blocked;       /* the head of the queue when it last found no room */
    int64_t blocked_until; /* it needs not look before so many blocks were freed */
    int64_t static_count;  /* slots of a static batch; 0 for other policies */
    struct kv_cache cache;
    int64_t step; /* decode steps so far */

    /* the span that it is in */
    bool busy;
    double start_s, end_s;
    int64_t span_steps;
    struct step span;
    bool decodes; /* in this span */
    enum wait_reason waits;
    bool hesitates;     /* a request waits for nothing but what is promised to the next step */
    bool preempted;     /* while this span was planned */
    int64_t idle_steps; /* since something came of a step */
    bool down;          /* failed: it begins nothing */
    double backlog_s;   /* since then somebody has waited at every step boundary; -1 */
    double evicted_bytes; /* to lower tiers, not yet on their way */

    /* of replicas that go on apart: serving_apart.h */
    struct request_come *coming; /* [coming_count]: dealt to it, their time has not come */
    int32_t coming_count, coming_next;
    double levels_s; /* its levels are counted up to then */
};

struct batch_policy;
struct queue_policy;

struct engine_totals { /* over all replicas; tokens */
    int64_t prefilled, cached, recomputed, produced, hit_blocks, prompt_blocks;
    int64_t cache_hit_tokens, cache_hit_blocks; /* of the cached: in the replica's own cache */
    int64_t preemptions, steps, spans, batch_tokens;
    double busy_s, waiting_s[WAIT_REASON_COUNT];
    double running_s, blocks_s; /* running requests, and KV blocks in use, times busy time */
    struct step_price parts;
};

void engine_totals_add(struct engine_totals *sum, const struct engine_totals *totals);

/* What all replicas share. */
struct serving_engine {
    const struct serving_scenario *scenario;
    const struct batch_policy *policy;
    const struct queue_policy *queue_policy;
    const struct step_cost *cost;
    struct request_pool *pool;
    struct engine_totals totals;
    struct histogram *backlogs; /* s, of all replicas, that have ended */
    int64_t sequences;          /* that a replica's batch may have */
    bool coalesce;
    struct arena *arena;
    /* A prompt is complete that decodes elsewhere; NULL: it decodes here. The hooks below may
     * be NULL, too, where an engine has no use for them. */
    void (*prefilled)(struct serving_engine *engine, struct replica *replica, int32_t request);
    /* A request begins to be prefilled. */
    void (*admitted)(struct serving_engine *engine, struct replica *replica, int32_t request);
    /* Leading positions of a request's context beyond those in the cache that come back from
     * elsewhere sooner than they are computed; sets request->whole when that is all. */
    int64_t (*find)(struct serving_engine *engine, struct replica *replica, int32_t request);
    /* Brings request->away positions; replica_landed() says that they are there. */
    void (*bring)(struct serving_engine *engine, struct replica *replica, int32_t request);
    /* A decoding request lost its place and had that many positions. */
    void (*preempted)(struct serving_engine *engine, struct replica *replica, int32_t request,
                      int64_t context);
    /* A request has ended. */
    void (*ended)(struct serving_engine *engine, struct replica *replica, int32_t request,
                  double now_s);
    void *owner;
};

void replica_init(struct replica *replica, const struct serving_engine *engine, int32_t index,
                  int64_t block_count);

/* Takes a request out of wherever it is on the replica, which loses what it had of it. */
void replica_drop(struct serving_engine *engine, struct replica *replica, int32_t request);

void replica_enqueue(struct serving_engine *engine, struct replica *replica, int32_t request);

/* Begins the next span now, or becomes idle. */
void replica_plan(struct serving_engine *engine, struct replica *replica, double now_s);

/* Ends the span: tokens come out, requests end. */
void replica_finish(struct serving_engine *engine, struct replica *replica);

/* Ends a span of several steps at the first step boundary from now on. True when it moved. */
bool replica_cut(const struct serving_engine *engine, struct replica *replica, double now_s);

/* What was brought for a request is there: it joins the batch when the next step is planned. */
void replica_landed(struct serving_engine *engine, struct replica *replica, int32_t request);
void replica_land(struct serving_engine *engine, struct replica *replica);

/* The replica stops now: steps of its span that have ended count, the rest is lost. */
void replica_stop(struct serving_engine *engine, struct replica *replica, double now_s);

/* For the policies: the parts of planning a step. Tokens that chunks may still take are in
 * *budget. */
void replica_continue_prefills(struct serving_engine *engine, struct replica *replica,
                               int64_t *budget);
/* Admits from the queue while there is room. whole: only prompts that fit the budget,
 * or one alone. */
void replica_admit(struct serving_engine *engine, struct replica *replica, int64_t *budget,
                   bool whole, double now_s);
/* Makes room for one more token of each decoding request, at the cost of the latest ones. */
void replica_make_room(struct serving_engine *engine, struct replica *replica);

const char *replica_wait_name(enum wait_reason reason);
