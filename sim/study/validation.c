/* SPDX-License-Identifier: Apache-2.0 */
/* The engine can run once per process, so each row has its own; it writes its outcome to its
 * place in a file without a name that the parent reads at the end. */
#include "study/validation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "study/measured_collectives.h"
#include "study/measured_kernels.h"
#include "study/measured_training.h"
#include "study/statistics.h"
#include "training/training.h"

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
    outcome->step_s = training->execution.time_s;
    outcome->simulated = training->execution.time_s * what->batch_fraction;
    memcpy(outcome->part_s, training->execution.part_s, sizeof outcome->part_s);
    arena_free(arena);
    return true;
}

static bool simulate_collective(struct machines *machines, const struct measured_row *row,
                                struct outcome *outcome, struct error *error)
{
    struct arena *arena = arena_create();
    struct collective_case *what = measured_collective_case(machines, row, arena, error);
    outcome->blank = what == NULL && strstr(error->message, "empty") != NULL;
    return what != NULL && measured_collective_run(what, &outcome->simulated, arena, error);
}

/* One chip's time of one kernel: no engine, so no process of its own. */
static bool is_kernel(const struct measured_row *row)
{
    return row->kind == MEASURED_COMPUTE || row->kind == MEASURED_KERNELS;
}

static void simulate(struct machines *machines, const struct measured_row *row,
                     struct outcome *outcome)
{
    struct error error = {0};
    bool step = row->kind == MEASURED_TRAINING || row->kind == MEASURED_VTRAIN;
    if (!isfinite(row->measured)) {
        outcome->blank = true;
        error_fill(&error, ERROR_INPUT,
                   step ? "columns of time and rate are empty"
                        : "this kind is not compared yet");
    } else if (is_kernel(row)) {
        outcome->done = measured_kernel_simulate(machines, row, &outcome->simulated, &error);
    } else if (row->kind == MEASURED_COLLECTIVES) {
        outcome->done = simulate_collective(machines, row, outcome, &error);
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

static bool run_rows(struct validation *validation, struct machines *machines, int jobs,
                     int file, struct error *error)
{
    const struct measured *measured = validation->measured;
    pid_t *children = arena_array(validation->arena, measured->row_count + 1, sizeof(pid_t));
    int running = 0;
    fflush(NULL);
    for (int64_t i = 0; i < measured->row_count; i++) {
        if (is_kernel(&measured->rows[i])) {
            simulate(machines, &measured->rows[i], &validation->outcomes[i]);
            continue;
        }
        if (running == jobs) {
            reap(validation->outcomes, children, i);
            running--;
        }
        children[i] = fork();
        if (children[i] == 0) {
            struct outcome outcome = {0};
            simulate(machines, &measured->rows[i], &outcome);
            ssize_t size = pwrite(file, &outcome, sizeof outcome, i * (off_t)sizeof outcome);
            _exit(size == (ssize_t)sizeof outcome ? 0 : 1);
        }
        if (children[i] < 0) {
            return error_fill(error, ERROR_SYSTEM,
                              "no process could be started for row %s; use a smaller -j",
                              measured->rows[i].id);
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
           (strcmp(group->group, "all") == 0 ? row->sure
                                             : strcmp(group->group, row->group) == 0);
}

/* Rank correlation inside sweeps, by rows. */
static double sweeps_spearman(const struct validation *validation,
                              const struct validation_group *group, struct arena *arena)
{
    const struct measured *measured = validation->measured;
    double *x = arena_array(arena, measured->row_count + 1, sizeof(double));
    double *y = arena_array(arena, measured->row_count + 1, sizeof(double));
    unsigned char *seen = arena_array(arena, measured->row_count + 1, 1);
    double sum = 0, weight = 0;
    for (int64_t i = 0; i < measured->row_count; i++) {
        int64_t count = 0;
        for (int64_t j = i; j < measured->row_count; j++) {
            if (!seen[j] && belongs(group, &measured->rows[j]) &&
                validation->outcomes[j].done &&
                strcmp(measured->rows[i].sweep, measured->rows[j].sweep) == 0) {
                seen[j] = 1;
                x[count] = measured->rows[j].measured;
                y[count++] = validation->outcomes[j].simulated;
            }
        }
        double rho = statistics_spearman(x, y, count, arena);
        if (isfinite(rho)) {
            sum += rho * (double)count;
            weight += (double)count;
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
    int64_t count = 0;
    for (int64_t i = 0; i < measured->row_count; i++) {
        double error = validation_error(validation, i);
        if (belongs(group, &measured->rows[i]) && isfinite(error)) {
            signed_errors[count] = error;
            errors[count++] = fabs(error);
        }
    }
    group->rows = count;
    group->bias = statistics_mean(signed_errors, count);
    group->mean = statistics_mean(errors, count);
    group->median = statistics_quantile(errors, count, 0.5);
    group->p90 = statistics_quantile(errors, count, 0.9);
    group->worst = statistics_quantile(errors, count, 1);
    group->spearman = sweeps_spearman(validation, group, scratch);
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
