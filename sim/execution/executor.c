/* SPDX-License-Identifier: Apache-2.0 */
/* Teams as state machines: each is called back when what it waits for is over, and goes on
 * until it waits again. Time spent is booked to parts as it ends. */
#include <math.h>

#include "execution/runner.h"

/* Messages */

static void finish_receive(struct runner *runner, const struct inbox *inbox)
{
    double start_s = runner->instruction_start_s, end_s = booking_now_s(runner);
    double moving_s = fmax(end_s - fmax(start_s, inbox->begin_s), 0);
    if (end_s > start_s) {
        runner->part_s[PART_PIPELINE_TIME] += moving_s;
        runner->part_s[PART_BUBBLE_TIME] += end_s - start_s - moving_s;
        booking_tell(runner, PART_BUBBLE_TIME, -1, start_s, end_s - moving_s);
        booking_tell(runner, PART_PIPELINE_TIME, -1, end_s - moving_s, end_s);
    }
    booking_trace(runner, -1, start_s, end_s);
    runner->receiving = false;
    runner->instruction++;
}

static void tell_received(const struct runner *runner, enum peer from)
{
    const struct executor_watch *watch = runner->executor->options.watch;
    if (watch != NULL) {
        watch->received(watch->argument, runner->index, from, booking_now_s(runner));
    }
}

static const struct instruction *current(const struct runner *runner)
{
    const struct job *job = runner->executor->job;
    return &job->programs[runner->team->program].instructions[runner->instruction];
}

static void letter_arrives(void *argument)
{
    struct letter *letter = argument;
    struct runner *runner = letter->to;
    struct inbox *inbox = &runner->inboxes[letter->from];
    inbox->arrived++;
    inbox->begin_s = letter->begin_s;
    bool awaited = runner->receiving && current(runner)->with == (int32_t)letter->from;
    letter->next_free = runner->executor->free_letters;
    runner->executor->free_letters = letter;
    if (awaited) {
        inbox->received++;
        tell_received(runner, letter->from);
        finish_receive(runner, inbox);
        executor_go_on(runner);
    }
}

static void send(struct runner *runner, const struct instruction *instruction)
{
    struct executor *executor = runner->executor;
    enum peer to = (enum peer)instruction->with;
    struct letter *letter = executor->free_letters;
    if (letter == NULL) {
        letter = arena_alloc(executor->arena, sizeof *letter);
    } else {
        executor->free_letters = letter->next_free;
    }
    *letter = (struct letter){&executor->runners[runner->team->peers[to]],
                              to == PEER_NEXT ? PEER_PREVIOUS : PEER_NEXT,
                              booking_now_s(runner), NULL};
    if (executor->options.watch != NULL) {
        executor->options.watch->sent(executor->options.watch->argument, runner->index,
                                      runner->team->peers[to], letter->from, letter->begin_s);
    }
    transport_run(executor->transport,
                  job_message(executor->job, runner->index, to, instruction->what), true,
                  letter_arrives, letter);
}

/* Instructions */

/* Performs the current instruction; true when the next one can follow at once. */
static bool perform(struct runner *runner, const struct instruction *instruction)
{
    struct inbox *inbox = &runner->inboxes[instruction->with % PEER_COUNT];
    switch (instruction->kind) {
    case INSTRUCTION_RUN:
        sequence_begin(runner, instruction->what);
        return false;
    case INSTRUCTION_START:
        runner->outstanding[instruction->with]++;
        meeting_join(runner, (enum slot)instruction->with, instruction->what, true);
        return true;
    case INSTRUCTION_WAIT:
        runner->draining = runner->outstanding[instruction->with] > instruction->what;
        return !runner->draining;
    case INSTRUCTION_SEND:
        send(runner, instruction);
        return true;
    case INSTRUCTION_RECEIVE:
        runner->receiving = inbox->received == inbox->arrived;
        if (!runner->receiving) {
            inbox->received++;
            tell_received(runner, (enum peer)instruction->with);
        }
        return !runner->receiving;
    }
    return true;
}

static void report_progress(struct executor *executor)
{
    executor->done_instructions++;
    if (executor->options.progress != NULL && executor->done_instructions % 1024 == 0) {
        executor->options.progress((double)executor->done_instructions /
                                       (double)executor->all_instructions,
                                   engine_now_s(executor->engine));
    }
}

void executor_go_on(struct runner *runner)
{
    const struct program *program = &runner->executor->job->programs[runner->team->program];
    while (runner->instruction < program->count) {
        runner->instruction_start_s = booking_now_s(runner);
        report_progress(runner->executor);
        if (!perform(runner, &program->instructions[runner->instruction])) {
            return;
        }
        runner->instruction++;
    }
    runner->end_s = booking_now_s(runner);
    runner->ended = true;
}

static void begin(void *argument)
{
    executor_go_on(argument);
}

/* Before and after */

static void own_wires(struct executor *executor, const struct traffic *exchange,
                      struct runner *runner)
{
    const struct wiring *wiring = &executor->job->network.wiring;
    for (int64_t s = 0; s < exchange->stage_count; s++) {
        for (int64_t f = 0; f < exchange->stages[s].flow_count; f++) {
            const struct pair *pair = &wiring->pairs[exchange->stages[s].flows[f].pair];
            for (int32_t c = pair->first; c < pair->first + pair->count; c++) {
                int32_t *owner = &executor->wire_owner[wiring->crossings[c].wire];
                if (*owner != 0 && *owner != runner->index + 1) {
                    runner->shares_links = true;
                    executor->runners[*owner - 1].shares_links = true;
                }
                *owner = runner->index + 1;
            }
        }
    }
}

static void claim_of_group(struct executor *executor, int32_t group, struct runner *runner)
{
    const struct job *job = executor->job;
    for (int32_t spec = 0; spec < job->spec_count; spec++) {
        const struct traffic *traffic = job_exchange(job, group, spec);
        if (traffic != NULL) {
            own_wires(executor, traffic, runner);
        }
    }
}

static void claim_wires(struct executor *executor)
{
    const struct job *job = executor->job;
    for (int64_t t = 0; t < job->team_count; t++) {
        for (int slot = 0; slot < SLOT_COUNT; slot++) {
            int32_t group = job->teams[t].groups[slot];
            if (group >= 0 && job->groups[group].inner) {
                claim_of_group(executor, group, &executor->runners[t]);
            }
        }
    }
}

int64_t executor_op_place(const struct job *job, int32_t sequence)
{
    int64_t place = 0;
    for (int32_t s = 0; s < sequence; s++) {
        place += job->sequences[s].op_count;
    }
    return place;
}

static void prepare(struct executor *executor)
{
    const struct job *job = executor->job;
    struct arena *arena = executor->arena;
    executor->runners = arena_array(arena, job->team_count, sizeof(struct runner));
    executor->places = arena_array(arena, job->group_count + 1, sizeof(struct meeting_place));
    executor->until_s =
        arena_array(arena, job->team_count * job->sequence_count + 1, sizeof(double *));
    executor->op_first = arena_array(arena, job->sequence_count + 1, sizeof(int64_t));
    executor->inner_count =
        arena_array(arena, job->group_count * job->spec_count + 1, sizeof(double));
    executor->wire_owner =
        arena_array(arena, job->network.wiring.wire_count + 1, sizeof(int32_t));
    for (int64_t s = 0; s <= job->sequence_count; s++) {
        executor->op_first[s] = executor_op_place(job, (int32_t)s);
    }
    int64_t ops = executor->op_first[job->sequence_count];
    executor->execution->op_s = arena_array(arena, ops + 1, sizeof(double));
    executor->execution->op_count = arena_array(arena, ops + 1, sizeof(double));
    for (int64_t g = 0; g < job->group_count; g++) {
        executor->places[g].executor = executor;
        executor->places[g].group = (int32_t)g;
    }
    for (int64_t t = 0; t < job->team_count; t++) {
        struct runner *runner = &executor->runners[t];
        runner->executor = executor;
        runner->team = &job->teams[t];
        runner->index = (int32_t)t;
        executor->all_instructions += job->programs[runner->team->program].count;
    }
    claim_wires(executor);
}

static bool all_ended(const struct executor *executor, struct error *error)
{
    for (int64_t t = 0; t < executor->job->team_count; t++) {
        const struct runner *runner = &executor->runners[t];
        if (!runner->ended) {
            const struct instruction *instruction = current(runner);
            return error_fill(
                error, ERROR_INPUT,
                "team %lld waits for ever at instruction %lld (%s), microbatch %d; "
                "the pipeline schedule does not fit together",
                (long long)t, (long long)runner->instruction, instruction->name,
                instruction->microbatch);
        }
    }
    return true;
}

/* Sums up: time not booked to anything is waiting for the others, at the end or for messages.
 */
static void sum_up(struct executor *executor)
{
    const struct job *job = executor->job;
    struct execution *execution = executor->execution;
    double weights = 0;
    for (int64_t t = 0; t < job->team_count; t++) {
        execution->time_s = fmax(execution->time_s, executor->runners[t].end_s);
        weights += (double)job->teams[t].weight;
    }
    for (int64_t t = 0; t < job->team_count; t++) {
        const struct runner *runner = &executor->runners[t];
        double share = (double)job->teams[t].weight / weights;
        for (int p = 0; p < PART_OF_TIME_COUNT; p++) {
            execution->part_s[p] += runner->part_s[p] * share;
        }
        execution->part_s[PART_BUBBLE_TIME] += (execution->time_s - runner->end_s) * share;
    }
    for (int32_t g = 0; g < job->group_count; g++) {
        for (int32_t spec = 0; spec < job->spec_count; spec++) {
            double count = executor->inner_count[g * job->spec_count + spec];
            if (count > 0) {
                transport_count(executor->transport, job_exchange(job, g, spec), count);
            }
        }
    }
    execution->pair_bytes = transport_pair_bytes(executor->transport);
    execution->activities = engine_activity_count(executor->engine);
    execution->transfers = engine_transfer_count(executor->engine);
    execution->team_instructions = executor->done_instructions;
}

bool executor_run(const struct job *job, const struct executor_options *options,
                  struct execution *execution, struct arena *arena, struct error *error)
{
    struct executor *executor = arena_alloc(arena, sizeof *executor);
    *execution = (struct execution){0};
    *executor = (struct executor){
        .job = job, .options = *options, .arena = arena, .execution = execution};
    executor->engine = engine_start(&job->network.wiring, arena, error);
    if (executor->engine == NULL) {
        return false;
    }
    struct transport_options transport = {options->detail, NULL, NULL, executor,
                                          options->watch};
    if (options->coalesce && options->detail != DETAIL_MESSAGE) {
        transport.watch = sequence_watch;
        transport.cares = sequence_cares;
    }
    executor->transport = transport_create(executor->engine, job, &transport, arena);
    prepare(executor);
    for (int64_t t = 0; t < job->team_count; t++) {
        engine_after(executor->engine, 0, begin, &executor->runners[t]);
    }
    engine_run(executor->engine);
    if (!all_ended(executor, error)) {
        return false;
    }
    sum_up(executor);
    return true;
}
