/* SPDX-License-Identifier: Apache-2.0 */
/* Sums and quantiles to rows. */
#include "serving/serving_tables.h"

#include <math.h>

#include "economics/cost.h"
#include "economics/energy.h"
#include "hardware/evidence.h"
#include "serving/serving_load.h"

#define SERVING_ROW(NAME, column, type, unit, meaning) {column, COLUMN_##type, unit, meaning},
static const struct column summary_columns[] = {SERVING_COLUMNS(SERVING_ROW)};

/* X(NAME, column, unit, meaning) */
#define SECOND_COLUMNS(X)                                                                      \
    X(TIME, "time_s", "s", "where the interval starts")                                        \
    X(RUNNING, "running", "1", "requests in batches, mean over the interval")                  \
    X(WAITING, "waiting", "1", "requests in queues, mean")                                     \
    X(BLOCKS, "kv_use_fraction", "1", "KV blocks that requests hold, mean")                    \
    X(OUTPUT, "output_tokens_per_s", "1/s", "tokens that came out")                            \
    X(PROMPT, "prompt_tokens_per_s", "1/s", "prompt tokens computed for the first time")       \
    X(ARRIVALS, "arrivals_per_s", "1/s", "requests that came")

#define SECOND_ENUM(NAME, column, unit, meaning) SECOND_##NAME,
enum second_column { SECOND_COLUMNS(SECOND_ENUM) SECOND_COLUMN_COUNT };
#define SECOND_ROW(NAME, column, unit, meaning) {column, COLUMN_F64, unit, meaning},
static const struct column second_columns[] = {SECOND_COLUMNS(SECOND_ROW)};

static const struct column breakdown_columns[] = {
    {"part", COLUMN_TEXT, "", "what steps spend time on, or why requests wait"},
    {"time_s", COLUMN_F64, "s", "mean a replica"},
    {"share_fraction", COLUMN_F64, "1", "of the replicas' busy time"},
};

/* Requests wait for something else than load for a notable share of the time. */
static const char *limit(const struct engine_totals *totals)
{
    int most = WAIT_BLOCKS;
    for (int reason = WAIT_BLOCKS; reason < WAIT_REASON_COUNT; reason++) {
        most = totals->waiting_s[reason] > totals->waiting_s[most] ? reason : most;
    }
    bool notable = totals->waiting_s[most] > 0.05 * totals->busy_s;
    return replica_wait_name(notable ? (enum wait_reason)most : WAIT_NONE);
}

static const char *step_limit(const struct engine_totals *totals)
{
    int most = 0;
    for (int part = 1; part < STEP_PART_COUNT; part++) {
        most = totals->parts.part_s[part] > totals->parts.part_s[most] ? part : most;
    }
    return step_part_name((enum step_part)most);
}

static void fill_counts(const struct serving *serving, const struct engine_totals *totals,
                        union cell *row)
{
    const struct outcome *outcome = serving->outcome;
    double window_s = outcome_window_s(outcome);
    double output = (double)outcome->counted_output / window_s;
    row[SERVING_PLATFORM].text = serving->platform->name;
    row[SERVING_WORKLOAD].text = serving->scenario->name;
    row[SERVING_CHIPS].i64 = serving_chips(serving);
    row[SERVING_REPLICAS].i64 = serving->pools[POOL_MAIN].replica_count;
    row[SERVING_PREFILL_REPLICAS].i64 =
        serving->pool_count > 1 ? serving->pools[POOL_PREFILL].replica_count : 0;
    row[SERVING_ARRIVED].i64 = outcome->arrived;
    row[SERVING_COMPLETED].i64 = outcome->completed;
    row[SERVING_REJECTED].i64 = outcome->rejected;
    row[SERVING_BEYOND].i64 = outcome->beyond;
    row[SERVING_UNFINISHED].i64 = outcome->unfinished + serving->requests.present;
    row[SERVING_COUNTED].i64 = outcome->counted;
    row[SERVING_DURATION].f64 = window_s;
    row[SERVING_REQUEST_RATE].f64 = (double)outcome->counted / window_s;
    row[SERVING_OUTPUT_RATE].f64 = output;
    row[SERVING_OUTPUT_RATE_CHIP].f64 = output / (double)serving_chips(serving);
    row[SERVING_INPUT_RATE].f64 = (double)outcome->counted_input / window_s;
    row[SERVING_GOOD].f64 = (double)outcome->good / (double)outcome->counted;
    row[SERVING_GOODPUT].f64 = (double)outcome->good / window_s;
    row[SERVING_PREFILLED].i64 = totals->prefilled;
    row[SERVING_RECOMPUTED].i64 = totals->recomputed;
    row[SERVING_PRODUCED].i64 = totals->produced;
    row[SERVING_PREEMPTIONS].i64 = totals->preemptions;
}

static void fill_latencies(const struct outcome *outcome, union cell *row)
{
    row[SERVING_TTFT_MEAN].f64 = histogram_mean(&outcome->ttft_s);
    row[SERVING_TTFT_P50].f64 = histogram_quantile(&outcome->ttft_s, 0.5);
    row[SERVING_TTFT_P90].f64 = histogram_quantile(&outcome->ttft_s, 0.9);
    row[SERVING_TTFT_P99].f64 = histogram_quantile(&outcome->ttft_s, 0.99);
    row[SERVING_TPOT_MEAN].f64 = histogram_mean(&outcome->tpot_s);
    row[SERVING_TPOT_P50].f64 = histogram_quantile(&outcome->tpot_s, 0.5);
    row[SERVING_TPOT_P90].f64 = histogram_quantile(&outcome->tpot_s, 0.9);
    row[SERVING_TPOT_P99].f64 = histogram_quantile(&outcome->tpot_s, 0.99);
    row[SERVING_E2E_MEAN].f64 = histogram_mean(&outcome->e2e_s);
    row[SERVING_E2E_P50].f64 = histogram_quantile(&outcome->e2e_s, 0.5);
    row[SERVING_E2E_P99].f64 = histogram_quantile(&outcome->e2e_s, 0.99);
    row[SERVING_QUEUE_MEAN].f64 = histogram_mean(&outcome->queue_s);
    double larger = fmax(outcome->present_integral_s, outcome->time_sum_s);
    row[SERVING_LITTLE].f64 =
        larger > 0 ? fabs(outcome->present_integral_s - outcome->time_sum_s) / larger : 0;
}

/* Prompts are computed by the first pool when there are two. */
static void fill_evidence(const struct serving *serving, union cell *row, struct arena *arena)
{
    const struct platform *prefill =
        serving->pools[serving->pool_count > 1 ? POOL_PREFILL : POOL_MAIN].platform;
    struct evidence tokens =
        evidence_of(serving->pools[POOL_MAIN].platform, EVIDENCE_TOKENS, arena);
    struct evidence first = evidence_of(prefill, EVIDENCE_FIRST_TOKEN, arena);
    row[SERVING_TPOT_LOW].f64 = row[SERVING_TPOT_MEAN].f64 * tokens.low;
    row[SERVING_TPOT_HIGH].f64 = row[SERVING_TPOT_MEAN].f64 * tokens.high;
    row[SERVING_TTFT_LOW].f64 = row[SERVING_TTFT_MEAN].f64 * first.low;
    row[SERVING_TTFT_HIGH].f64 = row[SERVING_TTFT_MEAN].f64 * first.high;
    row[SERVING_EVIDENCE].text = tokens.source;
    row[SERVING_EVIDENCE_TTFT].text = first.source;
}

static void fill_engine(const struct serving *serving, const struct engine_totals *totals,
                        union cell *row)
{
    double load = serving_load_fraction(serving);
    double prompts = (double)(totals->cached + totals->prefilled);
    row[SERVING_HITS].f64 = totals->prompt_blocks > 0
                                ? (double)totals->hit_blocks / (double)totals->prompt_blocks
                                : 0;
    row[SERVING_CACHED].f64 = prompts > 0 ? (double)totals->cached / prompts : 0;
    row[SERVING_HIT_BLOCKS].i64 = totals->hit_blocks;
    row[SERVING_PROMPT_BLOCKS].i64 = totals->prompt_blocks;
    row[SERVING_KV_TOKENS].i64 =
        serving->kv_unlimited
            ? -1
            : serving->pools[POOL_MAIN].block_count * serving->scenario->serving.block_tokens;
    row[SERVING_BUSY].f64 = serving_load_busy(serving, &serving->pools[POOL_MAIN]);
    row[SERVING_LOAD].f64 = load;
    row[SERVING_BATCH].f64 = (double)totals->batch_tokens / (double)totals->steps;
    row[SERVING_STEPS].i64 = totals->steps;
    row[SERVING_LIMIT].text = limit(totals);
    row[SERVING_STEP_LIMIT].text = step_limit(totals);
    row[SERVING_SATURATED].i64 = serving_load_saturated(serving);
    row[SERVING_FULL].f64 = serving_load_capacity_per_s(serving);
    row[SERVING_TRUSTED].f64 = serving_load_trusted_per_s(serving);
}

/* MODEL.md, "Energy": what steps did, as the work of a step that lasts the whole run. */
static struct energy_use pool_energy(const struct serving *serving, const struct pool *pool)
{
    const struct engine_totals *totals = &pool->engine.totals;
    double chips = serving_load_chips(serving, pool);
    double lanes = (double)pool->lane_count * chips / (double)pool->chips;
    struct energy_activity activity = {.communication_s =
                                           totals->parts.part_s[STEP_COMMUNICATION] / lanes,
                                       .step_s = serving_load_elapsed_s(serving)};
    activity.work_s[WORK_MATMUL] = totals->parts.part_s[STEP_MATMUL] / lanes;
    activity.work_s[WORK_ATTENTION] = totals->parts.part_s[STEP_ATTENTION] / lanes;
    activity.work_s[WORK_VECTOR] = totals->parts.part_s[STEP_VECTOR] / lanes;
    return energy_of_step(pool->platform, platform_chip(pool->platform, pool->first_chip),
                          (int64_t)ceil(chips), &activity);
}

/* Dollars a second of all pools; NAN when one has no price. */
static struct cost_range cost_per_s(const struct serving *serving,
                                    const struct price *const prices[POOL_KINDS])
{
    struct cost_range sum = {0};
    for (int kind = 0; kind < serving->pool_count; kind++) {
        const struct pool *pool = &serving->pools[kind];
        struct cost_range cost = cost_of_chips(prices[kind], pool->chips, 1);
        double part = serving_load_chips(serving, pool) / (double)pool->chips;
        sum.usd += cost.usd * part;
        sum.low_usd += cost.low_usd * part;
        sum.high_usd += cost.high_usd * part;
    }
    return sum;
}

/* Share of the money that prompts take. With pools: that of the one that prefills. Else the
 * time of full batches of whole prompts of the mean length, over the busy time. MODEL.md,
 * "Cost" */
static double prompt_share(const struct serving *serving, const struct engine_totals *totals,
                           const struct price *const prices[POOL_KINDS])
{
    const struct pool *pool = &serving->pools[POOL_MAIN];
    if (serving->pool_count > 1) {
        const struct pool *prefill = &serving->pools[POOL_PREFILL];
        return cost_of_chips(prices[POOL_PREFILL], prefill->chips, 1).usd /
               cost_per_s(serving, prices).usd;
    }
    double tokens = (double)pool->scenario.max_num_batched_tokens;
    double mean =
        fmax(1, (double)totals->prefilled / fmax(1, (double)serving->outcome->completed));
    double prompts = fmax(1, tokens / mean), length = fmin(mean, tokens);
    struct step full = {.prefill_tokens = (int64_t)tokens,
                        .prefill_count = (int64_t)prompts,
                        .rows = (int64_t)prompts,
                        .prefill_pairs = tokens * length / 2,
                        .prefill_context = tokens};
    double prefill_s =
        step_cost_s(pool->cost, &full, NULL) / tokens * (double)totals->prefilled;
    return fmin(1, prefill_s / totals->busy_s);
}

static void fill_cost(const struct serving *serving, const struct engine_totals *totals,
                      const struct price *const prices[POOL_KINDS], union cell *row)
{
    struct cost_range cost = cost_per_s(serving, prices);
    double rate = row[SERVING_OUTPUT_RATE].f64; /* 0: nobody was answered */
    double seconds = rate > 0 ? 1e6 / rate : (double)NAN, usd = cost.usd * seconds;
    double share = prompt_share(serving, totals, prices);
    double sessions = (double)arrivals_sessions_begun(serving->arrivals);
    row[SERVING_COST].f64 = usd;
    row[SERVING_COST_LOW].f64 = cost.low_usd * seconds;
    row[SERVING_COST_HIGH].f64 = cost.high_usd * seconds;
    row[SERVING_COST_INPUT].f64 = usd * share * rate / row[SERVING_INPUT_RATE].f64;
    row[SERVING_COST_OUTPUT].f64 = usd * (1 - share);
    row[SERVING_COST_SESSION].f64 =
        sessions > 0 ? cost.usd * serving_load_elapsed_s(serving) / sessions : (double)NAN;
    row[SERVING_TOKENS_PER_USD].f64 = 1e6 / usd;
}

static void fill_price(const struct serving *serving,
                       const struct price *const prices[POOL_KINDS], union cell *row)
{
    row[SERVING_PRICE_KIND].text = "";
    for (int kind = 0; kind < serving->pool_count; kind++) {
        if (prices[kind] != NULL) {
            row[SERVING_PRICE_KIND].text = price_kind_name(prices[kind]->kind);
            row[SERVING_PRICE_IS_ESTIMATE].i64 |= prices[kind]->is_estimate;
        }
    }
}

static void fill_energy(const struct serving *serving, const struct engine_totals *totals,
                        union cell *row)
{
    double joules = 0, peak_W = 0, tokens = (double)totals->produced;
    for (int kind = 0; kind < serving->pool_count; kind++) {
        struct energy_use use = pool_energy(serving, &serving->pools[kind]);
        joules += use.step_J;
        peak_W += use.peak_W;
    }
    row[SERVING_ENERGY].f64 = tokens > 0 ? joules / tokens * 1e6 : (double)NAN;
    row[SERVING_TOKENS_PER_J].f64 = tokens / joules;
    row[SERVING_POWER].f64 = joules / serving_load_elapsed_s(serving);
    row[SERVING_PEAK_POWER].f64 = peak_W;
}

static void fill_fleet(const struct serving *serving, union cell *row)
{
    const struct pool *pool = &serving->pools[POOL_MAIN];
    int64_t completed = serving->outcome->completed;
    row[SERVING_SWAPS].i64 = serving->swaps;
    row[SERVING_RESTORES].i64 = serving->restores;
    row[SERVING_KV_MOVED].f64 = serving->kv_moved_bytes;
    row[SERVING_KV_WAIT].f64 =
        serving->pool_count > 1 && completed > 0 ? serving->kv_wait_s / (double)completed : 0;
    row[SERVING_REPLICAS_MEAN].f64 =
        serving_load_chips(serving, pool) / (double)pool->tiers.place.chips_per_replica;
    row[SERVING_STARTS].i64 = serving->fleet.starts;
    row[SERVING_FAILURES].i64 = serving->fleet.failed;
    row[SERVING_RETRIES].i64 = serving->fleet.retried;
}

struct table *serving_tables_summary(const struct serving *serving,
                                     const struct price *const prices[POOL_KINDS],
                                     struct arena *arena)
{
    static const struct price *const none[POOL_KINDS];
    prices = prices != NULL ? prices : none;
    struct table *table =
        table_create(arena, "summary", "the answer", summary_columns, SERVING_COLUMN_COUNT);
    union cell *row = table_append(table);
    struct engine_totals totals = serving_totals(serving);
    fill_counts(serving, &totals, row);
    fill_latencies(serving->outcome, row);
    fill_evidence(serving, row, arena);
    fill_engine(serving, &totals, row);
    fill_fleet(serving, row);
    fill_cost(serving, &totals, prices, row);
    fill_price(serving, prices, row);
    fill_energy(serving, &totals, row);
    return table;
}

struct table *serving_tables_series(const struct serving *serving, struct arena *arena)
{
    struct table *table =
        table_create(arena, "serving/seconds", "levels and rates of all replicas, over time",
                     second_columns, SECOND_COLUMN_COUNT);
    const struct series *series = &serving->outcome->series;
    double blocks = 0;
    for (int kind = 0; kind < serving->pool_count; kind++) {
        const struct pool *pool = &serving->pools[kind];
        blocks += (double)pool->block_count * (double)pool->replica_count;
    }
    for (int64_t i = 0; i < series->count; i++) {
        const struct series_cell *cell = &series->cells[i];
        union cell *row = table_append(table);
        double start_s = (double)i * series->interval_s;
        double width_s = fmin(series->interval_s, serving->outcome->end_s - start_s);
        width_s = width_s > 0 ? width_s : series->interval_s;
        row[SECOND_TIME].f64 = start_s;
        row[SECOND_RUNNING].f64 = cell->running_s / width_s;
        row[SECOND_WAITING].f64 = cell->waiting_s / width_s;
        row[SECOND_BLOCKS].f64 = cell->blocks_s / width_s / blocks;
        row[SECOND_OUTPUT].f64 = cell->output_tokens / width_s;
        row[SECOND_PROMPT].f64 = cell->prompt_tokens / width_s;
        row[SECOND_ARRIVALS].f64 = cell->arrivals / width_s;
    }
    return table;
}

static void add_part(struct table *table, const struct serving *serving, const char *part,
                     double time_s, double busy_s)
{
    union cell *row = table_append(table);
    row[0].text = part;
    row[1].f64 = time_s / (double)serving->lane_count;
    row[2].f64 = time_s / busy_s;
}

struct table *serving_tables_breakdown(const struct serving *serving, struct arena *arena)
{
    struct table *table =
        table_create(arena, "serving/breakdown", "where the time went", breakdown_columns, 3);
    struct engine_totals totals = serving_totals(serving);
    for (int part = 0; part < STEP_PART_COUNT; part++) {
        add_part(table, serving, step_part_name((enum step_part)part),
                 totals.parts.part_s[part], totals.busy_s);
    }
    for (int reason = WAIT_BLOCKS; reason < WAIT_REASON_COUNT; reason++) {
        const char *name = replica_wait_name((enum wait_reason)reason);
        add_part(table, serving, arena_format(arena, "requests wait for %s", name),
                 totals.waiting_s[reason], totals.busy_s);
    }
    return table;
}
