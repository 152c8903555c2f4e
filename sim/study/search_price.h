/* SPDX-License-Identifier: Apache-2.0 */
/* What exchanges cost, remembered by what decides their time, for the closed-form estimate of a
 * step. MODEL.md, "Plan estimate". */
#pragma once

#include "collective/collective.h"
#include "program/job.h"
#include "workload/plan.h"

struct search_price { /* an exchange that was priced */
    int operation, slot;
    int64_t tensor, context, expert, sharing, data;
    int64_t pipeline; /* where it is between the replicas; else 0 */
    double bytes, time_s;
};

struct search_prices {
    const struct platform *platform;
    struct search_price *prices; /* open addressing */
    int64_t size, count;
    struct arena *arena;
};

/* Whether an expert group reaches over several data-parallel ranks, which pipeline_inside moves
 * apart. */
bool search_price_crosses(const struct plan *plan);

/* Of a group of one replica: tensor, context or expert parallel. */
double search_price_s(struct search_prices *prices, const struct plan *plan, enum slot slot,
                      enum collective_operation operation, double bytes);

/* Among the chips of a slot that share states: data and context parallel, replicas of experts,
 * parts and copies of hybrid sharding. 0 where there is one alone. */
double search_price_replicas_s(struct search_prices *prices, const struct plan *plan,
                               enum slot slot, enum collective_operation operation,
                               double bytes);

/* Time by bytes: fixed and per byte. */
struct search_line {
    double fixed_s, per_byte_s;
};

/* From one pipeline stage to the next: the slowest of all boundaries. */
struct search_line search_price_boundary(const struct platform *platform,
                                         const struct plan *plan);
