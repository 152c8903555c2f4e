/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim compare: results against one baseline, and whether they are within a tolerance. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/command.h"
#include "cli/comparison.h"
#include "cli/comparison_print.h"
#include "cli/print.h"

enum { RESULTS = 100, BASELINE = COMMAND_KEY, EXPECT };

struct request {
    const char *results[RESULTS];
    int result_count;
    const char *baseline;
    double tolerance_fraction; /* NAN: none */
};

static bool take_tolerance(struct request *request, const char *text, struct error *error)
{
    struct error cause = {.kind = ERROR_NONE};
    if (!units_read(text, UNIT_FRACTION, &request->tolerance_fraction, &cause)) {
        return error_fill(error, ERROR_USAGE, "--expect: %s", cause.message);
    }
    if (request->tolerance_fraction > 1) {
        return error_fill(
            error, ERROR_USAGE,
            "--expect: found '%s', more than the whole; write 5%% or 0.05 for five "
            "per cent",
            text);
    }
    return true;
}

static bool take(void *input, int key, char *value, struct error *error)
{
    struct request *request = input;
    switch (key) {
    case COMMAND_ARGUMENT:
        request->results[request->result_count++] = value;
        return true;
    case BASELINE:
        request->baseline = value;
        return true;
    default:
        return take_tolerance(request, value, error);
    }
}

static const struct command_option options[] = {
    {"baseline", BASELINE, "FILE.h5", "A run, or an imported measurement"},
    {"expect", EXPECT, "TOLERANCE",
     "End with status 1 when a step takes more or less time than the baseline's by more than "
     "TOLERANCE, such as 5%"},
};

static const struct command_syntax syntax = {
    .name = "compare",
    .arguments = "RESULT...",
    .meaning =
        "Says how results differ from a baseline in time, dollars, joules and memory, and\n"
        "which part of the step makes the difference.",
    .examples = "  trnsim compare results/a.h5 --baseline results/b.h5\n"
                "  trnsim compare results/new.h5 --baseline results/old.h5 --expect 5%\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .least_arguments = 1,
    .most_arguments = RESULTS,
    .shared = COMMAND_JSON | COMMAND_QUIET,
    .take = take,
};

static bool read_all(const struct request *request, struct arena *arena,
                     struct compared *results, struct compared *baseline, struct error *error)
{
    if (!comparison_read(request->baseline, arena, baseline, error)) {
        return false;
    }
    for (int i = 0; i < request->result_count; i++) {
        if (!comparison_read(request->results[i], arena, &results[i], error)) {
            return false;
        }
    }
    return true;
}

static void warn_difference(const struct compared *result, const struct compared *baseline)
{
    const char *ours = comparison_text(result, SUMMARY_WORKLOAD);
    const char *theirs = comparison_text(baseline, SUMMARY_WORKLOAD);
    if (strcmp(ours, theirs) != 0) {
        fprintf(stderr,
                "trnsim: warning: %s is of workload '%s', the baseline of '%s': the ratios "
                "compare different work\n",
                result->path, ours, theirs);
    }
    if (*result->dtype != '\0' && *baseline->dtype != '\0' &&
        strcmp(result->dtype, baseline->dtype) != 0) {
        fprintf(stderr,
                "trnsim: warning: %s multiplies in %s, the baseline in %s: set plan.dtype to "
                "compare like with like\n",
                result->path, result->dtype, baseline->dtype);
    }
}

static bool print_all_json(const struct compared *results, int count,
                           const struct compared *baseline, struct arena *arena,
                           struct error *error)
{
    json_t *object = json_object(), *array = json_array(),
           *base = print_json_row(baseline->summary, 0);
    json_object_set_new(base, "path", json_string(baseline->path));
    for (int i = 0; i < count; i++) {
        json_array_append_new(array, comparison_json(&results[i], baseline, arena));
    }
    json_object_set_new(object, "baseline", base);
    json_object_set_new(object, "results", array);
    return print_json(object, error);
}

static bool check_expected(const struct request *request, const struct compared *result,
                           const struct compared *baseline, struct error *error)
{
    double ratio = comparison_ratio(result, baseline, SUMMARY_STEP_TIME);
    if (isnan(request->tolerance_fraction) || fabs(ratio - 1) <= request->tolerance_fraction) {
        return true;
    }
    return error_at(
        error, ERROR_DIFFERS, result->path, 0, 0,
        "its step takes %.4g times as long as the baseline's, expected within %g %%", ratio,
        100 * request->tolerance_fraction);
}

static bool compare(const struct request *request, const struct command_shared *shared,
                    struct arena *arena, struct error *error)
{
    struct compared results[RESULTS], baseline;
    if (!read_all(request, arena, results, &baseline, error)) {
        return false;
    }
    for (int i = 0; i < request->result_count; i++) {
        if (!shared->quiet) {
            warn_difference(&results[i], &baseline);
        }
        if (!shared->json) {
            fputs(i > 0 ? "\n" : "", stdout);
            comparison_print(&results[i], &baseline, arena);
        }
    }
    if (shared->json &&
        !print_all_json(results, request->result_count, &baseline, arena, error)) {
        return false;
    }
    bool expected = true;
    for (int i = 0; i < request->result_count; i++) {
        expected = check_expected(request, &results[i], &baseline, error) && expected;
    }
    return expected;
}

bool compare_command(int argc, char **argv, struct error *error)
{
    struct request request = {.tolerance_fraction = (double)NAN};
    struct command_shared shared;
    if (!command_parse(&syntax, argc, argv, &request, &shared, error)) {
        return false;
    }
    if (request.baseline == NULL) {
        return error_fill(
            error, ERROR_USAGE,
            "compare: there is no --baseline; 'trnsim help compare' shows examples");
    }
    struct arena *arena = arena_create();
    bool done = compare(&request, &shared, arena, error);
    arena_free(arena);
    return done;
}
