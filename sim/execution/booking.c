/* SPDX-License-Identifier: Apache-2.0 */
/* Where the time went: every interval of a team's time is booked once, to an op and a part. */
#include <math.h>

#include "execution/runner.h"

double booking_now_s(const struct runner *runner)
{
    return engine_now_s(runner->executor->engine);
}

void booking_trace(const struct runner *runner, int64_t op, double start_s, double end_s)
{
    const struct executor_options *options = &runner->executor->options;
    if (options->trace != NULL && (op < 0 || options->trace_ops)) {
        struct span span = {runner->index, (int32_t)runner->instruction, (int32_t)op, start_s,
                            end_s};
        options->trace(options->trace_argument, &span);
    }
}

void booking_op(struct runner *runner, int64_t op, double start_s, double end_s)
{
    struct executor *executor = runner->executor;
    int64_t place = executor->op_first[runner->sequence - executor->job->sequences] + op;
    double weight = (double)runner->team->weight;
    const struct op *what = &runner->sequence->ops[op];
    double own_s = end_s - start_s;
    if (what->spec < 0 && op > 0 && what[-1].beside) {
        /* What lasts longer than the work is the exchange beside it. */
        own_s = fmin(own_s, what->duration_s * runner->team->slowness);
        double rest_s = end_s - start_s - own_s;
        runner->part_s[what[-1].part] += rest_s;
        executor->execution->op_s[place - 1] += rest_s * weight;
        executor->execution->op_count[place - 1] += weight;
    }
    runner->part_s[what->part] += own_s;
    executor->execution->op_s[place] += own_s * weight;
    executor->execution->op_count[place] += weight;
    booking_trace(runner, op, start_s, end_s);
}

static double *inner_count(struct runner *runner, int64_t op)
{
    struct executor *executor = runner->executor;
    const struct op *what = &runner->sequence->ops[op];
    int32_t group = runner->team->groups[what->slot];
    return &executor->inner_count[group * executor->job->spec_count + what->spec];
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
        }
    }
}
