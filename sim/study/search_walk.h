/* SPDX-License-Identifier: Apache-2.0 */
/* A plan on its way through the search, with what is known about it already, and the
 * closed-form estimate of its step. MODEL.md, "Plan estimate". */
#pragma once

#include "study/search.h"
#include "study/search_cost.h"

enum { SEARCH_KINDS = 8, SEARCH_DEGREES = 64 };

struct search_kind { /* pipeline stages of equal content */
    double parts[SEARCH_PARTS];
    int64_t first, count;
    struct parameters parameters;
    double forward_s, backward_s;
};

struct search_layout { /* prices that depend on who sits where: [pipeline_inside] */
    bool known;
    struct search_line data, expert_data, boundary;
};

struct search_walk {
    struct search *search;
    struct search_prices prices;
    struct plan plan;
    struct training_shape shape;
    int64_t chips, sequences;
    double optimizer_s; /* a parameter */
    const struct chip *chip;
    struct search_cost costs[SEARCH_DEGREES][RECOMPUTE_COUNT];
    bool costs_known[SEARCH_DEGREES][RECOMPUTE_COUNT];
    const struct search_cost *cost;
    struct search_layout layouts[2];
    struct search_kind kinds[SEARCH_KINDS];
    int kind_count;
};

struct search_pipeline { /* sums over stages */
    double slowest_s, all_s, backward_s;
};

struct search_pipeline search_estimate_pipeline(const struct search_walk *walk);
double search_estimate_step_s(const struct search_walk *walk,
                              const struct search_pipeline *pipeline);
double search_estimate_energy_J(const struct search_walk *walk, double time_s);
