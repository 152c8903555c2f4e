/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a running job, shared by the files of this folder: executor.c (programs and
 * messages), sequence.c (ops and coalescing), meeting.c (exchanges of groups), booking.c. */
#pragma once

#include "execution/executor.h"

struct executor;

struct inbox { /* messages from one peer */
    int64_t arrived, received;
    double begin_s; /* of the transfer that arrived last */
};

struct runner { /* a team at work */
    struct executor *executor;
    const struct team *team;
    int32_t index;
    int64_t instruction;
    double instruction_start_s;
    bool receiving, draining;        /* in RECEIVE, in WAIT */
    int64_t started[SLOT_COUNT];     /* exchanges begun on a slot, ever */
    int64_t outstanding[SLOT_COUNT]; /* of INSTRUCTION_START, not over */
    struct inbox inboxes[PEER_COUNT];
    /* the sequence that is running */
    const struct sequence *sequence;
    const double *until_s; /* [op_count + 1]: time alone up to each op */
    int64_t op;
    double op_start_s;
    bool accompanied;     /* an exchange runs beside the op */
    double work_end_s;    /* of the op's work; -1 while it goes on */
    int64_t coalesced_to; /* ops up to here are slept through; 0: step by step */
    int64_t version;      /* of the running delay: an older one is void when it ends */
    int64_t foreign;      /* transfers of others on this team's links */
    bool shares_links;    /* with another team's inner exchanges: never coalesced */
    double part_s[PART_OF_TIME_COUNT];
    double end_s;
    bool ended;
};

struct alarm { /* a delay of a runner */
    struct runner *runner;
    int64_t version;
    struct alarm *next_free;
};

struct letter { /* a message under way */
    struct runner *to;
    enum peer from;
    double begin_s;
    struct letter *next_free;
};

struct meeting { /* one exchange of a group, waited for or running */
    struct meeting_place *place;
    int64_t number;
    int64_t arrived;
    int32_t spec;
    bool beside; /* started by INSTRUCTION_START */
    enum slot slot;
    struct meeting *next;
};

struct meeting_place { /* a group's exchanges, one after the other */
    struct executor *executor;
    int32_t group;
    struct meeting *first, *last; /* the first may be running */
    bool busy;
    double start_s; /* of the one that runs */
    int64_t next_number;
};

struct executor {
    const struct job *job;
    struct executor_options options;
    struct arena *arena;
    struct engine *engine;
    struct transport *transport;
    struct runner *runners;
    struct meeting_place *places;
    int32_t *wire_owner; /* team + 1 whose inner exchanges use the wire; 0 none */
    double **until_s;    /* [team x sequence], made when needed */
    int64_t *op_first;   /* [sequence] */
    double *inner_count; /* [group x spec]: inner exchanges slept through */
    struct execution *execution;
    struct alarm *free_alarms;
    struct letter *free_letters;
    struct meeting *free_meetings;
    int64_t done_instructions, all_instructions;
};

double booking_now_s(const struct runner *runner);

/* The team goes on with its program: executor.c. */
void executor_go_on(struct runner *runner);

/* Books an op, or the ops [from, to) that were slept through from start_s on. op -1 in a trace:
 * the instruction as a whole. */
void booking_trace(const struct runner *runner, int64_t op, double start_s, double end_s);
/* Tells who looks on that an interval was booked to a part; and that an exchange inside the
 * team was slept through from start_s on. */
void booking_tell(const struct runner *runner, enum part_of_time part, int64_t op,
                  double start_s, double end_s);
void booking_tell_slept(const struct runner *runner, int64_t op, double start_s);
void booking_op(struct runner *runner, int64_t op, double start_s, double end_s);
void booking_coalesced(struct runner *runner, int64_t from, int64_t to, double start_s);
/* An exchange booked there goes on as a transfer, which counts its bytes. */
void booking_uncount(struct runner *runner, int64_t op);

/* Begins a sequence; goes on after an op; a transfer of others begins or ends on a pair. */
void sequence_begin(struct runner *runner, int32_t sequence);
void sequence_go_on(struct runner *runner);
void sequence_watch(void *executor, int32_t pair, int change);
bool sequence_cares(const void *executor, int32_t pair);

/* The team joins the next exchange of a slot's group. */
void meeting_join(struct runner *runner, enum slot slot, int32_t spec, bool beside);
