/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim report: one page about results, written by analysis/report.py, which this program
 * becomes. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

enum { BASELINE = COMMAND_KEY, FILES = 1000, FIXED = 8 };

static const char script[] = TRNSIM_SOURCE_FOLDER "/analysis/report.py";
static char python[] = "/usr/bin/python3";

struct request {
    char *files[FILES];
    int count;
    char *baseline;
};

static bool take(void *input, int key, char *value, struct error *error)
{
    (void)error;
    struct request *request = input;
    if (key == BASELINE) {
        request->baseline = value;
    } else {
        request->files[request->count++] = value; /* command_parse refuses more than FILES */
    }
    return true;
}

static const struct command_option options[] = {
    {"baseline", BASELINE, "FILE", "The result that the others are compared with"},
};

static const struct command_syntax syntax = {
    .name = "report",
    .arguments = "RESULT...",
    .meaning =
        "Writes one page about results that opens in any browser and needs no network: the\n"
        "answer first, then why. Every number names the dataset that it was read from.",
    .examples = "  trnsim report results/a.h5 --baseline results/b.h5 -o report.html\n"
                "  trnsim report results/sweep/sweep.h5 -o sweep.html\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .least_arguments = 1,
    .most_arguments = FILES,
    .shared = COMMAND_OUTPUT,
    .take = take,
};

bool report_command(int argc, char **argv, struct error *error)
{
    static struct request request;
    struct command_shared shared;
    if (!command_parse(&syntax, argc, argv, &request, &shared, error)) {
        return false;
    }
    if (shared.output == NULL) {
        return error_fill(
            error, ERROR_USAGE,
            "report: no file for the page; name one with -o, such as -o report.html");
    }
    static char output[4096], program[sizeof script], plain[] = "-B", to[] = "--output",
                                                      against[] = "--baseline", end[] = "--";
    if (snprintf(output, sizeof output, "%s", shared.output) >= (int)sizeof output) {
        return error_fill(error, ERROR_USAGE, "report: the name after -o is too long");
    }
    memcpy(program, script, sizeof script);
    char *words[FILES + FIXED + 2] = {python, plain, program, to, output};
    int count = 5;
    if (request.baseline != NULL) {
        words[count++] = against;
        words[count++] = request.baseline;
    }
    words[count++] = end;
    memcpy(&words[count], request.files, (size_t)request.count * sizeof *words);
    fflush(stdout);
    execv(python, words);
    return error_fill(error, ERROR_SYSTEM,
                      "report: %s cannot be started; install python3 (scripts/setup.sh does)",
                      python);
}
