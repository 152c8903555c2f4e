/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a model cost on one chip, and what exchanges cost, for the closed-form
 * estimate of a step. MODEL.md, "Plan estimate". */
#pragma once

#include "collective/collective.h"
#include "workload/transformer.h"

enum { SEARCH_PARTS = PART_HEAD + 1 };

struct search_pair {
    double time_s, plain_s; /* plain: at the lowest sustained clock */
    double active_s;        /* weighed by the share of power above idle */
};

struct search_cost { /* of one microbatch through one part */
    struct search_pair forward[SEARCH_PARTS], backward[SEARCH_PARTS];
};

/* Time by bytes: fixed and per byte. */
struct search_line {
    double fixed_s, per_byte_s;
};

struct search_price { /* an exchange that was priced */
    int operation, slot;
    int64_t tensor, context, expert, data;
    int64_t pipeline; /* where it is between the replicas; else 0 */
    double bytes, time_s;
};

struct search_prices {
    const struct platform *platform;
    struct search_price *prices; /* open addressing */
    int64_t size, count;
    struct arena *arena;
};

void search_cost_fill(struct search_prices *prices, const struct training_shape *shape,
                      struct search_cost *cost);

/* Reduction over data- and context-parallel chips (expert: over the replicas of experts). */
struct search_line search_cost_data(struct search_prices *prices, const struct plan *plan,
                                    bool expert);

/* From one pipeline stage to the next: the slowest of a sample of boundaries. */
struct search_line search_cost_boundary(const struct platform *platform,
                                        const struct plan *plan);

/* Seconds a byte of an exchange among replicas, as roughly as the simulation reckons what work
 * beside it loses. MODEL.md, "Sharded states". */
double search_cost_rough_s(const struct platform *platform, const struct plan *plan);

double search_cost_optimizer_s(const struct platform *platform, const struct plan *plan);
