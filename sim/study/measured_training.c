/* SPDX-License-Identifier: Apache-2.0 */
/* Where a row is silent one rule serves all rows: docs/ACCURACY.md, "What a row does not say".
 */
#include "study/measured_training.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "hardware/platform_part.h"
#include "workload/transformer.h"
#include "workload/transformer_memory.h"

struct reading {
    struct machines *machines;
    const struct measured_row *row;
    struct arena *arena;
    int64_t machine, framework;
    int64_t ranks_per_chip;
    struct training_case *result;
};

static int64_t count(const struct reading *reading, const char *column, int64_t otherwise)
{
    return csv_count(reading->row->csv, reading->row->row, column, otherwise);
}

static const char *text(const struct reading *reading, const char *column)
{
    return csv_text(reading->row->csv, reading->row->row, column);
}

static bool framework_says(const struct reading *reading, const char *column)
{
    return strcmp(csv_text(reading->machines->frameworks, reading->framework, column), "on") ==
           0;
}

static bool holds(const char *text, const char *word)
{
    for (; *text != '\0'; text++) {
        if (strncasecmp(text, word, strlen(word)) == 0) {
            return true;
        }
    }
    return false;
}

/* Llama's family has gated MLPs, RMS norms, rotation and no offsets; GPT's has none of these.
 */
static struct model *row_model(const struct reading *reading)
{
    struct model *model = arena_alloc(reading->arena, sizeof *model);
    bool gated = count(reading, "gated_mlp", 0) == 1;
    int64_t hidden = count(reading, "hidden", 0), heads = count(reading, "heads", 0);
    *model = (struct model){.name = "measured",
                            .path = "",
                            .text = "",
                            .architecture = gated ? "gated" : "plain",
                            .layers = count(reading, "layers", 0),
                            .hidden = hidden,
                            .heads = heads,
                            .kv_heads = count(reading, "kv_heads", heads),
                            .vocabulary = count(reading, "vocab", 0),
                            .gated_mlp = gated,
                            .tied_embeddings = !gated,
                            .learned_positions = !gated,
                            .rotary = gated,
                            .layer_norm = !gated,
                            .biased = !gated};
    model->head_dim = count(reading, "head_dim", heads > 0 ? hidden / heads : 0);
    model->expert_count = count(reading, "n_experts", 0);
    model->experts_per_token = count(reading, "moe_topk", 0);
    model->expert_ffn_hidden = count(reading, "moe_ffn", 0);
    model->shared_ffn_hidden = count(reading, "n_shared_experts", 0) * model->expert_ffn_hidden;
    if (holds(text(reading, "arch"), "mla")) { /* DeepSeek's ranks, in units of its heads */
        model->query_rank = 12 * model->head_dim;
        model->key_value_rank = 4 * model->head_dim;
        model->position_dim = model->head_dim / 2;
    }
    model->ffn_hidden = count(reading, "ffn", model->expert_ffn_hidden);
    model->ffn_hidden = model->ffn_hidden > 0 ? model->ffn_hidden : 4 * hidden;
    model->max_positions = count(reading, "seq_len", 0);
    model->attention_dropout = model->hidden_dropout =
        !gated && framework_says(reading, "dropout");
    return model;
}

static int64_t zero_stage(const char *sharding)
{
    if (holds(sharding, "SHARD_GRAD_OP") || holds(sharding, "ZeRO-2")) {
        return 2;
    }
    if (holds(sharding, "FSDP") || holds(sharding, "ZeRO-3")) {
        return 3;
    }
    return holds(sharding, "DDP") || strncmp(sharding, "none", 4) == 0 ? 0 : 1;
}

static enum dtype row_dtype(const char *precision)
{
    if (holds(precision, "fp4")) {
        return DTYPE_FP4;
    }
    return holds(precision, "fp8") || holds(precision, "float8") ? DTYPE_FP8 : DTYPE_BF16;
}

/* Ranks of a chip with several cores: their tensor parallelism is inside the chip, or they are
 * data-parallel and share its batch. */
static void fold_cores(struct plan *plan, int64_t ranks_per_chip)
{
    for (; ranks_per_chip > 1; ranks_per_chip /= 2) {
        if (plan->tensor_parallel % 2 == 0) {
            plan->tensor_parallel /= 2;
        } else {
            plan->micro_batch *= 2;
        }
    }
}

/* Speed of the framework's fused attention over the best kernels of the chip: each generation
 * that it is behind costs the same factor. */
static double attention_fraction(const struct reading *reading)
{
    const struct csv *machines = reading->machines->table;
    const struct csv *frameworks = reading->machines->frameworks;
    double behind = csv_number(machines, reading->machine, "attention_generation") -
                    csv_number(frameworks, reading->framework, "attention_generation");
    double factor = csv_number(machines, reading->machine, "older_attention");
    return behind > 0 && factor > 0 ? pow(factor, behind) : 1;
}

/* Not stated: the most that leave two layers a chunk in equal chunks. */
static int64_t virtual_stages(const struct reading *reading, int64_t depth)
{
    int64_t stages = depth > 1 ? count(reading, "vpp", 0) : 1;
    int64_t layers = count(reading, "layers", 1);
    if (stages > 0) {
        return stages;
    }
    if (reading->row->kind == MEASURED_VTRAIN) {
        return 1;
    }
    for (stages = layers / depth / 2; stages > 1; stages--) {
        if (layers % (depth * stages) == 0) {
            return stages;
        }
    }
    return 1;
}

static void row_plan(const struct reading *reading, struct plan *plan)
{
    const struct csv *frameworks = reading->machines->frameworks;
    const char *recompute = text(reading, "recompute");
    plan_init(plan);
    plan->tensor_parallel = count(reading, "tp", 1);
    plan->pipeline_parallel = count(reading, "pp", 1);
    plan->context_parallel = count(reading, "cp", 1);
    plan->expert_parallel = count(reading, "ep", 1);
    plan->virtual_stages = virtual_stages(reading, plan->pipeline_parallel);
    plan->micro_batch = count(reading, "mbs", 0);
    fold_cores(plan, reading->ranks_per_chip);
    bool sequence = count(reading, "sp", reading->row->kind != MEASURED_VTRAIN) == 1;
    plan->sequence_parallel =
        plan->tensor_parallel > 1 && (sequence || plan->expert_parallel > 1);
    plan->zero_stage =
        reading->row->kind == MEASURED_VTRAIN ? 0 : zero_stage(text(reading, "dp_sharding"));
    plan->dtype = row_dtype(text(reading, "precision"));
    plan->flash_attention = framework_says(reading, "flash_attention");
    plan->attention_fraction = attention_fraction(reading);
    plan->overlap_gradients = framework_says(reading, "overlap_gradients");
    plan->overlap_weights = framework_says(reading, "overlap_weights");
    plan->overlap_tensor = framework_says(reading, "overlap_tensor");
    plan->blocking_sends = framework_says(reading, "blocking_sends");
    plan->fused_vectors = framework_says(reading, "fused_vectors");
    plan->whole_gradients = framework_says(reading, "whole_gradients");
    plan->kernel_gap_s = csv_number(frameworks, reading->framework, "kernel_gap_us") * 1e-6;
    plan->expert_gap_s = csv_number(frameworks, reading->framework, "expert_gap_us") * 1e-6;
    if (plan->pipeline_parallel > 1 && framework_says(reading, "local_batch")) {
        plan->micro_batch = 1;
    }
    plan->gradient_bytes = csv_number(frameworks, reading->framework, "gradient_bytes");
    if (holds(text(reading, "dp_sharding"), "PURE")) {
        plan->gradient_bytes = dtype_bytes(DTYPE_BF16);
    }
    plan->uneven_stages = true;
    reading->result->recompute_stated = true;
    int64_t chunks = plan->pipeline_parallel * plan->virtual_stages;
    if (holds(recompute, "op-level")) { /* every second matmul: as half of the layers */
        plan->recompute = RECOMPUTE_FULL;
        plan->recompute_layers = (count(reading, "layers", 1) / chunks + 1) / 2;
    } else if (strncmp(recompute, "full", 4) == 0) {
        plan->recompute = RECOMPUTE_FULL;
    } else if (strncmp(recompute, "selective", 9) == 0) {
        plan->recompute = RECOMPUTE_SELECTIVE;
    } else {
        reading->result->recompute_stated = strcmp(recompute, "none") == 0;
    }
}

/* Activations that may wait in the host's memory, where the chip reads it nearly as fast as
 * they are made; the copies are taken to be hidden. */
static double offload_bytes(const struct reading *reading)
{
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
        double away_bytes = fmin(offload_bytes(reading), memory.activations_bytes);
        if (memory.total_bytes - away_bytes > chip->hbm_bytes) {
            return false;
        }
    }
    return true;
}

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
    double away_bytes = fmin(offload_bytes(reading), memory.activations_bytes);
    plan->frozen_weights = memory.total_bytes - away_bytes > chip->hbm_bytes;
}

/* The least recomputation that fits the memory, with this micro-batch: none, of the attention
 * core, of more and more layers; false when nothing does. */
static bool fits(const struct reading *reading, struct plan *plan)
{
    if (reading->result->recompute_stated) {
        return fits_memory(reading, plan);
    }
    int64_t layers = reading->result->scenario->model->layers;
    int64_t chunk = layers / (plan->pipeline_parallel * plan->virtual_stages) + 1;
    plan->recompute_layers = 0;
    for (enum recompute r = RECOMPUTE_NONE; r <= RECOMPUTE_SELECTIVE; r++) {
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
        if (sequences % (ranks * plan->micro_batch) == 0 && fits(reading, plan)) {
            return;
        }
    }
    fits(reading, plan);
}

static bool need(const struct reading *reading, struct error *error)
{
    static const char *const columns[] = {"n_chips", "layers", "hidden", "heads",
                                          "vocab",   "tp",     "pp",     "seq_len"};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        if (strcmp(columns[i], "vocab") == 0 && reading->row->kind == MEASURED_VTRAIN) {
            continue;
        }
        if (count(reading, columns[i], 0) < 1) {
            return error_fill(error, ERROR_INPUT, "column %s is empty", columns[i]);
        }
    }
    if (count(reading, "gbs", 0) < 1 && count(reading, "mbs", 0) < 1) {
        return error_fill(error, ERROR_INPUT, "columns gbs and mbs are empty");
    }
    return true;
}

static bool place(struct reading *reading, struct error *error)
{
    int64_t chips = count(reading, "n_chips", 1);
    reading->machine =
        machines_find(reading->machines, reading->row->accelerator,
                      count(reading, "chips_per_node", 8), text(reading, "system"));
    if (reading->machine < 0) {
        return error_fill(error, ERROR_INPUT, "no platform file for accelerator %s",
                          reading->row->accelerator);
    }
    reading->ranks_per_chip =
        csv_count(reading->machines->table, reading->machine, "ranks_per_chip", 1);
    struct platform *whole = machines_platform(reading->machines, reading->machine, error);
    if (whole == NULL) {
        return false;
    }
    reading->result->platform = platform_part(whole, chips, reading->arena, error);
    return reading->result->platform != NULL;
}

struct training_case *measured_training_case(struct machines *machines,
                                             const struct measured_row *row,
                                             struct arena *arena, struct error *error)
{
    struct reading reading = {.machines = machines, .row = row, .arena = arena};
    reading.result = arena_alloc(arena, sizeof *reading.result);
    reading.framework = machines_framework(
        machines, row->kind == MEASURED_VTRAIN ? "Megatron-LM" : text(&reading, "framework"));
    if (!need(&reading, error) || !place(&reading, error)) {
        return NULL;
    }
    struct scenario *scenario = arena_alloc(arena, sizeof *scenario);
    reading.result->scenario = scenario;
    *scenario = (struct scenario){.kind = SCENARIO_TRAINING,
                                  .name = "measured",
                                  .title = "a measured row",
                                  .path = "",
                                  .text = "",
                                  .model = row_model(&reading),
                                  .sequence_tokens = count(&reading, "seq_len", 1),
                                  .coalesce = true};
    row_plan(&reading, &scenario->plan);
    int64_t ranks = platform_chips(reading.result->platform) /
                    (scenario->plan.tensor_parallel * scenario->plan.pipeline_parallel *
                     scenario->plan.context_parallel);
    int64_t sequences =
        count(&reading, "gbs",
              scenario->plan.micro_batch * ranks * count(&reading, "n_microbatches", 1));
    if (row->kind == MEASURED_VTRAIN) {
        scenario->model->vocabulary = 51200;
    }
    scenario->batch_tokens = sequences * scenario->sequence_tokens;
    choose_frozen(&reading, &scenario->plan);
    choose_micro_batch(&reading, &scenario->plan);
    int64_t wave = ranks * scenario->plan.micro_batch;
    int64_t used = wave > 0 ? (sequences + wave - 1) / wave * wave : sequences;
    if (wave > 0 && used / wave % scenario->plan.pipeline_parallel != 0) {
        scenario->plan.virtual_stages = 1; /* interleaving needs whole rounds */
    }
    reading.result->batch_fraction = (double)sequences / (double)used;
    return reading.result;
}

double measured_training_time_s(const struct csv *csv, int64_t row)
{
    double time_s = csv_number(csv, row, "iter_time_s");
    double chips = csv_number(csv, row, "n_chips");
    double sequences = csv_number(csv, row, "gbs"), length = csv_number(csv, row, "seq_len");
    if (!isfinite(sequences)) {
        sequences = csv_number(csv, row, "mbs") * csv_number(csv, row, "dp");
    }
    if (isfinite(time_s)) {
        return time_s;
    }
    double rate = csv_number(csv, row, "tokens_per_s_per_chip");
    if (isfinite(rate)) {
        return sequences * length / (rate * chips);
    }
    return sequences / csv_number(csv, row, "seq_per_s");
}
