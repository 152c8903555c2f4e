/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim uncertainty at work: its request, its inputs, the sweep that they become, its tables.
 */
#pragma once

#include "cli/sweep_tell.h"
#include "study/uncertainty.h"

enum { UNCERTAINTY_LIMIT = 100, UNCERTAINTY_OPTIONS = 64 };

struct uncertainty_request {
    const char *workload, *platform, *prices, *price_kind, *detail, *figure;
    const char *set[UNCERTAINTY_OPTIONS], *vary[UNCERTAINTY_OPTIONS],
        *only[UNCERTAINTY_OPTIONS];
    int set_count, vary_count, only_count;
    int64_t domains, samples, jobs;
    bool find_capacity;
    struct command_shared shared;
};

struct uncertainty_run {
    const struct uncertainty_request *request;
    struct arena *arena;
    const char *folder;
    struct platform *platform;
    struct scenario *scenario;
    struct price_book *book;
    const struct price *price; /* NULL: no cost */
    struct uncertainty_input inputs[UNCERTAINTY_LIMIT];
    int64_t input_count, price_input; /* -1: the price is known well, or there is none */
    struct uncertainty *uncertainty;
    struct sweep_run sweep;
    const char *figure; /* of the tornado */
};

/* Ranges of the platform file and of the price, of the workload file, and of --vary, the later
 * in place of the earlier; those that --only names. */
bool uncertainty_inputs(struct uncertainty_run *run, struct error *error);

/* The points as a sweep file in the folder; its path. NULL and a SYSTEM error. */
const char *uncertainty_write_sweep(struct uncertainty_run *run, struct error *error);

enum { UNCERTAINTY_TABLES = 2 };

/* Once the sweep is done: the ranges of all figures, and the tornado of one. False and a USAGE
 * error when there is no such figure, INFEASIBLE when no sample has one. */
bool uncertainty_tables(struct uncertainty_run *run, struct table *tables[UNCERTAINTY_TABLES],
                        struct error *error);
