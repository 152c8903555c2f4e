/* SPDX-License-Identifier: Apache-2.0 */
/* The columns that a person wants first, shared by everything that writes or compares training
 * results: table "summary" (one row) and table "training/breakdown" (one row per part of the
 * step). One list makes the indices and the descriptors. */
#pragma once

#include "record/table.h"

/* X(NAME, column, type, unit, meaning) */
#define SUMMARY_COLUMNS(X)                                                                     \
    X(PLATFORM, "platform", TEXT, "", "name of the platform file")                             \
    X(WORKLOAD, "workload", TEXT, "", "name of the workload file")                             \
    X(CHIPS, "chips", I64, "1", "chips that work on the job")                                  \
    X(DOMAINS, "domains", I64, "1", "scale-up domains: UltraServers, racks or servers")        \
    X(STEP_TIME, "step_time_s", F64, "s", "time of one training step")                         \
    X(STEP_LOW, "step_time_low_s", F64, "s",                                                   \
      "where measured steps begin, by the evidence; nan: none")                                \
    X(STEP_HIGH, "step_time_high_s", F64, "s", "where they end")                               \
    X(EVIDENCE, "evidence", TEXT, "", "on what the range stands")                              \
    X(TOKENS_PER_STEP, "tokens_per_step", I64, "1", "tokens of the batch that was used")       \
    X(TOKENS_PER_S, "tokens_per_s", F64, "1/s", "tokens trained per second, whole machine")    \
    X(TOKENS_PER_S_PER_CHIP, "tokens_per_s_per_chip", F64, "1/s",                              \
      "tokens per second and chip")                                                            \
    X(MFU, "mfu_fraction", F64, "1",                                                           \
      "model FLOPs (3 x forward, full attention, no recompute) over the headline dense peak")  \
    X(MODEL_FLOPS, "model_flops_per_step_flops", F64, "1", "model FLOPs of one step")          \
    X(PEAK_MEMORY, "peak_memory_bytes", F64, "B", "memory of the fullest chip at its peak")    \
    X(COST_PER_H, "cost_usd_per_h", F64, "USD/h", "price of the whole machine; nan: no price") \
    X(COST, "cost_usd_per_million_tokens", F64, "USD", "price of a million trained tokens")    \
    X(COST_LOW, "cost_usd_per_million_tokens_low", F64, "USD", "the same at the lowest price") \
    X(COST_HIGH, "cost_usd_per_million_tokens_high", F64, "USD",                               \
      "the same at the highest price")                                                         \
    X(ENERGY, "energy_J_per_million_tokens", F64, "J",                                         \
      "facility energy of a million trained tokens")                                           \
    X(POWER, "average_power_W", F64, "W", "facility power, mean over the step")                \
    X(PEAK_POWER, "peak_power_W", F64, "W",                                                    \
      "facility power while all chips are at the hungriest work of the step")                  \
    X(PRICE_KIND, "price_kind", TEXT, "", "owner, on-demand, capacity-block, ...; \"\": none") \
    X(PRICE_IS_ESTIMATE, "price_is_estimate", I64, "1", "1: the price is our estimate")

#define SUMMARY_ENUM(NAME, column, type, unit, meaning) SUMMARY_##NAME,
enum summary_column { SUMMARY_COLUMNS(SUMMARY_ENUM) SUMMARY_COLUMN_COUNT };
#undef SUMMARY_ENUM

enum breakdown_column {
    BREAKDOWN_PART,
    BREAKDOWN_TIME,
    BREAKDOWN_SHARE,
    BREAKDOWN_COLUMN_COUNT
};

extern const struct column summary_columns[SUMMARY_COLUMN_COUNT];
extern const struct column summary_breakdown_columns[BREAKDOWN_COLUMN_COUNT];

/* "summary" with its one zeroed row, and "training/breakdown", empty. */
struct table *summary_table(struct arena *arena);
struct table *summary_breakdown_table(struct arena *arena);
