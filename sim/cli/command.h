/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of trnsim and what they share: how a command line is described and read, --help
 * with its worked examples, interruption, and standard output that must not be lost. A command
 * is one file with one `struct command_syntax` and one function; command.c lists them all. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* argv[0] is the command's name. False with a filled error when it failed; false with
 * ERROR_NONE when help was printed and nothing more is to do: both are handed up unchanged. */
typedef bool command_function(int argc, char **argv, struct error *error);

command_function run_command;             /* run.c */
command_function compare_command;         /* compare.c */
command_function validate_command;        /* validate.c */
command_function reproduce_command;       /* reproduce.c */
command_function platform_command;        /* platform.c */
command_function digest_command;          /* digest.c */
command_function report_command;          /* report.c */
command_function sweep_command;           /* sweep.c */
command_function plan_command;            /* plan.c */
command_function uncertainty_command;     /* uncertainty.c */
command_function goodput_command;         /* goodput.c */
command_function import_baseline_command; /* import_baseline.c */

/* Options that mean the same wherever they are offered: ored into command_syntax.shared. */
enum {
    COMMAND_JSON = 1,   /* --json: one JSON object on stdout */
    COMMAND_QUIET = 2,  /* --quiet, -q: no progress, no warnings */
    COMMAND_SEED = 4,   /* --seed N */
    COMMAND_OUTPUT = 8, /* --output, -o FILE */
};

struct command_shared { /* what was given of them */
    bool json, quiet, seed_given;
    uint64_t seed;      /* 1 when not given */
    const char *output; /* NULL when not given */
};

/* Keys of options: a letter also makes the short option "-k"; COMMAND_KEY + n is long only. */
enum { COMMAND_ARGUMENT = 1, COMMAND_KEY = 0x1000 };

struct command_option {
    const char *name; /* "ultraservers" */
    int key;
    const char *argument; /* "N"; NULL for a switch */
    const char *meaning;  /* one line; NULL: another name for the option before it */
};

struct command_syntax {
    const char *name;      /* "run", "platform inspect" */
    const char *arguments; /* "WORKLOAD"; as the usage line shows it */
    const char *meaning;   /* a sentence */
    const char *examples;  /* two worked examples, a line each, "  trnsim run ...\n" */
    const struct command_option *options;
    int option_count;
    int least_arguments, most_arguments; /* of positional ones */
    unsigned shared;                     /* COMMAND_JSON | ... */
    /* Takes one option or, with key COMMAND_ARGUMENT, one positional argument; value is NULL
     * for a switch. False and a USAGE error when it is wrong. */
    bool (*take)(void *input, int key, char *value, struct error *error);
};

/* Reads argv by syntax: own options and arguments go to syntax->take(input, ...), in order.
 * False after an error or when --help was printed (error stays ERROR_NONE). */
bool command_parse(const struct command_syntax *syntax, int argc, char **argv, void *input,
                   struct command_shared *shared, struct error *error);

/* A whole number of least or more given for option ("--ultraservers"). */
bool command_count(const char *option, const char *text, int64_t least, int64_t *value,
                   struct error *error);

/* The one of count names that is nearest to text, or NULL when none is near. */
const char *command_nearest(const char *text, const char *const *names, int count);

/* Picks the command that argv names and runs it. */
bool command_dispatch(int argc, char **argv, struct error *error);

/* Flushes and closes stdout; false and a SYSTEM error when not all of it could be written. */
bool command_close_output(struct error *error);

/* Signals: Ctrl-C removes a half-written result, says so in one line and ends with 130; a
 * closed pipe and a file size limit become errors of write(). Called once, by main. */
void command_signals(void);

/* The command line as it was typed, for the provenance of results; valid to the end. */
const char *command_line(void);
