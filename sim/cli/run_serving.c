/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to "how many requests does this machine serve, how fast, and what limits it". */
#include "cli/run_serving.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/print.h"
#include "cli/serving_timeline.h"
#include "serving/batch_policy.h"
#include "serving/capacity.h"
#include "serving/serving_tables.h"
#include "serving/tier_table.h"

enum { RESULT_TABLES = 5 };

static void print_latency(const char *label, const union cell *row, int mean, int median)
{
    char text[4][PRINT_SIZE];
    print_field(label, "mean %s, p50 %s, p90 %s, p99 %s",
                print_quantity(text[0], row[mean].f64, "s"),
                print_quantity(text[1], row[median].f64, "s"),
                print_quantity(text[2], row[median + 1].f64, "s"),
                print_quantity(text[3], row[median + 2].f64, "s"));
}

static void print_engine(const struct serving *serving)
{
    const struct pool *pool = &serving->pools[POOL_MAIN];
    const struct serving_scenario *scenario = &pool->scenario;
    char text[3][PRINT_SIZE];
    print_field("chips", "%lld: %lld replica%s of TP %lld x PP %lld, EP %lld",
                (long long)serving_chips(serving), (long long)pool->replica_count,
                pool->replica_count == 1 ? "" : "s", (long long)scenario->tensor_parallel,
                (long long)scenario->pipeline_parallel, (long long)scenario->expert_parallel);
    if (serving->pool_count > 1) {
        const struct pool *prefill = &serving->pools[POOL_PREFILL];
        print_field("of these prefill", "%lld on %s: %lld replica%s of TP %lld x PP %lld",
                    (long long)prefill->chips, prefill->platform->name,
                    (long long)prefill->replica_count, prefill->replica_count == 1 ? "" : "s",
                    (long long)prefill->scenario.tensor_parallel,
                    (long long)prefill->scenario.pipeline_parallel);
    }
    print_field("dtypes", "weights %s, activations %s, KV cache %s",
                dtype_name(scenario->weight_dtype), dtype_name(scenario->activation_dtype),
                dtype_name(scenario->kv_dtype));
    print_field("memory a chip", "weights %s, activations %s, KV cache %s",
                print_quantity(text[0], pool->cost->weights_bytes, "B"),
                print_quantity(text[1], pool->cost->activation_bytes, "B"),
                print_quantity(text[2], pool->cost->kv_bytes, "B"));
    if (serving->kv_unlimited) {
        print_field("KV cache", "unlimited");
    } else {
        print_field("KV cache", "%lld blocks of %lld tokens a replica",
                    (long long)pool->block_count, (long long)scenario->block_tokens);
    }
    print_field("engine", "%s, max_num_seqs %lld, max_num_batched_tokens %lld, %s a step",
                pool->engine.policy->name, (long long)scenario->max_num_seqs,
                (long long)scenario->max_num_batched_tokens,
                print_quantity(text[0], scenario->step_overhead_s, "s"));
}

static void print_rates(const union cell *row)
{
    char text[3][PRINT_SIZE];
    print_field("requests", "%lld completed, %lld rejected, %s/s over %s",
                (long long)row[SERVING_COMPLETED].i64, (long long)row[SERVING_REJECTED].i64,
                print_count(text[0], row[SERVING_REQUEST_RATE].f64),
                print_quantity(text[1], row[SERVING_DURATION].f64, "s"));
    print_field("output", "%s tokens/s, %s a chip",
                print_count(text[0], row[SERVING_OUTPUT_RATE].f64),
                print_count(text[1], row[SERVING_OUTPUT_RATE_CHIP].f64));
    print_latency("TTFT", row, SERVING_TTFT_MEAN, SERVING_TTFT_P50);
    print_range("  range of the mean", row[SERVING_TTFT_LOW].f64, row[SERVING_TTFT_HIGH].f64,
                "s", row[SERVING_EVIDENCE_TTFT].text);
    print_latency("TPOT", row, SERVING_TPOT_MEAN, SERVING_TPOT_P50);
    print_range("  range of the mean", row[SERVING_TPOT_LOW].f64, row[SERVING_TPOT_HIGH].f64,
                "s", row[SERVING_EVIDENCE].text);
    print_field("SLO", "%s of the requests meet it: %s/s",
                print_share(text[0], row[SERVING_GOOD].f64),
                print_count(text[1], row[SERVING_GOODPUT].f64));
    print_field("prompts", "%s of their tokens were found in caches and not computed",
                print_share(text[0], row[SERVING_CACHED].f64));
}

static void print_limits(const union cell *row)
{
    char text[3][PRINT_SIZE];
    print_field("load", "%s; requests wait for %s; most of a step is %s",
                print_share(text[0], row[SERVING_LOAD].f64), row[SERVING_LIMIT].text,
                row[SERVING_STEP_LIMIT].text);
    if (isfinite(row[SERVING_FULL].f64)) {
        print_field("full batches",
                    "would serve %.3g requests/s; trust latencies up to about %.3g/s",
                    row[SERVING_FULL].f64, row[SERVING_TRUSTED].f64);
    }
    if (row[SERVING_PREEMPTIONS].i64 > 0) {
        print_field("pre-emptions", "%lld, %s tokens computed again",
                    (long long)row[SERVING_PREEMPTIONS].i64,
                    print_count(text[0], (double)row[SERVING_RECOMPUTED].i64));
    }
}

static void print_money(const struct run_job *run, const union cell *row)
{
    char text[3][PRINT_SIZE];
    if (isfinite(row[SERVING_COST].f64)) {
        print_field("cost", "%s a million output tokens (%s to %s; %s price of %s%s)",
                    print_quantity(text[0], row[SERVING_COST].f64, "USD"),
                    print_quantity(text[1], row[SERVING_COST_LOW].f64, "USD"),
                    print_quantity(text[2], row[SERVING_COST_HIGH].f64, "USD"),
                    row[SERVING_PRICE_KIND].text, run->book->date,
                    row[SERVING_PRICE_IS_ESTIMATE].i64 ? ", an estimate" : "");
        print_field("  apart", "%s a million in, %s out",
                    print_quantity(text[1], row[SERVING_COST_INPUT].f64, "USD"),
                    print_quantity(text[2], row[SERVING_COST_OUTPUT].f64, "USD"));
    } else {
        print_field("cost", "unknown: no price");
    }
    if (isfinite(row[SERVING_COST_SESSION].f64)) {
        print_field("session", "%s",
                    print_quantity(text[0], row[SERVING_COST_SESSION].f64, "USD"));
    }
    print_field("energy", "%s a million output tokens, %s on average, %s at its peak",
                print_quantity(text[0], row[SERVING_ENERGY].f64, "J"),
                print_quantity(text[1], row[SERVING_POWER].f64, "W"),
                print_quantity(text[2], row[SERVING_PEAK_POWER].f64, "W"));
}

/* What moved, came and went. */
static void print_fleet(const struct serving *serving, const union cell *row)
{
    char text[2][PRINT_SIZE];
    if (serving->pool_count > 1) {
        print_field("keys and values",
                    "%s from prefill to decode replicas, %s a request until "
                    "it decodes",
                    print_quantity(text[0], row[SERVING_KV_MOVED].f64, "B"),
                    print_quantity(text[1], row[SERVING_KV_WAIT].f64, "s"));
    }
    if (row[SERVING_RESTORES].i64 > 0 || row[SERVING_SWAPS].i64 > 0) {
        print_field("tiers", "%lld contexts moved out for room, %lld brought back",
                    (long long)row[SERVING_SWAPS].i64, (long long)row[SERVING_RESTORES].i64);
    }
    if (serving->fleet.items != NULL) {
        print_field("fleet",
                    "%.3g replicas on average, %lld started, %lld failed; %lld retries, "
                    "%lld requests given up",
                    row[SERVING_REPLICAS_MEAN].f64, (long long)row[SERVING_STARTS].i64,
                    (long long)row[SERVING_FAILURES].i64, (long long)row[SERVING_RETRIES].i64,
                    (long long)row[SERVING_UNFINISHED].i64);
    }
}

static void print_answer(const struct run_job *run, const struct serving *serving,
                         const struct table *summary)
{
    const union cell *row = summary->cells;
    char text[2][PRINT_SIZE];
    printf("%s on %s\n", run->scenario->title, run->platform->title);
    print_engine(serving);
    printf("\n");
    print_rates(row);
    print_fleet(serving, row);
    print_limits(row);
    print_money(run, row);
    print_field("simulated", "%lld steps, %s, %s", (long long)row[SERVING_STEPS].i64,
                print_quantity(text[0], run->provenance->wall_s, "s"),
                print_quantity(text[1], run->provenance->peak_bytes, "B"));
    run_job_print_timeline(run);
    print_field("result", "%s", run->output);
}

/* What the model was not made for: engines refuse it unless told otherwise. */
static void warn_of_positions(const struct serving *serving, const union cell *row)
{
    const struct model *model = serving->scenario->model;
    int64_t most = serving->scenario->serving.max_model_len;
    if (row[SERVING_BEYOND].i64 > 0) {
        fprintf(stderr,
                "trnsim: warning: %lld requests longer than the %lld positions of %s "
                "(max_position_embeddings) were %s max_model_len %s\n",
                (long long)row[SERVING_BEYOND].i64, (long long)model->max_positions,
                model->path, most > 0 ? "served as far as" : "refused, as engines do;",
                most > 0 ? "allows" : "allows more");
    }
}

static void warn(const struct run_job *run, const struct serving *serving,
                 const union cell *row)
{
    if (run->request->shared.quiet) {
        return;
    }
    if (row[SERVING_SATURATED].i64 != 0) {
        fprintf(stderr,
                "trnsim: warning: the load is at or beyond what the replicas can serve: "
                "requests waited without a break for a tenth of the run or more, so TTFT "
                "follows its length; trust latencies up to about %.3g requests/s\n",
                row[SERVING_TRUSTED].f64);
    }
    if (row[SERVING_SATURATED].i64 == 0 &&
        row[SERVING_REQUEST_RATE].f64 > row[SERVING_TRUSTED].f64) {
        fprintf(stderr,
                "trnsim: warning: near saturation latencies hang on small errors of the step "
                "time; trust them up to about %.3g requests/s\n",
                row[SERVING_TRUSTED].f64);
    }
    warn_of_positions(serving, row);
    if (row[SERVING_COUNTED].i64 == 0 && row[SERVING_COMPLETED].i64 > 0) {
        fprintf(stderr, "trnsim: warning: no request came between warm-up and cool-down: there "
                        "are no statistics; shorten them, or take more requests\n");
    }
    if (row[SERVING_REJECTED].i64 > 0) {
        fprintf(stderr,
                "trnsim: warning: %lld requests were rejected, longer than the KV cache, "
                "max_model_len or the model's positions%s\n",
                (long long)row[SERVING_REJECTED].i64,
                serving->scenario->serving.max_queue > 0
                    ? ", or come when max_queue were waiting"
                    : "");
    }
    int64_t asked = serving->scenario->serving.requests;
    if (row[SERVING_ARRIVED].i64 < asked) {
        fprintf(stderr,
                "trnsim: warning: the trace has %lld requests, %lld were asked for; play it "
                "again with loops\n",
                (long long)row[SERVING_ARRIVED].i64, (long long)asked);
    }
}

static bool print_object(const struct run_job *run, const struct table *summary,
                         const struct table *breakdown, struct error *error)
{
    json_t *object = print_json_row(summary, 0);
    json_object_set_new(object, "breakdown", print_json_table(breakdown));
    json_object_set_new(object, "simulator_wall_s", json_real(run->provenance->wall_s));
    json_object_set_new(object, "simulator_peak_bytes", json_real(run->provenance->peak_bytes));
    run_job_add_timeline(run, object);
    json_object_set_new(object, "result", json_string(run->output));
    return print_json(object, error);
}

/* The rate that is simulated last, and written, is the one found. */
static bool find_capacity(const struct run_job *run, struct serving *serving,
                          struct capacity *capacity, struct error *error)
{
    if (!run->request->find_capacity) {
        return true;
    }
    if (!capacity_find(serving, run->scenario, capacity, error)) {
        return false;
    }
    if (capacity->all_too_long) {
        return error_fill(
            error, ERROR_INFEASIBLE,
            "all requests are longer than the KV cache, max_model_len or the %lld "
            "positions of the model; shorten them or raise max_model_len",
            (long long)run->scenario->model->max_positions);
    }
    return capacity->factor > 0 ||
           error_fill(
               error, ERROR_INFEASIBLE,
               "no rate meets the service level, TTFT %.3g s and TPOT %.3g s at the 99th "
               "percentile; use a larger plan or a looser level",
               run->scenario->serving.slo_ttft_s, run->scenario->serving.slo_tpot_s);
}

/* Of the chips that only prefill; NULL: not known. */
static const struct price *prefill_price(const struct run_job *run,
                                         const struct serving *serving)
{
    const struct platform *platform = serving->pools[POOL_PREFILL].platform;
    struct error none = {0};
    if (run->book == NULL || serving->pool_count == 1) {
        return NULL;
    }
    return price_find(run->book, platform->name, platform->chips[0]->type,
                      run->request->price_kind, &none);
}

/* NULL in *platform: the same machine. */
static bool read_prefill_platform(const struct run_job *run, struct platform **platform,
                                  struct error *error)
{
    const char *path = run->scenario->serving.prefill_platform;
    *platform = NULL;
    if (strcmp(path, "none") == 0) {
        return true;
    }
    *platform = platform_read(path, run->arena, error);
    return *platform != NULL;
}

static bool write_result(struct run_job *run, const struct serving *serving,
                         struct table **tables, struct error *error)
{
    const struct price *prices[POOL_KINDS] = {run->price, prefill_price(run, serving)};
    tables[0] = serving_tables_summary(serving, prices, run->arena);
    tables[1] = serving_tables_breakdown(serving, run->arena);
    tables[2] = serving_tables_series(serving, run->arena);
    tables[3] = serving->outcome->rows;
    tables[4] = tier_table(serving, run->arena);
    return run_job_write(run, "serving", tables, RESULT_TABLES, error) &&
           (run->timeline == NULL ||
            serving_timeline(run->timeline, tables[3], tables[2], run->arena, error));
}

bool run_serving(struct run_job *run, struct error *error)
{
    struct platform *prefill;
    if (!read_prefill_platform(run, &prefill, error)) {
        return false;
    }
    struct serving *serving =
        serving_prepare_pools(run->platform, prefill, run->scenario, run->arena, error);
    struct serving_options options = {.progress =
                                          run->request->shared.quiet ? NULL : run_job_progress};
    struct capacity capacity = {0};
    struct table *tables[RESULT_TABLES];
    if (serving == NULL || !find_capacity(run, serving, &capacity, error) ||
        !serving_simulate(serving, &options, run->arena, error) ||
        !write_result(run, serving, tables, error)) {
        return false;
    }
    warn(run, serving, tables[0]->cells);
    run_job_warn_timeline(run);
    if (run->request->shared.json) {
        return print_object(run, tables[0], tables[1], error);
    }
    print_answer(run, serving, tables[0]);
    if (capacity.runs > 0) {
        print_field("capacity", "this rate is the highest that meets the SLO, of %lld tried",
                    (long long)capacity.runs);
    }
    return true;
}
