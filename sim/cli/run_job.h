/* SPDX-License-Identifier: Apache-2.0 */
/* What every kind of run shares: its request as given, its inputs as read, and the end, in
 * which the result is written, then told. */
#pragma once

#include <jansson.h>

#include "cli/command.h"
#include "economics/price.h"
#include "execution/executor.h"
#include "hardware/platform.h"
#include "record/provenance.h"
#include "record/result_file.h"
#include "training/together.h"
#include "workload/scenario.h"

enum { RUN_OVERRIDES = 64, RUN_BESIDE = TOGETHER_MOST - 1 };

struct run_request {
    const char *workload, *platform, *plan, *prices;
    int64_t domains;    /* 0: the platform's own */
    enum detail detail; /* DETAIL_COUNT: by the number of chips */
    enum price_kind price_kind;
    const char *overrides[RUN_OVERRIDES];
    int override_count;
    bool find_capacity;
    const char *beside[RUN_BESIDE]; /* further workloads at the same time */
    int beside_count;
    enum merge_layout layout;
    const char *timeline;   /* a file to draw; or NULL */
    int64_t timeline_limit; /* slices in it */
    const char *paje;       /* a file for SimGrid's own trace; or NULL */
    struct command_shared shared;
};

struct run_job {
    const struct run_request *request;
    struct arena *arena;
    enum detail detail;
    struct platform *platform;
    struct scenario *scenario;
    struct price_book *book;
    const struct price *price; /* NULL: none known */
    char price_missing[256];   /* why */
    struct provenance *provenance;
    const char *output;
    struct timeline_request *timeline; /* to be drawn; or NULL */
};

/* Reads platform, workload, plan and price book; checks the output. */
bool run_job_read(struct run_job *job, struct error *error);

/* What follows from platform, scenario and price book once they are read: detail and price.
 * False and an INPUT error when the workload sets keys of a machine that would do nothing. */
bool run_job_settle(struct run_job *job, struct error *error);

/* Starts the clock; says what program this is. */
struct provenance *run_job_provenance(struct arena *arena);

/* Writes tables as the result file. */
bool run_job_write(const struct run_job *job, const char *kind, struct table **tables,
                   int table_count, struct error *error);

/* What was drawn, for people and programs; and a warning when something was left out. */
void run_job_print_timeline(const struct run_job *job);
void run_job_add_timeline(const struct run_job *job, json_t *object);
void run_job_warn_timeline(const struct run_job *job);

/* Progress of the simulation on stderr. */
void run_job_progress(double fraction, double now_s);

const char *run_job_detail_name(enum detail detail);
