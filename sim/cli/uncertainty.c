/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim uncertainty: a run whose inputs are ranges. The samples are a sweep, so that they go
 * on after an interruption and use all processors. MODEL.md, "Uncertainty". */
#include "cli/uncertainty.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/print.h"

enum {
    JOBS = 'j',
    PLATFORM = COMMAND_KEY,
    DOMAINS,
    PRICES,
    PRICE_KIND_KEY,
    DETAIL,
    FIND_CAPACITY,
    VARY,
    ONLY,
    SAMPLES,
    FIGURE
};
enum { SHOWN_INPUTS = 12, MOST_SAMPLES = 100000 };

static bool append(const char **list, int *count, const char *value, const char *option,
                   struct error *error)
{
    if (*count == UNCERTAINTY_OPTIONS) {
        return error_fill(error, ERROR_USAGE, "%s is given more than %d times", option,
                          UNCERTAINTY_OPTIONS);
    }
    list[(*count)++] = value;
    return true;
}

static bool take_more(struct uncertainty_request *request, int key, const char *value,
                      struct error *error)
{
    switch (key) {
    case 's':
        return append(request->set, &request->set_count, value, "--set", error);
    case VARY:
        return append(request->vary, &request->vary_count, value, "--vary", error);
    case ONLY:
        return append(request->only, &request->only_count, value, "--only", error);
    case JOBS:
        return command_count("--jobs", value, 1, &request->jobs, error);
    case DOMAINS:
        return command_count("--ultraservers", value, 1, &request->domains, error);
    case FIGURE:
        request->figure = value;
        return true;
    case FIND_CAPACITY:
        request->find_capacity = true;
        return true;
    default:
        return command_count("--samples", value, 3, &request->samples, error);
    }
}

static bool take(void *input, int key, char *value, struct error *error)
{
    struct uncertainty_request *request = input;
    switch (key) {
    case COMMAND_ARGUMENT:
        request->workload = value;
        return true;
    case PLATFORM:
        request->platform = value;
        return true;
    case PRICES:
        request->prices = value;
        return true;
    case PRICE_KIND_KEY:
        request->price_kind = value;
        return true;
    case DETAIL:
        request->detail = value;
        return true;
    default:
        return take_more(request, key, value, error);
    }
}

static const struct command_option options[] = {
    {"platform", PLATFORM, "FILE", "The machine: a file of platforms/"},
    {"ultraservers", DOMAINS, "N",
     "How many of the platform's scale-up domains: UltraServers, racks or servers"},
    {"domains", DOMAINS, NULL, NULL},
    {"set", 's', "KEY=VALUE", "Change one entry of the workload; may be repeated"},
    {"vary", VARY, "KEY=RANGE",
     "An input that is not known well: a key of the workload, platform.PROPERTY or price, and "
     "1..2, normal(1, 0.1), lognormal(1, 2), loguniform(1, 9), triangular(1, 2, 4) or "
     "choice(a|b); may be repeated"},
    {"only", ONLY, "KEY",
     "Of the ranges in the files, only those whose names begin so (chip., price, medium.nic); "
     "may be repeated"},
    {"samples", SAMPLES, "N", "Samples of all inputs together (default 100)"},
    {"figure", FIGURE, "COLUMN",
     "What the tornado is about: a number of the run's summary (default: cost of a million "
     "tokens, else tokens a second)"},
    {"find-capacity", FIND_CAPACITY, NULL,
     "Of a serving workload: each point at the highest rate that meets its service level"},
    {"detail", DETAIL, "LEVEL", "As of trnsim run (default: folded)"},
    {"prices", PRICES, "FILE", "The price book, as of trnsim run; none: no cost"},
    {"price-kind", PRICE_KIND_KEY, "KIND", "As of trnsim run"},
    {"jobs", JOBS, "N", "Processes at once (default: all processors)"},
};

static const struct command_syntax syntax = {
    .name = "uncertainty",
    .arguments = "WORKLOAD",
    .meaning = "Runs a workload again and again with the inputs that are not known well: the "
               "ranges in "
               "the platform file, of the price, in the workload file, and of --vary. Says how "
               "far the "
               "answer spreads, and which input moves it most. -o names the folder of the runs "
               "(default results/NAME-uncertainty): the same command goes on where it was.",
    .examples =
        "  trnsim uncertainty workloads/llama-3-70b-pretrain.yaml --platform "
        "platforms/trn3-ultraserver.xml --ultraservers 4\n"
        "  trnsim uncertainty workloads/serve-llama-3-70b-conv.yaml --platform "
        "platforms/trn2-ultraserver.xml --set requests=2000 --find-capacity --only chip. "
        "--vary 'price=normal(0.66USD/h, 0.1USD/h)'\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .least_arguments = 1,
    .most_arguments = 1,
    .shared = COMMAND_JSON | COMMAND_QUIET | COMMAND_SEED | COMMAND_OUTPUT,
    .take = take,
};

static bool read_prices(struct uncertainty_run *run, struct error *error)
{
    const struct uncertainty_request *request = run->request;
    enum price_kind kind = PRICE_ANY;
    struct error none = {.kind = ERROR_NONE};
    if (request->price_kind != NULL && !price_kind_read(request->price_kind, &kind, error)) {
        return false;
    }
    if (request->prices == NULL || run->scenario->kind == SCENARIO_COLLECTIVE) {
        return true;
    }
    run->book = price_read(request->prices, run->arena, error);
    if (run->book != NULL) {
        run->price = price_find(run->book, run->platform->name, run->platform->chips[0]->type,
                                kind, &none);
    }
    return run->book != NULL;
}

static bool read_inputs(struct uncertainty_run *run, struct error *error)
{
    const struct uncertainty_request *request = run->request;
    run->platform = platform_read(request->platform, run->arena, error);
    run->scenario = run->platform == NULL
                        ? NULL
                        : scenario_read(request->workload, run->platform->name, request->set,
                                        request->set_count, run->arena, error);
    if (run->scenario == NULL || !read_prices(run, error) || !uncertainty_inputs(run, error)) {
        return false;
    }
    run->uncertainty = uncertainty_create(run->inputs, run->input_count, request->samples,
                                          request->shared.seed, run->arena);
    run->folder = request->shared.output != NULL
                      ? request->shared.output
                      : arena_format(run->arena, "results/%s-%s-uncertainty",
                                     run->scenario->name, run->platform->name);
    return true;
}

/* The folder is there before its sweep file is written. */
static bool run_samples(struct uncertainty_run *run, struct error *error)
{
    struct sweep_store opened = {.folder = run->folder, .arena = run->arena};
    struct sweep_request *asked = arena_alloc(run->arena, sizeof *asked);
    *asked = (struct sweep_request){.jobs = run->request->jobs, .at_once = 1};
    asked->shared = run->request->shared;
    asked->shared.output = run->folder;
    if (!sweep_store_open(&opened, error) ||
        (asked->file = uncertainty_write_sweep(run, error)) == NULL) {
        return false;
    }
    run->sweep = (struct sweep_run){.request = asked, .arena = run->arena, .untold = true};
    sweep_progress_start(&run->sweep.progress, 0, run->request->shared.quiet);
    if (!sweep_prepare(&run->sweep, error)) {
        return false;
    }
    run->sweep.progress.count = run->sweep.sweep->point_count;
    return sweep_run_points(&run->sweep, error);
}

static void print_answer(const struct uncertainty_run *run, struct table *const *tables)
{
    char text[4][PRINT_SIZE];
    printf("%s on %s\n", run->scenario->title, run->platform->title);
    print_field("inputs", "%lld uncertain, %lld samples, %lld runs",
                (long long)run->input_count, (long long)run->request->samples,
                (long long)run->sweep.sweep->point_count);
    printf("\n  %-34s %12s  %12s %12s %12s\n", "figure", "value", "5 %", "median", "95 %");
    for (int64_t r = 0; r < tables[0]->row_count; r++) {
        const union cell *row = &tables[0]->cells[r * tables[0]->column_count];
        printf("  %-34s %12s  %12s %12s %12s\n", row[0].text,
               print_quantity(text[0], row[2].f64, row[1].text),
               print_quantity(text[1], row[6].f64, row[1].text),
               print_quantity(text[2], row[7].f64, row[1].text),
               print_quantity(text[3], row[8].f64, row[1].text));
    }
    printf("\n  %s with one input at its ends, most first\n", run->figure);
    for (int64_t r = 0; r < tables[1]->row_count && r < SHOWN_INPUTS; r++) {
        const union cell *row = &tables[1]->cells[r * tables[1]->column_count];
        printf("  %-42s %10s to %-10s  %11.4g to %-11.4g %5.1f %%\n", row[0].text, row[2].text,
               row[3].text, row[4].f64, row[5].f64, 100 * row[6].f64);
    }
    print_field("result", "%s/uncertainty.h5", run->folder);
}

static bool print_object(const struct uncertainty_run *run, struct table *const *tables,
                         struct error *error)
{
    json_t *object = json_object();
    json_object_set_new(object, "inputs", json_integer(run->input_count));
    json_object_set_new(object, "samples", json_integer(run->request->samples));
    json_object_set_new(object, "runs", json_integer(run->sweep.sweep->point_count));
    json_object_set_new(object, "figures", print_json_table(tables[0]));
    json_object_set_new(object, "tornado_of", json_string(run->figure));
    json_object_set_new(object, "tornado", print_json_table(tables[1]));
    json_object_set_new(
        object, "result",
        json_string(arena_format(run->arena, "%s/uncertainty.h5", run->folder)));
    return print_json(object, error);
}

static void warn(const struct uncertainty_run *run)
{
    int64_t counts[3], blocked;
    sweep_tell_states(&run->sweep, counts, &blocked);
    if (counts[SWEEP_FAILED] > 0 && !run->request->shared.quiet) {
        fprintf(stderr,
                "trnsim: warning: %lld of %lld runs failed and are not in the figures; "
                "%s/sweep.h5 says why\n",
                (long long)counts[SWEEP_FAILED], (long long)run->sweep.sweep->point_count,
                run->folder);
    }
}

static bool write_result(const struct uncertainty_run *run, struct table **tables,
                         struct provenance *provenance, struct error *error)
{
    struct result_input inputs[] = {
        {"workload", run->scenario->path, run->scenario->text, strlen(run->scenario->text)},
        {"platform", run->platform->path, run->platform->text, run->platform->text_size},
        {"prices", run->book == NULL ? "" : run->book->path,
         run->book == NULL ? "" : run->book->text,
         run->book == NULL ? 0 : run->book->text_size}};
    provenance_end(provenance);
    struct result result = {.kind = "uncertainty",
                            .tables = tables,
                            .table_count = UNCERTAINTY_TABLES,
                            .inputs = inputs,
                            .input_count = run->book == NULL ? 2 : 3,
                            .facts = provenance->facts,
                            .fact_count = PROVENANCE_FACTS};
    return result_file_write(arena_format(run->arena, "%s/uncertainty.h5", run->folder),
                             &result, error);
}

static bool answer(struct uncertainty_run *run, struct error *error)
{
    struct provenance *provenance = run_job_provenance(run->arena);
    struct table *tables[UNCERTAINTY_TABLES];
    if (!read_inputs(run, error) || !run_samples(run, error) ||
        !uncertainty_tables(run, tables, error) ||
        !write_result(run, tables, provenance, error)) {
        return false;
    }
    warn(run);
    if (run->request->shared.json) {
        return print_object(run, tables, error);
    }
    print_answer(run, tables);
    return true;
}

bool uncertainty_command(int argc, char **argv, struct error *error)
{
    struct uncertainty_request request = {.samples = 100, .detail = "folded"};
    if (!command_parse(&syntax, argc, argv, &request, &request.shared, error)) {
        return false;
    }
    if (request.platform == NULL || request.samples > MOST_SAMPLES) {
        return error_fill(error, ERROR_USAGE,
                          request.platform == NULL
                              ? "uncertainty needs a machine; add --platform FILE"
                              : "--samples: expected at most 100000");
    }
    struct arena *arena = arena_create();
    request.prices = price_path(request.prices, request.platform, arena);
    struct uncertainty_run *run = arena_alloc(arena, sizeof *run);
    run->request = &request;
    run->arena = arena;
    bool done = answer(run, error);
    arena_free(arena);
    return done;
}
