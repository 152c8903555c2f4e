/* SPDX-License-Identifier: Apache-2.0 */
/* A turn of a pipeline stage as instructions: messages from its neighbours, a sequence,
 * messages to them. A forward and a backward turn that run together take turns at each exchange
 * with experts: one travels while the other works. */
#include "program/lowering.h"

static bool mirrored(const struct lowering *lowering, int64_t chunk)
{
    return lowering->plan->schedule == SCHEDULE_DUALPIPE && chunk == 1;
}

static bool first_of_model(const struct lowering *lowering, int64_t chunk)
{
    int64_t stage = plan_chunk_stage(lowering->plan, lowering->stage, chunk);
    return stage == 0 && (chunk == 0 || mirrored(lowering, chunk));
}

static bool last_of_model(const struct lowering *lowering, int64_t chunk)
{
    const struct plan *plan = lowering->plan;
    int64_t stage = plan_chunk_stage(plan, lowering->stage, chunk);
    return stage == plan->pipeline_parallel - 1 &&
           (plan->schedule == SCHEDULE_DUALPIPE || chunk == plan->virtual_stages - 1);
}

/* The team that has the model's part before (or after) a chunk's. */
static int32_t towards(const struct lowering *lowering, int64_t chunk, bool end)
{
    return end != mirrored(lowering, chunk) ? PEER_NEXT : PEER_PREVIOUS;
}

static int32_t boundary_spec(struct lowering *lowering)
{
    return job_spec(lowering->job, COLLECTIVE_SEND_RECEIVE,
                    transformer_boundary_bytes(lowering->shape), "direct");
}

double lowering_message_Bps(const struct platform *platform)
{
    int32_t count = 0;
    const int32_t *links = platform_route(platform, 0, platform->chip_count - 1, &count);
    if (platform->domain_count > 1 && platform->nic_up_Bps != NULL) {
        return platform->nic_up_Bps[0];
    }
    return count > 0 ? platform->links[links[0]].bandwidth_Bps : 0;
}

/* A sender that does nothing else until its message has gone. */
static void wait_for_message(struct lowering *lowering, int64_t microbatch)
{
    if (!lowering->plan->blocking_sends) {
        return;
    }
    double rate_Bps = lowering_message_Bps(lowering->job->platform);
    if (lowering->sending < 0) {
        lowering->sending = job_sequence(lowering->job, "send");
        double time_s =
            rate_Bps > 0 ? transformer_boundary_bytes(lowering->shape) / rate_Bps : 0;
        struct op op = {"send", PART_PIPELINE_TIME, time_s, -1, SLOT_TENSOR, false, 0, 0};
        job_op(lowering->job, lowering->sending, &op);
    }
    lowering_instruct(lowering, INSTRUCTION_RUN, lowering->sending, 0, microbatch, "send");
}

/* What a turn needs from other stages. */
static void receive(struct lowering *lowering, const struct turn *turn)
{
    bool forward = turn->kind == TURN_FORWARD;
    bool end =
        forward ? first_of_model(lowering, turn->chunk) : last_of_model(lowering, turn->chunk);
    if (!end && turn->kind != TURN_WEIGHT) {
        lowering_instruct(lowering, INSTRUCTION_RECEIVE, 0,
                          towards(lowering, turn->chunk, !forward), turn->microbatch,
                          forward ? "receive activations" : "receive gradients");
    }
}

static void send(struct lowering *lowering, const struct turn *turn)
{
    bool forward = turn->kind == TURN_FORWARD;
    bool end =
        forward ? last_of_model(lowering, turn->chunk) : first_of_model(lowering, turn->chunk);
    if (!end && turn->kind != TURN_WEIGHT) {
        lowering_instruct(lowering, INSTRUCTION_SEND, boundary_spec(lowering),
                          towards(lowering, turn->chunk, forward), turn->microbatch,
                          forward ? "send activations" : "send gradients");
        wait_for_message(lowering, turn->microbatch);
    }
}

static int32_t sequence_of(const struct lowering *lowering, const struct turn *turn)
{
    const struct chunk *chunk = &lowering->chunks[turn->chunk];
    switch (turn->kind) {
    case TURN_FORWARD:
        return chunk->forward;
    case TURN_BACKWARD:
        return chunk->backward;
    case TURN_DATA:
        return chunk->data;
    case TURN_WEIGHT:
        break;
    }
    return chunk->weight;
}

static const char *turn_name(const struct turn *turn)
{
    static const char *const names[] = {"forward", "backward", "backward", "weight gradients"};
    return names[turn->kind];
}

static bool with_states(struct lowering *lowering, const struct turn *turn)
{
    struct chunk *chunk = &lowering->chunks[turn->chunk];
    if (turn->kind == TURN_FORWARD) {
        return states_forward(lowering, chunk, turn->microbatch);
    }
    return turn->kind == TURN_BACKWARD && states_backward(lowering, chunk, turn->microbatch);
}

void lowering_turn(struct lowering *lowering, const struct turn *turn)
{
    receive(lowering, turn);
    if (!with_states(lowering, turn)) {
        lowering_instruct(lowering, INSTRUCTION_RUN, sequence_of(lowering, turn), 0,
                          turn->microbatch, turn_name(turn));
    }
    send(lowering, turn);
}

static int64_t expert_exchanges(const struct sequence *sequence)
{
    int64_t count = 0;
    for (int64_t i = 0; i < sequence->op_count; i++) {
        count += sequence->ops[i].spec >= 0 && sequence->ops[i].slot == SLOT_EXPERT;
    }
    return count;
}

/* A sequence cut behind each exchange with experts. */
static struct pieces cut(struct lowering *lowering, int32_t sequence)
{
    struct job *job = lowering->job;
    int64_t count = expert_exchanges(&job->sequences[sequence]) + 1;
    struct pieces pieces = {count, arena_array(job->arena, count, sizeof(int32_t)),
                            arena_array(job->arena, count, sizeof(int32_t))};
    struct sequence whole = job->sequences[sequence];
    for (int64_t p = 0, i = 0; p < count; p++) {
        pieces.sequences[p] = job_sequence(job, whole.name);
        pieces.specs[p] = -1;
        for (; i < whole.op_count && pieces.specs[p] < 0; i++) {
            if (whole.ops[i].spec >= 0 && whole.ops[i].slot == SLOT_EXPERT) {
                pieces.specs[p] = whole.ops[i].spec;
            } else {
                job_op(job, pieces.sequences[p], &whole.ops[i]);
            }
        }
    }
    return pieces;
}

static const struct pieces *pieces_of(struct lowering *lowering, const struct turn *turn)
{
    struct chunk *chunk = &lowering->chunks[turn->chunk];
    struct pieces *pieces =
        turn->kind == TURN_FORWARD ? &chunk->forward_pieces : &chunk->backward_pieces;
    if (pieces->count == 0) {
        *pieces = cut(lowering, sequence_of(lowering, turn));
    }
    return pieces;
}

/* One piece, once the exchange before it is over; others started after that may still be under
 * way. Returns how many it starts. */
static int32_t run_piece(struct lowering *lowering, const struct turn *turn,
                         const struct pieces *pieces, int64_t index, int32_t others)
{
    if (index >= pieces->count) {
        return 0;
    }
    if (index > 0) {
        lowering_instruct(lowering, INSTRUCTION_WAIT, others, SLOT_EXPERT, turn->microbatch,
                          "wait for tokens");
    }
    lowering_instruct(lowering, INSTRUCTION_RUN, pieces->sequences[index], 0, turn->microbatch,
                      turn_name(turn));
    if (pieces->specs[index] < 0) {
        return 0;
    }
    lowering_instruct(lowering, INSTRUCTION_START, pieces->specs[index], SLOT_EXPERT,
                      turn->microbatch, "tokens to experts");
    return 1;
}

void lowering_pair(struct lowering *lowering, const struct turn *forward,
                   const struct turn *backward)
{
    if (states_apart(lowering, forward->microbatch, backward->microbatch) ||
        lowering->job->teams[0].groups[SLOT_EXPERT] < 0) {
        lowering_turn(lowering, forward);
        lowering_turn(lowering, backward);
        return;
    }
    receive(lowering, forward);
    receive(lowering, backward);
    struct pieces one = *pieces_of(lowering, forward), two = *pieces_of(lowering, backward);
    int32_t started = 0;
    for (int64_t i = 0; i < one.count || i < two.count; i++) {
        int32_t by_forward = run_piece(lowering, forward, &one, i, started);
        started = run_piece(lowering, backward, &two, i, by_forward);
    }
    send(lowering, forward);
    send(lowering, backward);
}
