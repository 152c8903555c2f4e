/* SPDX-License-Identifier: Apache-2.0 */
/* The engine can run once per process, so each row has its own; it writes its outcome to its
 * place in a file without a name that the parent reads at the end. */
#include "study/validation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "study/measured_collectives.h"
#include "study/measured_inference.h"
#include "study/measured_kernels.h"
#include "study/measured_training.h"
#include "study/statistics.h"
#include "training/training.h"

static void note_platform(struct outcome *outcome, const char *name)
{
    snprintf(outcome->platform, sizeof outcome->platform, "%s", name);
}

static bool simulate_training(struct machines *machines, const struct measured_row *row,
                              struct outcome *outcome, struct error *error)
{
    struct arena *arena = arena_create();
    struct training_case *what = measured_training_case(machines, row, arena, error);
    outcome->blank = what == NULL && strstr(error->message, "empty") != NULL;
    struct training_options options = {
        .detail = DETAIL_FLOW, .one_replica = true, .any_memory = true};
    struct training *training =
        what == NULL ? NULL
                     : training_run(what->platform, what->scenario, &options, arena, error);
    if (training == NULL) {
        return false; /* the process ends: the arena with it */
    }
    note_platform(outcome, what->platform->name);
    outcome->step_s = training->execution.time_s;
    outcome->simulated = training->execution.time_s * what->batch_fraction;
    memcpy(outcome->part_s, training->execution.part_s, sizeof outcome->part_s);
    arena_free(arena);
    return true;
}

static void note_assumed(struct outcome *outcome, const char *sentence)
{
    snprintf(outcome->assumed, sizeof outcome->assumed, "%s", sentence);
}

static bool simulate_collective(struct machines *machines, const struct measured_row *row,
                                struct outcome *outcome, struct error *error)
{
    struct arena *arena = arena_create();
    struct collective_case *what = measured_collective_case(machines, row, arena, error);
    outcome->blank = what == NULL && strstr(error->message, "empty") != NULL;
    if (what == NULL) {
        return false;
    }
    note_platform(outcome, what->platform->name);
    bool done = measured_collective_run(what, &outcome->simulated, arena, error);
    note_assumed(outcome, what->assumed);
    return done;
}

static bool simulate_kernel(struct machines *machines, const struct measured_row *row,
                            struct outcome *outcome, struct error *error)
{
    int64_t device = machines_device(machines, row->accelerator);
    if (!measured_kernel_simulate(machines, row, &outcome->simulated, error)) {
        return false;
    }
    note_platform(outcome, csv_text(machines->devices, device, "platform"));
    return true;
}

static bool simulate_serving(struct machines *machines, const struct measured_row *row,
                             struct inference_memo *memo, struct outcome *outcome,
                             struct error *error)
{
    if (!measured_inference_simulate(machines, row, memo, &outcome->simulated, &outcome->blank,
                                     error)) {
        return false;
    }
    note_platform(outcome, memo->platform);
    note_assumed(outcome, memo->assumed);
    return true;
}

/* One chip's time of one kernel: no engine, so no process of its own. */
static bool is_kernel(const struct measured_row *row)
{
    return row->kind == MEASURED_COMPUTE || row->kind == MEASURED_KERNELS;
}

static const char *no_result(const struct measured_row *row)
{
    switch (row->kind) {
    case MEASURED_COLLECTIVES:
        return "columns of size or of time and rate are empty: nothing to compare";
    case MEASURED_COMPUTE:
        return "columns of shape are empty (M, N, K, seq_len): no kernel to time";
    case MEASURED_KERNELS:
        return "no table with these columns is known, or its time is empty";
    case MEASURED_TRAINING:
    case MEASURED_VTRAIN:
    case MEASURED_INFERENCE:
    case MEASURED_KIND_COUNT:
        break;
    }
    return "columns of times and rates are empty";
}

static void simulate(struct machines *machines, const struct measured_row *row,
                     struct inference_memo *memo, struct outcome *outcome)
{
    struct error error = {0};
    bool step = row->kind == MEASURED_TRAINING || row->kind == MEASURED_VTRAIN;
    if (!isfinite(row->measured) && !step) {
        outcome->blank = true;
        error_fill(&error, ERROR_INPUT, "%s", no_result(row));
    } else if (is_kernel(row)) {
        outcome->done = simulate_kernel(machines, row, outcome, &error);
    } else if (row->kind == MEASURED_COLLECTIVES) {
        outcome->done = simulate_collective(machines, row, outcome, &error);
    } else if (row->kind == MEASURED_INFERENCE) {
        outcome->done = simulate_serving(machines, row, memo, outcome, &error);
    } else {
        outcome->done = simulate_training(machines, row, outcome, &error);
    }
    snprintf(outcome->reason, sizeof outcome->reason, "%.*s", VALIDATION_REASON_SIZE - 1,
             error.message);
}

/* Waits for one child and says what became of it. */
static void reap(struct outcome *outcomes, const pid_t *children, int64_t count)
{
    int status;
    pid_t child = wait(&status);
    for (int64_t i = 0; i < count; i++) {
        if (children[i] == child && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
            outcomes[i].done = false;
            snprintf(outcomes[i].reason, sizeof outcomes[i].reason,
                     "its process ended abnormally (%s %d)",
                     WIFSIGNALED(status) ? "signal" : "status",
                     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        }
    }
}

/* What the processes that ended abnormally left is kept. */
static void read_outcomes(struct validation *validation, int file)
{
    for (int64_t i = 0; i < validation->measured->row_count; i++) {
        struct outcome outcome;
        if (validation->outcomes[i].reason[0] == '\0' && !validation->outcomes[i].done &&
            pread(file, &outcome, sizeof outcome, i * (off_t)sizeof outcome) ==
                (ssize_t)sizeof outcome) {
            validation->outcomes[i] = outcome;
        }
    }
}

/* How many rows one process takes: serving needs no engine, and both figures of a run. */
static int64_t block_rows(const struct measured *measured, int64_t first)
{
    enum { SERVING_ROWS = 16 };
    int64_t end = first;
    while (end < measured->row_count && end - first < SERVING_ROWS &&
           measured->rows[end].kind == MEASURED_INFERENCE) {
        end++;
    }
    bool split = end < measured->row_count && measured->rows[end].first;
    return end > first ? end - first + split : 1;
}

static bool run_block(const struct measured *measured, struct machines *machines, int64_t first,
                      int64_t count, int file)
{
    bool written = true;
    struct inference_memo memo = {0};
    for (int64_t i = first; i < first + count && written; i++) {
        struct outcome outcome = {0};
        simulate(machines, &measured->rows[i], &memo, &outcome);
        written = pwrite(file, &outcome, sizeof outcome, i * (off_t)sizeof outcome) ==
                  (ssize_t)sizeof outcome;
    }
    return written;
}

static bool run_rows(struct validation *validation, struct machines *machines, int jobs,
                     int file, struct error *error)
{
    const struct measured *measured = validation->measured;
    pid_t *children = arena_array(validation->arena, measured->row_count + 1, sizeof(pid_t));
    int running = 0;
    fflush(NULL);
    for (int64_t i = 0, block = 1; i < measured->row_count; i += block) {
        block = 1;
        if (is_kernel(&measured->rows[i])) {
            simulate(machines, &measured->rows[i], NULL, &validation->outcomes[i]);
            continue;
        }
        if (running == jobs) {
            reap(validation->outcomes, children, i);
            running--;
        }
        block = block_rows(measured, i);
        for (int64_t j = i; j < i + block; j++) {
            measured_inference_prepare(machines, &measured->rows[j]);
        }
        pid_t child = fork();
        if (child == 0) {
            _exit(run_block(measured, machines, i, block, file) ? 0 : 1);
        }
        if (child < 0) {
            return error_fill(error, ERROR_SYSTEM,
                              "no process could be started for row %s; use a smaller -j",
                              measured->rows[i].id);
        }
        for (int64_t j = i; j < i + block; j++) {
            children[j] = child;
        }
        running++;
    }
    for (; running > 0; running--) {
        reap(validation->outcomes, children, measured->row_count);
    }
    read_outcomes(validation, file);
    return true;
}

double validation_error(const struct validation *validation, int64_t row)
{
    const struct outcome *outcome = &validation->outcomes[row];
    if (!outcome->done) {
        return outcome->blank ? (double)NAN : -1;
    }
    return outcome->simulated / validation->measured->rows[row].measured - 1;
}

/* Groups */

static bool belongs(const struct validation_group *group, const struct measured_row *row)
{
    return strcmp(group->kind, measured_kind_name(row->kind)) == 0 &&
           (group->accelerator[0] == '\0' ||
            strcmp(group->accelerator, row->accelerator) == 0) &&
           (strcmp(group->group, "all") == 0 ? row->sure && !row->first
                                             : strcmp(group->group, row->group) == 0);
}

/* A row of a group that has a figure, by its sweep. */
struct swept {
    const char *sweep;
    double measured, simulated;
};

static int by_sweep(const void *left, const void *right)
{
    return strcmp(((const struct swept *)left)->sweep, ((const struct swept *)right)->sweep);
}

/* Rank correlation inside sweeps, by rows. */
static double sweeps_spearman(struct swept *rows, int64_t count, struct arena *arena)
{
    double *x = arena_array(arena, count + 1, sizeof(double));
    double *y = arena_array(arena, count + 1, sizeof(double));
    double sum = 0, weight = 0;
    qsort(rows, (size_t)count, sizeof *rows, by_sweep);
    for (int64_t first = 0, end; first < count; first = end) {
        for (end = first; end < count && strcmp(rows[end].sweep, rows[first].sweep) == 0;
             end++) {
            x[end - first] = rows[end].measured;
            y[end - first] = rows[end].simulated;
        }
        double rho = statistics_spearman(x, y, end - first, arena);
        if (isfinite(rho)) {
            sum += rho * (double)(end - first);
            weight += (double)(end - first);
        }
    }
    return weight > 0 ? sum / weight : (double)NAN;
}

static void measure_group(const struct validation *validation, struct validation_group *group)
{
    const struct measured *measured = validation->measured;
    struct arena *scratch = arena_create();
    double *errors = arena_array(scratch, measured->row_count + 1, sizeof(double));
    double *signed_errors = arena_array(scratch, measured->row_count + 1, sizeof(double));
    struct swept *swept = arena_array(scratch, measured->row_count + 1, sizeof *swept);
    int64_t count = 0, swept_count = 0;
    for (int64_t i = 0; i < measured->row_count; i++) {
        double error = validation_error(validation, i);
        if (!belongs(group, &measured->rows[i]) || !isfinite(error)) {
            continue;
        }
        signed_errors[count] = error;
        errors[count++] = fabs(error);
        if (validation->outcomes[i].done) {
            swept[swept_count++] =
                (struct swept){measured->rows[i].sweep, measured->rows[i].measured,
                               validation->outcomes[i].simulated};
        }
    }
    group->rows = count;
    group->bias = statistics_mean(signed_errors, count);
    group->mean = statistics_mean(errors, count);
    group->median = statistics_quantile(errors, count, 0.5);
    group->p90 = statistics_quantile(errors, count, 0.9);
    group->worst = statistics_quantile(errors, count, 1);
    group->spearman = sweeps_spearman(swept, swept_count, scratch);
    arena_free(scratch);
}

static void add_group(struct validation *validation, const struct measured_row *row,
                      const char *name)
{
    struct validation_group group = {
        .kind = measured_kind_name(row->kind), .group = name, .accelerator = row->accelerator};
    for (int64_t g = 0; g < validation->group_count; g++) {
        const struct validation_group *other = &validation->groups[g];
        if (strcmp(other->kind, group.kind) == 0 && strcmp(other->group, group.group) == 0 &&
            strcmp(other->accelerator, group.accelerator) == 0) {
            return;
        }
    }
    measure_group(validation, &group);
    if (group.rows > 0) {
        validation->groups =
            arena_grow(validation->arena, validation->groups, validation->group_count,
                       &validation->group_capacity, sizeof group);
        validation->groups[validation->group_count++] = group;
    }
}

struct validation *validation_run(const struct measured *measured, struct machines *machines,
                                  int jobs, struct arena *arena, struct error *error)
{
    struct validation *validation = arena_alloc(arena, sizeof *validation);
    validation->measured = measured;
    validation->arena = arena;
    validation->outcomes = arena_array(arena, measured->row_count + 1, sizeof(struct outcome));
    FILE *file = tmpfile();
    if (file == NULL) {
        error_fill(error, ERROR_SYSTEM, "no temporary file can be made; free space in /tmp");
        return NULL;
    }
    bool ran = run_rows(validation, machines, jobs, fileno(file), error);
    fclose(file);
    if (!ran) {
        return NULL;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < measured->row_count; i++) {
            add_group(validation, &measured->rows[i],
                      pass == 0 ? measured->rows[i].group : "all");
        }
    }
    return validation;
}
