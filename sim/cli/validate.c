/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim validate: simulates what others have measured and says how far it is off. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/print.h"
#include "cli/validate_plans.h"
#include "engine/engine.h"
#include "record/provenance.h"
#include "study/sweep_pool.h"
#include "study/validation.h"

enum { GROUPS = 64, DATA = COMMAND_KEY, PLANS };

struct request {
    const char *names[GROUPS];
    int name_count;
    const char *data;
    int64_t jobs;
    bool plans;
    struct command_shared shared;
};

static bool take(void *input, int key, char *value, struct error *error)
{
    struct request *request = input;
    if (key == 'j') {
        return command_count("-j", value, 1, &request->jobs, error);
    }
    if (key == PLANS) {
        request->plans = true;
    } else if (key == DATA) {
        request->data = value;
    } else {
        request->names[request->name_count++] = value; /* command_parse refuses more */
    }
    return true;
}

static const struct command_option options[] = {
    {"data", DATA, "FOLDER",
     "A folder with training.csv, collectives.csv, ... (default: workloads/measured)"},
    {"plans", PLANS, NULL,
     "Instead search the best plan for each training row: where does the row's own stand?"},
    {"jobs", 'j', "N", "Simulate so many rows at a time (default: one a processor)"},
};

static const struct command_syntax syntax = {
    .name = "validate",
    .arguments = "[GROUP...]",
    .meaning =
        "Simulates measured rows and says how far the simulation is off, by group and\n"
        "accelerator. GROUP is a kind (training, vtrain, collectives, compute, inference,\n"
        "kernels) or a group of rows; without one all rows are simulated. With --plans the "
        "search of\n`trnsim plan` is held against the plans of measured training steps.",
    .examples = "  trnsim validate training\n"
                "  trnsim validate BLOOM-sweep --data workloads/measured --json\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .most_arguments = GROUPS,
    .shared = COMMAND_JSON | COMMAND_QUIET | COMMAND_OUTPUT,
    .take = take,
};

/* Relative to the current folder when it is there, else where the program was built. */
static const char *own_folder(void)
{
    static const char here[] = "workloads/measured";
    struct stat status;
    return stat(here, &status) == 0 ? here : TRNSIM_SOURCE_FOLDER "/workloads/measured";
}

struct worst {
    int64_t row;
    double error;
};

static int by_error(const void *left, const void *right)
{
    const struct worst *a = left, *b = right;
    return (a->error < b->error) - (a->error > b->error);
}

static void print_worst(const struct validation *validation, struct arena *arena)
{
    enum { SHOWN = 12 };
    int64_t rows = validation->measured->row_count, count = 0;
    struct worst *worst = arena_array(arena, rows + 1, sizeof *worst);
    for (int64_t i = 0; i < rows; i++) {
        double error = validation_error(validation, i);
        if (isfinite(error) && validation->outcomes[i].done) { /* the others have a list */
            worst[count++] = (struct worst){i, fabs(error)};
        }
    }
    qsort(worst, (size_t)count, sizeof *worst, by_error);
    printf("\nworst rows, and what takes most of their simulated time\n");
    for (int64_t i = 0; i < count && i < SHOWN; i++) {
        const struct measured_row *row = &validation->measured->rows[worst[i].row];
        const struct outcome *outcome = &validation->outcomes[worst[i].row];
        char text[2][PRINT_SIZE];
        printf("  %-10s %-24s %+6.1f %%  %s for %s: %s\n", row->id, row->group,
               100 * validation_error(validation, worst[i].row),
               print_quantity(text[0], outcome->simulated, row->unit),
               print_quantity(text[1], row->measured, row->unit),
               validation_suspects(outcome, arena));
    }
}

static void print_groups(const struct validation *validation)
{
    printf("%-12s %-26s %-22s %5s %7s %7s %7s %7s %7s %9s\n", "kind", "group", "accelerator",
           "rows", "median", "mean", "p90", "worst", "bias", "spearman");
    for (int64_t g = 0; g < validation->group_count; g++) {
        const struct validation_group *group = &validation->groups[g];
        printf("%-12s %-26s %-22s %5lld %6.1f%% %6.1f%% %6.1f%% %6.1f%% %+6.1f%%", group->kind,
               group->group, group->accelerator, (long long)group->rows, 100 * group->median,
               100 * group->mean, 100 * group->p90, 100 * group->worst, 100 * group->bias);
        if (isfinite(group->spearman)) {
            printf(" %9.3f", group->spearman);
        }
        putchar('\n');
    }
}

/* Whether two rows are left out alike: same kind and reason, both counting or not. */
static bool same_reason(const union cell *row, const union cell *other)
{
    return strcmp(row[1].text, other[1].text) == 0 && strcmp(row[3].text, other[3].text) == 0 &&
           row[4].i64 == other[4].i64;
}

/* The rows like the first of them, and what they are called; the file has every one. */
static void print_reason(const struct table *missing, int64_t first)
{
    enum { NAMED = 4 };
    const union cell *row = &missing->cells[first * missing->column_count];
    int64_t count = 0;
    char names[256] = "";
    for (int64_t r = first; r < missing->row_count; r++) {
        const union cell *other = &missing->cells[r * missing->column_count];
        if (same_reason(row, other) && ++count <= NAMED) {
            size_t used = strlen(names);
            snprintf(names + used, sizeof names - used, "%s%.40s", used > 0 ? ", " : "",
                     other[0].text);
        }
    }
    printf("  %s%4lld %-12s %s (%s%s)\n", row[4].i64 ? "!" : " ", (long long)count, row[1].text,
           row[3].text, names, count > NAMED ? ", ..." : "");
}

static void print_missing(const struct table *missing)
{
    if (missing->row_count == 0) {
        return;
    }
    printf("\nnot simulated: %lld rows (!: counts as an error of 100 %%; -o FILE has each)\n",
           (long long)missing->row_count);
    for (int64_t r = 0; r < missing->row_count; r++) {
        const union cell *row = &missing->cells[r * missing->column_count];
        bool told = false;
        for (int64_t before = 0; before < r && !told; before++) {
            told = same_reason(row, &missing->cells[before * missing->column_count]);
        }
        if (!told) {
            print_reason(missing, r);
        }
    }
}

/* What was taken for something that is not there, and for how many rows. */
static void print_assumed(const struct validation *validation)
{
    int64_t rows = validation->measured->row_count;
    bool begun = false;
    for (int64_t first = 0; first < rows; first++) {
        const char *sentence = validation->outcomes[first].assumed;
        int64_t alike = 0, before = 0;
        for (int64_t i = 0; i < rows && sentence[0] != '\0'; i++) {
            bool same = strcmp(validation->outcomes[i].assumed, sentence) == 0;
            alike += same;
            before += same && i < first;
        }
        if (alike > 0 && before == 0) {
            printf("%s  %5lld %s\n", begun ? "" : "\nassumed, for so many rows\n",
                   (long long)alike, sentence);
            begun = true;
        }
    }
}

static bool print_object(struct table *tables[VALIDATION_TABLE_COUNT], struct error *error)
{
    json_t *object = json_object();
    json_object_set_new(object, "groups", print_json_table(tables[0]));
    json_object_set_new(object, "rows", print_json_table(tables[1]));
    json_object_set_new(object, "not_simulated", print_json_table(tables[2]));
    return print_json(object, error);
}

static bool write_result(const struct request *request, struct provenance *provenance,
                         struct table **tables, int count, struct error *error)
{
    if (request->shared.output == NULL) {
        return true;
    }
    provenance_end(provenance);
    struct result result = {.kind = "validation",
                            .tables = tables,
                            .table_count = count,
                            .facts = provenance->facts,
                            .fact_count = PROVENANCE_FACTS};
    return result_file_write(request->shared.output, &result, error);
}

static bool plans(const struct request *request, struct machines *machines,
                  const struct measured *measured, struct provenance *provenance,
                  struct arena *arena, struct error *error)
{
    struct table *table = validate_plans(machines, measured, (int)request->jobs,
                                         !request->shared.json, arena, error);
    if (table == NULL || !write_result(request, provenance, &table, 1, error)) {
        return false;
    }
    if (!request->shared.json) {
        return true;
    }
    json_t *object = json_object();
    json_object_set_new(object, "rows", print_json_table(table));
    return print_json(object, error);
}

static bool validate(const struct request *request, struct arena *arena, struct error *error)
{
    struct provenance_source source = {.command = command_line(),
                                       .version = TRNSIM_VERSION,
                                       .git = TRNSIM_GIT,
                                       .compiler = TRNSIM_COMPILER,
                                       .simgrid = engine_version(),
                                       .network_model = engine_settings()};
    struct provenance *provenance = provenance_start(&source, arena);
    if (request->shared.output != NULL && !result_file_check(request->shared.output, error)) {
        return false;
    }
    const char *folder = own_folder();
    struct machines *machines = machines_read(folder, arena, error);
    struct measured *measured =
        machines == NULL ? NULL
                         : measured_read(request->data != NULL ? request->data : folder,
                                         request->names, request->name_count, arena, error);
    if (measured != NULL && request->plans) {
        return plans(request, machines, measured, provenance, arena, error);
    }
    struct validation *validation =
        measured == NULL ? NULL
                         : validation_run(measured, machines, (int)request->jobs, arena, error);
    if (validation == NULL) {
        return false;
    }
    struct table *tables[VALIDATION_TABLE_COUNT];
    validation_tables(validation, tables, arena);
    if (!write_result(request, provenance, tables, VALIDATION_TABLE_COUNT, error)) {
        return false;
    }
    if (request->shared.json) {
        return print_object(tables, error);
    }
    print_groups(validation);
    print_worst(validation, arena);
    print_assumed(validation);
    print_missing(tables[2]);
    return true;
}

bool validate_command(int argc, char **argv, struct error *error)
{
    struct request request = {.jobs = sweep_pool_jobs(0)};
    if (!command_parse(&syntax, argc, argv, &request, &request.shared, error)) {
        return false;
    }
    struct arena *arena = arena_create();
    bool done = validate(&request, arena, error);
    arena_free(arena);
    return done;
}
