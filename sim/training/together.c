/* SPDX-License-Identifier: Apache-2.0 */
/* Steps alone are simulated in processes of their own (one engine a process), first one step of
 * each, to know how many of the shorter ones go into the longest, then so many. */
#include "training/together.h"

#include <math.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program/exchanges.h"

struct watching { /* when the teams of each part ended */
    const struct job *job;
    const int32_t *program_end;
    int64_t count;
    double end_s[TOGETHER_MOST];
};

static void watch(void *argument, const struct span *span)
{
    struct watching *watching = argument;
    int64_t part = 0;
    while (watching->job->teams[span->team].program >= watching->program_end[part]) {
        part++;
    }
    watching->end_s[part] = fmax(watching->end_s[part], span->end_s);
}

struct cast { /* who runs in one simulation */
    struct merge_part parts[TOGETHER_MOST];
    int64_t count;
    double step_s[TOGETHER_MOST];
};

static bool run_cast(struct together *together, const struct platform *platform,
                     struct cast *cast, const struct training_options *options,
                     struct arena *arena, struct error *error)
{
    int32_t program_end[TOGETHER_MOST];
    struct job *job = merge_jobs(platform, together->layout, together->count, cast->parts,
                                 cast->count, program_end, arena);
    if (options->detail == DETAIL_FOLDED) {
        job = fold_job(job, FOLD_SEES_ALL, &together->fold, error);
    } else if (!exchanges_plan_all(job, error)) {
        job = NULL;
    }
    if (job == NULL) {
        return false;
    }
    struct watching watching = {job, program_end, cast->count, {0}};
    struct executor_options execution = {.detail = options->detail,
                                         .coalesce = true,
                                         .trace = watch,
                                         .trace_argument = &watching,
                                         .progress = options->progress};
    together->job = job;
    if (!timeline_run(options->timeline, job, &execution, &together->execution, error)) {
        return false;
    }
    for (int64_t i = 0; i < cast->count; i++) {
        cast->step_s[i] = watching.end_s[i] / (double)cast->parts[i].steps;
    }
    return true;
}

struct answer {
    double step_s;
    struct error error;
};

/* One part alone, in a process of its own. */
static bool run_alone(const struct together *together, const struct platform *platform,
                      const struct merge_part *part, const struct training_options *options,
                      struct answer *answer)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return error_fill(&answer->error, ERROR_SYSTEM, "no pipe to a process of its own");
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct together copy = *together;
        struct cast cast = {.parts = {*part}, .count = 1};
        struct training_options quiet = {.detail = options->detail};
        struct answer own = {0};
        run_cast(&copy, platform, &cast, &quiet, arena_create(), &own.error);
        own.step_s = cast.step_s[0];
        _exit(write(ends[1], &own, sizeof own) == (ssize_t)sizeof own ? 0 : 1);
    }
    close(ends[1]);
    bool read_all = read(ends[0], answer, sizeof *answer) == (ssize_t)sizeof *answer;
    close(ends[0]);
    if (child > 0) {
        waitpid(child, NULL, 0);
    }
    if (!read_all) {
        return error_fill(&answer->error, ERROR_SYSTEM, "a process of its own gave no answer");
    }
    return answer->error.kind == ERROR_NONE;
}

static bool time_alone(struct together *together, const struct platform *platform,
                       struct cast *cast, const struct training_options *options,
                       struct error *error)
{
    for (int64_t i = 0; i < cast->count; i++) {
        struct together_part *part = &together->parts[i];
        if (part->alone_s > 0 && cast->parts[i].steps == part->steps) {
            continue;
        }
        struct answer answer = {0};
        if (!run_alone(together, platform, &cast->parts[i], options, &answer)) {
            *error = answer.error;
            return false;
        }
        part->alone_s = answer.step_s;
        part->steps = cast->parts[i].steps;
    }
    return true;
}

/* How many steps of each part last as long as one of the longest. */
static void count_steps(const struct together *together, struct cast *cast)
{
    double longest_s = 0;
    for (int64_t i = 0; i < cast->count; i++) {
        longest_s = fmax(longest_s, together->parts[i].alone_s);
    }
    for (int64_t i = 0; i < cast->count; i++) {
        double steps = ceil(longest_s / together->parts[i].alone_s - 1e-9);
        cast->parts[i].steps = (int64_t)fmin(steps, TOGETHER_STEPS_MOST);
    }
}

/* A part's own job, on a machine of its share. */
static bool prepare(struct together *together, const struct platform *platform, int64_t place,
                    struct cast *cast, struct arena *arena, struct error *error)
{
    struct platform *share = arena_alloc(arena, sizeof *share);
    *share = *platform;
    share->domain_count = platform->domain_count / together->count;
    struct training_options options = {.unplanned = true};
    const struct training *training =
        training_prepare(share, together->parts[place].scenario, &options, arena, error);
    if (training == NULL) {
        return false;
    }
    together->parts[place].chips = platform_chips(share);
    cast->parts[cast->count++] = (struct merge_part){training->job, place, 1};
    return true;
}

bool together_run(const struct platform *platform, struct together *together,
                  const struct training_options *options, struct arena *arena,
                  struct error *error)
{
    struct cast cast = {.count = 0};
    if (platform->domain_count % together->count != 0) {
        return error_fill(
            error, ERROR_INPUT,
            "%lld %ss cannot be cut into %lld equal parts, one for each workload; "
            "set --ultraservers to a multiple of %lld",
            (long long)platform->domain_count, platform->domain_noun,
            (long long)together->count, (long long)together->count);
    }
    for (int64_t i = 0; i < together->count; i++) {
        if (!prepare(together, platform, i, &cast, arena, error)) {
            return false;
        }
    }
    if (!time_alone(together, platform, &cast, options, error)) {
        return false;
    }
    count_steps(together, &cast);
    if (!time_alone(together, platform, &cast, options, error) ||
        !run_cast(together, platform, &cast, options, arena, error)) {
        return false;
    }
    for (int64_t i = 0; i < together->count; i++) {
        together->parts[i].together_s = cast.step_s[i];
    }
    return true;
}
