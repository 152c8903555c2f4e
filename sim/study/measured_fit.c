/* SPDX-License-Identifier: Apache-2.0 */
/* One rule for all rows: the least that fits the memory. docs/ACCURACY.md, "What a row does not
 * say". */
#include <math.h>
#include <string.h>

#include "study/measured_reading.h"
#include "workload/transformer_memory.h"

/* Activations that may wait in the host's memory, where the chip reads it nearly as fast as
 * they are made; the copies are taken to be hidden. Frameworks do so with dense layers outside
 * pipelines. */
static double offload_bytes(const struct reading *reading, const struct plan *plan)
{
    bool can =
        plan->pipeline_parallel == 1 && reading->result->scenario->model->expert_count == 0;
    if (!can) {
        return 0;
    }
    double bytes = csv_number(reading->machines->table, reading->machine, "offload_gb") * 1e9;
    return bytes > 0 ? bytes : 0;
}

static bool fits_memory(const struct reading *reading, const struct plan *plan)
{
    const struct training_case *result = reading->result;
    const struct scenario *scenario = result->scenario;
    struct plan trial = *plan;
    struct error ignored = {0};
    if (!plan_derive(&trial, scenario->model, platform_chips(result->platform),
                     scenario->sequence_tokens, scenario->batch_tokens, &ignored)) {
        return true; /* told when the row is run */
    }
    struct training_shape shape = {scenario->model, &trial, scenario->sequence_tokens};
    const struct chip *chip = platform_chip(result->platform, 0);
    for (int64_t stage = 0; stage < trial.pipeline_parallel; stage++) {
        struct training_memory memory = transformer_memory(&shape, chip, stage);
        double away_bytes = fmin(offload_bytes(reading, &trial), memory.activations_bytes);
        if (memory.total_bytes - away_bytes > chip->hbm_bytes) {
            return false;
        }
    }
    return true;
}

enum { ADAPTER_RANK = 16 }; /* LoRA as usual, arXiv 2106.09685 */

/* What cannot be full training, because weights, gradients and states with the least of
 * activations are more than the memory, is the training of adapters beside frozen weights. A
 * row that states its recomputation was trained in full. */
static void choose_frozen(const struct reading *reading, struct plan *plan)
{
    const struct training_case *result = reading->result;
    const struct scenario *scenario = result->scenario;
    struct plan trial = *plan;
    struct error ignored = {0};
    trial.micro_batch = trial.micro_batch > 0 ? trial.micro_batch : 1;
    trial.recompute = RECOMPUTE_FULL;
    if (result->recompute_stated ||
        !plan_derive(&trial, scenario->model, platform_chips(result->platform),
                     scenario->sequence_tokens, scenario->batch_tokens, &ignored)) {
        return;
    }
    struct training_shape shape = {scenario->model, &trial, scenario->sequence_tokens};
    const struct chip *chip = platform_chip(result->platform, 0);
    struct training_memory memory = transformer_memory(&shape, chip, 0);
    double away_bytes = fmin(offload_bytes(reading, &trial), memory.activations_bytes);
    plan->frozen_weights = memory.total_bytes - away_bytes > chip->hbm_bytes;
    plan->adapter_rank = plan->frozen_weights ? ADAPTER_RANK : 0;
}

/* The least recomputation that fits the memory, with this micro-batch: none, of the attention
 * core, of norms and activations, of more and more layers; false when nothing does. */
static bool fits(const struct reading *reading, struct plan *plan)
{
    if (reading->result->recompute_stated) {
        return fits_memory(reading, plan);
    }
    int64_t layers = reading->result->scenario->model->layers;
    int64_t chunk = layers / (plan->pipeline_parallel * plan->virtual_stages) + 1;
    plan->recompute_layers = 0;
    for (enum recompute r = RECOMPUTE_NONE; r < RECOMPUTE_FULL; r++) {
        plan->recompute = r;
        if (fits_memory(reading, plan)) {
            return true;
        }
    }
    plan->recompute = RECOMPUTE_FULL;
    for (plan->recompute_layers = 1; plan->recompute_layers < chunk; plan->recompute_layers++) {
        if (fits_memory(reading, plan)) {
            return true;
        }
    }
    plan->recompute_layers = 0;
    return fits_memory(reading, plan);
}

/* A pipeline wants many microbatches: of one sequence. Without one the largest that fits and
 * divides the batch. */
static void choose_micro_batch(const struct reading *reading, struct plan *plan)
{
    enum { LARGEST = 16 };
    struct training_case *result = reading->result;
    if (plan->micro_batch > 0) {
        fits(reading, plan);
        return;
    }
    int64_t sequences = result->scenario->batch_tokens / result->scenario->sequence_tokens;
    int64_t ranks = platform_chips(result->platform) /
                    (plan->tensor_parallel * plan->pipeline_parallel * plan->context_parallel);
    int64_t most = plan->pipeline_parallel > 1 ? 1 : LARGEST;
    for (plan->micro_batch = most; plan->micro_batch > 1; plan->micro_batch /= 2) {
        if (sequences % (ranks * plan->micro_batch) == 0 && fits(reading, plan) &&
            (result->recompute_stated || plan->recompute != RECOMPUTE_FULL)) {
            return;
        }
    }
    fits(reading, plan);
}

void measured_fit(const struct reading *reading, struct plan *plan)
{
    choose_frozen(reading, plan);
    choose_micro_batch(reading, plan);
}
