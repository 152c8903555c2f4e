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

struct phase {
    struct transfer *transfers;
    int64_t transfer_count, transfer_capacity;
    int64_t rounds;
};

struct schedule {
    struct arena *arena;
    const char *algorithm;
    struct phase *phases;
    int64_t phase_count, phase_capacity;
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
    collective_direct, collective_torus, collective_hierarchical, collective_tree;

bool collective_operation_read(const char *text, enum collective_operation *operation,
                               struct error *error);
const char *collective_operation_name(enum collective_operation operation);

/* Fills schedule by the named algorithm, or for "auto" by the one of least estimated time alone
 * on the machine (fluid.h). INFEASIBLE when the algorithm cannot do this operation or group,
 * INPUT when there is none of that name. */
bool collective_plan(const struct collective *collective, const char *algorithm,
                     struct schedule *schedule, struct error *error);

/* The same in two steps, for choices that are kept. */
struct collective_choice {
    int algorithm;
    int64_t variant;
};
bool collective_choose(const struct collective *collective, const char *algorithm,
                       struct collective_choice *choice, struct error *error);
void collective_plan_choice(const struct collective *collective,
                            const struct collective_choice *choice, struct schedule *schedule);

/* For the algorithms: a new phase, and a transfer in it. */
struct phase *collective_phase(struct schedule *schedule, int64_t rounds);
void collective_transfer(struct schedule *schedule, struct phase *phase, int64_t from,
                         int64_t to, double bytes);

/* What one round costs beside its bytes: step cost plus the longest latency of its paths. */
double collective_round_s(const struct collective *collective, const struct phase *phase);

/* Time of the bare algorithm alone on the machine, by the fluid model: launch, latencies,
 * bytes. */
double collective_time_s(const struct collective *collective, const struct schedule *schedule);

/* Bus bandwidth as nccl-tests define it: the algorithm's minimum traffic per chip over time. */
double collective_bus_bandwidth_Bps(const struct collective *collective, double time_s);
