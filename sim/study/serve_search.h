/* SPDX-License-Identifier: Apache-2.0 */
/* The best plan for a served load on a machine: replicas of every shape that fits, batched with
 * every limit, whole or with pools that only prefill and only decode, get an estimated capacity
 * within the service level; the best of them are simulated. MODEL.md, "Serving plans". */
#pragma once

#include "serving/serving.h"
#include "study/search.h"

struct serve_shape { /* of a replica */
    int32_t tensor, pipeline, expert, attention_data;
    int32_t sequences, tokens; /* of a batch, at most */
};

struct serve_point { /* a feasible plan */
    struct serve_shape main, prefill;
    int32_t replicas, prefill_replicas; /* of these; 0: none only prefills */
    int64_t chips;
    double kv_tokens;      /* that the cache of a replica that decodes holds */
    double capacity_per_s; /* estimated: requests within the level, all replicas */
    double ttft_s, tpot_s; /* there, at the 99th percentile */
};

enum { SERVE_BEST = 32, SERVE_ALIKE = 2 };

struct serve_search {
    struct platform *platform;
    const struct scenario *scenario;
    const struct price *price; /* NULL: none */
    enum search_objective objective;
    struct arena *arena;
    struct serve_point *points;
    int64_t count, capacity;
    int64_t considered; /* with those that do not fit, or are bounded away */
    double input_tokens, input_p99_tokens, output_tokens; /* of the load: mean, percentile */
    double wall_s;
    struct serve_point best[SERVE_BEST]; /* best first */
    int best_count;
};

/* Finds all plans that fit and meet the service level at some rate. INFEASIBLE when none does,
 * INPUT when the load has no rate. */
bool serve_search_run(struct serve_search *search, struct error *error);

/* Estimated requests a second and chip: what is to be large, whatever the objective, since
 * chips of one machine cost and burn alike. */
double serve_search_value(const struct serve_point *point);

/* The workload with a point's plan. */
struct scenario serve_search_scenario(const struct serve_search *search,
                                      const struct serve_point *point);

struct serve_result { /* simulated, at the highest rate that meets the level */
    bool done;
    double capacity_per_s, goodput_per_s, ttft_s, tpot_s;
    double energy_J_per_million_tokens, cost_usd_per_million_tokens;
    double part_share[STEP_PART_COUNT]; /* of the steps' time */
    char limit[48];                     /* what requests wait for */
    char message[200];                  /* why it was not done */
};

struct serve_simulation {
    const struct serve_search *search;
    struct serve_point *points;
    int64_t count;
    int jobs;
    struct serve_result *results; /* [count], filled */
};

enum { SERVE_REQUESTS = 20000 }; /* of the load, in a trial; at most */

/* Searches each point's capacity in processes of their own, and orders points and results: best
 * first. False only when interrupted or refused by the system. */
bool serve_simulate(struct serve_simulation *simulation, struct error *error);

/* Of the objective: good requests a second and chip, USD or J a million output tokens. */
double serve_result_value(const struct serve_search *search, const struct serve_point *point,
                          const struct serve_result *result);
