/* SPDX-License-Identifier: Apache-2.0 */
/* A measurement that others made, as a baseline for comparisons: one row of a CSV file whose
 * columns are those of the table "baseline", and the summary that follows from it. What was not
 * measured is nan; nothing is filled in. docs/BASELINES.md, MODEL.md, "Measured baselines". */
#pragma once

#include "base/csv.h"
#include "record/table.h"

/* X(NAME, column, type, unit, needed, meaning) */
#define BASELINE_COLUMNS(X)                                                                    \
    X(ID, "id", TEXT, "", 1, "name of the row, unique in its file")                            \
    X(SYSTEM, "system", TEXT, "", 1, "machine that was measured")                              \
    X(ACCELERATOR, "accelerator", TEXT, "", 1, "kind of its accelerators")                     \
    X(ACCELERATORS, "accelerators", I64, "1", 1, "how many of them worked")                    \
    X(DOMAINS, "domains", I64, "1", 0, "scale-up domains: racks or servers; empty: 1")         \
    X(MODEL, "model", TEXT, "", 1, "what was trained")                                         \
    X(WORKLOAD, "workload", TEXT, "", 0,                                                       \
      "name of the workload file that asks the same; empty: the model")                        \
    X(SEQUENCE, "sequence_tokens", I64, "1", 0, "tokens of a sequence; 0: not stated")         \
    X(DTYPE, "dtype", TEXT, "", 0, "of matmul operands")                                       \
    X(TIME, "time_s", F64, "s", 1, "time that was measured")                                   \
    X(TOKENS, "tokens", F64, "1", 1, "tokens that were trained in this time")                  \
    X(TOKENS_PER_STEP, "tokens_per_step", I64, "1", 0,                                         \
      "tokens of a step; empty: the time is that of one step")                                 \
    X(MFU, "mfu_fraction", F64, "1", 0, "as published")                                        \
    X(MEMORY, "peak_memory_bytes", F64, "B", 0, "of the fullest accelerator")                  \
    X(POWER, "power_W", F64, "W", 0, "of all that worked, mean over the time")                 \
    X(POWER_SCOPE, "power_scope", TEXT, "", 0,                                                 \
      "what the power is that of: facility, it (without cooling) or accelerators")             \
    X(PUE, "pue", F64, "1", 0, "facility power over IT power, for power_scope it")             \
    X(PRICE, "price_usd_per_accelerator_h", F64, "USD/h", 0, "price of one accelerator")       \
    X(PRICE_LOW, "price_low_usd_per_accelerator_h", F64, "USD/h", 0,                           \
      "lowest price; empty: the price")                                                        \
    X(PRICE_HIGH, "price_high_usd_per_accelerator_h", F64, "USD/h", 0,                         \
      "highest price; empty: the price")                                                       \
    X(PRICE_KIND, "price_kind", TEXT, "", 0, "owner, on-demand, ...")                          \
    X(PRICE_IS_ESTIMATE, "price_is_estimate", I64, "1", 0, "1: nobody published it")           \
    X(PRICE_SOURCE, "price_source", TEXT, "", 0, "where the price comes from")                 \
    X(SOURCE, "source", TEXT, "", 1, "who measured, and where it is published")                \
    X(DATE, "date", TEXT, "", 1, "when, as YYYY-MM-DD, YYYY-MM or YYYY")                       \
    X(NOTE, "note", TEXT, "", 0, "what a reader must know")

#define BASELINE_ENUM(NAME, column, type, unit, needed, meaning) BASELINE_##NAME,
enum baseline_column { BASELINE_COLUMNS(BASELINE_ENUM) BASELINE_COLUMN_COUNT };
#undef BASELINE_ENUM

extern const struct column baseline_columns[BASELINE_COLUMN_COUNT];
bool baseline_is_needed(enum baseline_column column);

struct baseline {
    struct table *summary, *measured; /* one row each: as of a training run; as it was given */
    bool energy_unknown;              /* there is a power, but not that of the facility */
};

/* The row of this id, or the only one (id NULL). False with an INPUT error that says which line
 * and column is wrong. */
bool baseline_read(const char *path, const char *id, struct baseline *baseline,
                   struct arena *arena, struct error *error);
