/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of a transformer, from a Hugging Face config.json as its publisher wrote it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct model {
    const char *name; /* the file's name without .json */
    const char *path, *text;
    const char *architecture; /* "LlamaForCausalLM" */
    int64_t layers, hidden, heads, kv_heads, head_dim, ffn_hidden, vocabulary;
    /* Latent attention: ranks of queries' and of keys' and values' products, columns of a head
     * that carry the position; 0 ranks: none. head_dim is that of values. */
    int64_t query_rank, key_value_rank, position_dim;
    bool gated_mlp, tied_embeddings, learned_positions;
    int64_t max_positions; /* 0: not said */
    int64_t expert_count;  /* 0: dense */
    int64_t experts_per_token;
    int64_t expert_ffn_hidden, shared_ffn_hidden;
    int64_t dense_layers; /* first layers of a mixture that are dense */
    /* Groups of experts, and from how many of them a token's are chosen; 0: from all. */
    int64_t router_groups, router_groups_chosen;
    int64_t prediction_layers; /* trained to predict the tokens after the next */

    bool rotary;                            /* positions by rotation of queries and keys */
    bool query_key_norm;                    /* of each head's queries and keys */
    bool layer_norm;                        /* scale and offset; false: scale alone (RMS) */
    bool biased, qkv_biased;                /* all linear layers; those of Q, K, V alone */
    bool biased_experts, clamped_experts;   /* offsets of experts; limits of their activation */
    bool attention_dropout, hidden_dropout; /* that the config asks for, during training */

    int64_t window, window_layers; /* layers that look back on so many tokens; 0: none */
    /* Serving alone: layers of linear attention (columns of keys and of values, elements of a
     * sequence's state). 0: none. */
    int64_t linear_layers, linear_key_columns, linear_value_columns, linear_state;
    bool block_scales; /* its weights of 8 bits have a scale for each block, not each matrix */
};

/* NULL and an INPUT error for unknown architectures (named, with the list of known ones),
 * missing or wrong fields (named, with the line of the object). */
struct model *model_read(const char *path, struct arena *arena, struct error *error);

/* Parameters: of one layer outside the experts, of its experts together, of the embedding
 * (input and output counted once each unless tied), and all. */
double model_layer_parameters(const struct model *model);
double model_layer_expert_parameters(const struct model *model);
double model_embedding_parameters(const struct model *model);
double model_parameters(const struct model *model);
/* Parameters that one token meets: all for dense models. */
double model_active_parameters(const struct model *model);

/* Parameters by how tensor parallelism treats them: matrices (and their output's offsets) are
 * divided, norms, routers and offsets of the residual stream are held whole by every chip. */
struct model_count {
    double query, key_value, output, mlp; /* divided over the tensor-parallel group */
    double whole;                         /* held by each chip */
};
/* One layer outside its experts; dense: one of the first layers of a mixture. */
struct model_count model_layer_count(const struct model *model, bool dense);
