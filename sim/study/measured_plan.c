/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of a measured row: its degrees, and what its framework does. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "study/measured_reading.h"

static int64_t zero_stage(const char *sharding)
{
    if (reading_holds(sharding, "SHARD_GRAD_OP") || reading_holds(sharding, "ZeRO-2")) {
        return 2;
    }
    if (reading_holds(sharding, "FSDP") || reading_holds(sharding, "ZeRO-3") ||
        reading_holds(sharding, "HSDP") || reading_holds(sharding, "FULL_SHARD")) {
        return 3;
    }
    return reading_holds(sharding, "DDP") || strncasecmp(sharding, "none", 4) == 0 ? 0 : 1;
}

/* Ranks that divide the states, when the row says how many; those of context parallelism do
 * too. */
static int64_t sharded_over(const struct reading *reading, const struct plan *plan)
{
    const char *at = strstr(reading_text(reading, "dp_sharding"), "FSDP");
    if (at == NULL || plan->expert_parallel > 1) {
        return 0;
    }
    at += strncmp(at, "FSDP2 ", 6) == 0 ? 6 : 5; /* "FSDP 8", "FSDP=128" */
    int64_t shards = strtol(at, NULL, 10) * plan->context_parallel;
    int64_t ranks = platform_chips(reading->result->platform) /
                    (plan->tensor_parallel * plan->pipeline_parallel);
    return shards > 0 && shards < ranks && ranks % shards == 0 ? shards : 0;
}

static enum dtype row_dtype(const char *precision)
{
    if (reading_holds(precision, "fp4")) {
        return DTYPE_FP4;
    }
    if (strncasecmp(precision, "fp32", 4) == 0 || strncasecmp(precision, "float32", 7) == 0) {
        return DTYPE_FP32;
    }
    return reading_holds(precision, "fp8") || reading_holds(precision, "float8") ? DTYPE_FP8
                                                                                 : DTYPE_BF16;
}

/* A dispatcher that is written for chips from one generation on. */
static bool merges_dispatch(const struct reading *reading)
{
    double from =
        csv_number(reading->machines->frameworks, reading->framework, "merged_from_generation");
    double has = csv_number(reading->machines->table, reading->machine, "attention_generation");
    return has >= from; /* false when either is empty */
}

/* Of the host, each way: it launches the kernels of each expert on the chip, twice as many when
 * each tensor is measured for its scale first. */
static double expert_launch_s(const struct reading *reading, const struct plan *plan)
{
    const struct csv *frameworks = reading->machines->frameworks;
    double launch_us = csv_number(frameworks, reading->framework, "expert_launch_us");
    double experts =
        (double)reading_count(reading, "n_experts", 0) / (double)plan->expert_parallel;
    bool measured = plan->dtype < DTYPE_BF16 && plan->scaling == SCALING_CURRENT;
    return launch_us * experts * (measured ? 2 : 1) * 1e-6;
}

/* Where tokens leave the domain, and another microbatch is at hand: in interleaved pipelines
 * and without a pipeline. */
static bool overlaps_experts(const struct reading *reading, const struct plan *plan)
{
    bool away = plan->expert_parallel > reading->result->platform->chip_count;
    bool at_hand = plan->virtual_stages > 1 || plan->pipeline_parallel == 1;
    return away && at_hand && reading_framework_says(reading, "overlap_experts");
}

/* As the precision's name says, else as the framework has it. */
static enum scaling row_scaling(const struct reading *reading)
{
    const char *precision = reading_text(reading, "precision");
    if (reading_holds(precision, "MX") || reading_holds(precision, "fp4")) {
        return SCALING_BLOCK;
    }
    bool current = reading_holds(precision, "CS") || reading_holds(precision, "float8") ||
                   reading_framework_says(reading, "current_scaling");
    return current ? SCALING_CURRENT : SCALING_DELAYED;
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

/* Not stated: the most that leave two layers a chunk in equal chunks, where the framework
 * interleaves; else one. */
static int64_t virtual_stages(const struct reading *reading, int64_t depth)
{
    int64_t stages = depth > 1 ? reading_count(reading, "vpp", 0) : 1;
    int64_t layers = reading_count(reading, "layers", 1);
    if (stages > 0) {
        return stages;
    }
    if (reading->row->kind == MEASURED_VTRAIN ||
        !reading_framework_says(reading, "interleaved")) {
        return 1;
    }
    for (stages = layers / depth / 2; stages > 1; stages--) {
        if (layers % (depth * stages) == 0) {
            return stages;
        }
    }
    return 1;
}

/* What the framework does, where the row does not say it. */
static void framework_plan(const struct reading *reading, struct plan *plan)
{
    const struct csv *frameworks = reading->machines->frameworks;
    plan->flash_attention = reading_framework_says(reading, "flash_attention");
    plan->attention_fraction = attention_fraction(reading);
    plan->overlap_gradients = reading_framework_says(reading, "overlap_gradients");
    plan->overlap_weights = reading_framework_says(reading, "overlap_weights");
    plan->overlap_tensor = reading_framework_says(reading, "overlap_tensor");
    plan->blocking_sends = reading_framework_says(reading, "blocking_sends");
    plan->divided_sends = reading_framework_says(reading, "divided_sends");
    plan->fused_vectors = reading_framework_says(reading, "fused_vectors");
    plan->whole_gradients = reading_framework_says(reading, "whole_gradients");
    plan->kernel_gap_s = csv_number(frameworks, reading->framework, "kernel_gap_us") * 1e-6;
    plan->expert_gap_s = csv_number(frameworks, reading->framework, "expert_gap_us") * 1e-6;
    plan->expert_launch_s = expert_launch_s(reading, plan);
    if (plan->pipeline_parallel > 1 && reading_framework_says(reading, "local_batch")) {
        plan->micro_batch = 1;
    }
    bool half = strncasecmp(reading_text(reading, "precision"), "fp16", 4) == 0;
    plan->gradient_bytes = csv_number(frameworks, reading->framework,
                                      half ? "gradient_bytes_fp16" : "gradient_bytes");
    if (reading_holds(reading_text(reading, "dp_sharding"), "PURE")) {
        plan->gradient_bytes = dtype_bytes(DTYPE_BF16);
    }
}

static void stated_recompute(const struct reading *reading, struct plan *plan)
{
    const char *recompute = reading_text(reading, "recompute");
    reading->result->recompute_stated = true;
    int64_t chunks = plan->pipeline_parallel * plan->virtual_stages;
    if (reading_holds(recompute, "op-level")) { /* every second matmul: as half of the layers */
        plan->recompute = RECOMPUTE_FULL;
        plan->recompute_layers = (reading_count(reading, "layers", 1) / chunks + 1) / 2;
    } else if (strncasecmp(recompute, "full", 4) == 0) {
        plan->recompute = RECOMPUTE_FULL;
    } else if (strncasecmp(recompute, "selective", 9) == 0) {
        plan->recompute = RECOMPUTE_SELECTIVE;
    } else {
        reading->result->recompute_stated = strcasecmp(recompute, "none") == 0 ||
                                            strcasecmp(recompute, "no") == 0 ||
                                            strcasecmp(recompute, "off") == 0;
    }
}

/* Not stated: the fewest chips, as a power of two, whose memory their experts with gradients
 * and optimizer states leave half of. */
static int64_t expert_parallel(const struct reading *reading, const struct plan *plan)
{
    enum { STATE_BYTES = 12, KEPT_BYTES = 2 + 4 }; /* a weight and a gradient */
    const struct model *model = reading->result->scenario->model;
    const struct platform *platform = reading->result->platform;
    int64_t stated = reading_count(reading, "ep", 0);
    int64_t ranks =
        platform_chips(platform) / (plan->tensor_parallel * plan->pipeline_parallel);
    double expert = 3.0 * (double)model->hidden * (double)model->expert_ffn_hidden;
    double parameters = expert * (double)model->expert_count * (double)model->layers /
                        (double)(plan->pipeline_parallel * plan->tensor_parallel);
    int64_t chips = 1;
    while (stated == 0 && model->expert_count % (2 * chips) == 0 && ranks % (2 * chips) == 0 &&
           parameters *
                   ((double)KEPT_BYTES / (double)chips + (double)STATE_BYTES / (double)ranks) >
               platform_chip(platform, 0)->hbm_bytes / 2) {
        chips *= 2;
    }
    return stated > 0 ? stated : chips;
}

void measured_plan(const struct reading *reading, struct plan *plan)
{
    plan_init(plan);
    plan->tensor_parallel = reading_count(reading, "tp", 1);
    plan->pipeline_parallel = reading_count(reading, "pp", 1);
    plan->context_parallel = reading_count(reading, "cp", 1);
    plan->expert_parallel = expert_parallel(reading, plan);
    plan->virtual_stages = virtual_stages(reading, plan->pipeline_parallel);
    plan->micro_batch = reading_count(reading, "mbs", 0);
    fold_cores(plan, reading->ranks_per_chip);
    bool sequence = reading_says(reading, "sp", reading->row->kind != MEASURED_VTRAIN);
    plan->sequence_parallel =
        plan->tensor_parallel > 1 && (sequence || plan->expert_parallel > 1);
    plan->zero_stage = reading->row->kind == MEASURED_VTRAIN
                           ? 0
                           : zero_stage(reading_text(reading, "dp_sharding"));
    plan->shard_chips = sharded_over(reading, plan);
    plan->dtype = row_dtype(reading_text(reading, "precision"));
    plan->scaling = row_scaling(reading);
    plan->merged_dispatch = merges_dispatch(reading);
    plan->fused_experts = reading_framework_says(reading, "fused_experts");
    plan->overlap_experts = overlaps_experts(reading, plan);
    if (plan->expert_parallel > 1 && reading_framework_says(reading, "shared_experts")) {
        plan->expert_tensor_parallel = plan->tensor_parallel;
    }
    framework_plan(reading, plan);
    plan->uneven_stages = true;
    stated_recompute(reading, plan);
}
