/* SPDX-License-Identifier: Apache-2.0 */
/* Tables are filled from the same lists of operations, kernels and collectives as a training
 * step's forward pass; three things differ in serving and are put right here: weights may be
 * stored in another dtype than they are multiplied in, of a mixture only those experts are read
 * that some token asks for, and attention looks back on cached tokens. */
#include "serving/step_cost.h"

#include <math.h>
#include <string.h>

#include "collective/collective.h"
#include "hardware/attention_kernel.h"
#include "serving/exchange_table.h"
#include "serving/step_memory.h"
#include "workload/transformer.h"

enum { ELEMENT_BYTES = 2 };
enum { PREFILL_SAMPLE = 2048, DECODE_SAMPLE = 64, DECODE_CONTEXT = 1024 };

#define STEP_PART_NAME(NAME, text) text,
const char *step_part_name(enum step_part part)
{
    static const char *const names[] = {STEP_PARTS(STEP_PART_NAME)};
    return names[part];
}
#undef STEP_PART_NAME

/* What the tables are made from. */
struct maker {
    const struct platform *platform;
    int64_t first_chip; /* of the first replica: they are alike */
    const struct chip *chip;
    const struct model *model;
    const struct serving_scenario *scenario;
    struct plan plan;
    struct exchange_table all_reduce;
    struct arena *arena;
    struct operation_list list; /* scratch: large */
};

/* Of experts that tokens choose evenly and independently, the share that one step reads. */
static double touched_fraction(const struct model *model, double tokens)
{
    double chosen = (double)model->experts_per_token / (double)model->expert_count;
    return 1 - pow(1 - chosen, tokens);
}

/* Whole experts on fewer chips or slices of all: the same work, other shapes; and only those
 * that are asked for. */
static void correct_experts(const struct maker *maker, struct work *work, bool up,
                            double tokens)
{
    const struct model *model = maker->model;
    double parallel = (double)maker->scenario->expert_parallel;
    double slices = (double)maker->scenario->tensor_parallel / parallel;
    double experts = (double)model->expert_count / parallel;
    double width = (double)model->expert_ffn_hidden / slices;
    work->batch_count = fmax(experts * touched_fraction(model, tokens), 1);
    work->m = tokens * (double)model->experts_per_token / parallel / work->batch_count;
    if (up) {
        work->n = width * (model->gated_mlp ? 2 : 1);
    } else {
        work->k = width;
    }
    work->flops = 2 * work->m * work->n * work->k * work->batch_count;
}

static void correct_matmul(const struct maker *maker, const char *name, struct work *work,
                           double tokens)
{
    if (work->kind != WORK_MATMUL) {
        return;
    }
    bool router = strcmp(name, "router") == 0;
    if (strncmp(name, "experts", 7) == 0) {
        correct_experts(maker, work, strcmp(name, "experts up") == 0, tokens);
    }
    double weight = router ? ELEMENT_BYTES : dtype_bytes(maker->scenario->weight_dtype);
    work->bytes =
        work->batch_count * (work->m * work->k * dtype_bytes(work->dtype) +
                             work->k * work->n * weight + work->m * work->n * ELEMENT_BYTES);
}

static void add_operation(const struct maker *maker, const struct operation *operation,
                          double times, double tokens, struct step_price *price)
{
    struct work work = operation->work;
    correct_matmul(maker, operation->name, &work, tokens);
    if (work.kernel_count > 0 && work.kind != WORK_ATTENTION) {
        enum step_part part = work.kind == WORK_MATMUL ? STEP_MATMUL : STEP_VECTOR;
        price->part_s[part] += times * chip_work_time_s(maker->chip, &work);
    }
    if (operation->exchange == EXCHANGE_TENSOR_ALL_REDUCE) {
        price->part_s[STEP_COMMUNICATION] +=
            times * exchange_table_s(&maker->all_reduce, operation->exchange_bytes);
    }
}

static void add_part(struct maker *maker, enum part part, double times, double tokens,
                     struct step_price *price)
{
    struct training_shape shape = {maker->model, &maker->plan, (int64_t)tokens};
    maker->list.count = 0;
    transformer_forward(&shape, part, &maker->list);
    for (int i = 0; i < maker->list.count; i++) {
        add_operation(maker, &maker->list.items[i], times, tokens, price);
    }
}

/* From one pipeline stage to the next: a point-to-point transfer between their first chips. */
static double boundary_s(const struct maker *maker, double tokens, struct error *error)
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

static struct step_price tokens_price(struct maker *maker, int64_t tokens, double boundaries_s)
{
    struct step_price price = {{0}};
    if (tokens == 0) {
        return price;
    }
    const struct model *model = maker->model;
    double dense = model->expert_count > 0 ? (double)model->dense_layers : 0;
    add_part(maker, PART_EMBEDDING, 1, (double)tokens, &price);
    add_part(maker, PART_LAYER, (double)model->layers - dense, (double)tokens, &price);
    if (dense > 0) {
        add_part(maker, PART_DENSE_LAYER, dense, (double)tokens, &price);
    }
    price.part_s[STEP_COMMUNICATION] +=
        (double)(maker->scenario->pipeline_parallel - 1) * boundaries_s;
    return price;
}

/* The head in bf16, over the sampled rows alone; logits are read once more to sample. */
static struct step_price rows_price(struct maker *maker, int64_t rows)
{
    struct step_price price = {{0}};
    double columns =
        (double)maker->model->vocabulary / (double)maker->scenario->tensor_parallel;
    struct operation_linear head = {.forward = "logits",
                                    .dtype = DTYPE_BF16,
                                    .tokens = (double)rows,
                                    .in = (double)maker->model->hidden,
                                    .out = columns,
                                    .batch_count = 1};
    if (rows == 0) {
        return price;
    }
    maker->list.count = 0;
    operation_vector(&maker->list, "final norm",
                     (double)rows * (double)maker->model->hidden * 2 * ELEMENT_BYTES);
    operation_forward(&maker->list, &head);
    operation_vector(&maker->list, "sampling", (double)rows * columns * 2 * ELEMENT_BYTES);
    for (int i = 0; i < maker->list.count; i++) {
        struct work *work = &maker->list.items[i].work;
        price.part_s[work->kind == WORK_MATMUL ? STEP_MATMUL : STEP_VECTOR] +=
            chip_work_time_s(maker->chip, work);
    }
    if (maker->scenario->tensor_parallel > 1) {
        price.part_s[STEP_COMMUNICATION] +=
            exchange_table_s(&maker->all_reduce, (double)rows * columns * ELEMENT_BYTES);
    }
    return price;
}

static bool fill_tables(struct step_cost *cost, struct maker *maker, int64_t limit,
                        struct error *error)
{
    struct arena *arena = maker->arena;
    cost->table_limit = STEP_TABLE;
    cost->grid_count = (limit > STEP_TABLE ? limit - STEP_TABLE : 0) / STEP_GRID + 3;
    cost->row_limit = maker->scenario->max_num_seqs;
    cost->tokens = arena_array(arena, cost->table_limit + 1, sizeof(struct step_price));
    cost->grid = arena_array(arena, cost->grid_count + 1, sizeof(struct step_price));
    cost->rows = arena_array(arena, cost->row_limit + 1, sizeof(struct step_price));
    bool staged = maker->scenario->pipeline_parallel > 1;
    double first_s = staged ? boundary_s(maker, 1, error) : 0;
    double later_s = staged ? (boundary_s(maker, 1024, error) - first_s) / 1023 : 0;
    if (!isfinite(first_s + later_s)) {
        return false;
    }
    for (int64_t tokens = 0; tokens <= cost->table_limit; tokens++) {
        cost->tokens[tokens] =
            tokens_price(maker, tokens, first_s + later_s * (double)(tokens - 1));
    }
    for (int64_t i = 0; i < cost->grid_count; i++) {
        int64_t tokens = STEP_TABLE + i * STEP_GRID;
        cost->grid[i] = tokens_price(maker, tokens, first_s + later_s * (double)(tokens - 1));
    }
    for (int64_t rows = 0; rows <= cost->row_limit; rows++) {
        cost->rows[rows] = rows_price(maker, rows);
    }
    return true;
}

/* Columns of queries, and of keys (or values), on one chip. */
static double query_columns(const struct maker *maker)
{
    return operation_sizes(&(struct training_shape){maker->model, &maker->plan, 1}).query;
}

static double key_value_columns(const struct maker *maker)
{
    return operation_sizes(&(struct training_shape){maker->model, &maker->plan, 1}).key_value;
}

/* The fused kernel of one layer on one chip, without its start. */
static double kernel_s(const struct maker *maker, double sequences, double queries,
                       double prefix)
{
    double head_dim = (double)maker->model->head_dim;
    struct work work = {
        .kind = WORK_ATTENTION,
        .dtype = DTYPE_BF16,
        .kernel_count = 1,
        .attention = {.sequences = sequences,
                      .heads = query_columns(maker) / head_dim,
                      .kv_heads = key_value_columns(maker) / head_dim,
                      .head_dim = head_dim,
                      .queries = queries,
                      .prefix = prefix,
                      .causal = true,
                      .cached = true,
                      .narrow_cache = dtype_bytes(maker->scenario->kv_dtype) < 2}};
    work.flops = 4 * query_columns(maker) * sequences * queries * (prefix + (queries + 1) / 2);
    work.bytes = attention_kernel_bytes(&work.attention, ELEMENT_BYTES,
                                        dtype_bytes(maker->scenario->kv_dtype));
    return chip_work_time_s(maker->chip, &work) - maker->chip->op_overhead_s;
}

/* Straight lines through the kernel's times at a prompt of 2,048 tokens, and at 64 requests
 * with 1,024 and 4,096 tokens of context. MODEL.md, "Serving: step time" */
static void fill_attention(struct step_cost *cost, const struct maker *maker)
{
    const struct chip *chip = maker->chip;
    double layers = (double)maker->model->layers;
    double memory_Bps = chip->hbm_Bps * chip->hbm_efficiency_fraction;
    double kv_bytes = 2 * key_value_columns(maker) * dtype_bytes(maker->scenario->kv_dtype);
    double token_bytes = 2 * query_columns(maker) * ELEMENT_BYTES + kv_bytes;
    double few_s = kernel_s(maker, DECODE_SAMPLE, 1, DECODE_CONTEXT - 1);
    double many_s = kernel_s(maker, DECODE_SAMPLE, 1, 4 * DECODE_CONTEXT - 1);
    double context_s = (many_s - few_s) / (3.0 * DECODE_CONTEXT * DECODE_SAMPLE);
    double request_s = few_s / DECODE_SAMPLE - context_s * DECODE_CONTEXT;
    double pairs = (double)PREFILL_SAMPLE * (PREFILL_SAMPLE + 1) / 2;
    cost->attention_base_s = layers * chip->op_overhead_s;
    cost->pair_s = layers * kernel_s(maker, 1, PREFILL_SAMPLE, 0) / pairs;
    cost->prefill_read_s = layers * kv_bytes / memory_Bps;
    cost->prefill_token_s = layers * token_bytes / memory_Bps;
    cost->decode_read_s = layers * context_s;
    cost->decode_token_s = layers * fmax(request_s, 0);
    cost->kv_token_bytes = kv_bytes * ceil(layers / (double)maker->scenario->pipeline_parallel);
}

static double interpolated(const struct step_cost *cost, int64_t tokens, int part)
{
    int64_t cell = (tokens - STEP_TABLE) / STEP_GRID;
    cell = cell > cost->grid_count - 2 ? cost->grid_count - 2 : cell;
    double share = (double)(tokens - STEP_TABLE - cell * STEP_GRID) / (double)STEP_GRID;
    double low = cost->grid[cell].part_s[part], high = cost->grid[cell + 1].part_s[part];
    return low + share * (high - low);
}

static void add_price(struct step_price *sum, const struct step_price *price, double times)
{
    for (int part = 0; part < STEP_PART_COUNT; part++) {
        sum->part_s[part] += times * price->part_s[part];
    }
}

/* Everything but attention, once. */
static void add_tables(const struct step_cost *cost, const struct step *step, double times,
                       struct step_price *price)
{
    int64_t tokens = step->prefill_tokens + step->decode_count;
    if (tokens <= cost->table_limit) {
        add_price(price, &cost->tokens[tokens], times);
    } else {
        for (int part = 0; part < STEP_PART_COUNT; part++) {
            price->part_s[part] += times * interpolated(cost, tokens, part);
        }
    }
    int64_t rows = step->rows < cost->row_limit ? step->rows : cost->row_limit;
    add_price(price, &cost->rows[rows], times);
    price->part_s[STEP_OVERHEAD] += times * cost->overhead_s;
}

static double sum_of(const struct step_price *price)
{
    double sum_s = 0;
    for (int part = 0; part < STEP_PART_COUNT; part++) {
        sum_s += price->part_s[part];
    }
    return sum_s;
}

static double prefill_attention_s(const struct step_cost *cost, const struct step *step)
{
    if (step->prefill_tokens == 0) {
        return 0;
    }
    double read_s = step->prefill_context * cost->prefill_read_s +
                    (double)step->prefill_tokens * cost->prefill_token_s;
    return cost->attention_base_s + fmax(step->prefill_pairs * cost->pair_s, read_s);
}

/* Of 'count' steps: an arithmetic series. MODEL.md, "Serving: runs of decode steps" */
static double decode_attention_s(const struct step_cost *cost, const struct step *step,
                                 double count)
{
    if (step->decode_count == 0) {
        return 0;
    }
    double first_s = cost->attention_base_s + step->decode_context * cost->decode_read_s +
                     (double)step->decode_count * cost->decode_token_s;
    return count * first_s + count * (count - 1) / 2 * step->growth * cost->decode_read_s;
}

double step_cost_s(const struct step_cost *cost, const struct step *step,
                   struct step_price *price)
{
    struct step_price own = {{0}};
    add_tables(cost, step, 1, &own);
    own.part_s[STEP_ATTENTION] +=
        prefill_attention_s(cost, step) + decode_attention_s(cost, step, 1);
    if (price != NULL) {
        add_price(price, &own, 1);
    }
    return sum_of(&own);
}

double step_cost_run_s(const struct step_cost *cost, const struct step *step, int64_t count)
{
    struct step_price own = {{0}};
    step_cost_run_parts(cost, step, count, &own);
    return sum_of(&own);
}

void step_cost_run_parts(const struct step_cost *cost, const struct step *step, int64_t count,
                         struct step_price *price)
{
    add_tables(cost, step, (double)count, price);
    price->part_s[STEP_ATTENTION] += decode_attention_s(cost, step, (double)count);
}

struct step_cost *step_cost_create(const struct platform *platform, int64_t first_chip,
                                   const struct model *model,
                                   const struct serving_scenario *scenario, int64_t token_limit,
                                   struct arena *arena, struct error *error)
{
    struct maker *maker = arena_alloc(arena, sizeof *maker);
    maker->platform = platform;
    maker->first_chip = first_chip;
    maker->chip = platform_chip(platform, first_chip);
    maker->model = model;
    maker->scenario = scenario;
    maker->arena = arena;
    plan_init(&maker->plan);
    maker->plan.tensor_parallel = scenario->tensor_parallel;
    maker->plan.sequence_parallel = false;
    maker->plan.dtype = scenario->activation_dtype;
    if (!step_memory_check(maker->chip, model, scenario, error)) {
        return NULL;
    }
    struct step_cost *cost = arena_alloc(arena, sizeof *cost);
    cost->overhead_s = scenario->step_overhead_s;
    if ((scenario->tensor_parallel > 1 &&
         !exchange_table_fill(&maker->all_reduce, platform, first_chip,
                              scenario->tensor_parallel, (double)model->hidden * ELEMENT_BYTES,
                              error)) ||
        !step_memory_fill(cost, maker->chip, model, scenario, error) ||
        !fill_tables(cost, maker, token_limit, error)) {
        return NULL;
    }
    fill_attention(cost, maker);
    return cost;
}
