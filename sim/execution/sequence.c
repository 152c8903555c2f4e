/* SPDX-License-Identifier: Apache-2.0 */
/* Ops one after the other. What only the team's own chips and links take part in is slept
 * through in one piece. MODEL.md, "Coalescing". */
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
    } else {
        booking_op(runner, runner->op, runner->op_start_s, runner_now_s(runner));
        runner->op++;
    }
    sequence_go_on(runner);
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
            const struct op *op = &what->ops[i];
            double time_s =
                op->spec < 0
                    ? op->duration_s * runner->team->slowness
                    : job_exchange(job, runner->team->groups[op->slot], op->spec)->alone_s;
            (*place)[i + 1] = (*place)[i] + time_s;
        }
    }
    return *place;
}

/* The end of the ops from here on that only this team's own links and chips take part in. */
static int64_t inner_end(const struct sequence *sequence, int64_t from)
{
    int64_t op = from;
    while (op < sequence->op_count &&
           (sequence->ops[op].spec < 0 || sequence->ops[op].slot == SLOT_TENSOR)) {
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
    int64_t end = inner_end(runner->sequence, runner->op);
    if (end <= runner->op + 1) {
        return false;
    }
    runner->coalesced_to = end;
    sleep_for(runner, runner->until_s[end] - runner->until_s[runner->op]);
    return true;
}

void sequence_go_on(struct runner *runner)
{
    const struct sequence *sequence = runner->sequence;
    if (runner->op == sequence->op_count) {
        booking_trace(runner, -1, runner->instruction_start_s, runner_now_s(runner));
        runner->instruction++;
        executor_go_on(runner);
        return;
    }
    runner->op_start_s = runner_now_s(runner);
    if (sleep_through(runner)) {
        return;
    }
    const struct op *op = &sequence->ops[runner->op];
    if (op->spec < 0) {
        sleep_for(runner, op->duration_s * runner->team->slowness);
    } else {
        meeting_join(runner, op->slot, op->spec, false);
    }
}

static void inner_resumed(void *argument)
{
    struct runner *runner = argument;
    booking_op(runner, runner->op, runner->op_start_s, runner_now_s(runner));
    runner->op++;
    sequence_go_on(runner);
}

/* A foreign transfer comes on the team's links: what is slept through ends with the op under
 * way, which goes on as itself. */
static void take_apart(struct runner *runner)
{
    const double *until_s = runner->until_s;
    int64_t from = runner->op;
    double elapsed_s = runner_now_s(runner) - runner->op_start_s;
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
    const struct op *what = &runner->sequence->ops[op];
    if (what->spec < 0) {
        sleep_for(runner, until_s[op + 1] - until_s[op] - in_op_s);
        return;
    }
    runner->version++;
    runner->started[what->slot]++;
    runner->executor->places[runner->team->groups[what->slot]].next_number++;
    transport_resume(
        runner->executor->transport,
        job_exchange(runner->executor->job, runner->team->groups[what->slot], what->spec),
        in_op_s, inner_resumed, runner);
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
    sequence_go_on(runner);
}
