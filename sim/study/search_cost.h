/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a model cost on one chip, for the closed-form estimate of a step.
 * MODEL.md, "Plan estimate". */
#pragma once

#include "study/search_price.h"
#include "workload/transformer.h"

enum { SEARCH_PARTS = PART_HEAD + 1 };

struct search_pair {
    double time_s, plain_s; /* plain: at the lowest sustained clock */
    double work_s;          /* without exchanges */
    double active_s;        /* weighed by the share of power above idle */
};

struct search_cost { /* of one microbatch through one part */
    struct search_pair forward[SEARCH_PARTS], backward[SEARCH_PARTS];
    struct search_pair data[SEARCH_PARTS]; /* of the backward pass, gradients of data alone */
    struct search_pair boundary;           /* what a stage does first with what it received */
    double together_s; /* a layer forward and one backward that take turns at experts */
};

/* Sequences as lowering writes them, with the platform's first kind of chip. */
void search_cost_fill(struct search_prices *prices, const struct training_shape *shape,
                      struct search_cost *cost);

/* Seconds that the optimizer takes for a parameter. */
double search_cost_optimizer_s(const struct platform *platform, const struct plan *plan);
