/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that predict further stand behind the others, each with a pass through the head.
 * Chunks are numbered as a microbatch passes them: chunk x stages + stage. The first and the
 * last also hold embedding and head, so they are the last to get a layer more.
 * MODEL.md, "Training memory". */
#include "workload/transformer_stage.h"

/* How many chunks get an extra layer before this one: by distance from the middle, the head's
 * chunk last. */
static int64_t extra_rank(int64_t chunk, int64_t chunks)
{
    int64_t offset = 2 * chunk - (chunks - 1);
    int64_t distance = offset < 0 ? -offset : offset;
    return (distance > 0 ? distance - 1 : 0) + (offset > 0);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Layers of a chunk, those that predict further in the head's. Each of its passes through the
 * head stands for a layer where layers do not divide. */
static int64_t chunk_layers(const struct model *model, int64_t chunk, int64_t chunks)
{
    int64_t further = model->prediction_layers, layers = model->layers + further;
    if (further == 0) {
        return layers / chunks + (extra_rank(chunk, chunks) < layers % chunks);
    }
    int64_t most = (layers + chunks - 1) / chunks, missing = most * chunks - layers;
    int64_t heads = least(missing, least(1 + further, most - least(further, most)));
    if (chunk == chunks - 1) {
        return most - heads;
    }
    return most - (extra_rank(chunk, chunks) >= chunks - 1 - (missing - heads));
}

struct stage transformer_stage(const struct model *model, const struct plan *plan,
                               int64_t stage, int64_t chunk)
{
    int64_t chunks = plan->pipeline_parallel * plan->virtual_stages;
    int64_t place = chunk * plan->pipeline_parallel + stage, first = 0;
    for (int64_t i = 0; i < place; i++) {
        first += chunk_layers(model, i, chunks);
    }
    int64_t count = chunk_layers(model, place, chunks);
    int64_t dense = model->dense_layers - first;
    dense = dense < 0 ? 0 : dense > count ? count : dense;
    return (struct stage){.dense_layers = dense,
                          .layers = count - dense,
                          .embedding = place == 0,
                          .head = place == chunks - 1 ? 1 + model->prediction_layers : 0};
}

/* One layer's parameters outside the experts on one chip. */
static double layer_parameters(const struct model *model, const struct plan *plan, bool dense)
{
    struct model_count count = model_layer_count(model, dense);
    double tensor = (double)plan->tensor_parallel, kv_heads = (double)model->kv_heads;
    double key_value_share = kv_heads < tensor ? 1 / kv_heads : 1 / tensor;
    return (count.query + count.output + count.mlp) / tensor +
           count.key_value * key_value_share + count.whole;
}

/* Of layers that predict further: two norms and the product that joins states and embeddings.
 */
static double prediction_parameters(const struct model *model)
{
    double hidden = (double)model->hidden;
    return (double)model->prediction_layers * 2 * (hidden + 1) * hidden;
}

struct stage transformer_chunk(const struct model *model, const struct plan *plan,
                               int64_t stage, int64_t chunk)
{
    bool dual = plan->schedule == SCHEDULE_DUALPIPE;
    return transformer_stage(model, plan, plan_chunk_stage(plan, stage, chunk),
                             dual ? 0 : chunk);
}

static double vocabulary_parameters(const struct model *model, const struct plan *plan,
                                    int64_t stage)
{
    double hidden = (double)model->hidden;
    double table = (double)model->vocabulary * hidden / (double)plan->tensor_parallel;
    bool first = stage == 0, last = stage == plan->pipeline_parallel - 1;
    bool shared = model->tied_embeddings && first && last;
    double parameters = first ? table : 0;
    parameters += first && model->learned_positions ? (double)model->max_positions * hidden : 0;
    parameters += last && !shared ? table : 0;
    parameters += last && !first && model->prediction_layers > 0 ? table : 0;
    return parameters;
}

double transformer_stage_vocabulary_parameters(const struct model *model,
                                               const struct plan *plan, int64_t stage)
{
    double parameters = vocabulary_parameters(model, plan, stage);
    if (plan->schedule == SCHEDULE_DUALPIPE) {
        parameters += vocabulary_parameters(model, plan, plan_chunk_stage(plan, stage, 1));
    }
    return parameters;
}

struct parameters transformer_stage_parameters(const struct model *model,
                                               const struct plan *plan, int64_t stage)
{
    struct parameters parameters = {
        .dense = transformer_stage_vocabulary_parameters(model, plan, stage)};
    double experts = model_layer_expert_parameters(model) /
                     (double)(plan->expert_parallel * plan_expert_tensor_parallel(plan));
    for (int64_t chunk = 0; chunk < plan_chunks(plan); chunk++) {
        struct stage part = transformer_chunk(model, plan, stage, chunk);
        parameters.dense += (double)part.layers * layer_parameters(model, plan, false) +
                            (double)part.dense_layers * layer_parameters(model, plan, true);
        parameters.expert += (double)part.layers * experts;
        parameters.dense +=
            (double)part.head * (double)model->hidden * (model->layer_norm ? 2 : 1);
        parameters.dense += part.head > 1 ? prediction_parameters(model) : 0;
    }
    return parameters;
}
