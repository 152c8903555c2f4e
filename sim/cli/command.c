/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and what happens before and after one of them: the general help, the
 * nearest name for a mistyped one, signals, and standard output that is known to be written. */
#include "cli/command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "record/result_file.h"

struct command {
    const char *name, *meaning;
    command_function *run;
};

static command_function help_command;

static const struct command commands[] = {
    {"run", "Simulate a workload on a machine: time, dollars and joules", run_command},
    {"plan", "Find the best plan for a workload on a machine", plan_command},
    {"sweep", "Run many points, on this machine or on a Slurm cluster, into one table",
     sweep_command},
    {"uncertainty", "Run with uncertain inputs: ranges, and what moves the answer most",
     uncertainty_command},
    {"goodput", "Run for weeks with failures, checkpoints and restarts", goodput_command},
    {"compare", "Say how results differ from a baseline, and why", compare_command},
    {"report", "Write a page about results: the answer, and why", report_command},
    {"validate", "Simulate what others have measured, and say how far it is off",
     validate_command},
    {"reproduce", "Judge published claims by simulation and arithmetic", reproduce_command},
    {"platform", "List machines, show what one is made of, expand it", platform_command},
    {"import-baseline", "Make a result of a measurement, to compare runs with",
     import_baseline_command},
    {"digest", "Print the digest of results: the same digest, the same results",
     digest_command},
    {"help", "Explain a command", help_command},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static char typed_line[4096];

/* What Ctrl-C writes: a new line first when a line of progress may stand there. */
static const char interrupted_on_terminal[] = "\ntrnsim: interrupted; no result was written\n";
static bool stderr_is_terminal;

static void print_usage(void)
{
    puts("trnsim simulates training and serving of large models on clusters of accelerators: "
         "Trainium\n"
         "UltraServers and their GPU baselines, in time, dollars and joules.\n"
         "\n"
         "Examples:\n"
         "  trnsim run workloads/llama-3.1-405b-pretrain.yaml \\\n"
         "      --platform platforms/trn3-ultraserver.xml --ultraservers 16 -o results/a.h5\n"
         "  trnsim compare results/a.h5 --baseline results/b.h5\n"
         "\n"
         "Usage: trnsim COMMAND [OPTION...]\n"
         "\n"
         "Commands:");
    for (int i = 0; i < COMMAND_COUNT; i++) {
        printf("  %-15s %s\n", commands[i].name, commands[i].meaning);
    }
    puts("\n'trnsim help COMMAND' explains one. 'trnsim --version' prints the version.\n"
         "\n"
         "Exit status:");
    for (enum error_kind kind = ERROR_NONE; kind < ERROR_KIND_COUNT; kind++) {
        printf("  %3d  %s\n", error_exit_status(kind), error_meaning(kind));
    }
}

static int distance(const char *a, const char *b)
{
    enum { LONGEST = 32 };
    int row[LONGEST + 1];
    int width = (int)strlen(b);
    if (width > LONGEST || strlen(a) > LONGEST) {
        return LONGEST;
    }
    for (int j = 0; j <= width; j++) {
        row[j] = j;
    }
    for (int i = 1; a[i - 1] != '\0'; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= width; j++) {
            int change = diagonal + (a[i - 1] != b[j - 1]);
            int insert = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < insert ? change : insert;
        }
    }
    return row[width];
}

const char *command_nearest(const char *text, const char *const *names, int count)
{
    const char *nearest = NULL;
    int least = (int)strlen(text) / 2 + 1; /* at least half of what was typed must be right */
    for (int i = 0; i < count; i++) {
        int far = distance(text, names[i]);
        if (far < least) {
            least = far;
            nearest = names[i];
        }
    }
    return nearest;
}

static bool unknown_command(const char *name, struct error *error)
{
    const char *names[COMMAND_COUNT];
    for (int i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i].name;
    }
    const char *near = command_nearest(name, names, COMMAND_COUNT);
    if (near != NULL) {
        return error_fill(error, ERROR_USAGE, "there is no command '%s'; did you mean '%s'?",
                          name, near);
    }
    return error_fill(error, ERROR_USAGE,
                      "there is no command '%s'; 'trnsim --help' lists the commands", name);
}

static const struct command *find_command(const char *name)
{
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static bool help_command(int argc, char **argv, struct error *error)
{
    if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) {
        print_usage();
        return true;
    }
    const struct command *command = find_command(argv[1]);
    if (command == NULL) {
        return unknown_command(argv[1], error);
    }
    /* "help platform inspect" asks the action: its name stays before --help. */
    static char option[] = "--help";
    char *arguments[] = {argv[1], argc > 2 ? argv[2] : option, option, NULL};
    return command->run(argc > 2 ? 3 : 2, arguments, error);
}

static void keep_line(int argc, char **argv)
{
    size_t used = 0;
    for (int i = 0; i < argc && used < sizeof typed_line; i++) {
        int wrote = snprintf(typed_line + used, sizeof typed_line - used, "%s%s",
                             i == 0 ? "" : " ", i == 0 ? "trnsim" : argv[i]);
        used += wrote < 0 ? sizeof typed_line : (size_t)wrote;
    }
}

const char *command_line(void)
{
    return typed_line;
}

bool command_dispatch(int argc, char **argv, struct error *error)
{
    keep_line(argc, argv);
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage();
        return true;
    }
    if (strcmp(argv[1], "--version") == 0) {
        return printf("trnsim %s (%s%s%s)\n", TRNSIM_VERSION, TRNSIM_GIT,
                      TRNSIM_GIT[0] == '\0' ? "" : ", ", TRNSIM_COMPILER) > 0;
    }
    const struct command *command = find_command(argv[1]);
    if (command == NULL) {
        return unknown_command(argv[1], error);
    }
    return command->run(argc - 1, argv + 1, error);
}

bool command_close_output(struct error *error)
{
    bool lost = ferror(stdout) != 0;
    errno = 0;
    lost = fflush(stdout) != 0 || lost;
    int reason = errno;
    /* Some file systems refuse late, when the file is closed; a stdout that was never open is
     * only wrong when something was written. */
    if (fclose(stdout) != 0 && errno != EBADF) {
        lost = true;
        reason = errno;
    }
    if (!lost) {
        return true;
    }
    return error_fill(error, ERROR_SYSTEM,
                      "standard output could not be written%s%s; send it elsewhere",
                      reason != 0 ? ": " : "", reason != 0 ? strerror(reason) : "");
}

/* The simulation is one long call, so the handler itself clears up; it may only use what is
 * async-signal-safe. */
static void end_by_signal(int number)
{
    result_file_abandon();
    if (number == SIGTERM) {
        signal(SIGTERM, SIG_DFL);
        raise(SIGTERM);
        return;
    }
    const char *line = interrupted_on_terminal + !stderr_is_terminal;
    ssize_t ignored = write(STDERR_FILENO, line, strlen(line));
    (void)ignored;
    _exit(error_exit_status(ERROR_INTERRUPTED));
}

void command_signals(void)
{
    stderr_is_terminal = isatty(STDERR_FILENO) == 1;
    struct sigaction end = {.sa_handler = end_by_signal};
    sigemptyset(&end.sa_mask);
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* XSI, but in every libc with _POSIX_C_SOURCE 200809L on Linux */
}
