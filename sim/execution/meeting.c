/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges of groups: they begin when the last member has come and the group's exchange before
 * is over, one after the other like the collectives of one communicator. */
#include "execution/runner.h"

static void meeting_start(struct meeting_place *place);

/* Exchanges of a slot end in the order in which they were started. */
static bool waited_for(const struct runner *runner, enum slot slot)
{
    const struct job *job = runner->executor->job;
    const struct instruction *wait =
        &job->programs[runner->team->program].instructions[runner->instruction];
    return wait->with == (int32_t)slot && runner->outstanding[slot] <= wait->what;
}

static void member_done(struct runner *runner, const struct meeting *meeting)
{
    if (!meeting->beside) {
        booking_op(runner, runner->op, runner->op_start_s, booking_now_s(runner));
        runner->op++;
        sequence_go_on(runner);
        return;
    }
    runner->outstanding[meeting->slot]--;
    if (runner->draining && waited_for(runner, meeting->slot)) {
        double start_s = runner->instruction_start_s;
        runner->draining = false;
        enum part_of_time part =
            meeting->slot == SLOT_EXPERT ? PART_EXPERT_TIME : PART_DATA_TIME;
        runner->part_s[part] += booking_now_s(runner) - start_s;
        booking_tell(runner, part, -1, start_s, booking_now_s(runner));
        booking_trace(runner, -1, start_s, booking_now_s(runner));
        runner->instruction++;
        executor_go_on(runner);
    }
}

static void meeting_over(void *argument)
{
    struct meeting_place *place = argument;
    struct executor *executor = place->executor;
    struct meeting *meeting = place->first;
    struct meeting over = *meeting;
    const struct executor_watch *watch = executor->options.watch;
    if (watch != NULL) {
        watch->exchanged(watch->argument, place->group, over.spec, place->start_s,
                         booking_now_s(executor->runners));
    }
    place->first = meeting->next;
    place->busy = false;
    meeting->next = executor->free_meetings;
    executor->free_meetings = meeting;
    meeting_start(place);
    const struct group *group = &executor->job->groups[place->group];
    for (int64_t m = 0; m < group->member_count; m++) {
        member_done(&executor->runners[group->teams[m]], &over);
    }
}

static void meeting_start(struct meeting_place *place)
{
    struct executor *executor = place->executor;
    struct meeting *meeting = place->first;
    const struct group *group = &executor->job->groups[place->group];
    if (place->busy || meeting == NULL || meeting->arrived < group->member_count) {
        return;
    }
    place->busy = true;
    place->start_s = booking_now_s(executor->runners);
    transport_run(executor->transport, job_exchange(executor->job, place->group, meeting->spec),
                  true, meeting_over, place);
}

static struct meeting *meeting_numbered(struct meeting_place *place, int64_t number)
{
    for (struct meeting *meeting = place->first; meeting != NULL; meeting = meeting->next) {
        if (meeting->number == number) {
            return meeting;
        }
    }
    struct executor *executor = place->executor;
    struct meeting *meeting = executor->free_meetings;
    if (meeting == NULL) {
        meeting = arena_alloc(executor->arena, sizeof *meeting);
    } else {
        executor->free_meetings = meeting->next;
    }
    *meeting = (struct meeting){.place = place, .number = place->next_number++};
    if (place->first == NULL) {
        place->first = meeting;
    } else {
        place->last->next = meeting;
    }
    place->last = meeting;
    return meeting;
}

/* The team joins the next exchange of its group. */
void meeting_join(struct runner *runner, enum slot slot, int32_t spec, bool beside)
{
    struct meeting_place *place = &runner->executor->places[runner->team->groups[slot]];
    struct meeting *meeting = meeting_numbered(place, runner->started[slot]++);
    meeting->arrived++;
    meeting->spec = spec;
    meeting->beside = beside;
    meeting->slot = slot;
    const struct executor_watch *watch = runner->executor->options.watch;
    bool last = meeting->arrived == runner->executor->job->groups[place->group].member_count;
    if (watch != NULL && last && !beside) {
        watch->met(watch->argument, place->group, runner->index, booking_now_s(runner));
    }
    meeting_start(place);
}
