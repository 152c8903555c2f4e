/* SPDX-License-Identifier: Apache-2.0 */
/* What a serving engine keeps on its fullest chip, and what that leaves for the KV cache. */
#include "serving/step_memory.h"

#include <math.h>

#include "base/units.h"

enum { ELEMENT_BYTES = 2 };
enum { LOGIT_BYTES = 2 + 4 + 4 + 8 + 4 };

/* Weights of the fullest chip: a share of everything, the tables of words in bf16. */
static double weights_bytes(const struct model *model, const struct serving_scenario *scenario)
{
    double tensor = (double)scenario->tensor_parallel;
    double stages = (double)scenario->pipeline_parallel;
    double words = model_embedding_parameters(model);
    double matrices = model_parameters(model) - words;
    return matrices / tensor / stages * dtype_bytes(scenario->weight_dtype) +
           words / tensor * ELEMENT_BYTES / (stages > 1 ? 2 : 1);
}

/* At the largest batch: the residual stream twice, the widest inner result, and what sampling
 * keeps of the logits: bf16, fp32, sorted fp32 with 64-bit indices, probabilities. */
static double activation_bytes(const struct model *model,
                               const struct serving_scenario *scenario)
{
    double tensor = (double)scenario->tensor_parallel;
    double tokens = (double)scenario->max_num_batched_tokens;
    double inner =
        (double)(model->expert_count > 0 ? model->experts_per_token * model->expert_ffn_hidden
                                         : model->ffn_hidden);
    return ELEMENT_BYTES * tokens * (2 * (double)model->hidden + 3 * inner / tensor) +
           (double)scenario->max_num_seqs * (double)model->vocabulary * LOGIT_BYTES;
}

/* The engine's share of the memory holds weights, activations and the KV cache; runtime and
 * graphs come out of the rest, as far as that goes. MODEL.md, "Serving: memory" */
bool step_memory_fill(struct step_cost *cost, const struct chip *chip,
                      const struct model *model, const struct serving_scenario *scenario,
                      struct error *error)
{
    double reserved = chip->reserved_bytes + scenario->graph_memory_bytes;
    double taken = fmin(chip->hbm_bytes * scenario->memory_utilization_fraction,
                        chip->hbm_bytes - reserved);
    cost->weights_bytes = weights_bytes(model, scenario);
    cost->activation_bytes = activation_bytes(model, scenario);
    cost->kv_bytes = taken - cost->weights_bytes - cost->activation_bytes;
    if (cost->kv_bytes > 0) {
        return true;
    }
    char text[3][32];
    return error_fill(
        error, ERROR_INFEASIBLE,
        "a chip needs %s for weights and %s for activations, and the engine may "
        "take %s; raise tensor_parallel or pipeline_parallel, or store the weights "
        "in fewer bytes",
        units_print(text[0], sizeof text[0], cost->weights_bytes, UNIT_BYTES),
        units_print(text[1], sizeof text[1], cost->activation_bytes, UNIT_BYTES),
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

bool step_memory_check(const struct chip *chip, const struct model *model,
                       const struct serving_scenario *scenario, struct error *error)
{
    if (!check_divisor("tensor_parallel", scenario->tensor_parallel, "heads", model->heads,
                       error) ||
        (model->expert_count > 0 && !check_divisor("expert_parallel", scenario->expert_parallel,
                                                   "experts", model->expert_count, error))) {
        return false;
    }
    if (scenario->tensor_parallel % scenario->expert_parallel != 0) {
        return error_fill(error, ERROR_INFEASIBLE,
                          "expert_parallel is %lld and does not divide tensor_parallel, %lld; "
                          "experts are shared inside that group",
                          (long long)scenario->expert_parallel,
                          (long long)scenario->tensor_parallel);
    }
    if (!(chip->array_flops_per_s[scenario->activation_dtype] > 0)) {
        return error_fill(error, ERROR_INFEASIBLE,
                          "%s has no %s arithmetic; choose other activations", chip->title,
                          dtype_name(scenario->activation_dtype));
    }
    return true;
}
