/* SPDX-License-Identifier: Apache-2.0 */
/* Where the chips that a plan numbers stand: the first ones of the machine, but that spare ones
 * take the places of dead ones. MODEL.md, "Dead chips". */
#pragma once

#include "base/error.h"
#include "hardware/platform.h"

struct move {
    int64_t from, to; /* blocks: of the plan, of the machine */
};

struct seats {
    int64_t block; /* chips that move together: a team */
    const struct move *moves;
    int64_t move_count; /* sorted by from */
};

/* Seats for teams of so many chips, of copies of the model of so many. False and an INFEASIBLE
 * error, which says how many chips remain, when too few spare blocks live. */
bool seats_find(struct seats *seats, const struct platform *platform, int64_t team_chips,
                int64_t copy_chips, struct arena *arena, struct error *error);

/* The chip of the machine that is the plan's; seats NULL: the same. */
int64_t seats_chip(const struct seats *seats, int64_t chip);

/* The first count living chips of the machine, for what has no plan. False and an INFEASIBLE
 * error when fewer live. */
bool seats_living(const struct platform *platform, int64_t *chips, int64_t count,
                  struct error *error);
