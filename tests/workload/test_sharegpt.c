/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations as published, broken ones, and traces whose gzip breaks off. */
#define _DEFAULT_SOURCE /* truncate */
#include "workload/sharegpt.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "support/support.h"
#include "workload/arrivals.h"

#define TURN(FROM, VALUE) "{\"from\": \"" FROM "\", \"value\": \"" VALUE "\"}"
static const char whole[] =
    "[\n {\"id\": \"a_0\", \"conversations\": [" TURN("human", "12345678") ", " TURN(
        "gpt", "1234") ", " TURN("human",
                                 "never read") "]},\n"
                                               " {\"conversations\": [], \"id\": 7, \"other\": "
                                               "{\"x\": [1, -2.5e3, null, {}, true]}},\n"
                                               " {\"id\": \"b\", \"conversations\": [" TURN(
                                                   "human",
                                                   "alone") "]},\n"
                                                            " {\"conversations\": [{\"value\": "
                                                            "\"\\u00e4\\ud83d\\ude00\\n\\\"x\","
                                                            " \"from\": \"human\"}, "
                                                            "{\"from\": \"gpt\", \"value\": "
                                                            "\"\xc3\xa4\xc3\xb6\", "
                                                            "\"markdown\": null}]}\n]\n";

static void check_pair(struct sharegpt *file, int64_t prompt, int64_t answer)
{
    struct error error = {.kind = ERROR_NONE};
    struct sharegpt_pair pair = {0};
    CU_ASSERT(sharegpt_next(file, &pair, &error));
    CU_ASSERT_EQUAL(pair.prompt, prompt);
    CU_ASSERT_EQUAL(pair.answer, answer);
}

static void test_pairs(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct sharegpt file;
    struct sharegpt_pair pair;
    const char *path = temporary_file(whole, ".json");
    CU_ASSERT(sharegpt_is(path));
    CU_ASSERT_FATAL(sharegpt_open(&file, path, arena, &error));
    for (int round = 0; round < 2; round++) {
        check_pair(&file, 8, 4);
        check_pair(&file, 5, 2); /* a, a face, a new line, a quote, x; two letters */
        CU_ASSERT(!sharegpt_next(&file, &pair, &error));
        CU_ASSERT_EQUAL(error.kind, ERROR_NONE);
        sharegpt_rewind(&file);
    }
    sharegpt_close(&file);
    CU_ASSERT(!sharegpt_is(temporary_file("{\"timestamp\": 1}", ".jsonl")));
    arena_free(arena);
}

/* A load by the lengths of conversations: 4 characters a token. */
static struct serving_scenario scenario_of(const char *path)
{
    return (struct serving_scenario){
        .trace = path, .rate_per_s = 2, .rate_scale = 1, .loops = 3, .characters_per_token = 4};
}

static int64_t play(const struct serving_scenario *scenario, struct error *error,
                    int64_t *input_tokens)
{
    struct arena *arena = arena_create();
    struct arrivals *arrivals = arrivals_open(scenario, 1, arena, error);
    struct arrival arrival;
    int64_t count = 0;
    *input_tokens = 0;
    while (arrivals != NULL && isfinite(arrivals_time_s(arrivals)) &&
           arrivals_take(arrivals, &arrival, error)) {
        count++;
        *input_tokens += arrival.input_tokens;
    }
    if (arrivals != NULL) {
        arrivals_close(arrivals);
    }
    arena_free(arena);
    return count;
}

static void test_load(void)
{
    struct error error = {.kind = ERROR_NONE};
    struct serving_scenario scenario = scenario_of(temporary_file(whole, ".json"));
    int64_t tokens;
    CU_ASSERT_EQUAL(play(&scenario, &error, &tokens), 6); /* two pairs, three rounds */
    CU_ASSERT_EQUAL(tokens, 3 * (2 + 1));
    CU_ASSERT_EQUAL(error.kind, ERROR_NONE);
    scenario.requests = 5;
    CU_ASSERT_EQUAL(play(&scenario, &error, &tokens), 5);
    scenario.characters_per_token = 1;
    play(&scenario, &error, &tokens);
    CU_ASSERT_EQUAL(tokens, 3 * 8 + 2 * 5);
}

static void expect(const char *text, int line, const char *message)
{
    struct error error = {.kind = ERROR_NONE};
    struct serving_scenario scenario = scenario_of(temporary_file(text, ".json"));
    int64_t tokens;
    play(&scenario, &error, &tokens);
    CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
    CU_ASSERT_EQUAL(error.line, line);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, message));
    if (strstr(error.message, message) == NULL || error.line != line) {
        printf("\n    got %d: %s", error.line, error.message);
    }
}

static void test_wrong(void)
{
    expect("[\n{\"conversations\": [" TURN("human", "x"), 2, "breaks off");
    expect("[\n{\"conversations\": [" TURN("human", "x") ", 5]}]", 2,
           "'5' stands here, expected a turn");
    expect("[\n{\"conversations\": 5}]", 2, "'5' stands here, expected a list of turns");
    expect("[{\"id\": 1}\n{\"id\": 2}]", 2, "'{' stands here, expected a comma");
    expect("[{\"id\" 1}]", 1, "expected a colon");
    expect("[{\"id\": \"\\x\"}]", 1, "expected an escaped character");
    expect("[{\"id\": nonsense!}]", 1, "expected a comma");
    char deep[600] = "[{\"x\": ";
    memset(deep + strlen(deep), '[', 500);
    expect(deep, 1, "expected a value");
}

/* Cut anywhere, the file is told to be broken, or reads as if it ended there: never a crash. */
static void test_cut_anywhere(void)
{
    for (size_t length = 1; length + 3 < strlen(whole); length++) {
        char text[sizeof whole];
        memcpy(text, whole, length);
        text[length] = '\0';
        struct error error = {.kind = ERROR_NONE};
        struct serving_scenario scenario = scenario_of(temporary_file(text, ".json"));
        scenario.trace_format = TRACE_SHAREGPT;
        int64_t tokens;
        play(&scenario, &error, &tokens);
        CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "breaks off"));
    }
}

/* A gzip trace of which half is there: what it has is read, then one message with a line. */
static void check_cut_gzip(const char *suffix, const char *begin, const char *line)
{
    char path[256];
    snprintf(path, sizeof path, "%s", temporary_file("", suffix));
    gzFile file = gzopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    gzputs(file, begin);
    for (int i = 0; i < 20000; i++) {
        gzprintf(file, line, i + 1, i * 7919 % 1000 + 1);
    }
    gzclose(file);
    struct stat state;
    CU_ASSERT_EQUAL_FATAL(stat(path, &state), 0);
    CU_ASSERT_EQUAL_FATAL(truncate(path, state.st_size / 2), 0);
    struct error error = {.kind = ERROR_NONE};
    struct serving_scenario scenario = scenario_of(path);
    int64_t tokens, read = play(&scenario, &error, &tokens);
    CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "breaks off or is damaged here"));
    CU_ASSERT(error.line > 1000 && error.line < 19999);
    CU_ASSERT(read > 1000 && read < 19999);
}

static void test_cut_gzip(void)
{
    check_cut_gzip(".csv.gz", "arrived_at,num_prefill_tokens,num_decode_tokens\n", "%d,%d,5\n");
    check_cut_gzip(".jsonl.gz", "",
                   "{\"timestamp\": %d, \"input_length\": %d, \"output_length\": 2}\n");
    check_cut_gzip(".json.gz", "[\n",
                   "{\"id\": \"%d_%d\", \"conversations\": [" TURN("human", "abc") "," TURN(
                       "gpt", "x") "]},\n");
}

void suite_sharegpt(void)
{
    static const struct test tests[] = {
        {"pairs of conversations", test_pairs},
        {"their load", test_load},
        {"wrong files", test_wrong},
        {"files that break off", test_cut_anywhere},
        {"gzip that breaks off", test_cut_gzip},
    };
    add_suite("sharegpt", tests, sizeof tests / sizeof tests[0]);
}
