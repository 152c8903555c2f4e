/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim platform: which machines there are, what one is made of, and the whole of it as a file
 * for SimGrid. What is printed is made in hardware/. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "cli/command.h"
#include "cli/platform_fold.h"
#include "cli/print.h"
#include "hardware/platform_expand.h"
#include "hardware/platform_inspect.h"
#include "hardware/platform_list.h"
#include "hardware/platform_schema.h"

enum { ULTRASERVERS = COMMAND_KEY + 1, WORKLOAD, SLOW_ZONES = 100 };

struct arguments {
    const char *path, *workload;
    int64_t domains; /* 0: as the file says */
    struct command_shared shared;
    struct arena *arena;
};

static bool take(void *input, int key, char *value, struct error *error)
{
    struct arguments *arguments = input;
    if (key == ULTRASERVERS) {
        return command_count("--ultraservers", value, 1, &arguments->domains, error);
    }
    if (key == WORKLOAD) {
        arguments->workload = value;
        return true;
    }
    arguments->path = value;
    return true;
}

static const char *default_folder(void)
{
    struct stat status;
    return stat("platforms", &status) == 0 ? "platforms" : TRNSIM_SOURCE_FOLDER "/platforms";
}

static json_t *list_json(const struct platform_entry *entries, int64_t count)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++) {
        const struct platform *platform = entries[i].platform;
        json_array_append_new(
            list,
            platform == NULL
                ? json_pack("{ss ss}", "path", entries[i].path, "problem", entries[i].problem)
                : json_pack("{ss ss ss sI}", "path", entries[i].path, "name", platform->name,
                            "title", platform->title, "chips_per_domain",
                            (json_int_t)platform->chip_count));
    }
    return json_pack("{so}", "platforms", list);
}

static bool list(struct arguments *arguments, struct error *error)
{
    struct platform_entry *entries;
    int64_t count;
    const char *folder = arguments->path != NULL ? arguments->path : default_folder();
    if (!platform_list_read(folder, &entries, &count, arguments->arena, error)) {
        return false;
    }
    if (arguments->shared.json) {
        return print_json(list_json(entries, count), error);
    }
    platform_list_print(entries, count, stdout);
    return true;
}

/* The platform with as many domains as were asked for. */
static struct platform *read_platform(const struct arguments *arguments, struct error *error)
{
    struct platform *platform = platform_read(arguments->path, arguments->arena, error);
    if (platform == NULL) {
        return NULL;
    }
    if (arguments->domains > 0) {
        platform->domain_count = arguments->domains;
    }
    return platform_check_domains(platform, error) ? platform : NULL;
}

static bool inspect(struct arguments *arguments, struct error *error)
{
    const struct platform *platform = read_platform(arguments, error);
    if (platform == NULL) {
        return false;
    }
    const struct platform_report *report = platform_report_create(platform, arguments->arena);
    (arguments->shared.json ? platform_inspect_json : platform_inspect)(report, stdout);
    return true;
}

struct text {
    char *bytes;
    int64_t size;
};

/* Writes text, or with NULL the whole platform, beside path and renames: a reader never sees
 * half of it. */
static bool write_file(const struct platform *platform, const struct text *text,
                       const char *path, struct arena *arena, struct error *error)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        return error_at(error, ERROR_USAGE, path, 0, 0,
                        "is no regular file; give -o a file or a new name");
    }
    const char *partial = arena_format(arena, "%s.partial", path);
    FILE *file = fopen(partial, "wb");
    bool done = file != NULL;
    if (done) {
        if (text != NULL) {
            fwrite(text->bytes, 1, (size_t)text->size, file);
        } else {
            platform_expand(platform, file, arena);
        }
        done = ferror(file) == 0;
        done = fclose(file) == 0 && done && rename(partial, path) == 0;
    }
    if (!done) {
        int reason = errno;
        remove(partial);
        return error_fill(error, ERROR_SYSTEM,
                          "%s could not be written (%s); choose another -o", path,
                          strerror(reason));
    }
    return true;
}

static bool expand(struct arguments *arguments, struct error *error)
{
    const struct platform *platform = read_platform(arguments, error);
    if (platform == NULL) {
        return false;
    }
    if (platform->domain_count > SLOW_ZONES && !arguments->shared.quiet) {
        fprintf(stderr,
                "trnsim: warning: SimGrid loads more than %d zones slowly (700 take about a "
                "minute); for a run give FILE and --ultraservers instead\n",
                SLOW_ZONES);
    }
    if (arguments->shared.output != NULL) {
        return write_file(platform, NULL, arguments->shared.output, arguments->arena, error);
    }
    platform_expand(platform, stdout, arguments->arena);
    return true;
}

static bool fold(struct arguments *arguments, struct error *error)
{
    const struct platform *platform = read_platform(arguments, error);
    if (platform == NULL) {
        return false;
    }
    struct text text;
    text.bytes =
        platform_fold_xml(platform, arguments->workload, arguments->arena, &text.size, error);
    if (text.bytes == NULL) {
        return false;
    }
    if (arguments->shared.output != NULL) {
        return write_file(platform, &text, arguments->shared.output, arguments->arena, error);
    }
    return fwrite(text.bytes, 1, (size_t)text.size, stdout) == (size_t)text.size ||
           error_fill(error, ERROR_SYSTEM, "the network could not be written to stdout");
}

static bool schema(struct arguments *arguments, struct error *error)
{
    (void)arguments, (void)error;
    platform_schema_print(stdout);
    return true;
}

static const struct command_option domain_options[] = {
    {"ultraservers", ULTRASERVERS, "N",
     "How many scale-up domains: UltraServers, racks or servers (default: as the file says)"},
    {"domains", ULTRASERVERS, NULL, NULL},
};

static const struct command_option fold_options[] = {
    {"workload", WORKLOAD, "FILE",
     "What the machine does (default: an all-reduce of 1 GiB over all chips)"},
    {"ultraservers", ULTRASERVERS, "N",
     "How many scale-up domains: UltraServers, racks or servers (default: as the file says)"},
    {"domains", ULTRASERVERS, NULL, NULL},
};

static const struct action {
    const char *name, *meaning;
    bool (*run)(struct arguments *arguments, struct error *error);
    struct command_syntax syntax;
} actions[] = {
    {"list",
     "Name the machines of a folder, their chips and titles",
     list,
     {.name = "platform list",
      .arguments = "[FOLDER]",
      .meaning = "Names the platform files of a folder (default: platforms), one line each.",
      .examples = "  trnsim platform list\n  trnsim platform list my-machines --json\n",
      .most_arguments = 1,
      .shared = COMMAND_JSON,
      .take = take}},
    {"inspect",
     "Show what a machine is made of, with sources",
     inspect,
     {.name = "platform inspect",
      .arguments = "FILE",
      .meaning =
          "Prints every value of a platform file with its unit and source, how far chips\n"
          "are from each other, what limits them together, and the totals beside those\n"
          "that were published.",
      .examples = "  trnsim platform inspect platforms/trn3-ultraserver.xml\n"
                  "  trnsim platform inspect platforms/gb200-nvl72.xml --json\n",
      .options = domain_options,
      .option_count = 2,
      .least_arguments = 1,
      .most_arguments = 1,
      .shared = COMMAND_JSON,
      .take = take}},
    {"expand",
     "Write a machine of many domains as one SimGrid file",
     expand,
     {.name = "platform expand",
      .arguments = "FILE",
      .meaning =
          "Writes the whole machine as SimGrid XML: every domain as a zone, the scale-out\n"
          "tiers as switches and trunks. For use without trnsim, which needs no such file.",
      .examples = "  trnsim platform expand platforms/trn3-ultraserver.xml --ultraservers 4 "
                  "-o four.xml\n"
                  "  trnsim platform expand platforms/p5.xml --ultraservers 8 > eight.xml\n",
      .options = domain_options,
      .option_count = 2,
      .least_arguments = 1,
      .most_arguments = 1,
      .shared = COMMAND_OUTPUT | COMMAND_QUIET,
      .take = take}},
    {"fold",
     "Write the small network that stands for a machine",
     fold,
     {.name = "platform fold",
      .arguments = "FILE",
      .meaning =
          "Writes the network that a folded run simulates as SimGrid XML: one link of each\n"
          "class of links, one pair of hosts of each class of flows, with a comment on what\n"
          "each stands for and why its members are equal.",
      .examples = "  trnsim platform fold platforms/trn3-ultraserver.xml --ultraservers 64 "
                  "-o folded.xml\n"
                  "  trnsim platform fold platforms/trn3-ultraserver.xml --ultraservers 64 "
                  "--workload workloads/llama-3.1-405b-pretrain.yaml\n",
      .options = fold_options,
      .option_count = 3,
      .least_arguments = 1,
      .most_arguments = 1,
      .shared = COMMAND_OUTPUT | COMMAND_QUIET,
      .take = take}},
    {"schema",
     "Print the properties that a platform file may have",
     schema,
     {.name = "platform schema",
      .arguments = "",
      .meaning = "Prints the table of properties of platform files, in Markdown.",
      .examples = "  trnsim platform schema\n  trnsim platform schema > properties.md\n",
      .take = take}},
};
enum { ACTIONS = sizeof actions / sizeof actions[0] };

static void print_overview(void)
{
    puts("Lists machines, shows what one is made of, expands or folds it.\n\n"
         "Examples:\n"
         "  trnsim platform list\n"
         "  trnsim platform inspect platforms/trn3-ultraserver.xml\n\n"
         "Usage: trnsim platform ACTION [OPTION...]\n\n"
         "Actions:");
    for (int i = 0; i < ACTIONS; i++) {
        printf("  %-10s %s\n", actions[i].name, actions[i].meaning);
    }
    puts("\n'trnsim platform ACTION --help' explains one.");
}

static bool unknown_action(const char *name, struct error *error)
{
    const char *names[ACTIONS];
    for (int i = 0; i < ACTIONS; i++) {
        names[i] = actions[i].name;
    }
    const char *near = command_nearest(name, names, ACTIONS);
    if (near != NULL) {
        return error_fill(error, ERROR_USAGE,
                          "platform: there is no action '%.60s'; did you mean '%s'?", name,
                          near);
    }
    return error_fill(
        error, ERROR_USAGE,
        "platform: there is no action '%.60s'; use list, inspect, expand, fold or schema",
        name);
}

static bool run_action(const struct action *action, int argc, char **argv, struct error *error)
{
    struct arguments arguments = {.path = NULL};
    if (!command_parse(&action->syntax, argc, argv, &arguments, &arguments.shared, error)) {
        return false;
    }
    arguments.arena = arena_create();
    bool done = action->run(&arguments, error);
    arena_free(arguments.arena);
    return done;
}

bool platform_command(int argc, char **argv, struct error *error)
{
    if (argc < 2) {
        return error_fill(
            error, ERROR_USAGE,
            "platform: no action given; use list, inspect, expand, fold or schema");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_overview();
        return true;
    }
    for (int i = 0; i < ACTIONS; i++) {
        if (strcmp(argv[1], actions[i].name) == 0) {
            return run_action(&actions[i], argc - 1, argv + 1, error);
        }
    }
    return unknown_action(argv[1], error);
}
