/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine is asked to do, ready to be run: teams of chips that work in step, the
 * programs they follow, and the exchanges between them. docs/MODEL.md, "Programs". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "collective/collective.h"
#include "hardware/chip.h"
#include "program/network.h"

/* What time is spent on: the rows of the breakdown. The first are those of enum work_kind. */
#define PARTS(X)                                                                               \
    X(MATMUL, "matmul")                                                                        \
    X(ATTENTION, "attention")                                                                  \
    X(VECTOR, "vector")                                                                        \
    X(OPTIMIZER, "optimizer")                                                                  \
    X(TENSOR, "tensor-parallel exchange")                                                      \
    X(CONTEXT, "context-parallel exchange")                                                    \
    X(EXPERT, "expert-parallel exchange")                                                      \
    X(PIPELINE, "pipeline exchange")                                                           \
    X(DATA, "data-parallel exchange")                                                          \
    X(BUBBLE, "pipeline bubble")
#define PART_ENUM(NAME, text) PART_##NAME##_TIME,
enum part_of_time { PARTS(PART_ENUM) PART_OF_TIME_COUNT };
#undef PART_ENUM
const char *job_part_name(enum part_of_time part);

/* With whom a team exchanges. */
enum slot {
    SLOT_TENSOR,
    SLOT_CONTEXT,
    SLOT_EXPERT,
    SLOT_DATA,
    SLOT_EXPERT_DATA,
    SLOT_SHARD,  /* with hybrid sharding: ranks that divide the states, */
    SLOT_COPIES, /* and those that hold the same part */
    SLOT_COUNT
};

/* What is exchanged. The same spec on another group is another exchange. */
struct spec {
    enum collective_operation operation;
    double bytes;
    const char *algorithm;
};

/* One step of a sequence: work, or an exchange with a slot's group (spec >= 0). */
struct op {
    const char *name;
    enum part_of_time part;
    double duration_s; /* on a healthy chip */
    int32_t spec;      /* -1: work */
    enum slot slot;
    bool beside; /* an exchange inside the team that runs while the next op, work, does */
    double flops, hbm_bytes; /* of work */
};

/* Ops one after the other, without a choice: a microbatch through a stage. */
struct sequence {
    const char *name;
    struct op *ops;
    int64_t op_count, op_capacity;
};

enum instruction_kind {
    INSTRUCTION_RUN,     /* a sequence */
    INSTRUCTION_START,   /* an exchange with a slot's group, beside what follows */
    INSTRUCTION_WAIT,    /* until no more than so many started on a slot are not over */
    INSTRUCTION_SEND,    /* bytes per chip to a peer; not waited for */
    INSTRUCTION_RECEIVE, /* the next message from a peer */
};

enum peer { PEER_NEXT, PEER_PREVIOUS, PEER_COUNT };

struct instruction {
    enum instruction_kind kind;
    int32_t what;       /* RUN: sequence; START, SEND: spec; WAIT: exchanges not waited for */
    int32_t with;       /* START, WAIT: enum slot; SEND, RECEIVE: enum peer */
    int32_t microbatch; /* for the timeline; -1 when none */
    const char *name;
};

struct program {
    struct instruction *instructions;
    int64_t count, capacity;
};

/* Chips that do the same at the same time: a tensor-parallel group. */
struct team {
    int32_t program;
    const int64_t *chips;
    int64_t chip_count;
    int64_t seat;               /* the number that the plan gives its first chip: seats.h */
    int32_t groups[SLOT_COUNT]; /* -1: none */
    int32_t peers[PEER_COUNT];  /* teams; -1: none */
    double slowness;            /* of its slowest chip: 1 healthy, 2 half speed */
    int64_t weight;             /* how many teams it stands for */
};

/* Teams that exchange, and which of their chips do so with which: each subgroup by itself. */
struct group {
    int64_t member_count;
    int32_t *teams;
    int64_t subgroup_count, subgroup_size;
    const int64_t *chips; /* [subgroup_count x subgroup_size] */
    bool inner;           /* of one team alone: its exchanges may be slept through */
};

/* One transfer of an exchange. */
struct flow {
    int32_t pair;
    int32_t from, to; /* positions among all chips of the exchange */
    double bytes;     /* in one round */
};

struct traffic_stage {
    struct flow *flows;
    int64_t flow_count;
    int64_t rounds;
    double round_s;       /* latency and step cost of a round */
    double latency_s;     /* of the longest way in it */
    int64_t *touch_first; /* [position_count + 1] into touches: */
    int32_t *touches;     /* the flows that a position sends or receives */
    int32_t number;       /* among all stages of a job that is folded: fold_facets.h */
};

/* A spec on a group (or between two teams), planned. */
struct traffic {
    const char *algorithm;
    struct traffic_stage *stages;
    int64_t stage_count;
    int64_t position_count;
    double launch_s;
    double alone_s; /* when no other flow is on its links; by the fluid model */
};

struct planned { /* a schedule, kept for groups of equal shape */
    uint64_t shape;
    enum collective_operation operation;
    const char *algorithm;
    double bytes;
    int64_t count;
    struct schedule schedule;
    struct planned *next; /* with the same key */
};

struct plans { /* those made so far, by a key of all that they are equal in */
    struct planned **first;
    int64_t count, capacity;
    struct number_table seen;
};

struct chosen { /* how a library does a collective, kept for groups of equal kind */
    uint64_t kind;
    enum collective_operation operation;
    const char *algorithm;
    double bytes;
    int64_t count;
    struct collective_choice choice;
    struct chosen *next;
};

struct job {
    struct arena *arena;
    const struct platform *platform;
    struct network network;
    struct spec *specs;
    int64_t spec_count, spec_capacity;
    struct sequence *sequences;
    int64_t sequence_count, sequence_capacity;
    struct program *programs;
    int64_t program_count, program_capacity;
    struct team *teams;
    int64_t team_count;
    struct group *groups;
    int64_t group_count, group_capacity;
    struct plans *plans; /* shared with quotients, as is chosen */
    struct chosen *chosen;
    struct traffic **exchanges; /* [group_count x spec_count]; NULL where not used */
    struct traffic **messages;  /* [team_count x PEER_COUNT x spec_count], likewise */
};

struct job *job_create(const struct platform *platform, struct arena *arena);

/* Each returns an index; equal specs share one. */
int32_t job_spec(struct job *job, enum collective_operation operation, double bytes,
                 const char *algorithm);
int32_t job_sequence(struct job *job, const char *name);
void job_op(struct job *job, int32_t sequence, const struct op *op);
int32_t job_program(struct job *job);
void job_instruct(struct job *job, int32_t program, struct instruction instruction);
/* A group of count teams, its lists kept as given. */
int32_t job_group(struct job *job, const struct group *group);

/* The planned exchange of a spec on a group, or from a team to a peer; NULL when not used. */
struct traffic *job_exchange(const struct job *job, int32_t group, int32_t spec);
struct traffic *job_message(const struct job *job, int32_t team, int32_t peer, int32_t spec);
