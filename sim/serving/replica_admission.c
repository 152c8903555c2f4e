/* SPDX-License-Identifier: Apache-2.0 */
/* Who may run: requests are admitted from the queue in order, wait for what is brought to them,
 * and lose their place when the room does not suffice for those before them. */
#include "serving/decode_set.h"
#include "serving/replica.h"
#include "serving/replica_blocks.h"

/* The one of the batch that was admitted last. */
static int32_t last_admitted(const struct serving_engine *engine, const struct replica *replica)
{
    int32_t last = REQUEST_NONE;
    uint32_t admission = 0;
    if (replica->prefill_count > 0) {
        last = replica->prefills[replica->prefill_count - 1];
        admission = request_at(engine->pool, last)->admission;
    }
    for (int64_t i = 0; i < replica->decode_count; i++) {
        const struct finish *finish = &replica->heap[i];
        if (last == REQUEST_NONE || (int32_t)(finish->admission - admission) > 0) {
            last = finish->request;
            admission = finish->admission;
        }
    }
    return last;
}

static void join_batch(struct replica *replica, struct request *request)
{
    replica->running_count++;
    request->admission = ++replica->admissions;
}

static void leave_prefills(struct replica *replica, int32_t request)
{
    int64_t place = 0;
    while (replica->prefills[place] != request) {
        place++;
    }
    replica->prefill_count--;
    for (; place < replica->prefill_count; place++) {
        replica->prefills[place] = replica->prefills[place + 1];
    }
}

/* Out of the batch; returns the positions that it had blocks for. */
static int64_t leave_batch(struct serving_engine *engine, struct replica *replica,
                           int32_t index)
{
    struct request *request = request_at(engine->pool, index);
    int64_t context = replica_blocks_target(request);
    if (request->decodes) {
        context = decode_set_context(replica, request);
        request->generated += (int32_t)(replica->step - request->join_step);
        decode_set_leave(engine, replica, index);
    } else {
        leave_prefills(replica, index);
    }
    replica_blocks_release(engine, replica, request, context);
    replica->running_count--;
    request->prefilled = 0;
    return context;
}

static void leave_landed(struct replica *replica, int32_t request)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < replica->landed_count; i++) {
        if (replica->landed[i] != request) {
            replica->landed[kept++] = replica->landed[i];
        }
    }
    replica->landed_count = kept;
}

void replica_drop(struct serving_engine *engine, struct replica *replica, int32_t index)
{
    struct request *request = request_at(engine->pool, index);
    if (request->queued) {
        request->queued = false;
        request_list_remove(&replica->queue, engine->pool, index);
        replica->blocked = REQUEST_NONE;
    } else if (request->away > 0) { /* admitted, and its context is or was on its way */
        leave_landed(replica, index);
        replica->incoming_count--;
        replica_blocks_release(engine, replica, request, replica_blocks_target(request));
    } else {
        leave_batch(engine, replica, index);
    }
    request->prefilled = 0;
}

static void preempt_last(struct serving_engine *engine, struct replica *replica)
{
    int32_t last = last_admitted(engine, replica);
    struct request *request = request_at(engine->pool, last);
    bool decoded = request->decodes;
    int64_t context = leave_batch(engine, replica, last);
    request->preemptions++;
    engine->totals.preemptions++;
    replica->preempted = true;
    if (decoded && engine->preempted != NULL) {
        engine->preempted(engine, replica, last, context);
    }
    request->queued = true;
    request_list_prepend(&replica->queue, engine->pool, last);
}

void replica_make_room(struct serving_engine *engine, struct replica *replica)
{
    while (replica->decode_count > 0 &&
           replica->block_needs[decode_set_remainder(engine, replica->step)] >
               kv_cache_available(&replica->cache)) {
        preempt_last(engine, replica);
    }
}

void replica_continue_prefills(struct serving_engine *engine, struct replica *replica,
                               int64_t *budget)
{
    for (int64_t i = 0; i < replica->prefill_count; i++) {
        struct request *request = request_at(engine->pool, replica->prefills[i]);
        int64_t rest = replica_blocks_target(request) - request->prefilled;
        request->chunk = (int32_t)(rest < *budget ? rest : *budget);
        *budget -= request->chunk;
    }
}

static void add_prefill(struct serving_engine *engine, struct replica *replica, int32_t request)
{
    replica->prefills = arena_grow(engine->arena, replica->prefills, replica->prefill_count,
                                   &replica->prefill_capacity, sizeof(int32_t));
    replica->prefills[replica->prefill_count++] = request;
}

/* The head of the queue has its blocks and leaves it: to the batch, or to wait for what is
 * brought from elsewhere. */
static void admit_head(struct serving_engine *engine, struct replica *replica, int64_t chunk,
                       double now_s)
{
    int32_t head = replica->queue.first;
    struct request *request = request_at(engine->pool, head);
    request->queued = false;
    request_list_remove(&replica->queue, engine->pool, head);
    if (request->admitted_s < 0) {
        request->admitted_s = now_s;
    }
    if (request->away > 0) {
        replica->incoming_count++;
        engine->bring(engine, replica, head);
        return;
    }
    join_batch(replica, request);
    request->chunk = (int32_t)chunk;
    add_prefill(engine, replica, head);
    if (engine->admitted != NULL) {
        engine->admitted(engine, replica, head);
    }
}

void replica_landed(struct serving_engine *engine, struct replica *replica, int32_t request)
{
    replica->landed = arena_grow(engine->arena, replica->landed, replica->landed_count,
                                 &replica->landed_capacity, sizeof(int32_t));
    replica->landed[replica->landed_count++] = request;
}

void replica_land(struct serving_engine *engine, struct replica *replica)
{
    for (int64_t i = 0; i < replica->landed_count; i++) {
        int32_t landed = replica->landed[i];
        struct request *request = request_at(engine->pool, landed);
        join_batch(replica, request);
        replica->incoming_count--;
        if (request->whole) { /* all that it had: it goes on */
            replica_blocks_trim(engine, replica, request);
            request->join_context = (int32_t)replica_blocks_target(request) - 1;
            decode_set_join(engine, replica, landed);
        } else {
            replica_blocks_count(engine, request, request->prefilled, request->away,
                                 FILL_TIERS);
            request->prefilled = request->away;
            add_prefill(engine, replica, landed);
        }
        request->away = 0;
        request->whole = false;
    }
    replica->landed_count = 0;
}

/* What the head needs and what there is fall alike, but for blocks that are freed. */
static bool still_blocked(const struct replica *replica)
{
    return replica->blocked == replica->queue.first &&
           replica->cache.freed_count < replica->blocked_until;
}

void replica_admit(struct serving_engine *engine, struct replica *replica, int64_t *budget,
                   bool whole, double now_s)
{
    while (replica->queue.count > 0) {
        struct request *request = request_at(engine->pool, replica->queue.first);
        int64_t most = replica_blocks_target(request);
        bool alone =
            replica->prefill_count == 0; /* longer than the budget: a step of its own */
        if (replica->running_count + replica->incoming_count >= engine->sequences) {
            replica->waits = WAIT_SEQUENCES;
            return;
        }
        if (*budget <= 0 || (whole && most > *budget && !alone)) {
            replica->waits = WAIT_TOKENS;
            return;
        }
        if (still_blocked(replica) ||
            !replica_blocks_take(engine, replica, replica->queue.first)) {
            replica->waits = WAIT_BLOCKS;
            return;
        }
        int64_t rest = most - request->prefilled;
        int64_t chunk = rest < *budget || whole ? rest : *budget;
        *budget -= request->away > 0 ? 0 : chunk;
        admit_head(engine, replica, chunk, now_s);
    }
}
