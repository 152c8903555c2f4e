/* SPDX-License-Identifier: Apache-2.0 */
/* What moves the goodput of a long run: each rate of failure and of storage that the platform
 * file gives a range, at both of its ends. */
#pragma once

#include "cli/goodput_tables.h"
#include "record/table.h"

struct goodput_question { /* what one goodput was found with */
    const struct platform *platform;
    const struct model *model;
    const struct plan *plan;
    struct campaign_options options;
    uint64_t seed;
    int64_t seeds;
};

/* Its columns. */
enum { MOVES_INPUT, MOVES_LOW, MOVES_HIGH, MOVES_AT_LOW, MOVES_AT_HIGH, MOVES_SOURCE };

/* Table "goodput/tornado", what moves most first; nothing else is moved with an input, but the
 * interval follows it unless it was asked for. NULL when an end cannot be simulated. */
struct table *goodput_moves(const struct goodput_question *question, struct arena *arena,
                            struct error *error);
