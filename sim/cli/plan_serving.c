/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan_serving.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/plan_tables.h"
#include "cli/print.h"
#include "study/serve_search.h"

enum { MORE = 5 }; /* simulated beyond those shown, since the simulation may reorder them */

#define SERVE_COLUMNS(X)                                                                       \
    X(TENSOR, "tensor_parallel", I64, "1", "chips that share each matrix of a replica")        \
    X(PIPELINE, "pipeline_parallel", I64, "1", "stages of a replica")                          \
    X(EXPERT, "expert_parallel", I64, "1", "chips of a stage that share the experts")          \
    X(ATTENTION, "attention_data_parallel", I64, "1", "parts with requests of their own")      \
    X(SEQUENCES, "max_num_seqs", I64, "1", "requests in a batch, at most")                     \
    X(TOKENS, "max_num_batched_tokens", I64, "1", "tokens in a step, at most")                 \
    X(REPLICAS, "replicas", I64, "1", "that decode, and prefill where no others do")           \
    X(PREFILL_REPLICAS, "prefill_replicas", I64, "1", "that only prefill; 0: none")            \
    X(PREFILL_TENSOR, "prefill_tensor_parallel", I64, "1", "of those")                         \
    X(PREFILL_PIPELINE, "prefill_pipeline_parallel", I64, "1", "of those")                     \
    X(PREFILL_SEQUENCES, "prefill_max_num_seqs", I64, "1", "of those")                         \
    X(PREFILL_TOKENS, "prefill_max_num_batched_tokens", I64, "1", "of those")                  \
    X(CHIPS, "chips", I64, "1", "of all replicas")                                             \
    X(KV, "kv_tokens", F64, "1", "that the cache of a replica that decodes holds")             \
    X(ESTIMATE, "estimated_requests_per_s", F64, "1/s",                                        \
      "within the service level, all replicas, by the closed form")                            \
    X(ESTIMATED_TTFT, "estimated_ttft_p99_s", F64, "s", "at that rate")                        \
    X(ESTIMATED_TPOT, "estimated_tpot_p99_s", F64, "s", "at that rate")
#define SERVE_RESULT_COLUMNS(X)                                                                \
    X(GOODPUT, "goodput_requests_per_s", F64, "1/s",                                           \
      "requests within both limits at the highest rate that meets the level, simulated")       \
    X(GOODPUT_CHIP, "goodput_requests_per_s_per_chip", F64, "1/s", "the same a chip")          \
    X(TTFT, "ttft_p99_s", F64, "s", "there")                                                   \
    X(TPOT, "tpot_p99_s", F64, "s", "there")                                                   \
    X(COST, "cost_usd_per_million_tokens", F64, "USD", "output tokens; nan: no price")         \
    X(ENERGY, "energy_J_per_million_tokens", F64, "J", "output tokens")                        \
    X(LIMIT, "limited_by", TEXT, "", "what requests wait for")                                 \
    X(MESSAGE, "message", TEXT, "", "why it was not simulated")
#define SERVE_ENUM(NAME, column, type, unit, meaning) SERVE_##NAME,
enum {
    SERVE_COLUMNS(SERVE_ENUM) SERVE_COLUMN_COUNT,
    SERVE_BEFORE_RESULT = SERVE_COLUMN_COUNT - 1,
    SERVE_RESULT_COLUMNS(SERVE_ENUM) SERVE_ALL_COLUMN_COUNT
};
#define SERVE_ROW(NAME, column, type, unit, meaning) {column, COLUMN_##type, unit, meaning},
static const struct column columns[] = {SERVE_COLUMNS(SERVE_ROW)
                                            SERVE_RESULT_COLUMNS(SERVE_ROW)};

static void fill_point(const struct serve_point *point, union cell *row)
{
    row[SERVE_TENSOR].i64 = point->main.tensor;
    row[SERVE_PIPELINE].i64 = point->main.pipeline;
    row[SERVE_EXPERT].i64 = point->main.expert;
    row[SERVE_ATTENTION].i64 = point->main.attention_data;
    row[SERVE_SEQUENCES].i64 = point->main.sequences;
    row[SERVE_TOKENS].i64 = point->main.tokens;
    row[SERVE_REPLICAS].i64 = point->replicas;
    row[SERVE_PREFILL_REPLICAS].i64 = point->prefill_replicas;
    row[SERVE_PREFILL_TENSOR].i64 = point->prefill.tensor;
    row[SERVE_PREFILL_PIPELINE].i64 = point->prefill.pipeline;
    row[SERVE_PREFILL_SEQUENCES].i64 = point->prefill.sequences;
    row[SERVE_PREFILL_TOKENS].i64 = point->prefill.tokens;
    row[SERVE_CHIPS].i64 = point->chips;
    row[SERVE_KV].f64 = point->kv_tokens;
    row[SERVE_ESTIMATE].f64 = point->capacity_per_s;
    row[SERVE_ESTIMATED_TTFT].f64 = point->ttft_s;
    row[SERVE_ESTIMATED_TPOT].f64 = point->tpot_s;
}

static double done_or_nan(const struct serve_result *result, double value)
{
    return result->done ? value : (double)NAN;
}

static struct table *top_table(const struct serve_simulation *top, struct arena *arena)
{
    struct table *table =
        table_create(arena, "summary", "the best plans by simulation, in order", columns,
                     SERVE_ALL_COLUMN_COUNT);
    for (int64_t i = 0; i < top->count; i++) {
        const struct serve_result *result = &top->results[i];
        union cell *row = table_append(table);
        fill_point(&top->points[i], row);
        row[SERVE_GOODPUT].f64 = done_or_nan(result, result->goodput_per_s);
        row[SERVE_GOODPUT_CHIP].f64 =
            done_or_nan(result, result->goodput_per_s / (double)top->points[i].chips);
        row[SERVE_TTFT].f64 = done_or_nan(result, result->ttft_s);
        row[SERVE_TPOT].f64 = done_or_nan(result, result->tpot_s);
        row[SERVE_COST].f64 = done_or_nan(result, result->cost_usd_per_million_tokens);
        row[SERVE_ENERGY].f64 = done_or_nan(result, result->energy_J_per_million_tokens);
        row[SERVE_LIMIT].text = arena_text(arena, result->limit);
        row[SERVE_MESSAGE].text = arena_text(arena, result->message);
    }
    return table;
}

static struct table *all_table(const struct serve_search *search, struct arena *arena)
{
    struct table *table =
        table_create(arena, "plans", "every plan that fits and meets the level at some rate",
                     columns, SERVE_COLUMN_COUNT);
    for (int64_t i = 0; i < search->count; i++) {
        fill_point(&search->points[i], table_append(table));
    }
    return table;
}

/* For people */

static const char *shape_text(const struct serve_shape *shape, struct arena *arena)
{
    const char *experts =
        shape->expert > 1 ? arena_format(arena, ", EP %d", shape->expert) : "";
    const char *parts = shape->attention_data > 1
                            ? arena_format(arena, ", attention DP %d", shape->attention_data)
                            : "";
    return arena_format(arena, "TP %d, PP %d%s%s, %d requests, %d tokens a step", shape->tensor,
                        shape->pipeline, experts, parts, shape->sequences, shape->tokens);
}

static void print_point(const struct serve_simulation *top, int64_t i, struct arena *arena)
{
    const struct serve_point *point = &top->points[i];
    const struct serve_result *result = &top->results[i];
    char text[2][PRINT_SIZE], place[24];
    snprintf(place, sizeof place, "%lld", (long long)i + 1);
    print_field(place, "%d x %s%s", point->replicas, shape_text(&point->main, arena),
                point->prefill_replicas > 0 ? ", to decode" : "");
    if (point->prefill_replicas > 0) {
        print_field("", "%d x %s, to prefill", point->prefill_replicas,
                    shape_text(&point->prefill, arena));
    }
    if (!result->done) {
        print_field("", "not simulated: %s", result->message);
        return;
    }
    print_field("", "%.4g good requests/s, %.4g a chip (estimate %.4g)", result->goodput_per_s,
                result->goodput_per_s / (double)point->chips, serve_search_value(point));
    print_field("", "TTFT %s and TPOT %s at the 99th percentile",
                print_quantity(text[0], result->ttft_s, "s"),
                print_quantity(text[1], result->tpot_s, "s"));
    print_field("", "%s and %s a million output tokens",
                print_quantity(text[0], result->cost_usd_per_million_tokens, "USD"),
                print_quantity(text[1], result->energy_J_per_million_tokens, "J"));
}

/* Which limit stands nearer, and what of a step grew most against the winner's. */
static void print_lack(const struct serve_simulation *top, int64_t i)
{
    const struct serving_scenario *level = &top->search->scenario->serving;
    const struct serve_result *winner = &top->results[0], *other = &top->results[i];
    char text[2][PRINT_SIZE];
    int most = 0;
    if (!other->done) {
        return;
    }
    for (int p = 1; p < STEP_PART_COUNT; p++) {
        most = other->part_share[p] - winner->part_share[p] >
                       other->part_share[most] - winner->part_share[most]
                   ? p
                   : most;
    }
    bool first = other->ttft_s / level->slo_ttft_s > other->tpot_s / level->slo_tpot_s;
    double value = serve_result_value(top->search, &top->points[i], other) /
                   serve_result_value(top->search, &top->points[0], winner);
    print_field("",
                "%s of the winner's: %s reaches its limit first; %s is %s of its steps (%s)",
                print_share(text[0], value), first ? "TTFT" : "TPOT",
                step_part_name((enum step_part)most),
                print_share(text[1], other->part_share[most]), other->limit);
}

static void print_reason(const struct serve_simulation *top)
{
    const struct serving_scenario *level = &top->search->scenario->serving;
    const struct serve_result *winner = &top->results[0];
    char text[2][PRINT_SIZE];
    printf("\nwhat bounds the winner\n");
    print_field("TTFT", "%s of its limit of %s",
                print_share(text[0], winner->ttft_s / level->slo_ttft_s),
                print_quantity(text[1], level->slo_ttft_s, "s"));
    print_field("TPOT", "%s of its limit of %s",
                print_share(text[0], winner->tpot_s / level->slo_tpot_s),
                print_quantity(text[1], level->slo_tpot_s, "s"));
    print_field("requests wait for", "%s", winner->limit);
    for (int p = 0; p < STEP_PART_COUNT; p++) {
        print_field(step_part_name((enum step_part)p), "%s of its steps",
                    print_share(text[0], winner->part_share[p]));
    }
}

static void print_answer(const struct run_job *job, const struct serve_simulation *top)
{
    const struct serve_search *search = top->search;
    char text[2][PRINT_SIZE];
    printf("%s on %s, %lld chips\n", search->scenario->title, search->platform->title,
           (long long)platform_chips(search->platform));
    print_field("load", "%.4g prompt and %.4g output tokens a request, mean",
                search->input_tokens, search->output_tokens);
    print_field("plans", "%lld fit and meet the level, of %lld", (long long)search->count,
                (long long)search->considered);
    print_field("search", "%s, %s plans/s", print_quantity(text[0], search->wall_s, "s"),
                print_count(text[1], (double)search->count / search->wall_s));
    printf("\nthe best by simulation, for %s\n",
           search->objective == SEARCH_TIME
               ? "most requests a second and chip within the service level"
               : search_objective_name(search->objective));
    for (int64_t i = 0; i < top->count; i++) {
        print_point(top, i, job->arena);
        if (i > 0) {
            print_lack(top, i);
        }
    }
    print_reason(top);
    print_field("result", "%s", job->output);
}

static bool print_object(const struct run_job *job, const struct serve_search *search,
                         struct table *top, struct error *error)
{
    json_t *object = plan_object(job, search->platform, search->objective, search->considered,
                                 search->count, search->wall_s);
    json_object_set_new(object, "top", print_json_table(top));
    json_object_set_new(object, "result", json_string(job->output));
    return print_json(object, error);
}

static bool tell(struct run_job *job, struct serve_simulation *top, struct error *error)
{
    struct table *tables[2] = {top_table(top, job->arena), all_table(top->search, job->arena)};
    if (!run_job_write(job, "plan", tables, 2, error)) {
        return false;
    }
    if (job->request->shared.json) {
        return print_object(job, top->search, tables[0], error);
    }
    print_answer(job, top);
    return true;
}

bool plan_serving_best(const struct run_job *job, const struct plan_serving_request *request,
                       struct serve_simulation *top, struct error *error)
{
    struct serve_search *search = arena_alloc(job->arena, sizeof *search);
    search->platform = job->platform;
    search->scenario = job->scenario;
    search->price = job->price;
    search->objective = request->objective;
    search->arena = job->arena;
    if (!serve_search_run(search, error)) {
        return false;
    }
    int64_t count = request->top + MORE;
    *top = (struct serve_simulation){.search = search,
                                     .points = search->best,
                                     .count = count < search->best_count ? count
                                                                         : search->best_count,
                                     .jobs = request->jobs};
    if (!serve_simulate(top, error)) {
        return false;
    }
    top->count = top->count < request->top ? top->count : request->top;
    return top->results[0].done ||
           error_fill(error, ERROR_INFEASIBLE, "no plan can be simulated: %s",
                      top->results[0].message);
}

bool plan_serving(struct run_job *job, const struct plan_serving_request *request,
                  struct error *error)
{
    struct serve_simulation top;
    return plan_serving_best(job, request, &top, error) && tell(job, &top, error);
}
