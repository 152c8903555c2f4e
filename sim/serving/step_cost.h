/* SPDX-License-Identifier: Apache-2.0 */
/* What one step of an engine takes: a batch of prompt chunks and of requests that get one more
 * token each. What depends on the number of tokens alone is kept in tables that are filled as
 * they are asked for, attention is piecewise linear in the tokens that are looked back upon, so
 * that a price costs nanoseconds and a run of equal decode steps has a closed form.
 * MODEL.md, "Serving: step time". */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "hardware/platform.h"
#include "workload/model.h"
#include "workload/scenario_serving.h"

/* What a step's time is made of. */
#define STEP_PARTS(X)                                                                          \
    X(MATMUL, "matmul")                                                                        \
    X(ATTENTION, "attention")                                                                  \
    X(VECTOR, "vector")                                                                        \
    X(COMMUNICATION, "communication")                                                          \
    X(OVERHEAD, "engine overhead")
#define STEP_PART_ENUM(NAME, text) STEP_##NAME,
enum step_part { STEP_PARTS(STEP_PART_ENUM) STEP_PART_COUNT };
#undef STEP_PART_ENUM

struct step {
    int64_t prefill_tokens; /* of all chunks */
    int64_t prefill_count;  /* chunks */
    int64_t rows;           /* tokens that are sampled: decodes, and prompts that end */
    double prefill_pairs;   /* pairs of a chunk's token and what it looks back upon */
    double prefill_context; /* tokens whose keys and values the chunks read */
    int64_t decode_count;
    double decode_context; /* tokens that the decodes look back upon, with themselves */
    double growth;         /* of that from one step of a run to the next */
};

struct step_price {
    double part_s[STEP_PART_COUNT];
};

/* Coefficients of attention on one chip, over all layers. */
struct attention_price {
    double base_s;                        /* per phase with attention: its kernels' start */
    double pair_s, prefill_token_s;       /* per pair of tokens, per token of a chunk */
    double prefill_read_s;                /* per token of context before a chunk */
    double window_pair_s;                 /* the same of layers with a window */
    double decode_read_s, decode_token_s; /* per token of context, per request */
    double window_read_s;                 /* per token of context inside the window */
    double window;                        /* tokens; 0: no layer has one */
    double ranks;                         /* chips or groups with requests of their own */
};

struct step_maker;

enum { STEP_TABLE = 4096, STEP_GRID = 512, STEP_BUCKETS = 32 };

struct step_cost {
    /* Tables by tokens: up to STEP_TABLE, then a grid of every STEP_GRID. attention: of the
     * matrices around it, by tokens of one rank; rest: of everything else but the head. A price
     * below 0 is not known yet. */
    struct step_price *attention_tokens, *rest_tokens;
    struct step_price *rows; /* [row_limit + 1]: head and sampling */
    int64_t place_count, row_limit;
    struct step_maker *maker;
    struct attention_price attention;
    double overhead_s;         /* of the engine, once a step */
    double sequence_s;         /* of the engine, per request in it */
    double prefill_overhead_s; /* of the engine, per token of a prompt */
    double host_s;        /* a step takes at least this, if it launches kernels one by one */
    double prompt_host_s; /* and one with prompts this, for graphs are of decodes alone */
    double buckets[STEP_BUCKETS]; /* compiled lengths of prompts, rising */
    int bucket_count;
    double pipeline_factor; /* of all times, for waiting between stages */
    double draft_tokens, accepted_tokens, draft_fraction;
    double weights_bytes, activation_bytes, kv_token_bytes; /* of the fullest chip */
    double kv_bytes; /* on the fullest chip, for KV blocks */
};

/* For batches of any size; the arena must outlive it. INFEASIBLE when the plan does not fit the
 * model, or the weights the chip. */
struct step_cost *step_cost_create(const struct platform *platform, int64_t first_chip,
                                   const struct model *model,
                                   const struct serving_scenario *scenario, int64_t token_limit,
                                   struct arena *arena, struct error *error);

/* Time of one step; its parts are added to *price when that is not NULL. */
double step_cost_s(const struct step_cost *cost, const struct step *step,
                   struct step_price *price);

/* Time of the first 'count' of steps that only decode: each looks back on one token more per
 * request than the one before. step is the first of them. */
double step_cost_run_s(const struct step_cost *cost, const struct step *step, int64_t count);

/* The same, added to *price. */
void step_cost_run_parts(const struct step_cost *cost, const struct step *step, int64_t count,
                         struct step_price *price);

/* Tokens that come out of a step in which a draft proposed so many, each right with the chance
 * 'acceptance' if those before it were: (1 - a^(k+1)) / (1 - a), the model's own included. */
double step_accepted_tokens(double proposed, double acceptance);

const char *step_part_name(enum step_part part);
