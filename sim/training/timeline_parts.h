/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a drawing, shared by its files: timeline.c (tracks, start and end),
 * timeline_teams.c (what teams do), timeline_transfers.c (what moves over links). */
#pragma once

#include "record/gauge.h"
#include "training/timeline.h"

enum { TIMELINE_MACHINE = 1, TIMELINE_EXCHANGES, TIMELINE_FIRST_PIPELINE };

struct drawn_arrow { /* to be drawn into the instruction that is under way */
    enum timeline_arrow end;
    int64_t number;
    double time_s;
    const char *name;
};

struct drawn_team {
    struct timeline_track track;
    bool shown, by_op; /* by_op: every operation; else the parts of each instruction */
    bool open;         /* its instruction has begun on the track */
    bool held;         /* the end of the last instruction is not written: a message may leave */
    double held_s, booked_s, drawn_s;  /* drawn_s: the last time on its track */
    double part_s[PART_OF_TIME_COUNT]; /* of the instruction under way, when not by_op */
    int64_t sent[PEER_COUNT], received[PEER_COUNT]; /* by it, from this peer: with arrows */
    struct drawn_arrow *arrows;
    int64_t arrow_count, arrow_capacity;
};

struct lane { /* transfers of a pair that do not overlap */
    struct timeline_track track;
    double end_s;
    struct lane *next;
};

struct drawn_pair {
    bool shown;
    struct lane *lanes;
};

struct drawn_group {
    struct timeline_track track; /* thread 0: not yet */
    bool skipped;
};

struct timeline {
    struct timeline_request *request;
    const struct job *job;
    struct arena *arena;
    struct timeline_file *file;
    struct executor_watch watch;
    struct drawn_team *teams;
    int64_t budget;                          /* slices and arrows that may still be drawn */
    int64_t meeting_arrows, transfer_arrows; /* drawn so far */
    bool no_more_exchanges;
    bool no_more_arrows; /* both ends of an arrow are drawn or none */
    struct drawn_group *groups;
    int32_t group_threads;
    struct drawn_pair *pairs;
    int32_t *chip_threads; /* [chip]: threads of its process, of a collective */
    bool classes;          /* pairs are classes of flows */
    /* counters */
    double base_W, part_W[PART_OF_TIME_COUNT]; /* whole machine; a chip above idle, facility */
    struct gauge gauge;                        /* 0: power; then media; then links */
    const char **media;
    int64_t medium_count;
    int32_t *wire_medium;
    double *wire_share; /* [wire]: bytes of all it stands for, per byte that crosses it */
    double *medium_Bps; /* all links of it that are used */
    int64_t *medium_links;
    bool by_wire;
};

/* timeline_teams.c */
void timeline_teams_watch(struct timeline *timeline);
void timeline_teams_end(struct timeline *timeline, const struct execution *execution);
int64_t timeline_teams_slices(const struct job *job, int32_t program, bool by_op);

/* timeline_transfers.c */
void timeline_transfers_start(struct timeline *timeline);
void timeline_transfers_end(struct timeline *timeline, double end_s);
