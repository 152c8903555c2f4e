/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of kernel and collective times as other projects publish them, known by their columns:
 * which column has the time, how rows are grouped, and what the model says about a row. */
#pragma once

#include "study/measured.h"

enum kernel_table {
    TABLE_GEMM,
    TABLE_ATTENTION,
    TABLE_MIXTURE,
    TABLE_LATENT,
    TABLE_LAYERS,
    TABLE_SERVED_ATTENTION,
    TABLE_COLLECTIVE,
    TABLE_ENGINE_REDUCE,
    TABLE_PROFILED,
    TABLE_EXPERTS_LATENCY,
    TABLE_EXPERTS_BULK,
    TABLE_UNKNOWN
};

enum kernel_table kernel_table_of(const struct csv *csv);

/* A row has one time, or two (to experts and back): part is 0 or 1. */
int kernel_table_parts(enum kernel_table table);
double kernel_table_time_s(enum kernel_table table, const struct csv *csv, int64_t row,
                           int part);

/* "gemm bfloat16". */
const char *kernel_table_group(enum kernel_table table, const struct csv *csv, int64_t row,
                               int part, struct arena *arena);

/* The simulator's time. False and an error when the row's operation is unknown. */
bool kernel_table_simulate(struct machines *machines, const struct platform *platform,
                           const struct measured_row *row, double *time_s, struct error *error);

/* Of the exchanges among them. */
bool kernel_exchange_simulate(struct machines *machines, const struct platform *platform,
                              const struct measured_row *row, double *time_s,
                              struct error *error);
