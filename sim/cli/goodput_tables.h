/* SPDX-License-Identifier: Apache-2.0 */
/* A long run with failures, as tables: the answer in one row, what is lost by kind and by
 * cause.
 */
#pragma once

#include "economics/price.h"
#include "record/table.h"
#include "training/campaign.h"
#include "training/training_tables.h"

/* X(NAME, column, type, unit, meaning) */
#define GOODPUT_COLUMNS(X)                                                                     \
    X(PLATFORM, "platform", TEXT, "", "name of the platform file")                             \
    X(WORKLOAD, "workload", TEXT, "", "name of the workload file")                             \
    X(CHIPS, "chips", I64, "1", "of the job")                                                  \
    X(DURATION, "duration_s", F64, "s", "of the run")                                          \
    X(STEP, "step_time_s", F64, "s", "of a step without failures, folded")                     \
    X(GOODPUT, "goodput_fraction", F64, "1", "share of the time that is kept as progress")     \
    X(LOW, "goodput_low_fraction", F64, "1", "2.5 % of the seeds are below")                   \
    X(HIGH, "goodput_high_fraction", F64, "1", "97.5 % of the seeds are below")                \
    X(EFFECTIVE, "effective_training_fraction", F64, "1",                                      \
      "goodput and checkpoints: the time that the job trains or saves")                        \
    X(STEPS, "steps", F64, "1", "kept")                                                        \
    X(TOKENS, "tokens", F64, "1", "trained and kept")                                          \
    X(INTERRUPTIONS, "interruptions", F64, "1", "mean over seeds")                             \
    X(INTERRUPTIONS_LOW, "interruptions_low", F64, "1", "2.5 % of the seeds are below")        \
    X(INTERRUPTIONS_HIGH, "interruptions_high", F64, "1", "97.5 % of the seeds are below")     \
    X(BETWEEN, "between_failures_s", F64, "s", "mean, of all causes")                          \
    X(CHECKPOINT, "checkpoint_bytes", F64, "B", "of the whole job, once")                      \
    X(STOP, "checkpoint_stop_s", F64, "s", "that the job stands for one")                      \
    X(WRITE, "checkpoint_write_s", F64, "s", "until it can be restarted from")                 \
    X(INTERVAL, "checkpoint_interval_s", F64, "s", "work between two")                         \
    X(RESTART, "restart_s", F64, "s", "load and warm-up")                                      \
    X(COST, "cost_usd", F64, "USD", "of the run; nan: no price")                               \
    X(COST_LOW, "cost_usd_low", F64, "USD", "at the lowest price")                             \
    X(COST_HIGH, "cost_usd_high", F64, "USD", "at the highest price")                          \
    X(COST_TOKENS, "cost_usd_per_million_tokens", F64, "USD", "kept tokens")                   \
    X(ENERGY, "energy_J", F64, "J",                                                            \
      "of the facility; what is lost burns as much as what is kept")

#define GOODPUT_ENUM(NAME, column, type, unit, meaning) GOODPUT_##NAME,
enum goodput_column { GOODPUT_COLUMNS(GOODPUT_ENUM) GOODPUT_COLUMN_COUNT };
#undef GOODPUT_ENUM

enum { GOODPUT_TABLES = 4 };

/* summary, goodput/losses, goodput/causes; the fourth is goodput_moves() */
void goodput_tables(const struct training *training, const struct campaign *campaign,
                    const struct goodput *result, const struct price *price,
                    struct table *tables[GOODPUT_TABLES], struct arena *arena);
