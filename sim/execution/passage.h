/* SPDX-License-Identifier: Apache-2.0 */
/* An exchange under way, shared by transport.c (flow detail, and what both have) and
 * passage_messages.c (message detail). */
#pragma once

#include "execution/transport.h"

struct delivery { /* one transfer under way */
    struct passage *passage;
    const struct flow *flow;
    double bytes, begin_s;
    struct delivery *next_free;
};

struct position {    /* message detail: where one participant is */
    int64_t round;   /* counted over all stages */
    int64_t pending; /* transfers of this round that are not over */
};

struct passage { /* one exchange under way */
    struct transport *transport;
    const struct traffic *exchange;
    bool watched;
    transport_done *done;
    void *argument;
    int64_t stage, left;
    bool resumed;       /* the first stage moves left_bytes only */
    bool moves_rest;    /* the stage that moves was resumed */
    double moves_s;     /* since then */
    double *left_bytes; /* per flow */
    int64_t left_capacity;
    struct position *positions;
    int64_t positions_capacity;
    struct passage *next_free;
};

struct transport {
    struct engine *engine;
    const struct job *job;
    struct transport_options options;
    struct arena *arena;
    struct delivery *free_deliveries;
    struct passage *free_passages;
    double *pair_bytes;
    struct engine_flow *flows; /* of the stage that is being started */
    int64_t flow_capacity;
};

/* The exchange is over: calls done. */
void passage_end(struct passage *passage);

/* Starts moving bytes of a flow, delay_s from now; then calls arrived(delivery), which begins
 * with delivery_end(). */
void passage_deliver(struct passage *passage, const struct flow *flow, double delay_s,
                     double bytes, engine_done *arrived);
void delivery_end(struct delivery *delivery);

/* Begins an exchange message by message, after its launch. */
void passage_messages_start(struct passage *passage);
