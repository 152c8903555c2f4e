/* SPDX-License-Identifier: Apache-2.0 */
/* How long one collective takes, by which algorithm, and which link decides it. */
#include "cli/run_collective.h"

#include <stdio.h>

#include "cli/print.h"
#include "hardware/defect.h"
#include "hardware/evidence.h"
#include "program/exchanges.h"
#include "program/fold_job.h"
#include "program/lower_collective.h"
#include "training/link_tables.h"

/* X(NAME, column, type, unit, meaning) */
#define COLLECTIVE_COLUMNS(X)                                                                  \
    X(PLATFORM, "platform", TEXT, "", "name of the platform file")                             \
    X(WORKLOAD, "workload", TEXT, "", "name of the workload file")                             \
    X(OPERATION, "operation", TEXT, "", "what is exchanged how")                               \
    X(ALGORITHM, "algorithm", TEXT, "", "as asked for or chosen")                              \
    X(CHIPS, "chips", I64, "1", "chips in the group")                                          \
    X(SIZE, "size_bytes", F64, "B", "the whole buffer of one chip")                            \
    X(TIME, "time_s", F64, "s", "from the start to the last byte")                             \
    X(TIME_LOW, "time_low_s", F64, "s",                                                        \
      "where measured times begin, by the evidence; nan: none")                                \
    X(TIME_HIGH, "time_high_s", F64, "s", "where they end")                                    \
    X(EVIDENCE, "evidence", TEXT, "", "on what the range stands")                              \
    X(BANDWIDTH, "bus_bandwidth_Bps", F64, "B/s", "as nccl-tests define it")                   \
    X(ALONE, "closed_form_s", F64, "s", "the same by the fluid model, without events")         \
    X(LIMIT, "limiting_medium", TEXT, "", "kind of the link that is busiest")                  \
    X(LIMIT_BUSY, "limiting_busy_fraction", F64, "1", "of the time that link moves bytes")

#define COLLECTIVE_COLUMN_ENUM(NAME, column, type, unit, meaning) COLUMN_##NAME,
enum collective_column { COLLECTIVE_COLUMNS(COLLECTIVE_COLUMN_ENUM) COLUMN_COUNT };

#define COLLECTIVE_COLUMN_ROW(NAME, column, type, unit, meaning)                               \
    {column, COLUMN_##type, unit, meaning},
static const struct column collective_columns[COLUMN_COUNT] = {
    COLLECTIVE_COLUMNS(COLLECTIVE_COLUMN_ROW)};

static const union cell *busiest_link(const struct table *links)
{
    const union cell *busiest = NULL;
    for (int64_t r = 0; r < links->row_count; r++) {
        const union cell *row = &links->cells[r * links->column_count];
        if (busiest == NULL || row[4].f64 > busiest[4].f64) {
            busiest = row;
        }
    }
    return busiest;
}

static struct table *summary(const struct run_job *run,
                             const struct collective_request *request, const struct job *job,
                             const struct execution *execution, const struct table *links)
{
    struct table *table =
        table_create(run->arena, "summary", "the answer", collective_columns, COLUMN_COUNT);
    const struct traffic *traffic = job_exchange(job, 0, 0);
    struct collective collective = {request->operation, request->bytes, run->platform, NULL,
                                    request->chips};
    union cell *row = table_append(table);
    row[COLUMN_PLATFORM].text = run->platform->name;
    row[COLUMN_WORKLOAD].text = run->scenario->name;
    row[COLUMN_OPERATION].text = collective_operation_name(request->operation);
    row[COLUMN_ALGORITHM].text = traffic->algorithm;
    row[COLUMN_CHIPS].i64 = request->chips;
    row[COLUMN_SIZE].f64 = request->bytes;
    row[COLUMN_TIME].f64 = execution->time_s / (double)run->scenario->repeats;
    struct evidence evidence = evidence_of(run->platform, EVIDENCE_COLLECTIVES, run->arena);
    row[COLUMN_TIME_LOW].f64 = row[COLUMN_TIME].f64 * evidence.low;
    row[COLUMN_TIME_HIGH].f64 = row[COLUMN_TIME].f64 * evidence.high;
    row[COLUMN_EVIDENCE].text = evidence.source;
    row[COLUMN_BANDWIDTH].f64 = collective_bus_bandwidth_Bps(&collective, row[COLUMN_TIME].f64);
    row[COLUMN_ALONE].f64 = traffic->alone_s;
    row[COLUMN_LIMIT].text = busiest_link(links)[1].text;
    row[COLUMN_LIMIT_BUSY].f64 = busiest_link(links)[4].f64;
    return table;
}

static void print_answer(const struct run_job *run, const struct table *table,
                         const struct execution *execution)
{
    const union cell *row = table->cells;
    char text[2][PRINT_SIZE];
    printf("%s on %s\n", run->scenario->title, run->platform->title);
    print_field("operation", "%s of %s over %lld chips, %s", row[COLUMN_OPERATION].text,
                print_quantity(text[0], row[COLUMN_SIZE].f64, "B"),
                (long long)row[COLUMN_CHIPS].i64, row[COLUMN_ALGORITHM].text);
    print_field("time", "%s", print_quantity(text[0], row[COLUMN_TIME].f64, "s"));
    print_range("  range", row[COLUMN_TIME_LOW].f64, row[COLUMN_TIME_HIGH].f64, "s",
                row[COLUMN_EVIDENCE].text);
    print_field("bus bandwidth", "%s",
                print_quantity(text[0], row[COLUMN_BANDWIDTH].f64, "B/s"));
    print_field("limited by", "%s links, %s of the time", row[COLUMN_LIMIT].text,
                print_share(text[0], row[COLUMN_LIMIT_BUSY].f64));
    print_field("simulated", "%s detail: %lld activities, %lld transfers, %s, %s",
                run_job_detail_name(run->detail), (long long)execution->activities,
                (long long)execution->transfers,
                print_quantity(text[0], run->provenance->wall_s, "s"),
                print_quantity(text[1], run->provenance->peak_bytes, "B"));
    run_job_print_timeline(run);
    print_field("result", "%s", run->output);
}

static bool print_object(const struct run_job *run, const struct table *table,
                         const struct execution *execution, const struct fold_report *fold,
                         struct error *error)
{
    json_t *object = print_json_row(table, 0);
    json_object_set_new(object, "detail", json_string(run_job_detail_name(run->detail)));
    json_object_set_new(object, "activities", json_integer(execution->activities));
    json_object_set_new(object, "transfers", json_integer(execution->transfers));
    json_object_set_new(object, "flows", json_integer(execution->transfers));
    int64_t classes =
        fold->flow_classes > 0 ? fold->flow_classes : table->cells[COLUMN_CHIPS].i64;
    json_object_set_new(object, "classes", json_integer(classes));
    json_object_set_new(object, "representatives", json_integer(classes));
    json_object_set_new(object, "simulator_wall_s", json_real(run->provenance->wall_s));
    json_object_set_new(object, "simulator_peak_bytes", json_real(run->provenance->peak_bytes));
    run_job_add_timeline(run, object);
    json_object_set_new(object, "result", json_string(run->output));
    return print_json(object, error);
}

/* The exchange, as often as asked for, planned. */
static struct job *make_job(const struct run_job *run, const struct platform *platform,
                            const struct collective_request *request, struct fold_report *fold,
                            struct error *error)
{
    struct job *job = lower_collective(platform, request, run->arena, error);
    if (job == NULL) {
        return NULL;
    }
    for (int64_t i = 1; i < run->scenario->repeats; i++) {
        job_instruct(job, 0, job->programs->instructions[0]);
    }
    if (run->detail == DETAIL_FOLDED) {
        return fold_job(job, FOLD_SEES_ALL, fold, error);
    }
    return exchanges_plan_all(job, error) ? job : NULL;
}

bool run_collective(struct run_job *run, struct error *error)
{
    const struct scenario *scenario = run->scenario;
    struct collective_request request = {.bytes = scenario->size_bytes,
                                         .algorithm = scenario->algorithm};
    if (!collective_operation_read(scenario->operation, &request.operation, error)) {
        return false;
    }
    struct fold_report fold = {0};
    const struct platform *platform =
        defect_apply(run->platform, &scenario->defects, scenario->seed, run->arena, error);
    if (platform == NULL) {
        return false;
    }
    request.chips = lower_collective_chips(platform, scenario->group_chips);
    struct job *job = make_job(run, platform, &request, &fold, error);
    struct executor_options options = {.detail = run->detail, .coalesce = false};
    struct execution execution;
    if (job == NULL || !timeline_run(run->timeline, job, &options, &execution, error)) {
        return false;
    }
    struct table *links = link_tables_use(job, &execution, run->arena);
    struct table *tables[] = {summary(run, &request, job, &execution, links), links,
                              link_tables_alike(job, run->arena)};
    if (!run_job_write(run, "collective", tables, 3, error)) {
        return false;
    }
    run_job_warn_timeline(run);
    if (run->request->shared.json) {
        return print_object(run, tables[0], &execution, &fold, error);
    }
    print_answer(run, tables[0], &execution);
    return true;
}
