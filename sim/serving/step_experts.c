/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens choose experts evenly and independently, so the number of tokens and of touched
 * experts on a chip is a binomial variable; all chips wait for the fullest. */
#include "serving/step_experts.h"

#include <math.h>
#include <string.h>

enum { ELEMENT_BYTES = 2 };

/* What the largest of count variables of this mean and variance is expected to be. */
static double largest(double mean, double variance, double count)
{
    return mean + (count > 1 ? sqrt(2 * log(count) * variance) : 0);
}

double step_experts_held(const struct step_maker *maker)
{
    double parallel = (double)maker->scenario->expert_parallel;
    return ceil((double)maker->model->expert_count / parallel - 1e-9);
}

struct load {
    double experts, rows; /* touched on the fullest chip, tokens of each */
};

static bool all_experts(const struct step_maker *maker, double tokens)
{
    double from = maker->scenario->engine.all_experts_from;
    return from > 0 && tokens >= from;
}

static struct load fullest(const struct step_maker *maker, double tokens)
{
    const struct model *model = maker->model;
    double parallel = (double)maker->scenario->expert_parallel;
    double local = step_experts_held(maker);
    double chosen = (double)model->experts_per_token / (local * parallel);
    double touched = 1 - pow(1 - chosen, tokens);
    double experts = largest(local * touched, local * touched * (1 - touched), parallel);
    if (all_experts(maker, tokens)) {
        return (struct load){local, tokens};
    }
    double rows = tokens * (double)model->experts_per_token / parallel;
    rows = largest(rows, rows * (1 - 1 / parallel), parallel);
    experts = fmax(fmin(experts, local), fmin(1, local));
    return (struct load){experts, fmin(rows, tokens * local) / experts};
}

static double grouped_s(const struct step_maker *maker, struct load load, double in, double out)
{
    const struct serving_scenario *scenario = maker->scenario;
    struct work work = {.kind = WORK_MATMUL,
                        .dtype = scenario->activation_dtype,
                        .flops = 2 * load.rows * in * out * load.experts,
                        .m = load.rows,
                        .n = step_aligned(out),
                        .k = step_aligned(in),
                        .batch_count = load.experts,
                        .kernel_count = 1};
    work.bytes = load.experts * (load.rows * in * dtype_bytes(work.dtype) +
                                 in * out * dtype_bytes(scenario->weight_dtype) +
                                 load.rows * out * ELEMENT_BYTES);
    return chip_work_time_s(&maker->chip, &work);
}

/* Compiled programs for arrays: one matrix after the other, each as the chip's kernels are. */
static double compiled_s(const struct step_maker *maker, struct load load, double hidden,
                         double width)
{
    const struct engine_properties *engine = &maker->scenario->engine;
    double gates = maker->model->gated_mlp ? 2 : 1;
    return engine->expert_factor * (grouped_s(maker, load, hidden, width * gates) +
                                    grouped_s(maker, load, width, hidden));
}

/* GPUs' grouped kernels: weights of the touched experts are read, and while tiles of few rows
 * are loaded the tensor cores wait, so that both times add up. Fit: 27,000 calls of four
 * kernels on H100, bf16, fp8 and mxfp4 (vLLM 0.24). */
static double fused_s(const struct step_maker *maker, struct load load, double hidden,
                      double width)
{
    static const double rate_fraction = 0.5;
    const struct serving_scenario *scenario = maker->scenario;
    const struct chip *chip = &maker->chip;
    double elements = load.experts * hidden * width * (maker->model->gated_mlp ? 3 : 2);
    double read_s = elements * dtype_bytes(scenario->weight_dtype) /
                    (chip->hbm_Bps * chip->hbm_efficiency_fraction);
    double multiply_s = 2 * load.rows * elements /
                        (rate_fraction * chip->array_flops_per_s[scenario->activation_dtype]);
    return 2 * chip->op_overhead_s + scenario->engine.expert_factor * read_s +
           scenario->engine.expert_compute_factor * multiply_s;
}

/* Rows are gathered by expert, quantized, gated, scattered and summed. Fit: as above. */
static double moves_s(const struct step_maker *maker, struct load load, double hidden)
{
    enum { MOVES = 4 };
    static const double passes = 5.5;
    struct work work = {.kind = WORK_VECTOR,
                        .bytes = passes * ELEMENT_BYTES * load.rows * load.experts * hidden,
                        .kernel_count = MOVES};
    return chip_work_time_s(&maker->chip, &work);
}

void step_experts_add(const struct step_maker *maker, double tokens, struct step_price *price)
{
    const struct model *model = maker->model;
    struct load load = fullest(maker, tokens);
    double slices = maker->shards / (double)maker->scenario->expert_parallel / maker->cores;
    double width = (double)model->expert_ffn_hidden / slices, hidden = (double)model->hidden;
    bool gpu = strcmp(maker->chip.family, "gpu") == 0;
    price->part_s[STEP_MATMUL] +=
        gpu ? fused_s(maker, load, hidden, width) : compiled_s(maker, load, hidden, width);
    if (all_experts(maker, tokens)) {
        price->part_s[STEP_MATMUL] += load.experts * maker->scenario->engine.expert_start_s;
    } else {
        price->part_s[STEP_VECTOR] += moves_s(maker, load, hidden);
    }
}
