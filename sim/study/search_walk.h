/* SPDX-License-Identifier: Apache-2.0 */
/* A plan on its way through the search, with what is known about it already, and the
 * closed-form estimate of its step. MODEL.md, "Plan estimate". */
#pragma once

#include "study/search.h"
#include "study/search_cost.h"

enum { SEARCH_KINDS = 8, SEARCH_DEGREES = 64, SEARCH_SHARDS = 3, ZERO_STAGES = 4 };

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

/* Units of a stage that replicas exchange alike: layers, dense layers of a mixture, ends. */
enum { UNIT_LAYER, UNIT_DENSE, UNIT_END, UNIT_CLASSES };

struct search_unit { /* on the chips that share all else, and those that share experts */
    double gather_s[2], scatter_s[2];
};

struct search_shared { /* what replicas exchange of a stage, with one layout */
    struct search_unit units[UNIT_CLASSES];
    double turn_gather_s[2], turn_scatter_s[2]; /* of all units, one by one */
    double turn_reduce_s[2];                    /* the same, whole sums */
    double gather_s, scatter_s, reduce_s;       /* of the stage at once */
    double copies_s; /* hybrid: sums over the ranks that hold the same part */
};

struct search_state { /* what a kind of stage keeps and takes, by plan */
    struct parameters parameters;
    double unit_dense[UNIT_CLASSES], unit_expert[UNIT_CLASSES]; /* parameters */
    double state_bytes[ZERO_STAGES][2]; /* weights, gradients, optimizer; [offloaded] */
    double activations_bytes, rest_bytes;
    double layer_bytes; /* activations of a layer that is not computed again */
    double turn_bytes;  /* activations that a chunk's turn leaves */
    struct search_pair forward, backward; /* of a microbatch; plain: run unit by unit */
    struct search_pair data;              /* of backward, gradients of data */
    double together_s; /* forward and backward turn that alternate, less than one by one */
    struct search_shared shared[2]; /* [pipeline_inside] */
};

struct search_layout { /* prices that depend on who sits where: [pipeline_inside] */
    bool known;
    struct search_line boundary;
    double rough_s_per_byte; /* of an exchange among replicas, as its slowdown is reckoned */
};

struct search_walk {
    struct search *search;
    struct search_prices prices;
    struct plan plan;
    struct training_shape shape;
    int64_t chips, sequences;
    double optimizer_s;     /* a parameter */
    double send_s_per_byte; /* that a stage waits for with blocking_sends */
    const struct chip *chip;
    struct search_split **splits; /* [pipeline_parallel][virtual_stages], made when needed */
    const struct search_split *split;
    struct search_cost costs[SEARCH_DEGREES][RECOMPUTE_COUNT][2]; /* [][][overlap_tensor] */
    bool costs_known[SEARCH_DEGREES][RECOMPUTE_COUNT][2];
    const struct search_cost *cost, *plain_cost; /* with the plan's recomputation, with none */
    struct search_layout layouts[2];
    bool layout_given; /* chosen before all else */
    bool shared_known[2];
    struct search_state states[SEARCH_KINDS];
    double active_s; /* of a microbatch through all stages, weighed by power above idle */
};

/* Whether SIGINT or SIGTERM came since the search began. */
bool search_stopped(void);

/* Goes through all plans; false when it was interrupted. */
bool search_loops(struct search_walk *walk);
void search_keep_best(struct search *search, const struct search_point *point);

/* Splits of the model: search_split.c. */
const struct search_split *search_split_of(struct search_walk *walk);

/* Memory of the fullest stage, as transformer_memory has it: _states for each split, _kept for
 * each microbatch, recomputation and schedule. */
void search_memory_states(struct search_walk *walk);
void search_memory_kept(struct search_walk *walk);
double search_memory_bytes(const struct search_walk *walk);
/* Over how many ranks states are divided: all (0), those of a domain, and the fewest domains
 * where they take half of a chip's memory at the most. Returns how many ways there are. */
int search_shards(const struct search_walk *walk, int64_t shards[SEARCH_SHARDS]);
/* The least share of activations, in steps, that must wait with the host; above 1: none fits.
 */
double search_memory_offload(const struct search_walk *walk);
/* Whether the host has room for what waits with it. */
bool search_memory_fits_host(const struct search_walk *walk);

/* What replicas exchange in the plan's layout, once a split: search_shared.c. */
void search_shared_learn(struct search_walk *walk);
bool search_has_replicas(const struct plan *plan);
bool search_is_hybrid(const struct plan *plan);                    /* states have copies */
double search_shared_first(const struct search_walk *walk, int k); /* of 1, first unit's part */
double search_shared_slowed_s(const struct search_walk *walk, int k, double bytes,
                              double work_s);

struct search_pipeline { /* of a microbatch: the slowest stage, sums over stages */
    double slowest_s, all_s, forward_s, backward_s, data_s;
    double period_s; /* the slowest stage's forward and backward turn, run together */
    double last_forward_s, last_backward_s; /* of the last stage */
    double boundary_s;                      /* to the next stage */
    double sent_s;                          /* of it, what the sender waits for */
};

/* Times of stages, once for each choice of recomputation; what the chips are busy with. */
void search_estimate_stages(struct search_walk *walk);

/* For the plan's zero_stage, layout and offloading. */
struct search_pipeline search_estimate_pipeline(const struct search_walk *walk);

/* All turns of the schedule; until the first unit of gradients is there, in the last and in the
 * first stage: search_schedule.c. */
double search_schedule_s(const struct plan *plan, const struct search_pipeline *pipeline);
double search_schedule_first_s(const struct plan *plan, const struct search_pipeline *pipeline,
                               bool last);

double search_estimate_step_s(const struct search_walk *walk,
                              const struct search_pipeline *pipeline);
double search_estimate_energy_J(const struct search_walk *walk, double time_s);
