/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that turn a measured training row into a scenario: measured_training.c
 * (model, machine, batch), measured_plan.c (the plan that the row states), measured_fit.c (what
 * it leaves open and the memory decides). */
#pragma once

#include "study/measured_training.h"
#include "workload/plan.h"

struct reading {
    struct machines *machines;
    const struct measured_row *row;
    struct arena *arena;
    int64_t machine, framework;
    int64_t ranks_per_chip;
    struct training_case *result;
};

/* A whole number of the row, or this when the cell is empty. */
int64_t reading_count(const struct reading *reading, const char *column, int64_t otherwise);
/* The row's text, empty when the cell is. */
const char *reading_text(const struct reading *reading, const char *column);
/* Whether the cell is 1, true, yes or on; when it is empty, otherwise. */
bool reading_says(const struct reading *reading, const char *column, bool otherwise);
/* What the framework's row of frameworks.csv says: on. */
bool reading_framework_says(const struct reading *reading, const char *column);
/* Whether a word stands anywhere in a text, in either case, whatever separates its parts. */
bool reading_holds(const char *text, const char *word);

/* What the row and its framework state about the plan. */
void measured_plan(const struct reading *reading, struct plan *plan);
/* What they leave open: adapters or full training, micro-batch, recomputation; by memory. */
void measured_fit(const struct reading *reading, struct plan *plan);
