/* SPDX-License-Identifier: Apache-2.0 */
/* Straight lines through the fused kernels' times: of prompts of 2,048 and 8,192 tokens, and of
 * 64 requests with 1,024 and 4,096 tokens of context. MODEL.md, "Serving: step time" */
#include <math.h>

#include "hardware/attention_kernel.h"
#include "serving/step_maker.h"

enum { ELEMENT_BYTES = 2 };
enum { PREFILL_SAMPLE = 2048, DECODE_SAMPLE = 64, DECODE_CONTEXT = 1024 };

/* The kernel of one layer on one chip, without its start. */
static double kernel_s(const struct step_maker *maker, double sequences, double queries,
                       double prefix)
{
    const struct model *model = maker->model;
    double head_dim = (double)model->head_dim, columns = step_query_columns(maker);
    bool latent = model->key_value_rank > 0;
    struct work work = {
        .kind = WORK_ATTENTION,
        .dtype = DTYPE_BF16,
        .kernel_count = 1,
        .attention = {.sequences = sequences,
                      .heads = columns / head_dim,
                      .kv_heads = (latent ? columns : step_key_value_columns(maker)) / head_dim,
                      .head_dim = head_dim + (double)model->position_dim / 2,
                      .queries = queries,
                      .prefix = prefix,
                      .causal = true,
                      .cached = true,
                      .narrow_cache = dtype_bytes(maker->scenario->kv_dtype) < ELEMENT_BYTES}};
    work.flops = 4 * columns * sequences * queries * (prefix + (queries + 1) / 2);
    work.bytes = attention_kernel_bytes(&work.attention, ELEMENT_BYTES,
                                        dtype_bytes(maker->scenario->kv_dtype));
    return chip_work_time_s(&maker->chip, &work) - maker->chip.op_overhead_s;
}

static double memory_Bps(const struct step_maker *maker)
{
    return maker->chip.hbm_Bps * maker->chip.hbm_efficiency_fraction;
}

/* Two prompts of unlike length: what a pair and what a token costs. */
static void price_prefill(const struct step_maker *maker, struct attention_price *price)
{
    double few = PREFILL_SAMPLE, many = 4.0 * PREFILL_SAMPLE;
    double few_s = kernel_s(maker, 1, few, 0), many_s = kernel_s(maker, 1, many, 0);
    double few_pairs = few * (few + 1) / 2, many_pairs = many * (many + 1) / 2;
    double pair_s = (many_s - few_s * many / few) / (many_pairs - few_pairs * many / few);
    price->pair_s = fmin(fmax(pair_s, 0), many_s / many_pairs);
    price->prefill_token_s = (many_s - price->pair_s * many_pairs) / many;
    price->prefill_read_s = step_token_bytes(maker) / memory_Bps(maker);
}

static void price_decode(const struct step_maker *maker, struct attention_price *price)
{
    double few_s = kernel_s(maker, DECODE_SAMPLE, 1, DECODE_CONTEXT - 1);
    double many_s = kernel_s(maker, DECODE_SAMPLE, 1, 4 * DECODE_CONTEXT - 1);
    double read_s = (many_s - few_s) / (3.0 * DECODE_CONTEXT * DECODE_SAMPLE);
    price->decode_read_s = read_s;
    price->decode_token_s = fmax(few_s / DECODE_SAMPLE - read_s * DECODE_CONTEXT, 0);
}

/* All heads of a chip look at the same latent vectors: read once, but with many heads the
 * products take longer than the reading. */
static void price_latent(const struct step_maker *maker, struct attention_price *price)
{
    const struct model *model = maker->model;
    double rank = (double)model->key_value_rank, position = (double)model->position_dim;
    double heads = step_query_columns(maker) / (double)model->head_dim;
    double flops = 2 * heads * (2 * rank + position);
    double rate = maker->chip.array_flops_per_s[DTYPE_BF16] *
                  fmin(maker->chip.matmul_efficiency_fraction, 1);
    price->decode_read_s = fmax(flops / rate, step_token_bytes(maker) / memory_Bps(maker));
    price->decode_token_s = maker->chip.attention_block_s / fmax(maker->chip.unit_count, 1) +
                            2 * ELEMENT_BYTES * heads * rank / memory_Bps(maker);
}

/* Over all layers, by the engine's factors: of all attention, and that of prompts beside it. */
static void scale(struct attention_price *price, double full, double windowed, double factor,
                  double prompt_factor)
{
    double all = (full + windowed) * factor;
    price->pair_s *= prompt_factor;
    price->prefill_token_s *= prompt_factor;
    price->window_pair_s = price->pair_s * windowed * factor;
    price->window_read_s = price->decode_read_s * windowed * factor;
    price->pair_s *= full * factor;
    price->decode_read_s *= full * factor;
    price->prefill_read_s *= full * factor;
    price->prefill_token_s *= all;
    price->decode_token_s *= all;
}

struct attention_price step_attention_price(const struct step_maker *maker)
{
    const struct model *model = maker->model;
    struct attention_price price = {.window = (double)model->window, .ranks = maker->ranks};
    double windowed = (double)model->window_layers;
    double full = (double)(model->layers - model->linear_layers) - windowed;
    double factor = maker->scenario->engine.attention_factor;
    price_prefill(maker, &price);
    if (model->key_value_rank > 0) {
        price_latent(maker, &price);
    } else {
        price_decode(maker, &price);
    }
    scale(&price, full, windowed, factor, maker->scenario->engine.prompt_attention_factor);
    price.base_s = (full + windowed) * factor * maker->chip.op_overhead_s;
    return price;
}
