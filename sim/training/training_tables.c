/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of a simulated step, put into columns. */
#include "training/training_tables.h"

#include <string.h>

#include "economics/cost.h"
#include "program/placement.h"
#include "record/summary.h"
#include "training/link_tables.h"
#include "workload/transformer.h"

#define COUNT_OF(array) (int)(sizeof(array) / sizeof((array)[0]))

static const struct column plan_columns[] = {
    {"tensor_parallel", COLUMN_I64, "1", "chips that share each layer"},
    {"pipeline_parallel", COLUMN_I64, "1", "stages of the pipeline"},
    {"virtual_stages", COLUMN_I64, "1", "chunks of layers per stage; 1: 1F1B"},
    {"context_parallel", COLUMN_I64, "1", "chips that share each sequence"},
    {"expert_parallel", COLUMN_I64, "1", "chips that share the experts"},
    {"data_parallel", COLUMN_I64, "1", "copies of the model"},
    {"micro_batch", COLUMN_I64, "1", "sequences in a microbatch"},
    {"micro_batches", COLUMN_I64, "1", "microbatches per pipeline and step"},
    {"batch_sequences", COLUMN_I64, "1", "sequences of a step, as used"},
    {"zero_stage", COLUMN_I64, "1", "1: optimizer states are sharded over copies"},
    {"recompute", COLUMN_TEXT, "", "activations computed again: none, selective, full"},
    {"dtype", COLUMN_TEXT, "", "of matmul operands"},
};
static const struct column operation_columns[] = {
    {"pass", COLUMN_TEXT, "", "forward, backward or optimizer"},
    {"operation", COLUMN_TEXT, "", "what is done"},
    {"part", COLUMN_TEXT, "", "the part of the breakdown that it counts to"},
    {"count", COLUMN_F64, "1", "times per chip and step, mean over chips"},
    {"time_s", COLUMN_F64, "s", "time per chip and step, mean over chips"},
    {"flops", COLUMN_F64, "1", "arithmetic per chip and step, mean; a multiply-add is two"},
    {"hbm_bytes", COLUMN_F64, "B", "moved to and from HBM per chip and step, mean"},
};
static const struct column chip_columns[] = {
    {"chip", COLUMN_TEXT, "", "the machine's first kind of chip"},
    {"dtype", COLUMN_TEXT, "", "of the plan: the peaks below are for it"},
    {"headline_flops_per_s", COLUMN_F64, "1/s", "dense peak as published"},
    {"array_flops_per_s", COLUMN_F64, "1/s", "what its arrays can do: the roofline"},
    {"hbm_bytes", COLUMN_F64, "B", "memory"},
    {"hbm_Bps", COLUMN_F64, "B/s", "memory bandwidth"},
};
static const struct column timeline_columns[] = {
    {"stage", COLUMN_I64, "1", "pipeline stage, of the first copy of the model"},
    {"what", COLUMN_TEXT, "", "instruction"},
    {"microbatch", COLUMN_I64, "1", "-1: none"},
    {"start_s", COLUMN_F64, "s", "since the step began"},
    {"end_s", COLUMN_F64, "s", "since the step began"},
};
static const struct column memory_columns[] = {
    {"stage", COLUMN_I64, "1", "pipeline stage"},
    {"weights_bytes", COLUMN_F64, "B", "weights"},
    {"gradients_bytes", COLUMN_F64, "B", "gradients as accumulated"},
    {"optimizer_bytes", COLUMN_F64, "B", "master weights and moments"},
    {"activations_bytes", COLUMN_F64, "B", "kept for the backward pass, at the peak"},
    {"workspace_bytes", COLUMN_F64, "B", "logits and buffers in use at the peak"},
    {"reserved_bytes", COLUMN_F64, "B", "taken by driver, runtime and libraries"},
    {"total_bytes", COLUMN_F64, "B", "sum"},
    {"capacity_bytes", COLUMN_F64, "B", "memory of the chip"},
};
static const struct column energy_columns[] = {
    {"cause", COLUMN_TEXT, "", "what burns it"},
    {"energy_J", COLUMN_F64, "J", "per step, whole machine"},
};
static const struct column cost_columns[] = {
    {"price_kind", COLUMN_TEXT, "", "owner, on-demand, capacity-block, ..."},
    {"price_usd_per_chip_h", COLUMN_F64, "USD/h", "as used"},
    {"price_low_usd_per_chip_h", COLUMN_F64, "USD/h", "lowest"},
    {"price_high_usd_per_chip_h", COLUMN_F64, "USD/h", "highest"},
    {"price_is_estimate", COLUMN_I64, "1", "1: our estimate, not published"},
    {"price_source", COLUMN_TEXT, "", "where the price comes from"},
    {"step_cost_usd", COLUMN_F64, "USD", "of one step, whole machine"},
};

/* A row with cells given in column order. */
static void append(struct table *table, const union cell *cells)
{
    memcpy(table_append(table), cells, (size_t)table->column_count * sizeof *cells);
}

static double tokens_per_step(const struct training *training)
{
    return (double)(training->plan.batch_sequences * training->scenario->sequence_tokens);
}

static double model_flops(const struct training *training)
{
    return transformer_step_flops(training->scenario->model,
                                  training->scenario->sequence_tokens,
                                  training->plan.batch_sequences);
}

static double headline_flops_per_s(const struct training *training)
{
    double sum = 0;
    for (int64_t i = 0; i < training->platform->chip_count; i++) {
        sum += training->platform->chips[i]->headline_flops_per_s[training->plan.dtype];
    }
    return sum * (double)training->platform->domain_count;
}

static struct energy_use energy(const struct training *training)
{
    const double *part_s = training->execution.part_s;
    struct energy_activity activity = {.step_s = training->execution.time_s};
    for (int kind = 0; kind < WORK_KIND_COUNT; kind++) {
        activity.work_s[kind] = part_s[kind];
    }
    for (int part = PART_TENSOR_TIME; part < PART_BUBBLE_TIME; part++) {
        activity.communication_s += part_s[part];
    }
    struct chip mean = energy_mean_chip(training->platform);
    return energy_of_step(training->platform, &mean, platform_chips(training->platform),
                          &activity);
}

static struct table *summary(const struct training *training, const struct price *price,
                             const struct energy_use *use, struct arena *arena)
{
    struct table *table = summary_table(arena);
    union cell *row = table->cells;
    int64_t chips = platform_chips(training->platform);
    double step_s = training->execution.time_s;
    double tokens_per_s = tokens_per_step(training) / step_s;
    struct evidence evidence = training_evidence(training, arena);
    struct cost_range cost = cost_per_million_tokens(price, chips, tokens_per_s);
    row[SUMMARY_PLATFORM].text = training->platform->name;
    row[SUMMARY_WORKLOAD].text = training->scenario->name;
    row[SUMMARY_CHIPS].i64 = chips;
    row[SUMMARY_DOMAINS].i64 = training->platform->domain_count;
    row[SUMMARY_STEP_TIME].f64 = step_s;
    row[SUMMARY_STEP_LOW].f64 = step_s * evidence.low;
    row[SUMMARY_STEP_HIGH].f64 = step_s * evidence.high;
    row[SUMMARY_EVIDENCE].text = evidence.source;
    row[SUMMARY_TOKENS_PER_STEP].i64 = (int64_t)tokens_per_step(training);
    row[SUMMARY_TOKENS_PER_S].f64 = tokens_per_s;
    row[SUMMARY_TOKENS_PER_S_PER_CHIP].f64 = tokens_per_s / (double)chips;
    row[SUMMARY_MODEL_FLOPS].f64 = model_flops(training);
    row[SUMMARY_MFU].f64 = model_flops(training) / step_s / headline_flops_per_s(training);
    row[SUMMARY_PEAK_MEMORY].f64 = training->memory[training->fullest_stage].total_bytes;
    row[SUMMARY_COST_PER_H].f64 = cost_of_chips(price, chips, 3600).usd;
    row[SUMMARY_COST].f64 = cost.usd;
    row[SUMMARY_COST_LOW].f64 = cost.low_usd;
    row[SUMMARY_COST_HIGH].f64 = cost.high_usd;
    row[SUMMARY_ENERGY].f64 = use->step_J / tokens_per_step(training) * 1e6;
    row[SUMMARY_POWER].f64 = use->average_W;
    row[SUMMARY_PEAK_POWER].f64 = use->peak_W;
    row[SUMMARY_PRICE_KIND].text = price != NULL ? price_kind_name(price->kind) : "";
    row[SUMMARY_PRICE_IS_ESTIMATE].i64 = price != NULL && price->is_estimate;
    return table;
}

static struct table *plan_table(const struct training *training, struct arena *arena)
{
    struct table *table =
        table_create(arena, "training/plan", "how the job was laid over the chips",
                     plan_columns, COUNT_OF(plan_columns));
    const struct plan *plan = &training->plan;
    union cell cells[] = {{.i64 = plan->tensor_parallel},
                          {.i64 = plan->pipeline_parallel},
                          {.i64 = plan->virtual_stages},
                          {.i64 = plan->context_parallel},
                          {.i64 = plan->expert_parallel},
                          {.i64 = plan->data_parallel},
                          {.i64 = plan->micro_batch},
                          {.i64 = plan->micro_batches},
                          {.i64 = plan->batch_sequences},
                          {.i64 = plan->zero_stage},
                          {.text = recompute_name(plan->recompute)},
                          {.text = dtype_name(plan->dtype)}};
    append(table, cells);
    return table;
}

static struct table *breakdown(const struct training *training, struct arena *arena)
{
    struct table *table = summary_breakdown_table(arena);
    const struct execution *execution = &training->execution;
    for (int part = 0; part < PART_OF_TIME_COUNT; part++) {
        if (execution->part_s[part] > 0) {
            union cell cells[] = {{.text = job_part_name((enum part_of_time)part)},
                                  {.f64 = execution->part_s[part]},
                                  {.f64 = execution->part_s[part] / execution->time_s}};
            append(table, cells);
        }
    }
    return table;
}

/* The row of an operation, made when it is new. */
static union cell *operation_row(struct table *table, const char *pass, const struct op *op)
{
    for (int64_t r = 0; r < table->row_count; r++) {
        union cell *row = &table->cells[r * table->column_count];
        if (strcmp(row[0].text, pass) == 0 && strcmp(row[1].text, op->name) == 0 &&
            strcmp(row[2].text, job_part_name(op->part)) == 0) {
            return row;
        }
    }
    union cell *row = table_append(table);
    row[0].text = pass;
    row[1].text = op->name;
    row[2].text = job_part_name(op->part);
    return row;
}

static struct table *operations(const struct training *training, struct arena *arena)
{
    struct table *table =
        table_create(arena, "training/operations", "where compute and exchange time went",
                     operation_columns, COUNT_OF(operation_columns));
    const struct job *job = training->job;
    const struct execution *execution = &training->execution;
    double teams = 0;
    for (int64_t t = 0; t < job->team_count; t++) {
        teams += (double)job->teams[t].weight;
    }
    int64_t place = 0;
    for (int64_t s = 0; s < job->sequence_count; s++) {
        const struct sequence *sequence = &job->sequences[s];
        for (int64_t o = 0; o < sequence->op_count; o++, place++) {
            if (execution->op_count[place] > 0) {
                union cell *row = operation_row(table, sequence->name, &sequence->ops[o]);
                row[3].f64 += execution->op_count[place] / teams;
                row[4].f64 += execution->op_s[place] / teams;
                row[5].f64 += execution->op_count[place] * sequence->ops[o].flops / teams;
                row[6].f64 += execution->op_count[place] * sequence->ops[o].hbm_bytes / teams;
            }
        }
    }
    return table;
}

static struct table *timeline(const struct training *training, struct arena *arena)
{
    struct table *table =
        table_create(arena, "training/timeline", "the first copy of the model, stage by stage",
                     timeline_columns, COUNT_OF(timeline_columns));
    const struct job *job = training->job;
    for (int64_t i = 0; i < training->span_count; i++) {
        const struct span *span = &training->spans[i];
        const struct instruction *instruction =
            &job->programs[job->teams[span->team].program].instructions[span->instruction];
        union cell cells[] = {
            {.i64 = placement_of_chip(&training->plan, job->teams[span->team].seat).pipeline},
            {.text = instruction->name},
            {.i64 = instruction->microbatch},
            {.f64 = span->start_s},
            {.f64 = span->end_s}};
        append(table, cells);
    }
    return table;
}

static struct table *memory(const struct training *training, struct arena *arena)
{
    struct table *table = table_create(arena, "training/memory", "peak memory of one chip",
                                       memory_columns, COUNT_OF(memory_columns));
    for (int64_t stage = 0; stage < training->plan.pipeline_parallel; stage++) {
        const struct training_memory *m = &training->memory[stage];
        union cell cells[] = {{.i64 = stage},
                              {.f64 = m->weights_bytes},
                              {.f64 = m->gradients_bytes},
                              {.f64 = m->optimizer_bytes},
                              {.f64 = m->activations_bytes},
                              {.f64 = m->workspace_bytes},
                              {.f64 = m->reserved_bytes},
                              {.f64 = m->total_bytes},
                              {.f64 = platform_chip(training->platform, 0)->hbm_bytes}};
        append(table, cells);
    }
    return table;
}

static struct table *energy_table(const struct energy_use *use, struct arena *arena)
{
    struct table *table = table_create(arena, "energy", "energy of one step by cause",
                                       energy_columns, COUNT_OF(energy_columns));
    const struct {
        const char *cause;
        double energy_J;
    } rows[] = {{"chips, idle power", use->idle_J},
                {"chips, activity", use->activity_J},
                {"hosts", use->host_J},
                {"switches, NICs, optics", use->network_J},
                {"fans and power supplies", use->cooling_J},
                {"cooling and distribution (PUE)", use->facility_J}};
    for (int i = 0; i < COUNT_OF(rows); i++) {
        union cell cells[] = {{.text = rows[i].cause}, {.f64 = rows[i].energy_J}};
        append(table, cells);
    }
    return table;
}

static struct table *cost_table(const struct training *training, const struct price *price,
                                struct arena *arena)
{
    struct table *table = table_create(arena, "cost", "the price that was used", cost_columns,
                                       COUNT_OF(cost_columns));
    if (price != NULL) {
        struct cost_range step = cost_of_chips(price, platform_chips(training->platform),
                                               training->execution.time_s);
        union cell cells[] = {{.text = price_kind_name(price->kind)},
                              {.f64 = price->usd_per_chip_h},
                              {.f64 = price->low_usd_per_chip_h},
                              {.f64 = price->high_usd_per_chip_h},
                              {.i64 = price->is_estimate},
                              {.text = price->source},
                              {.f64 = step.usd}};
        append(table, cells);
    }
    return table;
}

static struct table *chip_table(const struct training *training, struct arena *arena)
{
    struct table *table =
        table_create(arena, "chip", "what a chip of the machine can do at most", chip_columns,
                     COUNT_OF(chip_columns));
    const struct chip *chip = platform_chip(training->platform, 0);
    enum dtype dtype = training->plan.dtype;
    union cell cells[] = {{.text = chip->title},
                          {.text = dtype_name(dtype)},
                          {.f64 = chip->headline_flops_per_s[dtype]},
                          {.f64 = chip->array_flops_per_s[dtype]},
                          {.f64 = chip->hbm_bytes},
                          {.f64 = chip->hbm_Bps}};
    append(table, cells);
    return table;
}

struct training_tables *training_tables(const struct training *training,
                                        const struct price *price, struct arena *arena)
{
    struct training_tables *tables = arena_alloc(arena, sizeof *tables);
    tables->energy = energy(training);
    tables->summary = summary(training, price, &tables->energy, arena);
    tables->breakdown = breakdown(training, arena);
    tables->operations = operations(training, arena);
    tables->memory = memory(training, arena);
    struct table *all[TRAINING_TABLE_COUNT] = {
        tables->summary,
        plan_table(training, arena),
        tables->breakdown,
        tables->operations,
        timeline(training, arena),
        tables->memory,
        link_tables_use(training->job, &training->execution, arena),
        link_tables_alike(training->job, arena),
        energy_table(&tables->energy, arena),
        cost_table(training, price, arena),
        chip_table(training, arena)};
    memcpy(tables->tables, all, sizeof all);
    return tables;
}
