/* SPDX-License-Identifier: Apache-2.0 */
/* Where the time went: every interval of a team's time is booked once, to an op and a part. */
#include <math.h>

#include "execution/runner.h"

double booking_now_s(const struct runner *runner)
{
    return engine_now_s(runner->executor->engine);
}

static bool is_run(const struct runner *runner)
{
    const struct program *program = &runner->executor->job->programs[runner->team->program];
    return program->instructions[runner->instruction].kind == INSTRUCTION_RUN;
}

void booking_trace(const struct runner *runner, int64_t op, double start_s, double end_s)
{
    const struct executor_options *options = &runner->executor->options;
    struct span span = {runner->index, (int32_t)runner->instruction, (int32_t)op, start_s,
                        end_s};
    if (options->trace != NULL && (op < 0 || options->trace_ops)) {
        options->trace(options->trace_argument, &span);
    }
    if (options->watch != NULL && op < 0 && (end_s > start_s || is_run(runner))) {
        options->watch->ended(options->watch->argument, &span);
    }
}

void booking_tell(const struct runner *runner, enum part_of_time part, int64_t op,
                  double start_s, double end_s)
{
    const struct executor_watch *watch = runner->executor->options.watch;
    if (watch != NULL && end_s > start_s) {
        struct span span = {runner->index, (int32_t)runner->instruction, (int32_t)op, start_s,
                            end_s};
        watch->spent(watch->argument, &span, part);
    }
}

void booking_op(struct runner *runner, int64_t op, double start_s, double end_s)
{
    struct executor *executor = runner->executor;
    int64_t place = executor->op_first[runner->sequence - executor->job->sequences] + op;
    double weight = (double)runner->team->weight;
    const struct op *what = &runner->sequence->ops[op];
    double own_s = end_s - start_s, rest_s = 0;
    if (what->spec < 0 && op > 0 && what[-1].beside) {
        /* What lasts longer than the work is the exchange beside it. */
        own_s = fmin(own_s, what->duration_s * runner->team->slowness);
        rest_s = end_s - start_s - own_s;
        runner->part_s[what[-1].part] += rest_s;
        executor->execution->op_s[place - 1] += rest_s * weight;
        executor->execution->op_count[place - 1] += weight;
    }
    runner->part_s[what->part] += own_s;
    executor->execution->op_s[place] += own_s * weight;
    executor->execution->op_count[place] += weight;
    booking_tell(runner, what->part, op, start_s, end_s - rest_s);
    if (rest_s > 0) {
        booking_tell(runner, what[-1].part, op - 1, end_s - rest_s, end_s);
    }
    booking_trace(runner, op, start_s, end_s);
}

static double *inner_count(struct runner *runner, int64_t op)
{
    struct executor *executor = runner->executor;
    const struct op *what = &runner->sequence->ops[op];
    int32_t group = runner->team->groups[what->slot];
    return &executor->inner_count[group * executor->job->spec_count + what->spec];
}

void booking_tell_slept(const struct runner *runner, int64_t op, double start_s)
{
    const struct executor *executor = runner->executor;
    const struct op *what = &runner->sequence->ops[op];
    const struct traffic *traffic =
        job_exchange(executor->job, runner->team->groups[what->slot], what->spec);
    if (executor->options.watch != NULL) {
        transport_tell(executor->transport, traffic, start_s, start_s + traffic->alone_s);
    }
}

void booking_uncount(struct runner *runner, int64_t op)
{
    *inner_count(runner, op) -= 1;
}

/* Books the ops [from, to) that were slept through from start_s on. */
void booking_coalesced(struct runner *runner, int64_t from, int64_t to, double start_s)
{
    const double *until_s = runner->until_s;
    for (int64_t op = from; op < to; op++) {
        const struct op *what = &runner->sequence->ops[op];
        if (!what->beside) {
            booking_op(runner, op, start_s + (until_s[op] - until_s[from]),
                       start_s + (until_s[op + 1] - until_s[from]));
        }
        if (what->spec >= 0) {
            *inner_count(runner, op) += 1;
            /* That beside the op that is taken apart is told then. */
            if (!what->beside || op + 1 < to) {
                booking_tell_slept(runner, op, start_s + (until_s[op] - until_s[from]));
            }
        }
    }
}
