/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that write a training step's programs: lower_training.c
 * (sequences), lower_operations.c (ops), lower_turns.c (turns) and states.c (gradients, weights
 * and optimizer states over the replicas). */
#pragma once

#include "program/job.h"
#include "program/schedule.h"
#include "workload/transformer.h"
#include "workload/transformer_stage.h"

struct bucket {           /* gradients or weights of one part of a stage */
    double dense, expert; /* parameters on one chip */
};

struct pieces { /* of a sequence that is cut at its exchanges with experts */
    int64_t count;
    int32_t *sequences, *specs; /* [count]; spec -1: the last piece */
};

struct chunk {
    struct stage stage;
    int32_t forward, backward;
    int32_t data, weight; /* the backward sequence in two, when the schedule splits it */
    struct pieces forward_pieces, backward_pieces; /* count 0: not needed yet */
    int32_t *unit_forward, *unit_backward; /* sequences of single units; NULL: not needed yet */
};

struct lowering {
    struct job *job;
    const struct training_shape *shape;
    const struct plan *plan;
    const struct plan *plans; /* by kind of chip, when they get different shares; or NULL */
    struct error *error;
    bool replica; /* teams are the stages of the first replica alone */
    /* of the program being written */
    const struct chip *chip;
    int64_t stage;
    int32_t program;
    int32_t sending; /* the sequence that waits for a message to go; -1: not made yet */
    int32_t coming[SLOT_COUNT]; /* weights whose gathering has begun and is not waited for */
    double clock_gain;          /* of this program's arithmetic: sustained.h */
    double ring_bytes;          /* passed round for the attention core that comes next */
    struct chunk *chunks;
    struct operation_list list, reordered; /* scratch: large */
};

/* One part of a stage forward or backward, appended; layer: its index in the chunk, by which
 * the plan may recompute only some. */
void lowering_forward(struct lowering *lowering, int32_t sequence, enum part part);
void lowering_backward(struct lowering *lowering, int32_t sequence, enum part part,
                       int64_t layer, enum turn_kind kind);

/* One turn; or a forward and a backward one together, each working while the other's tokens are
 * on their way to experts. */
void lowering_turn(struct lowering *lowering, const struct turn *turn);
void lowering_pair(struct lowering *lowering, const struct turn *forward,
                   const struct turn *backward);

/* Who takes part in an exchange of the operation list, and what they do. */
enum slot lowering_slot(enum exchange exchange);
enum collective_operation lowering_collective(enum exchange exchange);

/* What a chip sends to one of another stage with: through its NICs, where there are several
 * domains. 0: not known. */
double lowering_message_Bps(const struct platform *platform);
/* Work of a sequence, without its exchanges. */
double lowering_sequence_s(const struct lowering *lowering, int32_t sequence);

/* A microbatch's activations leave for the host beside a chunk's forward turn and come back
 * beside its backward turn, here this share of them beside a sequence: what that does not hide.
 */
void lowering_offload(struct lowering *lowering, int32_t sequence, double share);

/* Appends the scratch list to a sequence. */
void lowering_append(struct lowering *lowering, int32_t sequence);

void lowering_instruct(struct lowering *lowering, enum instruction_kind kind, int32_t what,
                       int32_t with, int64_t microbatch, const char *name);

/* Whether this stage's states have copies on a slot; whether weights are divided over them. */
bool states_has_replicas(const struct lowering *lowering, enum slot slot);
bool states_fully_sharded(const struct lowering *lowering);

/* Units of a chunk in the order of a forward pass; the parameters of one; a sequence for each,
 * one way, slowed down by the exchanges beside it. */
int64_t state_units_count(const struct stage *stage);
struct bucket state_units_bucket(const struct lowering *lowering, const struct stage *stage,
                                 int64_t unit);
const int32_t *state_units_sequences(struct lowering *lowering, struct chunk *chunk,
                                     bool forward);

/* Before the first turn of a step: the gathering of new weights is started. */
void states_begin(struct lowering *lowering);

/* A microbatch through a chunk unit by unit, with the exchanges of weights and gradients of
 * this turn; false when it has none, and nothing is written. */
bool states_forward(struct lowering *lowering, struct chunk *chunk, int64_t microbatch);
bool states_backward(struct lowering *lowering, struct chunk *chunk, int64_t microbatch);

/* Whether one of these two has such exchanges. */
bool states_apart(const struct lowering *lowering, int64_t forward, int64_t backward);

/* After the last turn of a step. */
void states_update(struct lowering *lowering);
