/* SPDX-License-Identifier: Apache-2.0 */
/* Ops one after the other. What only the team's own chips and links take part in is slept
 * through in one piece. MODEL.md, "Coalescing". */
#include <math.h>

#include "execution/runner.h"

static void alarm_rings(void *argument);

static void sleep_for(struct runner *runner, double delay_s)
{
    struct executor *executor = runner->executor;
    struct alarm *alarm = executor->free_alarms;
    if (alarm == NULL) {
        alarm = arena_alloc(executor->arena, sizeof *alarm);
    } else {
        executor->free_alarms = alarm->next_free;
    }
    *alarm = (struct alarm){runner, ++runner->version, NULL};
    engine_after(executor->engine, delay_s, alarm_rings, alarm);
}

/* The op is over, and so is the exchange beside it. */
static void op_over(struct runner *runner)
{
    booking_op(runner, runner->op, runner->op_start_s, booking_now_s(runner));
    runner->op++;
    sequence_go_on(runner);
}

static void companion_over(void *argument)
{
    struct runner *runner = argument;
    runner->accompanied = false;
    if (runner->work_end_s >= 0) {
        op_over(runner);
    }
}

static void alarm_rings(void *argument)
{
    struct alarm *alarm = argument;
    struct runner *runner = alarm->runner;
    bool valid = alarm->version == runner->version;
    alarm->next_free = runner->executor->free_alarms;
    runner->executor->free_alarms = alarm;
    if (!valid) {
        return;
    }
    if (runner->coalesced_to > 0) {
        booking_coalesced(runner, runner->op, runner->coalesced_to, runner->op_start_s);
        runner->op = runner->coalesced_to;
        runner->coalesced_to = 0;
        sequence_go_on(runner);
        return;
    }
    runner->work_end_s = booking_now_s(runner);
    if (!runner->accompanied) {
        op_over(runner);
    }
}

/* Does the exchange concern this team alone? */
static bool is_inner(const struct runner *runner, const struct op *op)
{
    return runner->executor->job->groups[runner->team->groups[op->slot]].inner;
}

static const struct traffic *inner_traffic(const struct runner *runner, const struct op *op)
{
    return job_exchange(runner->executor->job, runner->team->groups[op->slot], op->spec);
}

/* Time of one op alone. An exchange beside the next op takes none itself; the next one ends
 * when both have. */
static double time_alone_s(const struct runner *runner, const struct sequence *sequence,
                           int64_t index)
{
    const struct op *op = &sequence->ops[index];
    if (op->spec >= 0) {
        return op->beside ? 0 : inner_traffic(runner, op)->alone_s;
    }
    double work_s = op->duration_s * runner->team->slowness;
    bool accompanied = index > 0 && op[-1].beside;
    return accompanied ? fmax(work_s, inner_traffic(runner, &op[-1])->alone_s) : work_s;
}

static const double *times_alone(struct runner *runner, int64_t sequence)
{
    struct executor *executor = runner->executor;
    const struct job *job = executor->job;
    double **place = &executor->until_s[runner->index * job->sequence_count + sequence];
    if (*place == NULL) {
        const struct sequence *what = &job->sequences[sequence];
        *place = arena_array(executor->arena, what->op_count + 1, sizeof(double));
        for (int64_t i = 0; i < what->op_count; i++) {
            (*place)[i + 1] = (*place)[i] + time_alone_s(runner, what, i);
        }
    }
    return *place;
}

/* The end of the ops from here on that only this team's own links and chips take part in. */
static int64_t inner_end(const struct runner *runner, int64_t from)
{
    const struct sequence *sequence = runner->sequence;
    int64_t op = from;
    while (op < sequence->op_count &&
           (sequence->ops[op].spec < 0 || is_inner(runner, &sequence->ops[op]))) {
        op++;
    }
    return op;
}

static bool sleep_through(struct runner *runner)
{
    const struct executor_options *options = &runner->executor->options;
    if (!options->coalesce || options->detail == DETAIL_MESSAGE || runner->foreign > 0 ||
        runner->shares_links) {
        return false;
    }
    int64_t end = inner_end(runner, runner->op);
    if (end <= runner->op + 1) {
        return false;
    }
    runner->coalesced_to = end;
    sleep_for(runner, runner->until_s[end] - runner->until_s[runner->op]);
    return true;
}

static void inner_over(void *argument)
{
    op_over(argument);
}

static void op_begin(struct runner *runner, const struct op *op)
{
    struct transport *transport = runner->executor->transport;
    runner->work_end_s = -1;
    if (op->spec >= 0 && op->beside) {
        runner->accompanied = true;
        transport_run(transport, inner_traffic(runner, op), false, companion_over, runner);
        runner->op++;
        op++;
    }
    if (op->spec < 0) {
        sleep_for(runner, op->duration_s * runner->team->slowness);
    } else if (is_inner(runner, op)) {
        transport_run(transport, inner_traffic(runner, op), false, inner_over, runner);
    } else {
        meeting_join(runner, op->slot, op->spec, false);
    }
}

void sequence_go_on(struct runner *runner)
{
    const struct sequence *sequence = runner->sequence;
    if (runner->op == sequence->op_count) {
        booking_trace(runner, -1, runner->instruction_start_s, booking_now_s(runner));
        runner->instruction++;
        executor_go_on(runner);
        return;
    }
    runner->op_start_s = booking_now_s(runner);
    if (sleep_through(runner)) {
        return;
    }
    op_begin(runner, &sequence->ops[runner->op]);
}

/* Takes up the current op, in_op_s after it began alone. */
static void op_resume(struct runner *runner, double in_op_s)
{
    struct transport *transport = runner->executor->transport;
    const struct op *op = &runner->sequence->ops[runner->op];
    runner->work_end_s = -1;
    if (op->spec >= 0) {
        runner->version++;
        transport_resume(transport, inner_traffic(runner, op), in_op_s, inner_over, runner);
        return;
    }
    if (runner->op > 0 && op[-1].beside) {
        const struct traffic *companion = inner_traffic(runner, &op[-1]);
        if (companion->alone_s > in_op_s) {
            runner->accompanied = true;
            booking_uncount(runner, runner->op - 1); /* the rest of it counts as a transfer */
            transport_resume(transport, companion, in_op_s, companion_over, runner);
        } else {
            booking_tell_slept(runner, runner->op - 1, runner->op_start_s);
        }
    }
    sleep_for(runner, fmax(op->duration_s * runner->team->slowness - in_op_s, 0));
}

/* A foreign transfer comes on the team's links: what is slept through ends with the op under
 * way, which goes on as itself. */
static void take_apart(struct runner *runner)
{
    const double *until_s = runner->until_s;
    int64_t from = runner->op;
    double elapsed_s = booking_now_s(runner) - runner->op_start_s;
    int64_t op = from;
    while (op < runner->coalesced_to && until_s[op + 1] - until_s[from] <= elapsed_s) {
        op++;
    }
    if (op == runner->coalesced_to) {
        return; /* about to end by itself */
    }
    booking_coalesced(runner, from, op, runner->op_start_s);
    double in_op_s = elapsed_s - (until_s[op] - until_s[from]);
    runner->op_start_s += until_s[op] - until_s[from];
    runner->op = op;
    runner->coalesced_to = 0;
    op_resume(runner, in_op_s);
}

/* Whether a team may sleep through exchanges on links of a pair. */
bool sequence_cares(const void *argument, int32_t pair_index)
{
    const struct executor *executor = argument;
    const struct wiring *wiring = &executor->job->network.wiring;
    const struct pair *pair = &wiring->pairs[pair_index];
    bool cares = false;
    for (int32_t c = pair->first; c < pair->first + pair->count && !cares; c++) {
        cares = executor->wire_owner[wiring->crossings[c].wire] != 0;
    }
    return cares;
}

/* Called when a transfer that is not inside one team begins or ends on a pair. */
void sequence_watch(void *argument, int32_t pair_index, int change)
{
    struct executor *executor = argument;
    const struct wiring *wiring = &executor->job->network.wiring;
    const struct pair *pair = &wiring->pairs[pair_index];
    for (int32_t c = pair->first; c < pair->first + pair->count; c++) {
        int32_t owner = executor->wire_owner[wiring->crossings[c].wire];
        if (owner == 0) {
            continue;
        }
        struct runner *runner = &executor->runners[owner - 1];
        runner->foreign += change;
        if (change > 0 && runner->coalesced_to > 0) {
            take_apart(runner);
        }
    }
}

void sequence_begin(struct runner *runner, int32_t sequence)
{
    runner->sequence = &runner->executor->job->sequences[sequence];
    runner->until_s = times_alone(runner, sequence);
    runner->op = 0;
    const struct executor_watch *watch = runner->executor->options.watch;
    if (watch != NULL) {
        struct span span = {runner->index, (int32_t)runner->instruction, -1,
                            runner->instruction_start_s, runner->instruction_start_s};
        watch->began(watch->argument, &span);
    }
    sequence_go_on(runner);
}
