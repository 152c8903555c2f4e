/* SPDX-License-Identifier: Apache-2.0 */
/* A step's price from the tables and from attention's straight lines. In a run of decode steps
 * the chips' time grows along one straight line while contexts are inside a window and along
 * another beyond, and the host's floor holds until the chips take longer: both are summed in
 * closed form. */
#include "serving/step_cost.h"

#include <math.h>
#include <stdlib.h>

#include "serving/step_maker.h"
#include "serving/step_memory.h"

#define STEP_PART_NAME(NAME, text) text,
const char *step_part_name(enum step_part part)
{
    static const char *const names[] = {STEP_PARTS(STEP_PART_NAME)};
    return names[part];
}
#undef STEP_PART_NAME

/* Squared deviation over mean of a stage's times: fit on 28 rows of TensorRT-LLM with 1 to 8
 * stages. */
static const double step_variation = 0.6;

static void add_price(struct step_price *sum, const struct step_price *price, double times)
{
    for (int part = 0; part < STEP_PART_COUNT; part++) {
        sum->part_s[part] += times * price->part_s[part];
    }
}

static double sum_of(const struct step_price *price)
{
    double sum_s = 0;
    for (int part = 0; part < STEP_PART_COUNT; part++) {
        sum_s += price->part_s[part];
    }
    return sum_s;
}

/* Tables */

typedef struct step_price maker_function(const struct step_maker *maker, double tokens);

static int64_t place_tokens(int64_t place)
{
    return place <= STEP_TABLE ? place : STEP_TABLE + (place - STEP_TABLE) * STEP_GRID;
}

static const struct step_price *at_place(const struct step_cost *cost, struct step_price *table,
                                         int64_t place, maker_function *make)
{
    if (table[place].part_s[0] < 0) {
        table[place] = make(cost->maker, (double)place_tokens(place));
    }
    return &table[place];
}

/* The last place and the one before serve everything beyond. */
static void add_tokens(const struct step_cost *cost, struct step_price *table,
                       maker_function *make, int64_t tokens, double times,
                       struct step_price *sum)
{
    if (tokens == 0) {
        return;
    }
    if (tokens <= STEP_TABLE) {
        add_price(sum, at_place(cost, table, tokens, make), times);
        return;
    }
    int64_t cell = (tokens - STEP_TABLE) / STEP_GRID;
    int64_t last = cost->place_count - 2 - STEP_TABLE;
    cell = cell > last ? last : cell;
    double share = (double)(tokens - STEP_TABLE - cell * STEP_GRID) / (double)STEP_GRID;
    const struct step_price *low = at_place(cost, table, STEP_TABLE + cell, make);
    add_price(sum, low, times * (1 - share));
    const struct step_price *high = at_place(cost, table, STEP_TABLE + cell + 1, make);
    add_price(sum, high, times * share);
}

/* Tokens of the rank that has most: decodes are spread evenly, a prompt lies on one rank. */
static int64_t rank_tokens(const struct step_cost *cost, const struct step *step,
                           int64_t decodes)
{
    double ranks = cost->attention.ranks;
    double spread = fmin(ranks, fmax((double)step->prefill_count, 1));
    return (int64_t)(ceil((double)decodes / ranks) +
                     ceil((double)step->prefill_tokens / spread));
}

/* Everything but attention's core, of the chips. */
static void add_tables(const struct step_cost *cost, const struct step *step, double times,
                       struct step_price *price)
{
    int64_t decodes = (int64_t)((double)step->decode_count * (1 + cost->draft_tokens) + 0.5);
    int64_t rows = (int64_t)((double)step->rows * (1 + cost->draft_tokens) + 0.5);
    add_tokens(cost, cost->attention_tokens, step_maker_attention,
               rank_tokens(cost, step, decodes), times, price);
    add_tokens(cost, cost->rest_tokens, step_maker_rest, step->prefill_tokens + decodes, times,
               price);
    rows = rows < cost->row_limit ? rows : cost->row_limit;
    add_price(price, at_place(cost, cost->rows, rows, step_maker_rows), times);
}

/* Attention */

static double prefill_attention_s(const struct step_cost *cost, const struct step *step)
{
    const struct attention_price *price = &cost->attention;
    if (step->prefill_tokens == 0) {
        return 0;
    }
    double tokens = (double)step->prefill_tokens;
    double windowed = fmin(step->prefill_pairs, tokens * price->window);
    double spread = fmin(price->ranks, fmax((double)step->prefill_count, 1));
    double before = fmax(step->prefill_context - tokens, 0);
    return price->base_s +
           (step->prefill_pairs * price->pair_s + windowed * price->window_pair_s +
            tokens * price->prefill_token_s + before * price->prefill_read_s) /
               spread;
}

/* Requests of the fullest rank over those of the mean one. */
static double unevenness(const struct step_cost *cost, const struct step *step)
{
    double mean = (double)step->decode_count / cost->attention.ranks;
    return mean > 0 ? ceil(mean) / mean : 1;
}

/* Of one of a run's first steps, and of the first 'count' together: contexts grow evenly, those
 * in a window up to its size. */
static double decode_attention_s(const struct step_cost *cost, const struct step *step,
                                 double count)
{
    const struct attention_price *price = &cost->attention;
    if (step->decode_count == 0) {
        return 0;
    }
    double requests = (double)step->decode_count, context = step->decode_context;
    double growth = step->growth, full = count * context + growth * count * (count - 1) / 2;
    double most = requests * price->window, inside = 0, seen = 0;
    if (most > 0) {
        inside = growth > 0 ? ceil((most - context) / growth) : (double)INFINITY;
        inside = fmin(fmax(context < most ? inside : 0, 0), count);
        seen = inside * context + growth * inside * (inside - 1) / 2 + (count - inside) * most;
    }
    return count * price->base_s + (count * requests * price->decode_token_s +
                                    full * price->decode_read_s + seen * price->window_read_s) *
                                       unevenness(cost, step) / price->ranks;
}

/* Steps */

/* The engine's own time of a step, when the chips wait. Each part of a replica that has
 * requests of its own has a process for them. */
static double engine_s(const struct step_cost *cost, const struct step *step)
{
    double ranks = cost->attention.ranks;
    double spread = fmin(ranks, fmax((double)step->prefill_count, 1));
    return cost->overhead_s +
           cost->sequence_s * (ceil((double)step->decode_count / ranks) +
                               ceil((double)step->prefill_count / ranks)) +
           cost->prefill_overhead_s * (double)step->prefill_tokens / spread;
}

double step_accepted_tokens(double proposed, double acceptance)
{
    if (acceptance >= 1) {
        return proposed + 1;
    }
    return (1 - pow(acceptance, proposed + 1)) / (1 - acceptance);
}

/* Of decoding: a draft's tokens come one after the other before the step, which then gives
 * several. */
static double draft_factor(const struct step_cost *cost)
{
    return (1 + cost->draft_tokens * cost->draft_fraction) / cost->accepted_tokens;
}

/* Compiled programs exist for some lengths: each chunk is computed as one of the next length
 * (of the longest, as often as needed). */
static struct step padded(const struct step_cost *cost, const struct step *step)
{
    struct step out = *step;
    if (cost->bucket_count == 0 || step->prefill_count == 0) {
        return out;
    }
    double count = (double)step->prefill_count, mean = (double)step->prefill_tokens / count;
    double bucket = cost->buckets[cost->bucket_count - 1];
    for (int i = cost->bucket_count - 1; i >= 0 && cost->buckets[i] >= mean; i--) {
        bucket = cost->buckets[i];
    }
    double tokens = ceil(mean / bucket - 1e-9) * bucket;
    out.prefill_tokens = (int64_t)(count * tokens);
    out.prefill_pairs *= tokens * (tokens + 1) / (mean * (mean + 1));
    out.prefill_context += count * (tokens - mean);
    return out;
}

static struct step_price plain_price(const struct step_cost *cost, const struct step *step)
{
    struct step_price own = {{0}};
    add_tables(cost, step, 1, &own);
    own.part_s[STEP_ATTENTION] +=
        prefill_attention_s(cost, step) + decode_attention_s(cost, step, 1);
    double host_s =
        step->prefill_count > 0 ? fmax(cost->host_s, cost->prompt_host_s) : cost->host_s;
    own.part_s[STEP_OVERHEAD] += fmax(host_s - sum_of(&own), 0) + engine_s(cost, step);
    return own;
}

/* With a draft a step here is the part of one that gives a token: decoding costs that part,
 * what prompts add to it is as without. MODEL.md, "Serving: drafts" */
static void draft_price(const struct step_cost *cost, const struct step *step,
                        struct step_price *price)
{
    struct step decodes = {.rows = step->decode_count,
                           .decode_count = step->decode_count,
                           .decode_context = step->decode_context,
                           .growth = step->growth};
    struct step_price alone = step->prefill_tokens > 0 ? plain_price(cost, &decodes) : *price;
    add_price(price, &alone, draft_factor(cost) - 1);
}

double step_cost_s(const struct step_cost *cost, const struct step *asked,
                   struct step_price *price)
{
    struct step step = padded(cost, asked);
    struct step_price own = plain_price(cost, &step);
    if (cost->draft_tokens > 0 && step.decode_count > 0) {
        draft_price(cost, &step, &own);
    }
    if (price != NULL) {
        add_price(price, &own, cost->pipeline_factor);
    }
    return cost->pipeline_factor * sum_of(&own);
}

/* Steps of a run that the chips do sooner than the host: they come first. */
static int64_t host_bound(const struct step_cost *cost, const struct step *step, double base_s,
                          int64_t count)
{
    int64_t low = 0, high = cost->host_s > base_s ? count : 0;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        double time_s = base_s + decode_attention_s(cost, step, (double)(middle + 1)) -
                        decode_attention_s(cost, step, (double)middle);
        if (time_s < cost->host_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
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
    struct step_price one = {{0}}, own;
    add_tables(cost, step, 1, &one);
    double base_s = sum_of(&one);
    own = (struct step_price){{0}};
    add_price(&own, &one, (double)count);
    own.part_s[STEP_ATTENTION] += decode_attention_s(cost, step, (double)count);
    int64_t waiting = host_bound(cost, step, base_s, count);
    if (waiting > 0) {
        double done_s =
            (double)waiting * base_s + decode_attention_s(cost, step, (double)waiting);
        own.part_s[STEP_OVERHEAD] += (double)waiting * cost->host_s - done_s;
    }
    own.part_s[STEP_OVERHEAD] += (double)count * engine_s(cost, step);
    add_price(price, &own, cost->pipeline_factor * draft_factor(cost));
}

/* Making */

static bool check_draft(const struct serving_scenario *scenario, struct error *error)
{
    double proposed = scenario->speculative_tokens;
    if (proposed > 0 && scenario->accepted_tokens == 0 && scenario->acceptance < 0) {
        return error_fill(error, ERROR_INPUT,
                          "speculative_tokens is %g and neither acceptance nor accepted_tokens "
                          "is said; add acceptance: 0..1",
                          proposed);
    }
    bool possible =
        scenario->accepted_tokens == 0 ||
        (scenario->accepted_tokens >= 1 && scenario->accepted_tokens <= proposed + 1);
    return possible ||
           error_fill(
               error, ERROR_INPUT,
               "accepted_tokens is %g, expected 1 to speculative_tokens + 1, which is %g, "
               "or 0 for what acceptance says",
               scenario->accepted_tokens, proposed + 1);
}

static struct step_price *unknown(struct arena *arena, int64_t count)
{
    struct step_price *table = arena_array(arena, count, sizeof *table);
    for (int64_t i = 0; i < count; i++) {
        table[i].part_s[0] = -1;
    }
    return table;
}

static void make_tables(struct step_cost *cost, const struct serving_scenario *scenario,
                        int64_t token_limit, struct arena *arena)
{
    int64_t beyond = token_limit > STEP_TABLE ? token_limit - STEP_TABLE : 0;
    cost->place_count = STEP_TABLE + beyond / STEP_GRID + 4;
    double rows = (double)scenario->max_num_seqs * (1 + scenario->speculative_tokens);
    cost->row_limit = (int64_t)fmin(rows, STEP_TABLE);
    cost->attention_tokens = unknown(arena, cost->place_count + 1);
    cost->rest_tokens = unknown(arena, cost->place_count + 1);
    cost->rows = unknown(arena, cost->row_limit + 1);
}

static void take_engine(struct step_cost *cost, const struct serving_scenario *scenario)
{
    const struct engine_properties *engine = &scenario->engine;
    cost->overhead_s = scenario->step_overhead_s;
    cost->sequence_s = engine->sequence_overhead_s;
    cost->prefill_overhead_s = engine->token_overhead_s;
    cost->host_s = engine->host_layer_s * (double)cost->maker->model->layers;
    cost->prompt_host_s = engine->prompt_kernel_s * step_maker_kernels(cost->maker);
    const char *bucket = engine->prefill_buckets == NULL ? "" : engine->prefill_buckets;
    char *end = NULL;
    for (; cost->bucket_count < STEP_BUCKETS; bucket = end) {
        double tokens = strtod(bucket, &end);
        if (end == bucket || !(tokens > 0)) {
            break;
        }
        cost->buckets[cost->bucket_count++] = tokens;
    }
    double stages = (double)scenario->pipeline_parallel;
    cost->pipeline_factor = 1 + step_variation * (stages - 1) / stages;
    cost->draft_tokens = scenario->speculative_tokens;
    cost->accepted_tokens =
        scenario->accepted_tokens > 0
            ? scenario->accepted_tokens
            : step_accepted_tokens(scenario->speculative_tokens, fmax(scenario->acceptance, 0));
    cost->draft_fraction = scenario->draft_fraction;
}

struct step_cost *step_cost_create(const struct platform *platform, int64_t first_chip,
                                   const struct model *model,
                                   const struct serving_scenario *scenario, int64_t token_limit,
                                   struct arena *arena, struct error *error)
{
    const struct chip *chip = platform_chip(platform, first_chip);
    if (!step_memory_check(chip, model, scenario, error) || !check_draft(scenario, error)) {
        return NULL;
    }
    struct step_cost *cost = arena_alloc(arena, sizeof *cost);
    cost->maker = step_maker_create(platform, first_chip, model, scenario, arena, error);
    if (cost->maker == NULL) {
        return NULL;
    }
    take_engine(cost, scenario);
    make_tables(cost, scenario, token_limit, arena);
    cost->attention = step_attention_price(cost->maker);
    return step_memory_fill(cost, cost->maker, error) ? cost : NULL;
}
