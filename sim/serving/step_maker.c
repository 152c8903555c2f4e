/* SPDX-License-Identifier: Apache-2.0 */
/* A forward pass as engines run it: what neighbours can share a kernel does, weights may be
 * stored in fewer bytes than they are multiplied in, and of a mixture only those experts are
 * read that some token asks for. */
#include "serving/step_maker.h"

#include <math.h>

#include "collective/collective.h"
#include "serving/step_experts.h"

enum { ELEMENT_BYTES = 2 };

/* Engines pad matrices to whole words of the tensor cores. */
double step_aligned(double columns)
{
    enum { WORD_COLUMNS = 32 };
    return ceil(columns / WORD_COLUMNS) * WORD_COLUMNS;
}

/* A matrix on one chip: tokens x in by in x out, its kernel's start included. */
static double linear_s(const struct step_maker *maker, double tokens, double in, double out,
                       enum dtype stored, enum dtype dtype)
{
    struct work work = {.kind = WORK_MATMUL,
                        .dtype = dtype,
                        .flops = 2 * tokens * in * out,
                        .m = tokens,
                        .n = step_aligned(out),
                        .k = step_aligned(in),
                        .batch_count = 1,
                        .kernel_count = 1};
    work.bytes = tokens * in * dtype_bytes(dtype) + in * out * dtype_bytes(stored) +
                 tokens * out * ELEMENT_BYTES;
    return chip_work_time_s(&maker->chip, &work);
}

/* A dense matrix of a layer: operands as stored, but no narrower than the layer's arithmetic.
 */
static double dense_s(const struct step_maker *maker, double tokens, double in, double out)
{
    enum dtype dtype = maker->scenario->activation_dtype;
    enum dtype stored = maker->dense_dtype;
    dtype = dtype_bytes(stored) > dtype_bytes(dtype) ? stored : dtype;
    return maker->scenario->engine.matmul_factor *
           linear_s(maker, tokens, in, out, stored, dtype);
}

static double vector_s(const struct step_maker *maker, double kernels, double bytes)
{
    struct work work = {.kind = WORK_VECTOR, .bytes = bytes, .kernel_count = kernels};
    return maker->scenario->engine.vector_factor * chip_work_time_s(&maker->chip, &work);
}

static double exchange_s(const struct step_maker *maker, const struct exchange_table *table,
                         double bytes)
{
    return maker->scenario->engine.communication_factor * exchange_table_s(table, bytes);
}

static double part_of(double whole, double shards, double cores)
{
    return fmax(ceil(whole / shards - 1e-9), 1) * cores;
}

double step_query_columns(const struct step_maker *maker)
{
    const struct model *model = maker->model;
    double heads = part_of((double)model->heads, maker->attention_shards, maker->cores);
    return heads * (double)model->head_dim;
}

double step_key_value_columns(const struct step_maker *maker)
{
    const struct model *model = maker->model;
    double heads = part_of((double)model->kv_heads, maker->attention_shards, maker->cores);
    return heads * (double)model->head_dim;
}

double step_token_bytes(const struct step_maker *maker)
{
    const struct model *model = maker->model;
    double elements = model->key_value_rank > 0
                          ? (double)(model->key_value_rank + model->position_dim)
                          : 2 * step_key_value_columns(maker);
    return elements * dtype_bytes(maker->scenario->kv_dtype);
}

/* The residual stream is added to and normed in one pass: two read, two written. */
static double norm_s(const struct step_maker *maker, double tokens)
{
    return vector_s(maker, 1, 4 * ELEMENT_BYTES * tokens * (double)maker->model->hidden);
}

static void add_projections(const struct step_maker *maker, double tokens,
                            struct step_price *price)
{
    const struct model *model = maker->model;
    double hidden = (double)model->hidden, query = step_query_columns(maker);
    double key_value = step_key_value_columns(maker);
    price->part_s[STEP_MATMUL] += dense_s(maker, tokens, hidden, query + 2 * key_value) +
                                  dense_s(maker, tokens, query, hidden);
    price->part_s[STEP_VECTOR] +=
        vector_s(maker, 1, 2 * ELEMENT_BYTES * tokens * (query + 2 * key_value));
}

/* Down to both ranks, up again (or, decoding, through the same weights beside the scores). */
static void add_latent(const struct step_maker *maker, double tokens, struct step_price *price)
{
    const struct model *model = maker->model;
    double hidden = (double)model->hidden, rank = (double)model->key_value_rank;
    double position = (double)model->position_dim, query_rank = (double)model->query_rank;
    double query = step_query_columns(maker), heads = query / (double)model->head_dim;
    double down = query_rank + rank + position;
    price->part_s[STEP_MATMUL] +=
        dense_s(maker, tokens, hidden, down) +
        dense_s(maker, tokens, query_rank > 0 ? query_rank : hidden, query + heads * position) +
        dense_s(maker, tokens, rank, 2 * query) + dense_s(maker, tokens, query, hidden);
    price->part_s[STEP_VECTOR] +=
        vector_s(maker, 2, 2 * ELEMENT_BYTES * tokens * (down + query + heads * position));
}

/* Gated linear attention: queries and keys, values and their gate in; a state for each
 * sequence. */
static void add_linear_attention(const struct step_maker *maker, double tokens,
                                 struct step_price *price)
{
    const struct model *model = maker->model;
    double hidden = (double)model->hidden, share = maker->cores / maker->attention_shards;
    double keys = (double)model->linear_key_columns * share;
    double values = (double)model->linear_value_columns * share;
    double state_bytes = 2 * 4 * (double)model->linear_state * share;
    price->part_s[STEP_MATMUL] += dense_s(maker, tokens, hidden, 2 * keys + 2 * values) +
                                  dense_s(maker, tokens, values, hidden);
    price->part_s[STEP_VECTOR] += vector_s(maker, 3,
                                           4 * ELEMENT_BYTES * tokens * (keys + values) +
                                               fmin(tokens, 256) * state_bytes);
}

static void add_price(struct step_price *sum, const struct step_price *price, double times)
{
    for (int part = 0; part < STEP_PART_COUNT; part++) {
        sum->part_s[part] += times * price->part_s[part];
    }
}

struct step_price step_maker_attention(const struct step_maker *maker, double tokens)
{
    const struct model *model = maker->model;
    struct step_price full = {{0}}, linear = {{0}}, price = {{0}};
    double hidden_bytes = tokens * (double)model->hidden * ELEMENT_BYTES;
    if (model->key_value_rank > 0) {
        add_latent(maker, tokens, &full);
    } else {
        add_projections(maker, tokens, &full);
    }
    if (model->linear_layers > 0) {
        add_linear_attention(maker, tokens, &linear);
    }
    add_price(&price, &full, (double)(model->layers - model->linear_layers));
    add_price(&price, &linear, (double)model->linear_layers);
    price.part_s[STEP_VECTOR] += (double)model->layers * norm_s(maker, tokens);
    if (maker->attention_shards > maker->cores) {
        price.part_s[STEP_COMMUNICATION] +=
            (double)model->layers * exchange_s(maker, &maker->attention_reduce, hidden_bytes);
    }
    return price;
}

static void add_mlp(const struct step_maker *maker, double tokens, double whole_width,
                    struct step_price *price)
{
    const struct model *model = maker->model;
    double hidden = (double)model->hidden, gates = model->gated_mlp ? 2 : 1;
    double width = whole_width / maker->shards * maker->cores;
    price->part_s[STEP_MATMUL] +=
        dense_s(maker, tokens, hidden, gates * width) + dense_s(maker, tokens, width, hidden);
    price->part_s[STEP_VECTOR] +=
        vector_s(maker, 1, (gates + 1) * ELEMENT_BYTES * tokens * width);
}

/* Behind a layer's second half: one sum over all chips, or, when parts of the replica have
 * tokens of their own, to the experts and back. */
static double leave_s(const struct step_maker *maker, double tokens, bool experts)
{
    const struct model *model = maker->model;
    double bytes = tokens * (double)model->hidden * ELEMENT_BYTES;
    if (maker->chips <= 1) {
        return 0;
    }
    double sum_s = exchange_s(maker, &maker->all_reduce, bytes);
    if (maker->ranks <= 1 || !experts) {
        return sum_s;
    }
    double copies = fmin((double)model->experts_per_token, maker->chips);
    double sent = bytes / maker->chips * copies;
    double there = dtype_bytes(maker->scenario->activation_dtype) / ELEMENT_BYTES;
    return fmin(sum_s, exchange_s(maker, &maker->all_to_all, sent * there) +
                           exchange_s(maker, &maker->all_to_all, sent));
}

static void add_mixture(const struct step_maker *maker, double tokens, struct step_price *price)
{
    const struct model *model = maker->model;
    double hidden = (double)model->hidden;
    double own = tokens / maker->ranks;
    price->part_s[STEP_MATMUL] +=
        linear_s(maker, own, hidden, (double)model->expert_count, DTYPE_BF16, DTYPE_BF16);
    step_experts_add(maker, tokens, price);
    if (model->shared_ffn_hidden > 0) {
        add_mlp(maker, tokens, (double)model->shared_ffn_hidden, price);
    }
}

/* Starts of a pass, about: the core, norms and positions, exchanges, matrices, and what moves
 * rows to experts and back. */
double step_maker_kernels(const struct step_maker *maker)
{
    enum { NORMS = 2, PLAIN = 4, LATENT = 7, LINEAR = 6, MLP = 3, MIXTURE = 7 };
    const struct model *model = maker->model;
    double layers = (double)model->layers, linear = (double)model->linear_layers;
    double sparse = model->expert_count > 0 ? layers - (double)model->dense_layers : 0;
    double attention = model->key_value_rank > 0 ? LATENT : PLAIN;
    double mixture = MIXTURE + (model->shared_ffn_hidden > 0 ? MLP : 0);
    return layers * (NORMS + (maker->chips > 1 ? 2 : 0)) + linear * LINEAR +
           (layers - linear) * attention + sparse * mixture + (layers - sparse) * MLP;
}

struct step_price step_maker_rest(const struct step_maker *maker, double tokens)
{
    const struct model *model = maker->model;
    struct step_price mixture = {{0}}, dense = {{0}}, price = {{0}};
    double sparse = model->expert_count > 0 ? (double)(model->layers - model->dense_layers) : 0;
    double others = (double)model->layers - sparse;
    if (sparse > 0) {
        add_mixture(maker, tokens, &mixture);
        mixture.part_s[STEP_COMMUNICATION] += leave_s(maker, tokens, true);
    }
    if (others > 0) {
        add_mlp(maker, tokens, (double)model->ffn_hidden, &dense);
        dense.part_s[STEP_COMMUNICATION] += leave_s(maker, tokens, false);
    }
    add_price(&price, &mixture, sparse);
    add_price(&price, &dense, others);
    price.part_s[STEP_VECTOR] +=
        (double)model->layers * norm_s(maker, tokens / maker->ranks) +
        vector_s(maker, 1, 2 * ELEMENT_BYTES * tokens * (double)model->hidden);
    price.part_s[STEP_COMMUNICATION] +=
        maker->boundary_start_s + tokens * maker->boundary_token_s;
    return price;
}

struct step_price step_maker_rows(const struct step_maker *maker, double rows)
{
    struct step_price price = {{0}};
    double hidden = (double)maker->model->hidden, vocabulary = (double)maker->model->vocabulary;
    double columns = vocabulary / maker->shards * maker->cores;
    if (rows <= 0) {
        return price;
    }
    price.part_s[STEP_MATMUL] = maker->scenario->engine.matmul_factor *
                                linear_s(maker, rows, hidden, columns, DTYPE_BF16, DTYPE_BF16);
    price.part_s[STEP_VECTOR] = vector_s(maker, 3, rows * (2 * hidden + 5 * columns) * 2);
    if (maker->chips > 1) { /* gathered: half of a sum */
        price.part_s[STEP_COMMUNICATION] =
            exchange_s(maker, &maker->all_reduce, rows * columns * ELEMENT_BYTES) / 2;
    }
    return price;
}

/* From the first chips of a pipeline stage to those of the next. */
static double boundary_s(const struct step_maker *maker, double tokens, struct error *error)
{
    int64_t stage = maker->scenario->tensor_parallel;
    int64_t chips[2] = {maker->first_chip, maker->first_chip + stage};
    struct arena *scratch = arena_create();
    struct collective collective = {COLLECTIVE_SEND_RECEIVE,
                                    tokens * (double)maker->model->hidden * ELEMENT_BYTES /
                                        (double)stage,
                                    maker->platform, chips, 2};
    struct schedule schedule = {.arena = scratch};
    double time_s = collective_plan(&collective, "auto", &schedule, error)
                        ? collective_time_s(&collective, &schedule)
                        : (double)INFINITY;
    arena_free(scratch);
    return time_s;
}

static bool price_boundaries(struct step_maker *maker, struct error *error)
{
    enum { MANY = 1024 };
    double crossings = (double)(maker->scenario->pipeline_parallel - 1);
    if (crossings > 0) {
        double one_s = boundary_s(maker, 1, error), many_s = boundary_s(maker, MANY, error);
        maker->boundary_token_s = crossings * (many_s - one_s) / (MANY - 1);
        maker->boundary_start_s = crossings * one_s - maker->boundary_token_s;
    }
    return isfinite(maker->boundary_start_s);
}

/* As the engine's kernels find it. */
static struct chip own_chip(const struct step_maker *maker, const struct chip *whole)
{
    const struct engine_properties *engine = &maker->scenario->engine;
    struct chip chip = *whole;
    chip.op_overhead_s *= engine->launch_factor;
    chip.matmul_efficiency_fraction /= engine->matmul_rate_factor;
    chip.matmul_efficiency_fp8_fraction /=
        engine->matmul_rate_factor *
        (maker->model->block_scales ? engine->block_rate_factor : 1);
    return chip;
}

static void share_stage(struct step_maker *maker)
{
    const struct serving_scenario *scenario = maker->scenario;
    maker->chips = (double)scenario->tensor_parallel;
    maker->ranks = (double)scenario->attention_data_parallel;
    maker->shards =
        scenario->tensor_shards > 0 ? (double)scenario->tensor_shards : maker->chips;
    maker->cores = maker->shards / maker->chips;
    maker->attention_shards = fmax(maker->shards / maker->ranks, maker->cores);
    maker->dense_dtype = scenario->weight_dtype;
    if (maker->model->expert_count > 0 && scenario->dense_dtype != DENSE_LIKE_EXPERTS) {
        maker->dense_dtype = scenario->dense_dtype == DENSE_BF16 ? DTYPE_BF16 : DTYPE_FP8;
    }
}

static bool fill_exchanges(struct step_maker *maker, struct error *error)
{
    double row_bytes = (double)maker->model->hidden * ELEMENT_BYTES;
    double own_s = maker->scenario->engine.all_reduce_s;
    int64_t chips = maker->scenario->tensor_parallel;
    int64_t part = (int64_t)(maker->attention_shards / maker->cores);
    if (chips <= 1) {
        return true;
    }
    if (!exchange_table_fill(&maker->all_reduce, maker->platform, maker->first_chip,
                             COLLECTIVE_ALL_REDUCE, chips, row_bytes, own_s, error)) {
        return false;
    }
    maker->attention_reduce = maker->all_reduce;
    return maker->ranks <= 1 ||
           (exchange_table_fill(&maker->all_to_all, maker->platform, maker->first_chip,
                                COLLECTIVE_ALL_TO_ALL, chips, row_bytes, 0, error) &&
            (part <= 1 ||
             exchange_table_fill(&maker->attention_reduce, maker->platform, maker->first_chip,
                                 COLLECTIVE_ALL_REDUCE, part, row_bytes, own_s, error)));
}

struct step_maker *step_maker_create(const struct platform *platform, int64_t first_chip,
                                     const struct model *model,
                                     const struct serving_scenario *scenario,
                                     struct arena *arena, struct error *error)
{
    struct step_maker *maker = arena_alloc(arena, sizeof *maker);
    maker->platform = platform;
    maker->first_chip = first_chip;
    maker->model = model;
    maker->scenario = scenario;
    share_stage(maker);
    maker->chip = own_chip(maker, platform_chip(platform, first_chip));
    return fill_exchanges(maker, error) && price_boundaries(maker, error) ? maker : NULL;
}
