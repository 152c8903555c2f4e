/* SPDX-License-Identifier: Apache-2.0 */
/* A request that decodes needs a new block whenever its context is a multiple of the block:
 * that is every block_tokens-th step, so a count by the step's remainder says how many blocks a
 * step needs. Spans end where the first request ends or where the blocks run out. */
#include "serving/replica.h"

#include "serving/batch_policy.h"
#include "serving/decode_set.h"
#include "serving/queue_policy.h"
#include "serving/replica_blocks.h"

#define WAIT_NAME(NAME, text) text,
const char *replica_wait_name(enum wait_reason reason)
{
    static const char *const names[] = {WAIT_REASONS(WAIT_NAME)};
    return names[reason];
}
#undef WAIT_NAME

void replica_init(struct replica *replica, const struct serving_engine *engine, int32_t index,
                  int64_t block_count)
{
    *replica = (struct replica){
        .index = index, .queue = REQUEST_LIST_EMPTY, .blocked = REQUEST_NONE, .backlog_s = -1};
    replica->block_needs =
        arena_array(engine->arena, engine->scenario->block_tokens, sizeof(int32_t));
    kv_cache_init(&replica->cache, block_count, engine->arena);
}

void replica_enqueue(struct serving_engine *engine, struct replica *replica, int32_t request)
{
    request_at(engine->pool, request)->queued = true;
    engine->queue_policy->enqueue(engine->pool, &replica->queue, request);
}

/* How many steps of decoding the room is enough for; at least 1, for it was made. */
static int64_t steps_in_room(const struct serving_engine *engine, const struct replica *replica,
                             int64_t most)
{
    int64_t room = kv_cache_available(&replica->cache);
    int64_t size = engine->scenario->block_tokens;
    if (room >= (most / size + 1) * replica->decode_count) {
        return most;
    }
    int64_t rounds = room / replica->decode_count, steps = rounds * size;
    room -= rounds * replica->decode_count;
    while (steps < most) {
        room -= replica->block_needs[decode_set_remainder(engine, replica->step + steps)];
        if (room < 0) {
            break;
        }
        steps++;
    }
    return steps < most ? steps : most;
}

static void describe_step(const struct serving_engine *engine, struct replica *replica)
{
    struct step *step = &replica->span;
    *step = (struct step){0};
    for (int64_t i = 0; i < replica->prefill_count; i++) {
        const struct request *request = request_at(engine->pool, replica->prefills[i]);
        double chunk = request->chunk, before = request->prefilled;
        step->prefill_tokens += request->chunk;
        step->prefill_count += request->chunk > 0;
        step->prefill_pairs += chunk * (before + (chunk + 1) / 2);
        step->prefill_context += chunk > 0 ? before + chunk : 0;
        step->rows += request->prefilled + request->chunk == replica_blocks_target(request);
    }
    if (replica->decodes) {
        int64_t slots = replica->static_count > replica->decode_count ? replica->static_count
                                                                      : replica->decode_count;
        step->decode_count = slots;
        step->decode_context = (double)(replica->context + replica->decode_count);
        step->growth = (double)replica->decode_count;
        step->rows += slots;
    }
}

/* MODEL.md, "Serving: saturation" */
static void note_backlog(struct serving_engine *engine, struct replica *replica, double now_s)
{
    if (replica->queue.count > 0) {
        replica->backlog_s = replica->backlog_s < 0 ? now_s : replica->backlog_s;
    } else if (replica->backlog_s >= 0) {
        histogram_add(engine->backlogs, now_s - replica->backlog_s);
        replica->backlog_s = -1;
    }
}

void replica_plan(struct serving_engine *engine, struct replica *replica, double now_s)
{
    replica->preempted = replica->hesitates = false;
    replica->waits = WAIT_NONE;
    replica_land(engine, replica);
    engine->policy->compose(engine, replica, now_s);
    note_backlog(engine, replica, now_s);
    replica->busy = replica->prefill_count > 0 || replica->decodes;
    if (!replica->busy) {
        return;
    }
    describe_step(engine, replica);
    replica->span_steps = 1;
    if (replica->prefill_count == 0 && engine->coalesce && !replica->preempted &&
        !replica->hesitates) {
        replica->span_steps = steps_in_room(engine, replica, decode_set_steps(replica));
    }
    replica->start_s = now_s;
    replica->end_s =
        now_s + (replica->span_steps == 1
                     ? step_cost_s(engine->cost, &replica->span, NULL)
                     : step_cost_run_s(engine->cost, &replica->span, replica->span_steps));
}

bool replica_cut(const struct serving_engine *engine, struct replica *replica, double now_s)
{
    if (replica->span_steps == 1) {
        return false;
    }
    int64_t low = 1, high = replica->span_steps;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        double end_s = replica->start_s + step_cost_run_s(engine->cost, &replica->span, middle);
        if (end_s < now_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == replica->span_steps) {
        return false;
    }
    replica->span_steps = low;
    replica->end_s = replica->start_s + step_cost_run_s(engine->cost, &replica->span, low);
    return true;
}

static void take_decode_blocks(struct serving_engine *engine, struct replica *replica)
{
    int64_t size = engine->scenario->block_tokens, steps = replica->span_steps;
    int64_t count = steps / size * replica->decode_count;
    for (int64_t i = 0; i < steps % size; i++) {
        count += replica->block_needs[decode_set_remainder(engine, replica->step + i)];
    }
    kv_cache_take(&replica->cache, count);
    replica->reserved -= engine->scenario->admission == ADMISSION_ANSWER ? count : 0;
}

static void end_request(struct serving_engine *engine, struct replica *replica, int32_t request,
                        int64_t context)
{
    replica_blocks_release(engine, replica, request_at(engine->pool, request), context);
    replica->running_count--;
    engine->ended(engine, replica, request, replica->end_s);
}

static void finish_decodes(struct serving_engine *engine, struct replica *replica)
{
    if (!replica->decodes) {
        return;
    }
    take_decode_blocks(engine, replica);
    replica->step += replica->span_steps;
    replica->context += replica->span_steps * replica->decode_count;
    engine->totals.produced += replica->span_steps * replica->decode_count;
    replica->idle_steps = 0;
    while (replica->decode_count > 0 && decode_set_steps(replica) == 0) {
        int32_t request = replica->heap[0].request;
        int64_t context = decode_set_context(replica, request_at(engine->pool, request));
        decode_set_leave(engine, replica, request);
        end_request(engine, replica, request, context);
    }
}

/* The prompt is complete: its token comes out, and it decodes from the next step on. */
static void complete_prefill(struct serving_engine *engine, struct replica *replica,
                             int32_t request)
{
    struct request *item = request_at(engine->pool, request);
    int64_t context = replica_blocks_target(item);
    engine->totals.produced++;
    if (item->generated++ == 0) {
        item->first_token_s = replica->end_s;
    }
    if (item->generated == item->output_tokens) {
        end_request(engine, replica, request, context);
        return;
    }
    if (engine->prefilled != NULL) { /* it decodes elsewhere; its blocks stay for now */
        replica->running_count--;
        replica->held_count++;
        engine->prefilled(engine, replica, request);
        return;
    }
    item->join_context = (int32_t)context;
    decode_set_join(engine, replica, request);
}

static void finish_prefills(struct serving_engine *engine, struct replica *replica)
{
    int64_t kept = 0, count = replica->prefill_count;
    for (int64_t i = 0; i < count; i++) {
        int32_t request = replica->prefills[i];
        struct request *item = request_at(engine->pool, request);
        int64_t before = item->prefilled;
        int64_t fresh = engine->totals.prefilled;
        item->prefilled += item->chunk;
        replica_blocks_count(engine, item, before, item->prefilled, FILL_COMPUTED);
        if (engine->totals.prefilled > fresh) {
            replica->idle_steps = 0;
        }
        if (item->prefilled == replica_blocks_target(item)) {
            complete_prefill(engine, replica, request);
        } else {
            replica->prefills[kept++] = request;
        }
    }
    replica->prefill_count = kept;
}

void engine_totals_add(struct engine_totals *sum, const struct engine_totals *totals)
{
    sum->prefilled += totals->prefilled;
    sum->cached += totals->cached;
    sum->recomputed += totals->recomputed;
    sum->produced += totals->produced;
    sum->hit_blocks += totals->hit_blocks;
    sum->prompt_blocks += totals->prompt_blocks;
    sum->cache_hit_tokens += totals->cache_hit_tokens;
    sum->cache_hit_blocks += totals->cache_hit_blocks;
    sum->preemptions += totals->preemptions;
    sum->steps += totals->steps;
    sum->spans += totals->spans;
    sum->batch_tokens += totals->batch_tokens;
    sum->busy_s += totals->busy_s;
    sum->running_s += totals->running_s;
    sum->blocks_s += totals->blocks_s;
    for (int reason = 0; reason < WAIT_REASON_COUNT; reason++) {
        sum->waiting_s[reason] += totals->waiting_s[reason];
    }
    for (int part = 0; part < STEP_PART_COUNT; part++) {
        sum->parts.part_s[part] += totals->parts.part_s[part];
    }
}

static void count_span(struct serving_engine *engine, const struct replica *replica)
{
    struct engine_totals *totals = &engine->totals;
    double time_s = replica->end_s - replica->start_s;
    totals->steps += replica->span_steps;
    totals->spans++;
    totals->busy_s += time_s;
    totals->running_s += time_s * (double)replica->running_count;
    totals->blocks_s += time_s * (double)kv_cache_used(&replica->cache);
    totals->waiting_s[replica->queue.count > 0 ? replica->waits : WAIT_NONE] += time_s;
    totals->batch_tokens +=
        replica->span_steps * (replica->span.prefill_tokens + replica->span.decode_count);
    if (replica->span_steps == 1) {
        step_cost_s(engine->cost, &replica->span, &totals->parts);
    } else {
        step_cost_run_parts(engine->cost, &replica->span, replica->span_steps, &totals->parts);
    }
}

void replica_finish(struct serving_engine *engine, struct replica *replica)
{
    count_span(engine, replica);
    replica->idle_steps++;
    finish_decodes(engine, replica);
    if (replica->prefill_count > 0) {
        finish_prefills(engine, replica);
    }
}

void replica_stop(struct serving_engine *engine, struct replica *replica, double now_s)
{
    int64_t low = 0, high = replica->span_steps - 1;
    while (replica->busy && low < high) {
        int64_t middle = (low + high + 1) / 2;
        double end_s = replica->start_s + step_cost_run_s(engine->cost, &replica->span, middle);
        if (end_s <= now_s) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    if (replica->busy && low > 0) {
        replica->span_steps = low;
        replica->end_s = replica->start_s + step_cost_run_s(engine->cost, &replica->span, low);
        replica_finish(engine, replica);
    }
    replica->busy = false;
    replica->backlog_s = -1; /* its requests go elsewhere */
}
