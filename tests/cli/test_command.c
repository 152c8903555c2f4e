/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines read by a syntax. */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "support/support.h"

struct seen {
    const char *argument, *platform;
    int switches;
};

static bool take(void *input, int key, char *value, struct error *error)
{
    struct seen *seen = input;
    switch (key) {
    case COMMAND_ARGUMENT:
        seen->argument = value;
        return true;
    case 'p':
        seen->platform = value;
        return true;
    case COMMAND_KEY:
        seen->switches++;
        return true;
    default:
        return error_fill(error, ERROR_USAGE, "not asked for");
    }
}

static const struct command_option options[] = {
    {"platform", 'p', "FILE", "The machine"},
    {"machine", 0, NULL, NULL},
    {"dry", COMMAND_KEY, NULL, "Do nothing"},
};

static const struct command_syntax syntax = {
    .name = "try",
    .arguments = "THING",
    .meaning = "Tries.",
    .examples = "  trnsim try a\n",
    .options = options,
    .option_count = 3,
    .least_arguments = 1,
    .most_arguments = 1,
    .shared = COMMAND_JSON | COMMAND_QUIET | COMMAND_SEED | COMMAND_OUTPUT,
    .take = take,
};

enum { WORDS = 12 };

/* Parses a line of words. */
static bool parse(const char *line, struct seen *seen, struct command_shared *shared,
                  struct error *error)
{
    static char text[256];
    char *words[WORDS + 1] = {NULL};
    int count = 0;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok(text, " "); word != NULL && count < WORDS;
         word = strtok(NULL, " ")) {
        words[count++] = word;
    }
    *seen = (struct seen){.switches = 0};
    *error = (struct error){.kind = ERROR_NONE};
    return command_parse(&syntax, count, words, seen, shared, error);
}

static void test_parse(void)
{
    struct seen seen;
    struct command_shared shared;
    struct error error;
    CU_ASSERT(parse("try a -p x.xml --dry --dry", &seen, &shared, &error));
    CU_ASSERT_STRING_EQUAL(seen.argument, "a");
    CU_ASSERT_STRING_EQUAL(seen.platform, "x.xml");
    CU_ASSERT_EQUAL(seen.switches, 2);
    CU_ASSERT(!shared.json && !shared.quiet && !shared.seed_given && shared.output == NULL);
    CU_ASSERT_EQUAL(shared.seed, 1);

    /* Options after arguments, another name, shared ones. */
    CU_ASSERT(
        parse("try --machine=y.xml a --json -q --seed 7 -o r.h5", &seen, &shared, &error));
    CU_ASSERT_STRING_EQUAL(seen.platform, "y.xml");
    CU_ASSERT(shared.json && shared.quiet && shared.seed_given && shared.seed == 7);
    CU_ASSERT_STRING_EQUAL(shared.output, "r.h5");

    /* After -- all are arguments. */
    CU_ASSERT(parse("try -- --json", &seen, &shared, &error));
    CU_ASSERT_STRING_EQUAL(seen.argument, "--json");
}

static void test_errors(void)
{
    static const struct {
        const char *line, *part;
    } bad[] = {
        {"try", "found 0 arguments"},     {"try a b", "found 2 arguments"},
        {"try a --see", "needs a value"}, {"try a --platfrom x", "did you mean --platform?"},
        {"try a -z", "is no option"},     {"try a --seed -1", "expected a whole number"},
        {"try a -p", "needs a value"},    {"try a --dry=1", "takes no value"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct seen seen;
        struct command_shared shared;
        struct error error;
        CU_ASSERT_FALSE(parse(bad[i].line, &seen, &shared, &error));
        CU_ASSERT_EQUAL(error.kind, ERROR_USAGE);
        if (strstr(error.message, bad[i].part) == NULL) {
            printf("\n    %s: %s", bad[i].line, error.message);
            CU_FAIL("another message");
        }
    }
}

static void test_count(void)
{
    struct error error = {.kind = ERROR_NONE};
    int64_t value = 0;
    CU_ASSERT(command_count("--ultraservers", "16", 1, &value, &error));
    CU_ASSERT_EQUAL(value, 16);
    static const char *const wrong[] = {
        "0", "-1", "1.5", "1e3", "", " 4", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        error.kind = ERROR_NONE;
        CU_ASSERT_FALSE(command_count("--ultraservers", wrong[i], 1, &value, &error));
        CU_ASSERT_EQUAL(error.kind, ERROR_USAGE);
    }
}

static void test_nearest(void)
{
    static const char *const names[] = {"run", "compare", "platform"};
    CU_ASSERT_STRING_EQUAL(command_nearest("rn", names, 3), "run");
    CU_ASSERT_STRING_EQUAL(command_nearest("compair", names, 3), "compare");
    CU_ASSERT_STRING_EQUAL(command_nearest("plattform", names, 3), "platform");
    CU_ASSERT_PTR_NULL(command_nearest("x", names, 3));
    CU_ASSERT_PTR_NULL(command_nearest("frobnicate", names, 3));
}

void suite_command(void)
{
    static const struct test tests[] = {
        {"a command line", test_parse},
        {"wrong command lines", test_errors},
        {"whole numbers", test_count},
        {"the nearest name", test_nearest},
    };
    add_suite("command", tests, sizeof tests / sizeof tests[0]);
}
