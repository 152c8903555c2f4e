/* SPDX-License-Identifier: Apache-2.0 */
/* What teams do. An instruction is a slice; in it stand the parts of the breakdown that its
 * time went into, as single operations or summed up. Events come in order of each team's time:
 * the beginning of an instruction is written with the first that is known to be in it. */
#include <math.h>
#include <stdio.h>

#include "training/timeline_parts.h"

/* Shorter intervals are rounding of times, not time that something took. */
static const double shortest_s = 1e-12;

static const struct instruction *instruction_of(const struct timeline *timeline,
                                                const struct span *span)
{
    const struct job *job = timeline->job;
    return &job->programs[job->teams[span->team].program].instructions[span->instruction];
}

/* Ends of what was slept through are sums, which can be later than the clock by rounding. */
static double at(struct drawn_team *team, double time_s)
{
    team->drawn_s = fmax(team->drawn_s, time_s);
    return team->drawn_s;
}

static void release(struct timeline *timeline, struct drawn_team *team)
{
    if (team->held) {
        timeline_file_end(timeline->file, team->track, team->held_s);
        team->held = false;
    }
}

static void open_instruction(struct timeline *timeline, struct drawn_team *team,
                             const struct span *span)
{
    const struct instruction *instruction = instruction_of(timeline, span);
    char name[128], details[48];
    release(timeline, team);
    snprintf(name, sizeof name, "%.100s", instruction->name);
    if (instruction->microbatch >= 0) {
        snprintf(name, sizeof name, "%.100s %d", instruction->name, instruction->microbatch);
    }
    snprintf(details, sizeof details, "\"microbatch\":%d", instruction->microbatch);
    struct timeline_slice slice = {name, "instruction",
                                   instruction->microbatch >= 0 ? details : NULL};
    timeline_file_begin(timeline->file, team->track, &slice, at(team, span->start_s));
    team->open = true;
}

static void began(void *argument, const struct span *span)
{
    struct timeline *timeline = argument;
    struct drawn_team *team = &timeline->teams[span->team];
    team->booked_s = span->start_s;
    if (team->shown) {
        open_instruction(timeline, team, span);
    }
}

static const char *wait_name(enum part_of_time part)
{
    return part == PART_BUBBLE_TIME     ? "wait for the message"
           : part == PART_PIPELINE_TIME ? "message arrives"
                                        : "wait for the exchange";
}

static void draw_op(struct timeline *timeline, struct drawn_team *team, const struct span *span,
                    enum part_of_time part)
{
    char name[160];
    snprintf(name, sizeof name, "%s", wait_name(part));
    if (span->op >= 0) {
        const struct job *job = timeline->job;
        const struct op *op =
            &job->sequences[instruction_of(timeline, span)->what].ops[span->op];
        snprintf(name, sizeof name, "%.100s%s%s", op->name, op->spec >= 0 ? ": " : "",
                 op->spec >= 0 ? collective_operation_name(job->specs[op->spec].operation)
                               : "");
    }
    struct timeline_slice slice = {name, job_part_name(part), NULL};
    timeline_file_begin(timeline->file, team->track, &slice, at(team, span->start_s));
    timeline_file_end(timeline->file, team->track, at(team, span->end_s));
}

static void spent(void *argument, const struct span *span, enum part_of_time part)
{
    struct timeline *timeline = argument;
    struct drawn_team *team = &timeline->teams[span->team];
    const struct team *what = &timeline->job->teams[span->team];
    double chips = (double)(what->weight * what->chip_count);
    gauge_add(&timeline->gauge, 0, span->start_s, span->end_s,
              chips * timeline->part_W[part] * (span->end_s - span->start_s));
    team->booked_s = span->end_s;
    if (!team->shown || span->end_s - span->start_s < shortest_s) {
        return;
    }
    if (!team->open) {
        open_instruction(timeline, team, span);
    }
    if (team->by_op || span->op < 0) {
        draw_op(timeline, team, span, part);
    } else {
        team->part_s[part] += span->end_s - span->start_s;
    }
}

/* The parts of an instruction one after the other, in the order of the breakdown. */
static void draw_parts(struct timeline *timeline, struct drawn_team *team,
                       const struct span *span)
{
    double now_s = span->start_s;
    for (int part = 0; part < PART_OF_TIME_COUNT; part++) {
        if (team->part_s[part] == 0) {
            continue;
        }
        const char *name = job_part_name((enum part_of_time)part);
        struct timeline_slice slice = {name, name, NULL};
        timeline_file_begin(timeline->file, team->track, &slice, at(team, now_s));
        now_s = fmin(now_s + team->part_s[part], span->end_s);
        timeline_file_end(timeline->file, team->track, at(team, now_s));
        team->part_s[part] = 0;
    }
}

static void draw_arrows(struct timeline *timeline, struct drawn_team *team)
{
    for (int64_t i = 0; i < team->arrow_count; i++) {
        const struct drawn_arrow *arrow = &team->arrows[i];
        timeline_file_arrow(timeline->file, team->track, arrow->end, arrow->name, arrow->number,
                            arrow->time_s);
    }
    team->arrow_count = 0;
}

static void ended(void *argument, const struct span *span)
{
    struct timeline *timeline = argument;
    struct drawn_team *team = &timeline->teams[span->team];
    if (!team->open) {
        return;
    }
    draw_parts(timeline, team, span);
    draw_arrows(timeline, team);
    team->open = false;
    team->held = true;
    team->held_s = at(team, span->end_s);
}

static void add_arrow(struct timeline *timeline, struct drawn_team *team,
                      struct drawn_arrow arrow)
{
    team->arrows = arena_grow(timeline->arena, team->arrows, team->arrow_count,
                              &team->arrow_capacity, sizeof *team->arrows);
    team->arrows[team->arrow_count++] = arrow;
}

/* Numbers of a receiver's messages from a peer follow from their order. */
static int64_t message_number(int32_t team, enum peer from, int64_t count)
{
    return (((int64_t)team * PEER_COUNT + (int64_t)from) << 24) + count;
}

static const char message_name[] = "message";
static const char meeting_name[] = "waited for";
static const int64_t first_meeting_number = 1LL << 50; /* beyond those of messages */

/* Both ends of an arrow are drawn or none. */
static bool may_draw_arrow(struct timeline *timeline, const struct drawn_team *from,
                           const struct drawn_team *to)
{
    if (!from->shown || !to->shown) {
        return false;
    }
    timeline->no_more_arrows = timeline->no_more_arrows || timeline->budget < 2;
    timeline->budget -= timeline->no_more_arrows ? 0 : 2;
    return !timeline->no_more_arrows;
}

static void sent(void *argument, int32_t index, int32_t to, enum peer from, double now_s)
{
    struct timeline *timeline = argument;
    struct drawn_team *team = &timeline->teams[index], *other = &timeline->teams[to];
    if (!may_draw_arrow(timeline, team, other)) {
        return;
    }
    if (!team->held || fabs(team->held_s - now_s) > shortest_s) {
        struct timeline_slice slice = {"send", "instruction", NULL};
        release(timeline, team);
        timeline_file_begin(timeline->file, team->track, &slice, at(team, now_s));
        team->held = true;
        team->held_s = team->drawn_s;
    }
    timeline_file_arrow(timeline->file, team->track, TIMELINE_ARROW_OUT, message_name,
                        message_number(to, from, other->sent[from]++), team->held_s);
}

static void received(void *argument, int32_t index, enum peer from, double now_s)
{
    struct timeline *timeline = argument;
    struct drawn_team *team = &timeline->teams[index];
    int64_t number = team->received[from]++;
    if (team->shown && number < team->sent[from]) {
        add_arrow(timeline, team,
                  (struct drawn_arrow){TIMELINE_ARROW_IN, message_number(index, from, number),
                                       fmax(now_s, team->drawn_s), message_name});
    }
}

static void met(void *argument, int32_t group, int32_t last, double now_s)
{
    struct timeline *timeline = argument;
    const struct group *who = &timeline->job->groups[group];
    for (int64_t m = 0; m < who->member_count; m++) {
        struct drawn_team *from = &timeline->teams[last], *to = &timeline->teams[who->teams[m]];
        bool waited = now_s - to->booked_s > shortest_s;
        if (from == to || !waited || !may_draw_arrow(timeline, from, to)) {
            continue;
        }
        int64_t number = first_meeting_number + timeline->meeting_arrows++;
        add_arrow(timeline, from,
                  (struct drawn_arrow){TIMELINE_ARROW_OUT, number, now_s, meeting_name});
        add_arrow(timeline, to,
                  (struct drawn_arrow){TIMELINE_ARROW_IN, number, now_s, meeting_name});
    }
}

void timeline_teams_watch(struct timeline *timeline)
{
    timeline->watch.argument = timeline;
    timeline->watch.began = began;
    timeline->watch.spent = spent;
    timeline->watch.ended = ended;
    timeline->watch.sent = sent;
    timeline->watch.received = received;
    timeline->watch.met = met;
}

/* What is not booked is waiting for the others at the end of the step. */
void timeline_teams_end(struct timeline *timeline, const struct execution *execution)
{
    for (int64_t t = 0; t < timeline->job->team_count; t++) {
        struct drawn_team *team = &timeline->teams[t];
        double end_s = team->held ? team->held_s : 0;
        bool waits = execution->time_s - end_s >= shortest_s;
        if (!team->shown) {
            continue;
        }
        if (waits) {
            struct timeline_slice slice = {"wait for the end of the step",
                                           job_part_name(PART_BUBBLE_TIME), NULL};
            release(timeline, team);
            timeline_file_begin(timeline->file, team->track, &slice, end_s);
        }
        draw_arrows(timeline, team);
        if (waits) {
            timeline_file_end(timeline->file, team->track, execution->time_s);
        }
        release(timeline, team);
    }
}

/* How many parts of the breakdown a sequence has at most. */
static int64_t parts_of(const struct sequence *sequence)
{
    bool has[PART_OF_TIME_COUNT] = {false};
    int64_t count = 0;
    for (int64_t i = 0; i < sequence->op_count; i++) {
        count += !has[sequence->ops[i].part];
        has[sequence->ops[i].part] = true;
    }
    return count;
}

int64_t timeline_teams_slices(const struct job *job, int32_t program, bool by_op)
{
    int64_t slices = 1; /* the end of the step */
    for (int64_t i = 0; i < job->programs[program].count; i++) {
        const struct instruction *instruction = &job->programs[program].instructions[i];
        if (instruction->kind == INSTRUCTION_RUN) {
            const struct sequence *sequence = &job->sequences[instruction->what];
            slices += 1 + (by_op ? sequence->op_count : parts_of(sequence));
        } else if (instruction->kind == INSTRUCTION_RECEIVE) {
            slices += 3;
        } else {
            slices += 2;
        }
    }
    return slices;
}
