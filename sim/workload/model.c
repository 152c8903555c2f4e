/* SPDX-License-Identifier: Apache-2.0 */
/* How many parameters a model has, and where. Equations: docs/MODEL.md, "Training memory". */
#include "workload/model.h"

static double norm_parameters(const struct model *model)
{
    return (double)model->hidden * (model->layer_norm ? 2 : 1);
}

static double mlp_parameters(const struct model *model, int64_t ffn_hidden)
{
    double width = (double)ffn_hidden, hidden = (double)model->hidden;
    return (model->gated_mlp ? 3 : 2) * hidden * width + (model->biased ? width : 0);
}

struct model_count model_layer_count(const struct model *model, bool dense)
{
    double hidden = (double)model->hidden, head_dim = (double)model->head_dim;
    double heads = (double)model->heads, kv_heads = (double)model->kv_heads;
    double rows = hidden + (model->biased || model->qkv_biased ? 1 : 0);
    bool mixture = model->expert_count > 0 && !dense;
    struct model_count count = {.query = rows * heads * head_dim,
                                .key_value = 2 * rows * kv_heads * head_dim,
                                .output = heads * head_dim * hidden,
                                .whole = 2 * norm_parameters(model)};
    if (model->key_value_rank > 0) {
        double position = (double)model->position_dim, rank = (double)model->query_rank;
        double latent = (double)model->key_value_rank;
        count.query = (rank > 0 ? rank : hidden) * heads * (head_dim + position);
        count.key_value = 2 * latent * heads * head_dim;
        count.whole += hidden * (rank + latent + position);
    }
    count.mlp = mlp_parameters(model, mixture ? model->shared_ffn_hidden : model->ffn_hidden);
    count.whole += model->biased ? 2 * hidden : 0;
    count.whole += model->query_key_norm ? 2 * head_dim : 0;
    count.whole += mixture ? hidden * (double)model->expert_count : 0;
    return count;
}

static double total(struct model_count count)
{
    return count.query + count.key_value + count.output + count.mlp + count.whole;
}

double model_layer_parameters(const struct model *model)
{
    return total(model_layer_count(model, false));
}

double model_layer_expert_parameters(const struct model *model)
{
    return (double)model->expert_count * mlp_parameters(model, model->expert_ffn_hidden);
}

double model_embedding_parameters(const struct model *model)
{
    double rows = (double)model->vocabulary * (model->tied_embeddings ? 1 : 2);
    rows += model->learned_positions ? (double)model->max_positions : 0;
    return rows * (double)model->hidden;
}

/* expert_fraction of each expert layer's experts counts. */
static double parameters(const struct model *model, double expert_fraction)
{
    double dense = (double)model->dense_layers, sparse = (double)model->layers - dense;
    return dense * total(model_layer_count(model, true)) +
           sparse * (model_layer_parameters(model) +
                     expert_fraction * model_layer_expert_parameters(model)) +
           norm_parameters(model) + model_embedding_parameters(model);
}

double model_parameters(const struct model *model)
{
    return parameters(model, 1);
}

double model_active_parameters(const struct model *model)
{
    double experts = (double)model->expert_count;
    return parameters(model, experts > 0 ? (double)model->experts_per_token / experts : 0);
}
