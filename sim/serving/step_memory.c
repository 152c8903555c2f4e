/* SPDX-License-Identifier: Apache-2.0 */
/* What a serving engine keeps on its fullest chip, and what that leaves for the KV cache. */
#include "serving/step_memory.h"

#include <math.h>
#include <string.h>

#include "base/units.h"
#include "serving/step_experts.h"

enum { ELEMENT_BYTES = 2 };
enum { LOGIT_BYTES = 2 + 4, SORTED_BYTES = 4 + 8 + 4 };

/* Layers of linear attention: keys and values of their own number instead of heads. */
static double linear_parameters(const struct model *model)
{
    double columns = (double)(2 * model->linear_key_columns + 3 * model->linear_value_columns);
    return (double)model->linear_layers * (double)model->hidden * columns;
}

/* Of all layers' attention. */
static double attention_parameters(const struct model *model)
{
    struct model_count count = model_layer_count(model, false);
    double latent =
        model->key_value_rank > 0
            ? (double)model->hidden *
                  (double)(model->query_rank + model->key_value_rank + model->position_dim)
            : 0;
    return (double)(model->layers - model->linear_layers) *
               (count.query + count.key_value + count.output + latent) +
           linear_parameters(model);
}

/* Weights of the fullest chip: a share of everything (attention once for each part with its own
 * requests), the tables of words in bf16. */
static double weights_bytes(const struct step_maker *maker)
{
    const struct model *model = maker->model;
    double stages = (double)maker->scenario->pipeline_parallel;
    double words = model_embedding_parameters(model), attention = attention_parameters(model);
    double sparse = (double)(model->layers - model->dense_layers);
    double experts =
        model->expert_count > 0 ? sparse * model_layer_expert_parameters(model) : 0;
    double held = model->expert_count > 0 ? step_experts_held(maker) : 1;
    double copies = held * (double)maker->scenario->expert_parallel;
    copies /= fmax((double)model->expert_count, 1);
    double others = model_parameters(model) - words - experts;
    others = fmax(others - attention_parameters(model), 0);
    double attention_share = maker->cores / maker->attention_shards;
    double dense_bytes = dtype_bytes(maker->dense_dtype);
    return (experts * copies / maker->chips * dtype_bytes(maker->scenario->weight_dtype) +
            (others / maker->chips + attention * attention_share) * dense_bytes) /
               stages +
           words / maker->chips * ELEMENT_BYTES / (stages > 1 ? 2 : 1);
}

/* At the largest batch: the residual stream twice, the widest inner result, and what sampling
 * keeps of the logits: bf16 and fp32; and, where the engine tries the largest batch to learn
 * what is left, sorted fp32 with 64-bit indices, probabilities. */
static double activation_bytes(const struct step_maker *maker)
{
    const struct model *model = maker->model;
    const struct serving_scenario *scenario = maker->scenario;
    double tokens = (double)scenario->max_num_batched_tokens;
    double logit = LOGIT_BYTES + (scenario->memory_rule == MEMORY_TOTAL ? SORTED_BYTES : 0);
    double inner =
        (double)(model->expert_count > 0 ? model->experts_per_token * model->expert_ffn_hidden
                                         : model->ffn_hidden);
    return ELEMENT_BYTES * tokens * (2 * (double)model->hidden + 3 * inner / maker->chips) /
               maker->ranks +
           (double)scenario->max_num_seqs / maker->ranks * (double)model->vocabulary * logit;
}

/* Layers with a window keep no more than it, which is not counted; linear ones keep a state. */
static double token_bytes(const struct step_maker *maker)
{
    const struct model *model = maker->model;
    double kept = (double)(model->layers - model->window_layers - model->linear_layers);
    double stages = (double)maker->scenario->pipeline_parallel;
    return step_token_bytes(maker) * fmax(ceil(kept / stages), 1) / maker->ranks;
}

/* What the engine may take, and of that what the KV cache gets, on one chip. Graphs and
 * workspaces count as activations. MODEL.md, "Serving: memory" */
static double kv_bytes(const struct step_cost *cost, const struct chip *chip,
                       const struct serving_scenario *scenario, double *taken)
{
    double share = scenario->memory_utilization_fraction;
    double most = chip->hbm_bytes - chip->reserved_bytes, weights = cost->weights_bytes;
    double others = cost->activation_bytes + scenario->graph_memory_bytes;
    *taken = scenario->memory_rule == MEMORY_FREE ? most : fmin(chip->hbm_bytes * share, most);
    switch ((enum memory_rule)scenario->memory_rule) {
    case MEMORY_STATIC:
        return fmin(*taken, most - others) - weights;
    case MEMORY_FREE:
        return share * (most - weights - others);
    case MEMORY_TOTAL:
        break;
    }
    return *taken - weights - others;
}

/* What the draft keeps, over what the model keeps. */
static double draft_share(const struct serving_scenario *scenario, double said)
{
    if (!(scenario->speculative_tokens > 0)) {
        return 0;
    }
    return said >= 0 ? said : scenario->draft_fraction;
}

bool step_memory_fill(struct step_cost *cost, const struct step_maker *maker,
                      struct error *error)
{
    const struct serving_scenario *scenario = maker->scenario;
    double taken = 0;
    cost->weights_bytes =
        weights_bytes(maker) * (1 + draft_share(scenario, scenario->draft_weights));
    cost->activation_bytes = activation_bytes(maker);
    cost->kv_token_bytes = token_bytes(maker) * (1 + draft_share(scenario, scenario->draft_kv));
    cost->kv_bytes = kv_bytes(cost, &maker->chip, scenario, &taken);
    if (cost->kv_bytes > 0 || strcmp(scenario->kv_tokens, "unlimited") == 0) {
        return true;
    }
    char text[3][32];
    return error_fill(
        error, ERROR_INFEASIBLE,
        "a chip needs %s for weights and %s for activations, and the engine may "
        "take %s; raise tensor_parallel or pipeline_parallel, or store the weights "
        "in fewer bytes",
        units_print(text[0], sizeof text[0], cost->weights_bytes, UNIT_BYTES),
        units_print(text[1], sizeof text[1],
                    cost->activation_bytes + scenario->graph_memory_bytes, UNIT_BYTES),
        units_print(text[2], sizeof text[2], taken, UNIT_BYTES));
}

static bool check_divisor(const char *name, int64_t degree, const char *what, int64_t whole,
                          struct error *error)
{
    return whole % degree == 0 ||
           error_fill(error, ERROR_INFEASIBLE,
                      "%s is %lld and does not divide the model's %lld %s; use a divisor", name,
                      (long long)degree, (long long)whole, what);
}

/* Experts that do not divide are held several times, so that all places hold as many. */
static bool check_experts(const struct serving_scenario *scenario, struct error *error)
{
    return scenario->tensor_parallel % scenario->expert_parallel == 0 ||
           error_fill(error, ERROR_INFEASIBLE,
                      "expert_parallel is %lld and does not divide tensor_parallel, %lld; "
                      "experts are shared inside that group",
                      (long long)scenario->expert_parallel,
                      (long long)scenario->tensor_parallel);
}

/* Engines that cut by core pad what does not divide. */
static bool check_heads(const struct model *model, const struct serving_scenario *scenario,
                        struct error *error)
{
    int64_t parts = scenario->attention_data_parallel, group = scenario->tensor_parallel;
    if (group % parts != 0) {
        return error_fill(error, ERROR_INFEASIBLE,
                          "attention_data_parallel is %lld and does not divide "
                          "tensor_parallel, %lld; use a divisor",
                          (long long)parts, (long long)group);
    }
    return scenario->tensor_shards > 0 ||
           check_divisor("tensor_parallel", group / parts, "heads", model->heads, error);
}

bool step_memory_check(const struct chip *chip, const struct model *model,
                       const struct serving_scenario *scenario, struct error *error)
{
    if (!check_heads(model, scenario, error) || !check_experts(scenario, error)) {
        return false;
    }
    if (!(chip->array_flops_per_s[scenario->activation_dtype] > 0)) {
        return error_fill(error, ERROR_INFEASIBLE,
                          "%s has no %s arithmetic; choose other activations", chip->title,
                          dtype_name(scenario->activation_dtype));
    }
    return true;
}
