/* SPDX-License-Identifier: Apache-2.0 */
/* Simulates measured rows, each in a process of its own, and says how far they are off, by
 * group and accelerator. docs/ACCURACY.md is made of it. */
#pragma once

#include "program/job.h"
#include "record/table.h"
#include "study/measured.h"

enum { VALIDATION_REASON_SIZE = 256, VALIDATION_NAME_SIZE = 48 };

struct outcome {
    bool done;
    double simulated;                  /* in the row's unit */
    double part_s[PART_OF_TIME_COUNT]; /* of a training step */
    double step_s;
    char reason[VALIDATION_REASON_SIZE];  /* why there is no figure */
    bool blank;                           /* a needed column is empty */
    char assumed[VALIDATION_REASON_SIZE]; /* what stands for something unknown; "" */
    char platform[VALIDATION_NAME_SIZE];  /* on which it ran; "" without a figure */
};

struct validation_group {
    const char *kind, *group, *accelerator;
    int64_t rows; /* that count: simulated, or left out without a blank column */
    double median, mean, p90, worst, bias, spearman;
};

struct validation {
    const struct measured *measured;
    struct outcome *outcomes; /* [measured rows] */
    struct validation_group *groups;
    int64_t group_count, group_capacity;
    struct arena *arena;
};

/* Simulates all rows, up to jobs at a time. A row that ends its process abnormally has that as
 * its reason. SYSTEM error when processes cannot be started. */
struct validation *validation_run(const struct measured *measured, struct machines *machines,
                                  int jobs, struct arena *arena, struct error *error);

/* Signed error of a row: simulated / measured - 1; -1 for a row without a figure that should
 * have one; NAN for a row that cannot count. */
double validation_error(const struct validation *validation, int64_t row);

/* Groups of rows by kind and accelerator over all groups ("all", high confidence alone). */
enum { VALIDATION_TABLE_COUNT = 3 };
void validation_tables(const struct validation *validation,
                       struct table *tables[VALIDATION_TABLE_COUNT], struct arena *arena);

/* The parts of a row's step that take most of it: "matmul 61 %, bubble 12 %". */
const char *validation_suspects(const struct outcome *outcome, struct arena *arena);
