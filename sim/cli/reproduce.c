/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim reproduce: published claims, simulated and judged. MODEL.md, "Claims". */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/reproduce_print.h"
#include "cli/run_job.h"
#include "study/claim_tables.h"
#include "study/sweep_pool.h"

enum { CLAIMS = 128, FOLDER = COMMAND_KEY, SEEDS, MARKDOWN, WITH, NO_RANGES };
enum { GOODPUT_SEEDS = 300 };

struct request {
    const char *names[CLAIMS];
    int name_count;
    const char *folder;
    int64_t jobs, seeds;
    struct claim_pin pins[CLAIM_PINS];
    int pin_count;
    bool markdown, no_ranges;
    struct command_shared shared;
};

struct claims {
    struct claim *list[CLAIMS];
    int wanted, count, failed;
    struct error error; /* of the first that failed */
};

static bool take_pin(struct request *request, char *text, struct error *error)
{
    char *sign = strchr(text, '=');
    if (sign == NULL || sign == text || request->pin_count == CLAIM_PINS) {
        return error_fill(
            error, ERROR_USAGE,
            "--with: found '%.80s', expected INPUT=VALUE such as own_trn3=1USD/h, "
            "at most %d times",
            text, CLAIM_PINS);
    }
    *sign = '\0';
    request->pins[request->pin_count++] = (struct claim_pin){.name = text, .value = sign + 1};
    return true;
}

static bool take(void *input, int key, char *value, struct error *error)
{
    struct request *request = input;
    switch (key) {
    case WITH:
        return take_pin(request, value, error);
    case NO_RANGES:
        request->no_ranges = true;
        return true;
    case FOLDER:
        request->folder = value;
        return true;
    case 'j':
        return command_count("-j", value, 1, &request->jobs, error);
    case SEEDS:
        return command_count("--seeds", value, 1, &request->seeds, error);
    case MARKDOWN:
        request->markdown = true;
        return true;
    default:
        request->names[request->name_count++] = value; /* command_parse refuses more */
        return true;
    }
}

static const struct command_option options[] = {
    {"claims", FOLDER, "FOLDER",
     "A folder with a .yaml file a claim (default: workloads/claims)"},
    {"jobs", 'j', "N", "Simulate so many steps at a time (default: one a processor)"},
    {"seeds", SEEDS, "N", "Runs with failures for each goodput (default 300)"},
    {"with", WITH, "INPUT=VALUE",
     "An input that you know better, named as in the answer; it then has no range; may be "
     "repeated"},
    {"no-ranges", NO_RANGES, NULL, "Every input at its value: what the best estimates say"},
    {"markdown", MARKDOWN, NULL, "Print docs/CLAIMS.md"},
};

static const struct command_syntax syntax = {
    .name = "reproduce",
    .arguments = "[ID...]",
    .meaning = "Takes published claims and says whether they are reproduced, contradicted,\n"
               "depend on an input, or cannot be decided; with the figures, their ranges and\n"
               "what moves them. Without ID all claims are taken.",
    .examples = "  trnsim reproduce trn3-144-chips\n"
                "  trnsim reproduce trn2-price-perf-30-40 --json\n"
                "  trnsim reproduce trn3-cost-30-40 --with own_trn3=0.9USD/h\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .most_arguments = CLAIMS,
    .shared = COMMAND_JSON | COMMAND_QUIET | COMMAND_SEED | COMMAND_OUTPUT,
    .take = take,
};

/* Relative to the current folder when it is there, else where the program was built. */
static const char *own_folder(void)
{
    static const char here[] = "workloads/claims";
    struct stat status;
    return stat(here, &status) == 0 ? here : TRNSIM_SOURCE_FOLDER "/workloads/claims";
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static int list(const char *folder, const char *names[CLAIMS], struct arena *arena,
                struct error *error)
{
    DIR *directory = opendir(folder);
    int count = 0;
    if (directory == NULL) {
        error_at(error, ERROR_SYSTEM, folder, 0, 0,
                 "the folder of claims cannot be read; name one with --claims");
        return -1;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL && count < CLAIMS;) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot != NULL && dot != entry->d_name && strcmp(dot, ".yaml") == 0) {
            names[count++] =
                arena_format(arena, "%.*s", (int)(dot - entry->d_name), entry->d_name);
        }
    }
    closedir(directory);
    if (count == 0) {
        error_at(error, ERROR_INPUT, folder, 0, 0,
                 "there is no claim (.yaml) in this folder; name another with --claims");
        return -1;
    }
    qsort(names, (size_t)count, sizeof *names, by_name);
    return count;
}

static bool known(const char *name, const char *const *names, int count, struct error *error)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    const char *near = command_nearest(name, names, count);
    if (near != NULL) {
        return error_fill(error, ERROR_USAGE, "there is no claim '%.80s'; did you mean '%s'?",
                          name, near);
    }
    char list[640] = "";
    for (int i = 0; i < count; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    return error_fill(error, ERROR_USAGE, "there is no claim '%.80s'; those there are: %s",
                      name, list);
}

/* A claim that cannot be judged hinders no other: what is wrong is told before the answer. */
static void fail(struct claims *claims, const struct error *cause)
{
    if (claims->wanted > 1) {
        error_print(cause);
    }
    claims->error = claims->failed == 0 ? *cause : claims->error;
    claims->failed++;
}

/* The claims that are asked for, in their order; all in the order of their names. */
static bool read_claims(struct request *request, struct claims *claims, struct arena *arena,
                        struct error *error)
{
    const char *all[CLAIMS];
    const char *folder = request->folder != NULL ? request->folder : own_folder();
    int count = list(folder, all, arena, error);
    const char *const *names = request->name_count > 0 ? request->names : all;
    int wanted = request->name_count > 0 ? request->name_count : count;
    for (int i = 0; i < wanted && count > 0; i++) {
        if (!known(names[i], all, count, error)) {
            return false;
        }
    }
    claims->wanted = wanted;
    for (int i = 0; i < wanted; i++) {
        struct error cause = {.kind = ERROR_NONE};
        const char *path = arena_format(arena, "%s/%s.yaml", folder, names[i]);
        struct claim *claim = claim_read(path, arena, &cause);
        if (claim != NULL) {
            claims->list[claims->count++] = claim;
        } else {
            fail(claims, &cause);
        }
    }
    return count > 0;
}

/* Those that were judged stay in the list. */
static void sort_out(struct claims *claims)
{
    int judged = 0;
    for (int i = 0; i < claims->count; i++) {
        if (claims->list[i]->error.kind == ERROR_NONE) {
            claims->list[judged++] = claims->list[i];
        } else {
            fail(claims, &claims->list[i]->error);
            claim_release(claims->list[i]);
        }
    }
    claims->count = judged;
}

static bool pins_are_used(const struct request *request, struct error *error)
{
    for (int i = 0; i < request->pin_count; i++) {
        if (!request->pins[i].used) {
            return error_fill(error, ERROR_USAGE,
                              "--with: no claim that was asked for has the input '%.80s'; the "
                              "answer without it names the inputs",
                              request->pins[i].name);
        }
    }
    return true;
}

static bool write_result(const struct request *request, struct provenance *provenance,
                         struct claim *const *claims, int count, struct error *error)
{
    struct arena *arena = provenance->arena;
    struct table *tables[CLAIM_TABLE_COUNT];
    struct result_input inputs[CLAIMS];
    if (request->shared.output == NULL) {
        return true;
    }
    claim_tables(claims, count, tables, arena);
    for (int i = 0; i < count; i++) {
        const struct document *document = claims[i]->document;
        inputs[i] = (struct result_input){arena_format(arena, "claim-%s", claims[i]->id),
                                          claims[i]->path, document->text, document->size};
    }
    provenance_end(provenance);
    struct result result = {.kind = "claims",
                            .tables = tables,
                            .table_count = CLAIM_TABLE_COUNT,
                            .inputs = inputs,
                            .input_count = count,
                            .facts = provenance->facts,
                            .fact_count = PROVENANCE_FACTS};
    return result_file_write(request->shared.output, &result, error);
}

static bool judge(struct request *request, struct claims *claims, struct arena *arena,
                  struct error *error)
{
    struct claim_options judging = {.jobs = (int)request->jobs,
                                    .seed = request->shared.seed,
                                    .seeds = request->seeds,
                                    .pins = request->pins,
                                    .pin_count = request->pin_count,
                                    .no_ranges = request->no_ranges};
    if (!claim_judge_all(claims->list, claims->count, &judging, arena, error)) {
        return false;
    }
    sort_out(claims);
    return claims->failed > 0 || pins_are_used(request, error);
}

static bool print(const struct request *request, const struct claims *claims,
                  struct error *error)
{
    if (request->shared.json) {
        return reproduce_print_json(claims->list, claims->count, error);
    }
    if (request->markdown) {
        reproduce_print_markdown(claims->list, claims->count);
    } else {
        reproduce_print(claims->list, claims->count);
    }
    return true;
}

static bool reproduce(struct request *request, struct arena *arena, struct error *error)
{
    struct provenance *provenance = run_job_provenance(arena);
    struct claims claims = {.count = 0};
    if ((request->shared.output != NULL && !result_file_check(request->shared.output, error)) ||
        !read_claims(request, &claims, arena, error) ||
        !judge(request, &claims, arena, error) ||
        !write_result(request, provenance, claims.list, claims.count, error) ||
        !print(request, &claims, error)) {
        return false;
    }
    for (int i = 0; i < claims.count; i++) {
        claim_release(claims.list[i]);
    }
    if (claims.wanted == 1 && claims.failed == 1) {
        *error = claims.error;
    } else if (claims.failed > 0) {
        error_fill(error, claims.error.kind, "%d of %d claims could not be judged (above)",
                   claims.failed, claims.wanted);
    }
    return claims.failed == 0;
}

bool reproduce_command(int argc, char **argv, struct error *error)
{
    struct request request = {.jobs = sweep_pool_jobs(0), .seeds = GOODPUT_SEEDS};
    if (!command_parse(&syntax, argc, argv, &request, &request.shared, error)) {
        return false;
    }
    struct arena *arena = arena_create();
    bool done = reproduce(&request, arena, error);
    arena_free(arena);
    return done;
}
