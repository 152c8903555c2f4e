/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated step as tables: summary, breakdown, operations, timeline, memory, links, energy,
 * cost, chip. docs/RESULTS.md is written from their descriptors. */
#pragma once

#include "economics/energy.h"
#include "economics/price.h"
#include "record/table.h"
#include "training/training.h"

enum { TRAINING_TABLE_COUNT = 11 };

struct training_tables {
    struct table *tables[TRAINING_TABLE_COUNT]; /* the first is the summary */
    struct table *summary, *breakdown, *operations, *memory;
    struct energy_use energy;
};

/* price may be NULL: cost is then NAN. */
struct training_tables *training_tables(const struct training *training,
                                        const struct price *price, struct arena *arena);
