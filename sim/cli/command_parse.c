/* SPDX-License-Identifier: Apache-2.0 */
/* A command line by its syntax, with argp: rows of options become argp's, help goes to stdout,
 * and what argp would print itself becomes our error. No other file knows argp. */
#define _GNU_SOURCE /* argp is GNU */
#include "cli/command.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 40,
    SHARED_ROWS = 4,
    HELP = COMMAND_KEY - 1,
    JSON = COMMAND_KEY - 2,
    SEED = COMMAND_KEY - 3
};

/* Option, the bit that offers it, what it does. */
static const struct shared_option {
    unsigned bit;
    struct command_option option;
} shared_options[SHARED_ROWS] = {
    {COMMAND_OUTPUT, {"output", 'o', "FILE", "Write the result to FILE"}},
    {COMMAND_JSON,
     {"json", JSON, NULL, "Print one JSON object, in SI units and full precision"}},
    {COMMAND_SEED, {"seed", SEED, "N", "Seed of all random numbers (default 1)"}},
    {COMMAND_QUIET, {"quiet", 'q', NULL, "No progress and no warnings"}},
};

struct parse {
    const struct command_syntax *syntax;
    void *input;
    struct command_shared *shared;
    struct error *error;
    struct argp_option rows[ROWS + 1];
    int row_count;
    bool helped;
};

static void add_row(struct parse *parse, const struct command_option *option)
{
    bool alias = option->meaning == NULL;
    parse->rows[parse->row_count++] = (struct argp_option){
        .name = option->name,
        .key = alias ? 0 : option->key,
        .arg = alias ? NULL : option->argument,
        .flags = alias ? OPTION_ALIAS : 0,
        .doc = option->meaning,
    };
}

static void add_rows(struct parse *parse)
{
    const struct command_option help = {"help", HELP, NULL, "Print this help"};
    for (int i = 0; i < parse->syntax->option_count && i < ROWS - SHARED_ROWS - 1; i++) {
        add_row(parse, &parse->syntax->options[i]);
    }
    for (int i = 0; i < SHARED_ROWS; i++) {
        if ((parse->syntax->shared & shared_options[i].bit) != 0) {
            add_row(parse, &shared_options[i].option);
        }
    }
    add_row(parse, &help);
}

static bool fail_option(struct parse *parse, const char *found, const char *problem)
{
    return error_fill(parse->error, ERROR_USAGE,
                      "%s: %s %s; 'trnsim help %s' lists the options", parse->syntax->name,
                      found, problem, parse->syntax->name);
}

static bool unknown_option(struct parse *parse, const char *found)
{
    const char *names[ROWS];
    for (int i = 0; i < parse->row_count; i++) {
        names[i] = parse->rows[i].name;
    }
    char typed[64];
    snprintf(typed, sizeof typed, "%.*s", (int)strcspn(found + 2, "="), found + 2);
    const char *near = command_nearest(typed, names, parse->row_count);
    if (near == NULL) {
        return fail_option(parse, found, "is no option");
    }
    return error_fill(parse->error, ERROR_USAGE, "%s: %s is no option; did you mean --%s?",
                      parse->syntax->name, found, near);
}

/* getopt only says that it did not like an option: find out what was wrong with it. */
static bool wrong_option(struct parse *parse, const char *found)
{
    if (strncmp(found, "--", 2) != 0) {
        const struct argp_option *row = parse->rows;
        while (row->name != NULL && row->key != found[strlen(found) - 1]) {
            row++;
        }
        return fail_option(parse, found, row->name != NULL ? "needs a value" : "is no option");
    }
    size_t length = strcspn(found + 2, "=");
    bool valued = found[2 + length] == '=';
    int matches = 0;
    for (int i = 0; i < parse->row_count; i++) {
        matches += strncmp(parse->rows[i].name, found + 2, length) == 0;
    }
    if (matches == 0) {
        return unknown_option(parse, found);
    }
    if (matches > 1) {
        return fail_option(parse, found, "can mean more than one option");
    }
    return fail_option(parse, found, valued ? "takes no value" : "needs a value");
}

static bool read_seed(struct parse *parse, const char *text)
{
    int64_t seed = 0;
    if (!command_count("--seed", text, 0, &seed, parse->error)) {
        return false;
    }
    parse->shared->seed = (uint64_t)seed;
    parse->shared->seed_given = true;
    return true;
}

static bool take_option(struct parse *parse, int key, char *value)
{
    switch (key) {
    case JSON:
        parse->shared->json = true;
        return true;
    case 'q':
        parse->shared->quiet = true;
        return true;
    case SEED:
        return read_seed(parse, value);
    case 'o':
        parse->shared->output = value;
        return true;
    default:
        return parse->syntax->take(parse->input, key, value, parse->error);
    }
}

static bool check_arguments(struct parse *parse, int count)
{
    const struct command_syntax *syntax = parse->syntax;
    if (count >= syntax->least_arguments && count <= syntax->most_arguments) {
        return true;
    }
    return error_fill(parse->error, ERROR_USAGE,
                      "%s: found %d argument%s, expected %s; 'trnsim help %s' shows examples",
                      syntax->name, count, count == 1 ? "" : "s",
                      syntax->arguments[0] != '\0' ? syntax->arguments : "none", syntax->name);
}

static error_t on_key(int key, char *value, struct argp_state *state)
{
    struct parse *parse = state->input;
    switch (key) {
    case HELP:
        parse->helped = true;
        return ECANCELED;
    case ARGP_KEY_ARG:
        if ((int)state->arg_num >= parse->syntax->most_arguments) {
            check_arguments(parse, (int)state->arg_num + 1);
            return EINVAL;
        }
        return take_option(parse, COMMAND_ARGUMENT, value) ? 0 : EINVAL;
    case ARGP_KEY_END:
        return check_arguments(parse, (int)state->arg_num) ? 0 : EINVAL;
    case ARGP_KEY_ERROR:
        if (parse->error->kind == ERROR_NONE && !parse->helped) {
            wrong_option(parse, state->argv[state->next - 1]);
        }
        return 0;
    default:
        break;
    }
    if (key <= 0 || key >= 2 * COMMAND_KEY) {
        return ARGP_ERR_UNKNOWN;
    }
    return take_option(parse, key, value) ? 0 : EINVAL;
}

static void print_help(const struct parse *parse, const struct argp *argp)
{
    char name[64];
    setenv("ARGP_HELP_FMT", "no-dup-args-note", 0);
    snprintf(name, sizeof name, "trnsim %s", parse->syntax->name);
    printf("%s\n\nExamples:\n%s\n", parse->syntax->meaning, parse->syntax->examples);
    argp_help(argp, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG, name);
}

bool command_parse(const struct command_syntax *syntax, int argc, char **argv, void *input,
                   struct command_shared *shared, struct error *error)
{
    *shared = (struct command_shared){.seed = 1};
    struct parse parse = {
        .syntax = syntax, .input = input, .shared = shared, .error = error, .row_count = 0};
    add_rows(&parse);
    const struct argp argp = {
        .options = parse.rows, .parser = on_key, .args_doc = syntax->arguments};
    argp_err_exit_status = error_exit_status(ERROR_USAGE);
    error_t status =
        argp_parse(&argp, argc, argv, ARGP_NO_EXIT | ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &parse);
    if (parse.helped) {
        print_help(&parse, &argp);
        return false;
    }
    return status == 0 && error->kind == ERROR_NONE;
}

bool command_count(const char *option, const char *text, int64_t least, int64_t *value,
                   struct error *error)
{
    char *end = NULL;
    errno = 0;
    long long count = strtoll(text, &end, 10);
    bool digits = text[0] >= '0' && text[0] <= '9'; /* no space, no sign */
    if (!digits || *end != '\0' || errno != 0 || count < least) {
        return error_fill(error, ERROR_USAGE,
                          "%s: found '%s', expected a whole number of %lld or more", option,
                          text, (long long)least);
    }
    *value = count;
    return true;
}
