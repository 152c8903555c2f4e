/* SPDX-License-Identifier: Apache-2.0 */
/* How a group of chips exchanges data: one algorithm is a schedule of phases, a phase is a set
 * of transfers repeated for a number of rounds. Message detail runs every round of every
 * transfer; flow detail runs each transfer once with the bytes of all rounds. One file an
 * algorithm. Equations: docs/MODEL.md, "Collectives". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "hardware/platform.h"

#define COLLECTIVE_OPERATIONS(X)                                                               \
    X(ALL_REDUCE, "all-reduce")                                                                \
    X(REDUCE_SCATTER, "reduce-scatter")                                                        \
    X(ALL_GATHER, "all-gather")                                                                \
    X(ALL_TO_ALL, "all-to-all")                                                                \
    X(BROADCAST, "broadcast")                                                                  \
    X(SEND_RECEIVE, "send-receive")
#define COLLECTIVE_ENUM(NAME, text) COLLECTIVE_##NAME,
enum collective_operation { COLLECTIVE_OPERATIONS(COLLECTIVE_ENUM) COLLECTIVE_OPERATION_COUNT };
#undef COLLECTIVE_ENUM

/* bytes is the whole buffer of one chip: the gathered size of an all-gather, the size before a
 * reduce-scatter, everything that one chip sends in an all-to-all (its own part included). */
struct collective {
    enum collective_operation operation;
    double bytes;
    const struct platform *platform;
    const int64_t *chips; /* global indices, in group order */
    int64_t count;
};

struct transfer {
    int64_t from, to; /* positions in the group */
    double bytes;     /* in one round */
};

/* When not every round takes the slowest way (a ring through many domains crosses few times),
 * the algorithm tells how many steps the longest chain of its transfers has of either kind. */
struct phase {
    struct transfer *transfers;
    int64_t transfer_count, transfer_capacity;
    int64_t left_out; /* transfers that a sample does without */
    int64_t rounds;
    int64_t inside_steps, between_steps; /* of all rounds together; both 0: each round is one */
    double unit_bytes[2]; /* what a step inside and between domains hands on as one; 0: a
                             transfer of one round */
    double latency_s;     /* of the longest way; set with round_s */
    double round_s; /* cost of a round beside its bytes; 0: step cost and longest latency */
};

struct schedule {
    struct arena *arena;
    const char *algorithm;
    const char *protocol; /* of the library; NULL when it has but one */
    bool in_switch;       /* of the protocol of in-switch reduction alone */
    struct phase *phases;
    int64_t phase_count, phase_capacity;
    int64_t member_count; /* of the group */
    bool sampled;         /* large phases may lack transfers */
};

/* One algorithm: whether it can do a collective, and its schedule. variant_count counts shapes
 * of the same algorithm (block sizes), tried in turn by the automatic choice. */
struct collective_algorithm {
    const char *name;
    int64_t (*variant_count)(const struct collective *collective); /* 0: cannot */
    void (*plan)(const struct collective *collective, int64_t variant,
                 struct schedule *schedule);
};

extern const struct collective_algorithm collective_ring, collective_halving_doubling,
    collective_direct, collective_torus, collective_hierarchical, collective_tree,
    collective_double_tree, collective_in_switch, collective_kangaring;

bool collective_operation_read(const char *text, enum collective_operation *operation,
                               struct error *error);
const char *collective_operation_name(enum collective_operation operation);

/* Fills schedule by the named algorithm, or for "auto" by the one of least estimated time alone
 * on the machine (fluid.h) among those of the platform's library; by the protocol of least time
 * in both cases. INFEASIBLE when the algorithm cannot do this operation or group,
 * INPUT when there is none of that name. */
bool collective_plan(const struct collective *collective, const char *algorithm,
                     struct schedule *schedule, struct error *error);

/* The same in two steps, for choices that are kept. */
struct collective_choice {
    int algorithm;
    int64_t variant, protocol;
};
bool collective_choose(const struct collective *collective, const char *algorithm,
                       struct collective_choice *choice, struct error *error);
void collective_plan_choice(const struct collective *collective,
                            const struct collective_choice *choice, struct schedule *schedule);

/* For the algorithms: a new phase, and a transfer in it. */
struct phase *collective_phase(struct schedule *schedule, int64_t rounds);
void collective_transfer(struct schedule *schedule, struct phase *phase, int64_t from,
                         int64_t to, double bytes);

/* Whether the group lies in domains of equally many consecutive members each: how many members,
 * how many domains. */
struct collective_layout {
    int64_t members, domains;
};
bool collective_layout(const struct collective *collective, struct collective_layout *layout);

/* The same when a group of equal shape has a longest way of latency_s. */
double collective_round_along_s(const struct phase *phase, double latency_s);

/* What one round costs beside its bytes: step cost plus the longest latency of its paths. */
double collective_round_s(const struct collective *collective, const struct phase *phase);

/* Time of the bare algorithm alone on the machine, by the fluid model: launch, latencies,
 * bytes. */
double collective_time_s(const struct collective *collective, const struct schedule *schedule);

/* Bus bandwidth as nccl-tests define it: the algorithm's minimum traffic per chip over time. */
double collective_bus_bandwidth_Bps(const struct collective *collective, double time_s);
