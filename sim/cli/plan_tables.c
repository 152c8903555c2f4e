/* SPDX-License-Identifier: Apache-2.0 */
/* Plans as rows, with the names of the workload's keys. */
#include "cli/plan_tables.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define PLAN_COLUMNS(X)                                                                        \
    X(TENSOR, "tensor_parallel", I64, "1", "chips that share each matrix")                     \
    X(SEQUENCE, "sequence_parallel", I64, "1", "1: on")                                        \
    X(PIPELINE, "pipeline_parallel", I64, "1", "stages")                                       \
    X(SCHEDULE, "schedule", TEXT, "", "order of a stage's turns")                              \
    X(VIRTUAL, "virtual_stages", I64, "1", "chunks of layers per stage")                       \
    X(CONTEXT, "context_parallel", I64, "1", "chips that share a sequence")                    \
    X(EXPERT, "expert_parallel", I64, "1", "chips that share the experts")                     \
    X(EXPERT_TENSOR, "expert_tensor_parallel", I64, "1", "chips that share an expert")         \
    X(DATA, "data_parallel", I64, "1", "pipelines side by side")                               \
    X(ZERO, "zero_stage", I64, "1",                                                            \
      "what is divided: 1 optimizer states, 2 gradients too, 3 all")                           \
    X(SHARDS, "shard_chips", I64, "1", "ranks that divide the states; 0: all")                 \
    X(MICRO_BATCH, "micro_batch", I64, "1", "sequences that pass together")                    \
    X(RECOMPUTE, "recompute", TEXT, "", "none, selective or full")                             \
    X(LAYERS, "recompute_layers", I64, "1", "of each chunk, the first ones; 0: all")           \
    X(OVERLAP, "overlap_gradients", I64, "1", "1: on")                                         \
    X(OVERLAP_WEIGHTS, "overlap_weights", I64, "1", "1: on")                                   \
    X(OVERLAP_TENSOR, "overlap_tensor", I64, "1", "1: on")                                     \
    X(OVERLAP_EXPERTS, "overlap_experts", I64, "1", "1: on")                                   \
    X(OFFLOAD_OPTIMIZER, "offload_optimizer", I64, "1", "1: on")                               \
    X(OFFLOAD_ACTIVATIONS, "offload_activations", F64, "1", "share that waits with the host")  \
    X(INSIDE, "pipeline_inside", I64, "1", "1: a pipeline's chips are neighbours")             \
    X(MEMORY, "peak_memory_bytes", F64, "B", "memory of the fullest chip")                     \
    X(ESTIMATE, "estimated_step_time_s", F64, "s", "by the closed form")                       \
    X(ESTIMATED_ENERGY, "estimated_energy_J", F64, "J", "of a step, by the closed form")
#define RESULT_COLUMNS(X)                                                                      \
    X(TIME, "step_time_s", F64, "s", "simulated")                                              \
    X(ENERGY, "energy_J", F64, "J", "of a step, simulated")                                    \
    X(COST, "cost_usd_per_million_tokens", F64, "USD", "simulated; nan: no price")             \
    X(WHOLE, "whole", I64, "1", "1: all replicas were simulated, as a run does; 0: one")       \
    X(MESSAGE, "message", TEXT, "", "why it was not simulated")
#define PLAN_ENUM(NAME, column, type, unit, meaning) COLUMN_PLAN_##NAME,
enum {
    PLAN_COLUMNS(PLAN_ENUM) PLAN_COLUMN_COUNT,
    BEFORE_RESULT = PLAN_COLUMN_COUNT - 1,
    RESULT_COLUMNS(PLAN_ENUM) ALL_COLUMN_COUNT
};
#define PLAN_ROW(NAME, column, type, unit, meaning) {column, COLUMN_##type, unit, meaning},
static const struct column columns[] = {PLAN_COLUMNS(PLAN_ROW) RESULT_COLUMNS(PLAN_ROW)};

static void fill_plan(const struct search *search, const struct search_point *point,
                      union cell *row)
{
    int64_t replica = (int64_t)point->tensor * point->pipeline * point->context;
    row[COLUMN_PLAN_TENSOR].i64 = point->tensor;
    row[COLUMN_PLAN_SEQUENCE].i64 = point->sequence;
    row[COLUMN_PLAN_PIPELINE].i64 = point->pipeline;
    row[COLUMN_PLAN_SCHEDULE].text =
        plan_schedule_name((enum pipeline_schedule)point->schedule);
    row[COLUMN_PLAN_VIRTUAL].i64 = point->virtual_stages;
    row[COLUMN_PLAN_CONTEXT].i64 = point->context;
    row[COLUMN_PLAN_EXPERT].i64 = point->expert;
    row[COLUMN_PLAN_EXPERT_TENSOR].i64 = point->expert_sharing > 0 ? point->tensor : 1;
    row[COLUMN_PLAN_DATA].i64 = platform_chips(search->platform) / replica;
    row[COLUMN_PLAN_ZERO].i64 = point->zero;
    row[COLUMN_PLAN_SHARDS].i64 = point->shard_chips;
    row[COLUMN_PLAN_MICRO_BATCH].i64 = point->micro_batch;
    row[COLUMN_PLAN_RECOMPUTE].text = recompute_name((enum recompute)point->recompute);
    row[COLUMN_PLAN_LAYERS].i64 = point->recompute_layers;
    row[COLUMN_PLAN_OVERLAP].i64 = point->overlap;
    row[COLUMN_PLAN_OVERLAP_WEIGHTS].i64 = point->overlap_weights;
    row[COLUMN_PLAN_OVERLAP_TENSOR].i64 = point->overlap_tensor;
    row[COLUMN_PLAN_OVERLAP_EXPERTS].i64 = point->overlap_experts;
    row[COLUMN_PLAN_OFFLOAD_OPTIMIZER].i64 = point->offload_optimizer;
    row[COLUMN_PLAN_OFFLOAD_ACTIVATIONS].f64 =
        (double)point->offload_activations / SEARCH_OFFLOAD_STEPS;
    row[COLUMN_PLAN_INSIDE].i64 = point->inside;
    row[COLUMN_PLAN_MEMORY].f64 = (double)point->memory_bytes;
    row[COLUMN_PLAN_ESTIMATE].f64 = point->time_s;
    row[COLUMN_PLAN_ESTIMATED_ENERGY].f64 = point->energy_J;
}

static const char *overlaps_text(const struct search_point *point, struct arena *arena)
{
    bool any = point->overlap || point->overlap_weights || point->overlap_tensor ||
               point->overlap_experts;
    return arena_format(
        arena, "%s%s%s%s%s", any ? ", overlapped:" : "", point->overlap ? " gradients" : "",
        point->overlap_weights ? " weights" : "", point->overlap_tensor ? " tensor" : "",
        point->overlap_experts ? " experts" : "");
}

static const char *offload_text(const struct search_point *point, struct arena *arena)
{
    bool optimizer = point->offload_optimizer, activations = point->offload_activations > 0;
    return arena_format(arena, "%s%s%s%s", optimizer || activations ? ", with the host:" : "",
                        optimizer ? " optimizer" : "", optimizer && activations ? " and" : "",
                        activations
                            ? arena_format(arena, " %d/%d of activations",
                                           point->offload_activations, SEARCH_OFFLOAD_STEPS)
                            : "");
}

const char *plan_tables_text(const struct search *search, const struct search_point *point,
                             struct arena *arena)
{
    struct plan plan = search_plan(search, point);
    const char *layers =
        point->recompute_layers == 0
            ? ""
            : arena_format(arena, " (%d layers of a chunk)", point->recompute_layers);
    const char *schedule = point->schedule == SCHEDULE_1F1B
                               ? ""
                               : arena_format(arena, " %s", plan_schedule_name(plan.schedule));
    return arena_format(
        arena,
        "TP %d%s, PP %d x %d%s%s, CP %d, EP %d%s, DP %lld, ZeRO-%d%s, microbatch %d, "
        "recompute %s%s%s%s",
        point->tensor, point->tensor > 1 && point->sequence ? " with SP" : "", point->pipeline,
        point->virtual_stages, schedule, point->inside ? " inside" : "", point->context,
        point->expert, point->expert_sharing > 0 ? " x TP" : "", (long long)plan.data_parallel,
        point->zero,
        point->shard_chips > 0 ? arena_format(arena, " over %d", point->shard_chips) : "",
        point->micro_batch, recompute_name(plan.recompute), layers, overlaps_text(point, arena),
        offload_text(point, arena));
}

struct table *plan_tables_top(const struct search_simulation *top, struct arena *arena)
{
    struct table *table = table_create(
        arena, "summary", "the best plans by simulation, in order", columns, ALL_COLUMN_COUNT);
    for (int64_t i = 0; i < top->count; i++) {
        union cell *row = table_append(table);
        const struct search_result *result = &top->results[i];
        fill_plan(top->search, &top->points[i], row);
        row[COLUMN_PLAN_TIME].f64 = result->done ? result->time_s : (double)NAN;
        row[COLUMN_PLAN_ENERGY].f64 = result->done ? result->energy_J : (double)NAN;
        row[COLUMN_PLAN_COST].f64 =
            result->done ? result->cost_usd_per_million_tokens : (double)NAN;
        row[COLUMN_PLAN_WHOLE].i64 = result->whole;
        row[COLUMN_PLAN_MESSAGE].text = arena_text(arena, result->message);
    }
    return table;
}

struct table *plan_tables_all(const struct search *search, struct arena *arena)
{
    struct table *table = table_create(arena, "plans", "every feasible plan with its estimate",
                                       columns, PLAN_COLUMN_COUNT);
    table_reserve(table, search->count);
    for (int64_t i = 0; i < search->count; i++) {
        fill_plan(search, &search->points[i], table_append(table));
    }
    return table;
}

/* The plan's columns before those of memory: names, or a point's values. */
static bool write_cells(FILE *file, const union cell *row)
{
    bool written = true;
    for (int c = 0; written && c < COLUMN_PLAN_MEMORY; c++) {
        if (row == NULL) {
            written = fprintf(file, "%s,", columns[c].name) >= 0;
        } else if (columns[c].type == COLUMN_TEXT) {
            written = fprintf(file, "%s,", row[c].text) >= 0;
        } else if (columns[c].type == COLUMN_F64) {
            written = fprintf(file, "%.9g,", row[c].f64) >= 0;
        } else {
            written = fprintf(file, "%lld,", (long long)row[c].i64) >= 0;
        }
    }
    return written;
}

static bool write_points(FILE *file, const struct search_simulation *simulation)
{
    bool written = write_cells(file, NULL) &&
                   fprintf(file, "estimated_step_time_s,step_time_s,message\n") >= 0;
    for (int64_t i = 0; written && i < simulation->count; i++) {
        union cell row[PLAN_COLUMN_COUNT];
        const struct search_result *result = &simulation->results[i];
        fill_plan(simulation->search, &simulation->points[i], row);
        written = write_cells(file, row) &&
                  fprintf(file, "%.9g,%.9g,\"%s\"\n", simulation->points[i].time_s,
                          result->done ? result->time_s : (double)NAN, result->message) >= 0;
    }
    return written;
}

bool plan_tables_check(const struct search_simulation *simulation, const char *output,
                       struct arena *arena, struct error *error)
{
    if (output == NULL) {
        return true;
    }
    const char *path = arena_format(arena, "%s.check.csv", output);
    FILE *file = fopen(path, "w");
    bool written = file != NULL && write_points(file, simulation);
    written = file != NULL && fclose(file) == 0 && written;
    return written ||
           error_at(error, ERROR_SYSTEM, path, 0, 0, "cannot be written (%s)", strerror(errno));
}

json_t *plan_object(const struct run_job *job, const struct platform *platform,
                    enum search_objective objective, int64_t considered, int64_t feasible,
                    double wall_s)
{
    json_t *object = json_object();
    json_object_set_new(object, "workload", json_string(job->scenario->name));
    json_object_set_new(object, "platform", json_string(platform->name));
    json_object_set_new(object, "chips", json_integer(platform_chips(platform)));
    json_object_set_new(object, "objective", json_string(search_objective_name(objective)));
    json_object_set_new(object, "plans_considered", json_integer(considered));
    json_object_set_new(object, "plans_feasible", json_integer(feasible));
    json_object_set_new(object, "plans_per_s", json_real((double)feasible / wall_s));
    json_object_set_new(object, "search_s", json_real(wall_s));
    return object;
}
