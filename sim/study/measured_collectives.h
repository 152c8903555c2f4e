/* SPDX-License-Identifier: Apache-2.0 */
/* A measured collective as one to run: operation, size, chips and algorithm of the row's
 * columns of configuration. */
#pragma once

#include "program/lower_collective.h"
#include "study/measured.h"

struct collective_case {
    struct platform *platform;
    struct collective_request request;
    double host_s;       /* what the way of measuring adds */
    const char *assumed; /* what stands for an algorithm that it cannot run; "" */
};

/* NULL when a needed column is empty (INPUT, naming it), or the machine or operation is
 * unknown.
 */
struct collective_case *measured_collective_case(struct machines *machines,
                                                 const struct measured_row *row,
                                                 struct arena *arena, struct error *error);

/* The time that the row reports, or implies by its bandwidth; NAN when it has none. */
double measured_collective_time_s(const struct csv *csv, int64_t row);

/* Simulates the case: as `trnsim run` does. An algorithm that cannot be is replaced, and
 * assumed. False and an error when it cannot be. */
bool measured_collective_run(struct collective_case *what, double *time_s, struct arena *arena,
                             struct error *error);
