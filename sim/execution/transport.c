/* SPDX-License-Identifier: Apache-2.0 */
/* Flow detail: wait for the latencies of a stage, then move all its bytes, then the next stage.
 * Message detail is in passage_messages.c. */
#include "execution/passage.h"

#include <stddef.h>
#include <string.h>

struct transport *transport_create(struct engine *engine, const struct job *job,
                                   const struct transport_options *options, struct arena *arena)
{
    struct transport *transport = arena_alloc(arena, sizeof *transport);
    *transport =
        (struct transport){.engine = engine, .job = job, .options = *options, .arena = arena};
    transport->pair_bytes =
        arena_array(arena, job->network.wiring.pair_count + 1, sizeof(double));
    return transport;
}

const double *transport_pair_bytes(const struct transport *transport)
{
    return transport->pair_bytes;
}

static struct passage *passage_take(struct transport *transport)
{
    struct passage *passage = transport->free_passages;
    if (passage == NULL) {
        return arena_alloc(transport->arena, sizeof *passage);
    }
    transport->free_passages = passage->next_free;
    return passage;
}

void passage_end(struct passage *passage)
{
    transport_done *done = passage->done;
    void *argument = passage->argument;
    passage->next_free = passage->transport->free_passages;
    passage->transport->free_passages = passage;
    done(argument);
}

static void watch(const struct passage *passage, int32_t pair, int change)
{
    const struct transport_options *options = &passage->transport->options;
    if (passage->watched && options->watch != NULL &&
        options->cares(options->watch_argument, pair)) {
        options->watch(options->watch_argument, pair, change);
    }
}

static void tell(const struct transport *transport, int32_t pair, double bytes, double start_s,
                 double end_s)
{
    const struct executor_watch *onlooker = transport->options.onlooker;
    if (onlooker != NULL && bytes > 0) {
        onlooker->moved(onlooker->argument, pair, bytes, start_s, end_s);
    }
}

void passage_deliver(struct passage *passage, const struct flow *flow, double delay_s,
                     double bytes, engine_done *arrived)
{
    struct transport *transport = passage->transport;
    struct delivery *delivery = transport->free_deliveries;
    if (delivery == NULL) {
        delivery = arena_alloc(transport->arena, sizeof *delivery);
    } else {
        transport->free_deliveries = delivery->next_free;
    }
    double begin_s = engine_now_s(transport->engine) + delay_s;
    *delivery = (struct delivery){passage, flow, bytes, begin_s, NULL};
    transport->pair_bytes[flow->pair] += bytes;
    watch(passage, flow->pair, 1);
    engine_transfer(transport->engine, delay_s, flow->pair, bytes, arrived, delivery);
}

void delivery_end(struct delivery *delivery)
{
    struct transport *transport = delivery->passage->transport;
    watch(delivery->passage, delivery->flow->pair, -1);
    tell(transport, delivery->flow->pair, delivery->bytes, delivery->begin_s,
         engine_now_s(transport->engine));
    delivery->next_free = transport->free_deliveries;
    transport->free_deliveries = delivery;
}

/* Flow detail */

static void stage_begin(struct passage *passage, double delay_s);

static void part_arrived(void *argument)
{
    struct passage *passage = argument;
    if (--passage->left == 0) {
        passage->stage++;
        stage_begin(passage, 0);
    }
}

static void flow_arrived(void *argument)
{
    struct delivery *delivery = argument;
    struct passage *passage = delivery->passage;
    delivery_end(delivery);
    part_arrived(passage);
}

static double flow_bytes(const struct passage *passage, int64_t flow)
{
    const struct traffic_stage *stage = &passage->exchange->stages[passage->stage];
    return passage->resumed ? passage->left_bytes[flow]
                            : stage->flows[flow].bytes * (double)stage->rounds;
}

static void tell_stage(struct passage *passage)
{
    const struct transport *transport = passage->transport;
    const struct traffic_stage *stage = &passage->exchange->stages[passage->stage];
    if (transport->options.onlooker == NULL) {
        return;
    }
    passage->resumed = passage->moves_rest;
    for (int64_t f = 0; f < stage->flow_count; f++) {
        tell(transport, stage->flows[f].pair, flow_bytes(passage, f), passage->moves_s,
             engine_now_s(transport->engine));
    }
    passage->resumed = false;
}

static void stage_arrived(void *argument)
{
    struct passage *passage = argument;
    tell_stage(passage);
    passage->stage++;
    stage_begin(passage, 0);
}

static struct engine_flow *room_for(struct transport *transport, int64_t count)
{
    if (count > transport->flow_capacity) {
        transport->flow_capacity = 2 * count;
        transport->flows =
            arena_array(transport->arena, transport->flow_capacity, sizeof *transport->flows);
    }
    return transport->flows;
}

static struct engine_flow engine_flow(struct passage *passage, int64_t flow)
{
    const struct traffic_stage *stage = &passage->exchange->stages[passage->stage];
    struct engine_flow moved = {stage->flows[flow].pair, flow_bytes(passage, flow)};
    passage->transport->pair_bytes[moved.pair] += moved.bytes;
    return moved;
}

static void move_together(struct passage *passage, const struct traffic_stage *stage)
{
    struct transport *transport = passage->transport;
    struct engine_flow *flows = room_for(transport, stage->flow_count);
    for (int64_t f = 0; f < stage->flow_count; f++) {
        flows[f] = engine_flow(passage, f);
    }
    engine_transfers(transport->engine, flows, stage->flow_count, stage_arrived, passage);
}

/* Somebody wants to know when each pair is free again, of some; the others move together. */
static void move_watched(struct passage *passage, const struct traffic_stage *stage)
{
    struct transport *transport = passage->transport;
    const struct transport_options *options = &transport->options;
    struct engine_flow *flows = room_for(transport, stage->flow_count);
    int64_t others = 0;
    passage->left = 1;
    for (int64_t f = 0; f < stage->flow_count; f++) {
        if (options->onlooker != NULL ||
            options->cares(options->watch_argument, stage->flows[f].pair)) {
            passage->left++;
            passage_deliver(passage, &stage->flows[f], 0, flow_bytes(passage, f), flow_arrived);
        } else {
            flows[others++] = engine_flow(passage, f);
        }
    }
    passage->left -= others == 0;
    if (others > 0) {
        engine_transfers(transport->engine, flows, others, part_arrived, passage);
    }
}

static void stage_move(void *argument)
{
    struct passage *passage = argument;
    const struct transport *transport = passage->transport;
    const struct traffic_stage *stage = &passage->exchange->stages[passage->stage];
    const struct executor_watch *onlooker = transport->options.onlooker;
    passage->moves_rest = passage->resumed;
    passage->moves_s = engine_now_s(transport->engine);
    if ((passage->watched && transport->options.watch != NULL) ||
        (onlooker != NULL && onlooker->each_transfer)) {
        move_watched(passage, stage);
    } else {
        move_together(passage, stage);
    }
    passage->resumed = false;
}

static void stage_begin(struct passage *passage, double delay_s)
{
    if (passage->stage == passage->exchange->stage_count) {
        passage_end(passage);
        return;
    }
    const struct traffic_stage *stage = &passage->exchange->stages[passage->stage];
    delay_s += (double)stage->rounds * stage->round_s;
    engine_after(passage->transport->engine, delay_s,
                 stage->flow_count > 0 ? stage_move : stage_arrived, passage);
}

/* Both */

static struct passage *passage_create(struct transport *transport,
                                      const struct traffic *exchange, transport_done *done,
                                      void *argument)
{
    struct passage *passage = passage_take(transport);
    passage->transport = transport;
    passage->exchange = exchange;
    passage->watched = passage->resumed = false;
    passage->done = done;
    passage->argument = argument;
    passage->stage = passage->left = 0;
    return passage;
}

void transport_run(struct transport *transport, const struct traffic *exchange, bool watched,
                   transport_done *done, void *argument)
{
    struct passage *passage = passage_create(transport, exchange, done, argument);
    passage->watched = watched;
    if (transport->options.detail == DETAIL_MESSAGE) {
        passage_messages_start(passage);
    } else {
        stage_begin(passage, exchange->launch_s);
    }
}

/* Takes over the bytes that are left of a stage in motion. */
static void keep_left(struct passage *passage, const double *left_bytes, int64_t count)
{
    if (count > passage->left_capacity) {
        passage->left_bytes = arena_array(passage->transport->arena, count, sizeof(double));
        passage->left_capacity = count;
    }
    memcpy(passage->left_bytes, left_bytes, (size_t)count * sizeof(double));
    passage->resumed = true;
}

/* What an exchange that ran alone has moved until now. */
static void count_moved(struct transport *transport, const struct traffic *exchange,
                        const struct exchange_state *state, double elapsed_s)
{
    double now_s = engine_now_s(transport->engine);
    for (int64_t s = 0; s < exchange->stage_count && s <= state->stage; s++) {
        const struct traffic_stage *stage = &exchange->stages[s];
        if (s == state->stage && state->left_bytes == NULL) {
            break;
        }
        for (int64_t f = 0; f < stage->flow_count; f++) {
            double left_bytes = s == state->stage ? state->left_bytes[f] : 0;
            double bytes = stage->flows[f].bytes * (double)stage->rounds - left_bytes;
            transport->pair_bytes[stage->flows[f].pair] += bytes;
            tell(transport, stage->flows[f].pair, bytes, now_s - elapsed_s, now_s);
        }
    }
}

void transport_resume(struct transport *transport, const struct traffic *exchange,
                      double elapsed_s, transport_done *done, void *argument)
{
    struct passage *passage = passage_create(transport, exchange, done, argument);
    struct arena *scratch = arena_create();
    struct exchange_state state = exchanges_state(transport->job, exchange, elapsed_s, scratch);
    passage->stage = state.stage;
    count_moved(transport, exchange, &state, elapsed_s);
    if (state.left_bytes != NULL) {
        keep_left(passage, state.left_bytes, exchange->stages[state.stage].flow_count);
    }
    arena_free(scratch);
    if (state.stage == exchange->stage_count) {
        passage_end(passage);
    } else {
        engine_after(transport->engine, state.delay_s, stage_move, passage);
    }
}

void transport_tell(const struct transport *transport, const struct traffic *exchange,
                    double start_s, double end_s)
{
    for (int64_t s = 0; s < exchange->stage_count; s++) {
        const struct traffic_stage *stage = &exchange->stages[s];
        for (int64_t f = 0; f < stage->flow_count; f++) {
            tell(transport, stage->flows[f].pair, stage->flows[f].bytes * (double)stage->rounds,
                 start_s, end_s);
        }
    }
}

void transport_count(struct transport *transport, const struct traffic *exchange,
                     double repeats)
{
    for (int64_t s = 0; s < exchange->stage_count; s++) {
        const struct traffic_stage *stage = &exchange->stages[s];
        for (int64_t f = 0; f < stage->flow_count; f++) {
            transport->pair_bytes[stage->flows[f].pair] +=
                stage->flows[f].bytes * (double)stage->rounds * repeats;
        }
    }
}
