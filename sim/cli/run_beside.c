/* SPDX-License-Identifier: Apache-2.0 */
/* How much workloads that share a machine slow each other down. */
#include "cli/run_beside.h"

#include <stdio.h>
#include <string.h>

#include "cli/print.h"
#include "hardware/defect.h"
#include "training/link_tables.h"
#include "training/together.h"

/* X(NAME, column, type, unit, meaning) */
#define BESIDE_COLUMNS(X)                                                                      \
    X(WORKLOAD, "workload", TEXT, "", "name of the workload file")                             \
    X(CHIPS, "chips", I64, "1", "chips of this workload")                                      \
    X(STEPS, "steps", I64, "1", "steps simulated one after the other")                         \
    X(ALONE, "step_alone_s", F64, "s", "a step while the others' chips are idle")              \
    X(TOGETHER, "step_together_s", F64, "s", "a step while all workloads run")                 \
    X(SLOWDOWN, "slowdown_fraction", F64, "1", "step_together_s over step_alone_s, less 1")

#define BESIDE_COLUMN_ENUM(NAME, column, type, unit, meaning) COLUMN_##NAME,
enum beside_column { BESIDE_COLUMNS(BESIDE_COLUMN_ENUM) COLUMN_COUNT };

#define BESIDE_COLUMN_ROW(NAME, column, type, unit, meaning)                                   \
    {column, COLUMN_##type, unit, meaning},
static const struct column beside_columns[COLUMN_COUNT] = {BESIDE_COLUMNS(BESIDE_COLUMN_ROW)};

static struct table *summary(const struct run_job *run, const struct together *together)
{
    struct table *table = table_create(run->arena, "summary", "the answer, by workload",
                                       beside_columns, COLUMN_COUNT);
    for (int64_t i = 0; i < together->count; i++) {
        const struct together_part *part = &together->parts[i];
        union cell *row = table_append(table);
        row[COLUMN_WORKLOAD].text = part->scenario->name;
        row[COLUMN_CHIPS].i64 = part->chips;
        row[COLUMN_STEPS].i64 = part->steps;
        row[COLUMN_ALONE].f64 = part->alone_s;
        row[COLUMN_TOGETHER].f64 = part->together_s;
        row[COLUMN_SLOWDOWN].f64 = part->together_s / part->alone_s - 1;
    }
    return table;
}

static int64_t classes(const struct run_job *run, const struct together *together)
{
    int64_t folded = together->fold.chip_classes;
    return folded > 0 ? folded : platform_chips(run->platform);
}

static void print_answer(const struct run_job *run, const struct together *together,
                         const struct table *table)
{
    char text[3][PRINT_SIZE];
    printf("%lld workloads on %s, %lld %ss shared by %s\n", (long long)together->count,
           run->platform->title, (long long)run->platform->domain_count,
           run->platform->domain_noun, merge_layout_name(together->layout));
    for (int64_t r = 0; r < table->row_count; r++) {
        const union cell *row = &table->cells[r * COLUMN_COUNT];
        print_field(row[COLUMN_WORKLOAD].text,
                    "%lld chips: %s a step alone, %s together, %s slower",
                    (long long)row[COLUMN_CHIPS].i64,
                    print_quantity(text[0], row[COLUMN_ALONE].f64, "s"),
                    print_quantity(text[1], row[COLUMN_TOGETHER].f64, "s"),
                    print_share(text[2], row[COLUMN_SLOWDOWN].f64));
    }
    print_field("simulated", "%s detail, %lld chips that differ, %lld activities, %s",
                run_job_detail_name(run->detail), (long long)classes(run, together),
                (long long)together->execution.activities,
                print_quantity(text[0], run->provenance->wall_s, "s"));
    run_job_print_timeline(run);
    print_field("result", "%s", run->output);
}

static bool print_object(const struct run_job *run, const struct together *together,
                         const struct table *table, struct error *error)
{
    json_t *object = json_object();
    json_object_set_new(object, "platform", json_string(run->platform->name));
    json_object_set_new(object, "layout", json_string(merge_layout_name(together->layout)));
    json_object_set_new(object, "workloads", print_json_table(table));
    json_object_set_new(object, "detail", json_string(run_job_detail_name(run->detail)));
    json_object_set_new(object, "classes", json_integer(classes(run, together)));
    json_object_set_new(object, "activities", json_integer(together->execution.activities));
    json_object_set_new(object, "transfers", json_integer(together->execution.transfers));
    json_object_set_new(object, "simulator_wall_s", json_real(run->provenance->wall_s));
    json_object_set_new(object, "simulator_peak_bytes", json_real(run->provenance->peak_bytes));
    run_job_add_timeline(run, object);
    json_object_set_new(object, "result", json_string(run->output));
    return print_json(object, error);
}

/* The first is the run's own; links are degraded for all. */
static bool read_parts(const struct run_job *run, struct together *together,
                       struct error *error)
{
    const struct run_request *request = run->request;
    for (int i = 0; i <= request->beside_count; i++) {
        struct scenario *scenario = run->scenario;
        if (i > 0) {
            scenario = scenario_read(request->beside[i - 1], run->platform->name, NULL, 0,
                                     run->arena, error);
        }
        if (scenario == NULL) {
            return false;
        }
        if (scenario->kind != SCENARIO_TRAINING) {
            return error_at(error, ERROR_INPUT, scenario->path, 0, 0,
                            "only training workloads can run side by side; run others alone");
        }
        if (scenario->defects.spare_chips > 0 ||
            strcmp(scenario->defects.dead_chips, "none") != 0) {
            return error_at(error, ERROR_INPUT, scenario->path, 0, 0,
                            "dead_chips and spare_chips are for one workload alone: side by "
                            "side each has its own part of the machine");
        }
        scenario->defects.degraded_links = NULL;
        together->parts[together->count++].scenario = scenario;
    }
    return true;
}

bool run_beside(struct run_job *run, struct error *error)
{
    struct together *together = arena_alloc(run->arena, sizeof *together);
    together->layout = run->request->layout;
    const struct defects defects = {.degraded_links = run->scenario->defects.degraded_links};
    const struct platform *platform =
        defect_apply(run->platform, &defects, 1, run->arena, error);
    if (platform == NULL || !read_parts(run, together, error)) {
        return false;
    }
    struct training_options options = {.detail = run->detail, .timeline = run->timeline};
    options.progress = run->request->shared.quiet ? NULL : run_job_progress;
    bool done = together_run(platform, together, &options, run->arena, error);
    if (options.progress != NULL) {
        run_job_progress(1, 0);
    }
    if (!done) {
        return false;
    }
    struct table *table = summary(run, together);
    struct table *links = link_tables_use(together->job, &together->execution, run->arena);
    struct table *tables[] = {table, links, link_tables_alike(together->job, run->arena)};
    if (!run_job_write(run, "together", tables, 3, error)) {
        return false;
    }
    run_job_warn_timeline(run);
    if (run->request->shared.json) {
        return print_object(run, together, table, error);
    }
    print_answer(run, together, table);
    return true;
}
