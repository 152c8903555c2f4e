/* SPDX-License-Identifier: Apache-2.0 */
/* Prices of the parts of a forward pass on one chip of a replica, from the chip's kernels and
 * the machine's collectives. MODEL.md, "Serving: step time". */
#pragma once

#include "serving/exchange_table.h"
#include "serving/step_cost.h"

struct step_maker {
    const struct platform *platform;
    int64_t first_chip; /* of the first replica: they are alike */
    struct chip chip;   /* as much of it as the replica uses, with the engine's kernel starts */
    const struct model *model;
    const struct serving_scenario *scenario;
    double chips;            /* of one pipeline stage */
    double shards;           /* that matrices outside attention are cut into */
    double attention_shards; /* of one part with its own requests */
    double cores;            /* shards on one chip */
    double ranks;            /* parts with their own requests */
    enum dtype dense_dtype;  /* stored, outside of experts */
    double boundary_start_s, boundary_token_s; /* between all stages together */
    struct exchange_table all_reduce, attention_reduce, all_to_all;
};

/* NULL and an INFEASIBLE error when collectives cannot be planned. */
struct step_maker *step_maker_create(const struct platform *platform, int64_t first_chip,
                                     const struct model *model,
                                     const struct serving_scenario *scenario,
                                     struct arena *arena, struct error *error);

/* All layers' matrices, vectors and exchanges up to the residual stream behind attention, for
 * tokens of one rank; and behind it, for tokens of all ranks, with the embedding. */
struct step_price step_maker_attention(const struct step_maker *maker, double tokens);
struct step_price step_maker_rest(const struct step_maker *maker, double tokens);

/* Kernels of a forward pass, about. */
double step_maker_kernels(const struct step_maker *maker);

/* Last norm, head and sampling of so many rows. */
struct step_price step_maker_rows(const struct step_maker *maker, double rows);

/* Coefficients of attention for the chip, model and engine. */
struct attention_price step_attention_price(const struct step_maker *maker);

/* Columns of a matrix as engines store them. */
double step_aligned(double columns);

/* Columns on one chip: of queries, of keys (or values). */
double step_query_columns(const struct step_maker *maker);
double step_key_value_columns(const struct step_maker *maker);
/* Bytes that a token leaves in the cache of one chip, per layer with full attention. */
double step_token_bytes(const struct step_maker *maker);
