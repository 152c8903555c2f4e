/* SPDX-License-Identifier: Apache-2.0 */
/* Message detail: every position goes through the rounds at its own pace; a transfer starts
 * when sender and receiver have both come to its round. */
#include <stddef.h>

#include "execution/passage.h"

static const struct traffic_stage *stage_of_round(const struct traffic *exchange, int64_t round)
{
    for (int64_t s = 0; s < exchange->stage_count; s++) {
        if (round < exchange->stages[s].rounds) {
            return &exchange->stages[s];
        }
        round -= exchange->stages[s].rounds;
    }
    return NULL;
}

static void message_arrived(void *argument);

/* Each message takes its own way's latency; where the steps of a stage are told as a mean over
 * ways of both kinds, that. */
static double message_delay_s(const struct job *job, const struct traffic_stage *stage,
                              int32_t pair)
{
    double software_s = stage->round_s - stage->latency_s;
    return software_s < 0 ? stage->round_s : job->network.pair_latency_s[pair] + software_s;
}

/* A position has come to its next round: starts the transfers whose other end is there too. */
static void enter_round(struct passage *passage, int32_t at)
{
    struct position *self = &passage->positions[at];
    const struct traffic_stage *stage;
    while ((stage = stage_of_round(passage->exchange, self->round)) != NULL) {
        self->pending = stage->touch_first[at + 1] - stage->touch_first[at];
        if (self->pending > 0) {
            break;
        }
        self->round++; /* nothing to do for this position in this round */
    }
    if (stage == NULL) {
        if (--passage->left == 0) {
            passage_end(passage);
        }
        return;
    }
    for (int64_t t = stage->touch_first[at]; t < stage->touch_first[at + 1]; t++) {
        const struct flow *flow = &stage->flows[stage->touches[t]];
        int32_t other = flow->from == at ? flow->to : flow->from;
        if (passage->positions[other].round == self->round &&
            passage->positions[other].pending > 0) {
            passage_deliver(passage, flow,
                            message_delay_s(passage->transport->job, stage, flow->pair),
                            flow->bytes, message_arrived);
        }
    }
}

static void finish_one(struct passage *passage, int32_t at)
{
    struct position *self = &passage->positions[at];
    if (--self->pending == 0) {
        self->round++;
        enter_round(passage, at);
    }
}

static void message_arrived(void *argument)
{
    struct delivery *delivery = argument;
    struct passage *passage = delivery->passage;
    const struct flow *flow = delivery->flow;
    delivery_end(delivery);
    finish_one(passage, flow->from);
    finish_one(passage, flow->to);
}

static void messages_begin(void *argument)
{
    struct passage *passage = argument;
    passage->left = passage->exchange->position_count;
    for (int64_t p = 0; p < passage->exchange->position_count; p++) {
        enter_round(passage, (int32_t)p);
    }
}

static void clear_positions(struct passage *passage)
{
    int64_t count = passage->exchange->position_count;
    if (count > passage->positions_capacity) {
        passage->positions =
            arena_array(passage->transport->arena, count, sizeof(struct position));
        passage->positions_capacity = count;
    }
    for (int64_t p = 0; p < count; p++) {
        passage->positions[p] = (struct position){0};
    }
}

void passage_messages_start(struct passage *passage)
{
    clear_positions(passage);
    engine_after(passage->transport->engine, passage->exchange->launch_s, messages_begin,
                 passage);
}
