/* SPDX-License-Identifier: Apache-2.0 */
/* A plan on its way through the search, with what is known about it already, and the
 * closed-form estimate of its step. MODEL.md, "Plan estimate". */
#pragma once

#include "study/search.h"
#include "study/search_cost.h"

enum { SEARCH_KINDS = 8, SEARCH_DEGREES = 64, ZERO_STAGES = 4 };

struct search_kind {               /* pipeline stages of equal content */
    double parts[SEARCH_PARTS];    /* how often each part is there */
    double units;                  /* their sum */
    double (*light)[SEARCH_PARTS]; /* [recompute_layers]: layers computed again */
    int64_t first, count;
};

/* How the layers fall on stages and chunks: the same for all plans of this depth. */
struct search_split {
    bool fits;
    int kind_count;
    struct search_kind kinds[SEARCH_KINDS];
    int64_t most_layers; /* of the largest chunk */
};

struct search_state { /* what a kind of stage keeps and takes, by plan */
    struct parameters parameters;
    double state_bytes[ZERO_STAGES]; /* weights, gradients, optimizer */
    double kept_bytes, layer_bytes;  /* activations and the rest; a layer not computed again */
    double forward_s, backward_s;    /* of a microbatch */
    double forward_plain_s, backward_plain_s; /* run unit by unit */
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
    struct search_split **splits; /* [pipeline_parallel][virtual_stages], made when needed */
    const struct search_split *split;
    struct search_cost costs[SEARCH_DEGREES][RECOMPUTE_COUNT][2]; /* [][][overlap_tensor] */
    bool costs_known[SEARCH_DEGREES][RECOMPUTE_COUNT][2];
    const struct search_cost *cost, *plain_cost; /* with the plan's recomputation, with none */
    struct search_layout layouts[2];
    struct search_state states[SEARCH_KINDS];
    double active_s; /* of a microbatch through all stages, weighed by power above idle */
    double rough_s_per_byte; /* of an exchange among replicas, as its slowdown is reckoned */
};

/* Goes through all plans. */
void search_loops(struct search_walk *walk);
void search_keep_best(struct search *search, const struct search_point *point);

/* Splits of the model: search_split.c. */
const struct search_split *search_split_of(struct search_walk *walk);

/* Memory of the fullest stage, as transformer_memory has it: _states for each split, _kept for
 * each microbatch and recomputation. */
void search_memory_states(struct search_walk *walk);
void search_memory_kept(struct search_walk *walk);
double search_memory_bytes(const struct search_walk *walk);

struct search_pipeline { /* of a microbatch: the slowest stage, sums over stages */
    double slowest_s, all_s, forward_s, backward_s;
    double last_backward_s; /* of the last stage */
};

/* Times of stages, once for each choice of recomputation; what the chips are busy with. */
void search_estimate_stages(struct search_walk *walk);

/* For the plan's zero_stage and layout. */
struct search_pipeline search_estimate_pipeline(const struct search_walk *walk);
double search_estimate_step_s(const struct search_walk *walk,
                              const struct search_pipeline *pipeline);
double search_estimate_energy_J(const struct search_walk *walk, double time_s);
