/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim sweep: many runs, on this machine or on a Slurm cluster, and one table of them. */
#define _XOPEN_SOURCE 700 /* realpath */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/print.h"
#include "cli/sweep_tell.h"
#include "record/new_file.h"
#include "study/sweep_pool.h"
#include "study/sweep_slurm.h"

enum { JOBS = 'j', SLURM = COMMAND_KEY, AT_ONCE, DRY_RUN, PART };
enum {
    TRIALS = 3,
    SUBMISSIONS = 3,
    ARRAY_TASKS = 1000,
    PARTS_PER_PLACE = 4,
    TOLD_FAILURES = 3
};

static bool take_part(struct sweep_request *request, const char *text, struct error *error)
{
    long long part, parts;
    char rest;
    if (sscanf(text, "%lld/%lld%c", &part, &parts, &rest) == 2 && part >= 0 && part < parts) {
        request->part = part;
        request->parts = parts;
        return true;
    }
    return error_fill(error, ERROR_USAGE, "--part: found '%s', expected I/N, such as 0/8",
                      text);
}

static bool take(void *input, int key, char *value, struct error *error)
{
    struct sweep_request *request = input;
    switch (key) {
    case COMMAND_ARGUMENT:
        request->file = value;
        return true;
    case JOBS:
        return command_count("--jobs", value, 1, &request->jobs, error);
    case AT_ONCE:
        return command_count("--at-once", value, 1, &request->at_once, error);
    case SLURM:
        request->slurm = true;
        return true;
    case PART:
        return take_part(request, value, error);
    default:
        request->dry_run = true;
        return true;
    }
}

static const struct command_option options[] = {
    {"jobs", JOBS, "N", "Processes at once (default: all processors)"},
    {"dry-run", DRY_RUN, NULL, "Count the points and estimate the time; write nothing"},
    {"slurm", SLURM, NULL,
     "Run as a Slurm job array; sbatch's SBATCH_* variables choose partition and time"},
    {"at-once", AT_ONCE, "N", "With --slurm: parts that run at the same time (default 64)"},
    {"part", PART, "I/N", "Run part I (from 0) of N of the points only, and make no table"},
};

static const struct command_syntax syntax = {
    .name = "sweep",
    .arguments = "SWEEP",
    .meaning = "Runs all points of a sweep file and gathers them in one table, FOLDER/sweep.h5 "
               "(-o names the folder; default results/NAME). Points that are done are kept: "
               "the same command goes on after an interruption. docs/SWEEPS.md describes the "
               "file.",
    .examples = "  trnsim sweep workloads/sweeps/all-reduce-sizes.yaml -j 2\n"
                "  trnsim sweep workloads/sweeps/llama-3-8b-plans.yaml --dry-run\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .least_arguments = 1,
    .most_arguments = 1,
    .shared = COMMAND_JSON | COMMAND_QUIET | COMMAND_OUTPUT,
    .take = take,
};

/* Points */

static bool simulate(const struct sweep_run *run, int64_t point, struct error *error)
{
    struct arena *arena = arena_create();
    struct sweep_inputs inputs = run->inputs;
    const char *output =
        run->trial != NULL ? run->trial : sweep_store_path(&run->store, point, arena);
    inputs.arena = arena;
    if (run->request->parts ==
        0) { /* a node of a cluster may fail, a workstation rarely does */
        new_file_unsynced();
    }
    bool done = sweep_point_run(&inputs, point, output, error);
    arena_free(arena);
    return done;
}

static bool work(void *argument, int64_t point, struct error *error)
{
    struct sweep_run *run = argument;
    struct error cause = {.kind = ERROR_NONE};
    if (simulate(run, point, &cause)) {
        return true;
    }
    /* Only what would fail again is written down; a full disk may be mended. */
    if (cause.kind != ERROR_SYSTEM && run->trial == NULL &&
        !sweep_store_fail(&run->store, point, cause.message, error)) {
        return false;
    }
    return error_fill(error, cause.kind, "%s", cause.message);
}

static void ended(void *argument, int64_t index, enum error_kind kind, const char *message)
{
    struct sweep_run *run = argument;
    struct sweep_point *point = &run->store.points[index];
    if (kind == ERROR_NONE) {
        run->progress.done++;
        point->state = SWEEP_DONE;
    } else {
        run->progress.failed++;
        point->state = SWEEP_FAILED;
        point->message = arena_text(run->arena, message);
    }
    sweep_progress_show(&run->progress);
}

static int64_t *missing(const struct sweep_run *run, int64_t *count)
{
    const struct sweep_request *request = run->request;
    int64_t points = run->sweep->point_count, first = 0, last = points;
    int64_t *tasks = arena_array(run->arena, points + 1, sizeof(int64_t));
    if (request->parts > 0) {
        first = points * request->part / request->parts;
        last = points * (request->part + 1) / request->parts;
    }
    *count = 0;
    for (int64_t p = first; p < last; p++) {
        const struct sweep_point *point = &run->store.points[p];
        if (point->state == SWEEP_MISSING && point->same_as < 0) {
            tasks[(*count)++] = p;
        }
    }
    return tasks;
}

static bool run_here(struct sweep_run *run, const int64_t *tasks, int64_t count,
                     struct error *error)
{
    struct sweep_pool pool = {.jobs = sweep_pool_jobs(run->request->jobs),
                              .work = work,
                              .ended = ended,
                              .argument = run};
    bool ran = sweep_pool_run(&pool, tasks, count, error);
    if (run->trial == NULL && count > 0) {
        sweep_store_sync(&run->store);
    }
    sweep_progress_end(&run->progress);
    return ran;
}

/* Slurm */

static void waited(void *argument)
{
    struct sweep_run *run = argument;
    run->progress.done = run->progress.failed = 0;
    for (int64_t p = 0; p < run->sweep->point_count; p++) {
        struct sweep_point *point = &run->store.points[p];
        if (point->state == SWEEP_MISSING && point->same_as < 0 &&
            access(sweep_store_path(&run->store, p, run->arena), F_OK) == 0) {
            run->progress.done++;
        }
    }
    sweep_progress_show(&run->progress);
}

static const char *own_path(struct arena *arena)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    return length > 0 ? arena_text(arena, path) : "trnsim";
}

/* Parts are made of all points, so that a part means the same in every submission. */
static bool run_on_slurm(struct sweep_run *run, int64_t count, struct error *error)
{
    struct arena *arena = run->arena;
    char folder[PATH_MAX];
    if (realpath(run->store.folder, folder) == NULL) {
        return error_at(error, ERROR_SYSTEM, run->store.folder, 0, 0, "cannot be used (%s)",
                        strerror(errno));
    }
    struct sweep_slurm slurm = {.folder = folder, .program = own_path(arena)};
    /* a few parts for each place: they need not be equally long */
    slurm.tasks = PARTS_PER_PLACE * run->request->at_once;
    slurm.tasks = slurm.tasks < ARRAY_TASKS ? slurm.tasks : ARRAY_TASKS;
    slurm.tasks = slurm.tasks < run->sweep->point_count ? slurm.tasks : run->sweep->point_count;
    slurm.at_once = run->request->at_once;
    slurm.waited = run->request->shared.quiet ? NULL : waited;
    slurm.argument = run;
    slurm.arguments =
        arena_format(arena, "%s -o %s", sweep_slurm_quote(run->request->file, arena),
                     sweep_slurm_quote(folder, arena));
    for (int i = 0; i < SUBMISSIONS && count > 0; i++) {
        if (!sweep_slurm_run(&slurm, arena, error)) {
            return false;
        }
        sweep_progress_end(&run->progress);
        for (int64_t p = 0; p < run->sweep->point_count; p++) {
            if (run->store.points[p].state == SWEEP_MISSING) {
                sweep_store_look_at(&run->store, p);
            }
        }
        missing(run, &count);
    }
    return count == 0 ||
           error_at(error, ERROR_SYSTEM, folder, 0, 0,
                    "%lld points were not done by %d job arrays; read slurm/*.log, "
                    "then run again",
                    (long long)count, SUBMISSIONS);
}

/* Beginning and end */

static bool lock(const struct sweep_run *run, struct error *error)
{
    const char *path = arena_format(run->arena, "%s/.lock", run->store.folder);
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (descriptor >= 0 && fcntl(descriptor, F_SETLK, &whole) == 0) {
        return true; /* held until this process ends */
    }
    return error_at(error, ERROR_SYSTEM, run->store.folder, 0, 0,
                    descriptor >= 0 ? "another sweep works in this folder; wait, or name "
                                      "another with -o"
                                    : "cannot be written; name another folder with -o");
}

bool sweep_prepare(struct sweep_run *run, struct error *error)
{
    const struct sweep_request *request = run->request;
    run->sweep = sweep_read(request->file, run->arena, error);
    if (run->sweep == NULL) {
        return false;
    }
    struct sweep_store *store = &run->store;
    run->inputs = (struct sweep_inputs){.sweep = run->sweep, .arena = run->arena};
    *store = (struct sweep_store){.sweep = run->sweep, .arena = run->arena};
    store->folder = request->shared.output != NULL
                        ? request->shared.output
                        : arena_format(run->arena, "results/%s", run->sweep->name);
    store->points =
        arena_array(run->arena, run->sweep->point_count, sizeof(struct sweep_point));
    return sweep_point_prepare(&run->inputs, store->points, error);
}

/* Missing points spread over the sweep, as many as are tried. */
static int64_t choose_trials(struct sweep_run *run, int64_t trials[TRIALS], int64_t *count)
{
    if (access(arena_format(run->arena, "%s/points", run->store.folder), R_OK) == 0) {
        sweep_store_look(&run->store);
    } else {
        for (int64_t p = 0; p < run->sweep->point_count; p++) {
            run->store.points[p].same_as = -1;
        }
    }
    int64_t *tasks = missing(run, count), tried = *count < TRIALS ? *count : TRIALS;
    for (int64_t i = 0; i < tried; i++) {
        trials[i] = tasks[i * (*count - 1) / (tried > 1 ? tried - 1 : 1)];
    }
    return tried;
}

/* Runs trials one after the other without keeping them. */
static bool try_points(struct sweep_run *trial, const int64_t *trials, int64_t tried,
                       struct error *error)
{
    char path[] = "/tmp/trnsim-dry-run-XXXXXX";
    int descriptor = mkstemp(path);
    struct sweep_request alone = *trial->request;
    alone.jobs = 1;
    trial->request = &alone;
    trial->trial = path;
    sweep_progress_start(&trial->progress, tried, true);
    bool ran = run_here(trial, trials, tried, error);
    if (descriptor >= 0) {
        close(descriptor);
        unlink(path);
    }
    return ran;
}

/* Only the time of a few points is known. */
static bool dry_run(struct sweep_run *run, struct error *error)
{
    int64_t count, trials[TRIALS], tried = choose_trials(run, trials, &count);
    struct sweep_run trial = *run;
    char text[PRINT_SIZE];
    if (!try_points(&trial, trials, tried, error)) {
        return false;
    }
    double each_s = sweep_progress_wall_s(&trial.progress) / (double)(tried > 0 ? tried : 1);
    double jobs = sweep_pool_jobs(run->request->jobs);
    printf("%s\n", run->sweep->title);
    print_field("points", "%lld, of which %lld are to be run",
                (long long)run->sweep->point_count, (long long)count);
    print_field("time", "about %s with %.0f processes (%lld points tried, %lld of them failed)",
                print_quantity(text, each_s * (double)count / jobs, "s"), jobs,
                (long long)tried, (long long)trial.progress.failed);
    return true;
}

/* Rows of the points that ended since the folder was looked at. */
static void read_new(struct sweep_run *run)
{
    for (int64_t p = 0; p < run->sweep->point_count; p++) {
        struct sweep_point *point = &run->store.points[p];
        if (point->state == SWEEP_DONE && point->row == NULL) {
            sweep_store_look_at(&run->store, p);
        }
    }
}

bool sweep_run_points(struct sweep_run *run, struct error *error)
{
    int64_t count, counts[3], blocked;
    bool whole = run->request->parts == 0;
    if (!sweep_store_open(&run->store, error) || (whole && !lock(run, error))) {
        return false;
    }
    if (whole) {
        sweep_store_tidy(&run->store);
    }
    sweep_store_look(&run->store);
    sweep_tell_states(run, counts, &blocked);
    int64_t *tasks = missing(run, &count);
    run->before = counts[SWEEP_DONE];
    run->asked = count;
    bool ran = run->request->slurm ? run_on_slurm(run, count, error)
                                   : run_here(run, tasks, count, error);
    if (!ran || !whole) {
        return ran;
    }
    read_new(run);
    return sweep_store_gather(&run->store, TRNSIM_VERSION, error) &&
           (run->untold || sweep_tell(run, error));
}

bool sweep_command(int argc, char **argv, struct error *error)
{
    struct sweep_request request = {.at_once = 64};
    if (!command_parse(&syntax, argc, argv, &request, &request.shared, error)) {
        return false;
    }
    struct arena *arena = arena_create();
    struct sweep_run run = {.request = &request, .arena = arena};
    sweep_progress_start(&run.progress, 0, request.shared.quiet);
    bool done = sweep_prepare(&run, error);
    if (done) {
        run.progress.count = run.sweep->point_count;
        done = request.dry_run ? dry_run(&run, error) : sweep_run_points(&run, error);
    }
    arena_free(arena);
    return done;
}
