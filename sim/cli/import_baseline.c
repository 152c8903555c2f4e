/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim import-baseline: a measurement of a real machine as a result to compare with. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/run_job.h"
#include "record/summary.h"
#include "study/baseline.h"

enum { ROW = COMMAND_KEY, FILE_BYTES_MAX = 256 * 1000 * 1000 };

struct request {
    const char *csv, *row;
    struct command_shared shared;
};

static bool take(void *input, int key, char *value, struct error *error)
{
    (void)error;
    struct request *request = input;
    *(key == ROW ? &request->row : &request->csv) = value;
    return true;
}

static const struct command_option options[] = {
    {"row", ROW, "ID", "The row of this id, in a file of several measurements"},
};

static const struct command_syntax syntax = {
    .name = "import-baseline",
    .arguments = "CSV",
    .meaning = "Makes a result of a measurement, MLPerf's or your own, so that a simulated run "
               "can be\n"
               "compared with it. The columns are described in docs/BASELINES.md.",
    .examples = "  trnsim import-baseline workloads/measured/baselines.csv --row "
                "llama-3.1-405b-gb200-512 \\\n"
                "      -o results/gb200.h5\n"
                "  trnsim compare results/trn3.h5 --baseline results/gb200.h5\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .least_arguments = 1,
    .most_arguments = 1,
    .shared = COMMAND_JSON | COMMAND_QUIET | COMMAND_OUTPUT,
    .take = take,
};

static bool write_result(const struct request *request, const struct baseline *baseline,
                         struct provenance *provenance, struct arena *arena,
                         struct error *error)
{
    size_t size = 0;
    char *text = file_read(request->csv, FILE_BYTES_MAX, &size, arena, error);
    if (text == NULL) {
        return false;
    }
    provenance_end(provenance);
    struct table *tables[] = {baseline->summary, baseline->measured};
    struct result_input input = {"baseline", request->csv, text, size};
    struct result result = {.kind = "baseline",
                            .tables = tables,
                            .table_count = 2,
                            .inputs = &input,
                            .input_count = 1,
                            .facts = provenance->facts,
                            .fact_count = PROVENANCE_FACTS};
    return result_file_write(request->shared.output, &result, error);
}

static void print_answer(const struct request *request, const struct baseline *baseline)
{
    const union cell *summary = baseline->summary->cells, *row = baseline->measured->cells;
    char text[2][PRINT_SIZE];
    printf("%s on %s, measured\n", row[BASELINE_MODEL].text, row[BASELINE_SYSTEM].text);
    print_field("accelerators", "%lld x %s", (long long)row[BASELINE_ACCELERATORS].i64,
                row[BASELINE_ACCELERATOR].text);
    print_field("step time", "%s for %s tokens",
                print_quantity(text[0], summary[SUMMARY_STEP_TIME].f64, "s"),
                print_count(text[1], (double)summary[SUMMARY_TOKENS_PER_STEP].i64));
    print_field("throughput", "%s tokens/s, %s an accelerator",
                print_count(text[0], summary[SUMMARY_TOKENS_PER_S].f64),
                print_count(text[1], summary[SUMMARY_TOKENS_PER_S_PER_CHIP].f64));
    print_field("cost", "%s per million tokens",
                print_quantity(text[0], summary[SUMMARY_COST].f64, "USD"));
    print_field("energy", "%s per million tokens",
                print_quantity(text[0], summary[SUMMARY_ENERGY].f64, "J"));
    print_field("source", "%s, %s", row[BASELINE_SOURCE].text, row[BASELINE_DATE].text);
    print_field("result", "%s", request->shared.output);
    if (baseline->energy_unknown && !request->shared.quiet) {
        fprintf(stderr,
                "trnsim: warning: the power of '%s' cannot be made that of the "
                "facility, so energy is unknown; give power_scope facility, or it and a "
                "pue\n",
                row[BASELINE_ID].text);
    }
}

static bool import(const struct request *request, struct arena *arena, struct error *error)
{
    struct provenance *provenance = run_job_provenance(arena);
    struct baseline baseline;
    if (!result_file_check(request->shared.output, error) ||
        !baseline_read(request->csv, request->row, &baseline, arena, error) ||
        !write_result(request, &baseline, provenance, arena, error)) {
        return false;
    }
    if (request->shared.json) {
        json_t *object = print_json_row(baseline.summary, 0);
        json_object_set_new(object, "baseline", print_json_row(baseline.measured, 0));
        json_object_set_new(object, "result", json_string(request->shared.output));
        return print_json(object, error);
    }
    print_answer(request, &baseline);
    return true;
}

bool import_baseline_command(int argc, char **argv, struct error *error)
{
    struct request request = {.csv = NULL};
    if (!command_parse(&syntax, argc, argv, &request, &request.shared, error)) {
        return false;
    }
    if (request.shared.output == NULL) {
        return error_fill(error, ERROR_USAGE,
                          "import-baseline: there is no -o FILE; name the result to write");
    }
    struct arena *arena = arena_create();
    bool done = import(&request, arena, error);
    arena_free(arena);
    return done;
}
