/* SPDX-License-Identifier: Apache-2.0 */
/* Measured rows: what was measured, and what the row says about it. A folder has one table for
 * each kind of measurement. */
#pragma once

#include "study/machines.h"

#define MEASURED_KINDS(X)                                                                      \
    X(TRAINING, "training", "training.csv")                                                    \
    X(VTRAIN, "vtrain", "vtrain-single-node.csv")                                              \
    X(COLLECTIVES, "collectives", "collectives.csv")                                           \
    X(COMPUTE, "compute", "compute.csv")                                                       \
    X(INFERENCE, "inference", "inference.csv")                                                 \
    X(KERNELS, "kernels", "kernels")
#define MEASURED_ENUM(NAME, text, file) MEASURED_##NAME,
enum measured_kind { MEASURED_KINDS(MEASURED_ENUM) MEASURED_KIND_COUNT };
#undef MEASURED_ENUM

struct measured_row {
    enum measured_kind kind;
    const char *id, *group, *accelerator;
    const char *sweep; /* rows of one sweep are ranked against each other */
    double measured;   /* NAN: the row has no result that can be compared */
    const char *unit;
    bool sure;  /* of high confidence; serving: high or medium */
    bool first; /* serving: the time to the first token, else that of the others or the rate */
    const char *sector; /* serving: "GPU" or "AWS"; else "" */
    const struct csv *csv;
    int64_t row;
    int table, part; /* of a kernel table: kernel_tables.h */
};

struct measured {
    struct measured_row *rows;
    int64_t row_count, row_capacity;
    struct arena *arena;
};

const char *measured_kind_name(enum measured_kind kind);

/* Reads the primary rows of all tables of a folder whose kind or group is among names (none:
 * all). An unknown name is a USAGE error; a folder without any table an INPUT error. */
struct measured *measured_read(const char *folder, const char *const *names, int name_count,
                               struct arena *arena, struct error *error);
