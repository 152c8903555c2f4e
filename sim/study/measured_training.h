/* SPDX-License-Identifier: Apache-2.0 */
/* A measured training step as a scenario: the model from the row's dimensions, the plan from
 * its degrees. Only the row's columns of configuration are read, never its name or result. */
#pragma once

#include "study/measured.h"
#include "workload/scenario.h"

struct training_case {
    struct platform *platform; /* the chips that the row uses */
    struct scenario *scenario;
    double batch_fraction; /* of the simulated batch that the row's is: below 1 when rounded */
    bool recompute_stated;
};

/* NULL when a needed column is empty (INPUT, naming it) or the machine is unknown. */
struct training_case *measured_training_case(struct machines *machines,
                                             const struct measured_row *row,
                                             struct arena *arena, struct error *error);

/* The time of one step that the row reports, or implies by its rate; NAN when it has none. */
double measured_training_time_s(const struct csv *csv, int64_t row);
