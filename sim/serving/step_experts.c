/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens choose experts evenly and independently, so the number of tokens and of touched
 * experts on a chip is a binomial variable; all chips wait for the fullest. */
#include "serving/step_experts.h"

#include <math.h>

enum { ELEMENT_BYTES = 2 };

/* What the largest of count variables of this mean and variance is expected to be. */
static double largest(double mean, double variance, double count)
{
    return mean + (count > 1 ? sqrt(2 * log(count) * variance) : 0);
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
    double chosen = (double)model->experts_per_token / (double)model->expert_count;
    double touched = 1 - pow(1 - chosen, tokens);
    double local = (double)model->expert_count / parallel;
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

double step_experts_s(const struct step_maker *maker, double tokens)
{
    const struct model *model = maker->model;
    struct load load = fullest(maker, tokens);
    double slices = maker->shards / (double)maker->scenario->expert_parallel / maker->cores;
    double width = (double)model->expert_ffn_hidden / slices, hidden = (double)model->hidden;
    double starts_s =
        all_experts(maker, tokens) ? load.experts * maker->scenario->engine.expert_start_s : 0;
    return starts_s + maker->scenario->engine.expert_factor *
                          (grouped_s(maker, load, hidden, width * (model->gated_mlp ? 2 : 1)) +
                           grouped_s(maker, load, width, hidden));
}
