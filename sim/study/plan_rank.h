/* SPDX-License-Identifier: Apache-2.0 */
/* What the search of plans says of a plan that others chose: where it stands among all feasible
 * ones, and whether a faster one is found. MODEL.md, "Plan estimate". */
#pragma once

#include "study/measured_training.h"
#include "study/search.h"

enum { PLAN_RANK_REASON = 256 };

struct plan_rank {
    int64_t chips, feasible;
    int64_t rank;         /* of their plan by the estimate, from 1; 0: the search lacks it */
    int64_t rank_alike;   /* the same among those that only divide the chips otherwise */
    int64_t alike;        /* how many these are */
    double own_s, best_s; /* simulated steps of their plan and of the best found */
    struct search search; /* in the arena that was given */
    struct search_point best;
    char reason[PLAN_RANK_REASON]; /* why there is no rank, or no step */
};

/* Searches the machine and batch of a measured training row, and simulates the row's own plan
 * and the best few as one replica, so many processes at once. False when nothing can be
 * compared: the row is not simulated, or no plan fits (INPUT, INFEASIBLE), or an interrupt. */
bool plan_rank_row(const struct training_case *what, int jobs, struct plan_rank *rank,
                   struct arena *arena, struct error *error);
