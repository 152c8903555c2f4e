/* SPDX-License-Identifier: Apache-2.0 */
/* The best plan for a training workload on a machine: every plan that divides the machine and
 * fits its memory gets an estimated step, the best of them are simulated.
 * MODEL.md, "Plan estimate". */
#pragma once

#include "execution/executor.h"
#include "hardware/platform.h"
#include "workload/scenario.h"

enum search_objective { SEARCH_TIME, SEARCH_USD, SEARCH_JOULE };

struct search_point { /* a feasible plan, in short */
    int32_t tensor, pipeline, context, expert, micro_batch;
    int32_t shard_chips; /* hybrid sharding: ranks that divide the states; 0: all */
    int16_t virtual_stages, recompute_layers;
    uint8_t schedule, recompute, zero, expert_sharing; /* 1: experts are cut over TP too */
    uint8_t offload_activations;                       /* eighths */
    bool sequence, overlap, overlap_weights, overlap_tensor, overlap_experts, inside;
    bool offload_optimizer;
    float memory_bytes;      /* of the fullest stage */
    double time_s, energy_J; /* estimated, a step */
};

enum { SEARCH_BEST = 64, SEARCH_OFFLOAD_STEPS = 8 };

struct search {
    const struct platform *platform;
    const struct scenario *scenario;
    enum search_objective objective;
    struct arena *arena;
    struct search_point *points;
    int64_t count, capacity;
    int64_t considered; /* plans that divide the machine, whether they fit or not */
    int64_t priced;     /* exchanges whose time was computed */
    double wall_s;
    bool interrupted; /* by SIGINT or SIGTERM: what was found until then is there */
    struct search_point best[SEARCH_BEST];     /* by the objective, best first */
    struct search_point families[SEARCH_BEST]; /* the best of each family, best first */
    struct search_point plain; /* the best that keeps nothing with the host; time_s 0: none */
    int best_count, family_count;
};

/* Finds all feasible plans. What the workload's plan says of dtypes, gradients and attention is
 * kept, since it changes results; all else is searched. The platform is replaced by one whose
 * spare chips wait. False and an INFEASIBLE error when no plan fits. */
bool search_run(struct search *search, struct error *error);

/* Plans that divide chips, layers and batch alike, with the same schedule, sharding and kind of
 * recomputation: their estimates err alike. */
bool search_same_family(const struct search_point *a, const struct search_point *b);
bool search_same_plan(const struct search_point *a, const struct search_point *b);

bool search_offloads(const struct search_point *point);

/* What is to be small. */
double search_value(const struct search *search, const struct search_point *point);

/* What a plan chooses, without figures; and back, the whole plan of a point. */
struct search_point search_point_of(const struct plan *plan);
struct plan search_plan(const struct search *search, const struct search_point *point);

struct search_result { /* of a simulated plan */
    bool done;
    bool whole; /* all replicas, as a run has it; else one for all */
    int64_t activities;
    double time_s, energy_J, cost_usd_per_million_tokens;
    double part_s[PART_OF_TIME_COUNT];
    char message[256]; /* why it was not done */
};

struct search_simulation {
    const struct search *search;
    struct search_point *points;
    int64_t count;
    int jobs;
    bool whole; /* folded, where results say that it takes no more than WHOLE_ACTIVITIES */
    const struct price *price;
    struct search_result *results; /* [count], filled */
};

enum { SEARCH_WHOLE_ACTIVITIES = 1000000, SEARCH_FINALISTS = 8, SEARCH_RELATIVES = 3 };

/* The usual way: one replica in flow detail, as many processes as processors, no price. */
struct search_simulation search_simulation_of(const struct search *search,
                                              struct search_point *points, int64_t count);

/* Simulates plans in processes of their own. False only when interrupted or refused by the
 * system; single failures are in the results. */
bool search_simulate(struct search_simulation *simulation, struct error *error);

/* Orders the points and their results: best first. */
void search_rank(struct search_simulation *simulation);

struct search_decision {
    int64_t finalists; /* families that are simulated, where there are so many */
    int64_t whole; /* of the best, so many are simulated whole where that is cheap; 0: none */
    int jobs;
    const struct price *price;
};

/* Simulates the best of the best families, then the winner's nearest relatives, and, if asked,
 * the best again whole; ranked. Errors as of search_simulate, INFEASIBLE when none can be
 * simulated. MODEL.md, "Finalists". */
bool search_decide(const struct search *search, const struct search_decision *decision,
                   struct search_simulation *simulation, struct error *error);

bool search_objective_read(const char *text, enum search_objective *objective,
                           struct error *error);
const char *search_objective_name(enum search_objective objective);
