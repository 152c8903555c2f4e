/* SPDX-License-Identifier: Apache-2.0 */
/* Traces in their published forms, drawn loads against their own parameters, and what is wrong
 * with a trace, by line. */
#include "workload/arrivals.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/support.h"

static struct serving_scenario trace_of(const char *text, const char *suffix)
{
    return (struct serving_scenario){
        .trace = temporary_file(text, suffix), .rate_scale = 1, .loops = 1};
}

/* Times, lengths and blocks of a trace as one text. */
static char *play(const struct serving_scenario *scenario, struct arena *arena)
{
    struct error error = {.kind = ERROR_NONE};
    struct arrivals *arrivals = arrivals_open(scenario, 1, arena, &error);
    char *told = arena_text(arena, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(arrivals);
    while (isfinite(arrivals_time_s(arrivals))) {
        struct arrival arrival;
        CU_ASSERT_FATAL(arrivals_take(arrivals, &arrival, &error));
        told = arena_format(arena, "%s%.3f %d %d/%d;", told, arrival.time_s,
                            (int)arrival.input_tokens, (int)arrival.output_tokens,
                            (int)arrival.block_count);
    }
    arrivals_close(arrivals);
    return told;
}

static void check(const char *text, const char *suffix, const char *expected)
{
    struct arena *arena = arena_create();
    struct serving_scenario scenario = trace_of(text, suffix);
    CU_ASSERT_STRING_EQUAL(play(&scenario, arena), expected);
    arena_free(arena);
}

static void test_forms(void)
{
    check("TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 23:59:59.5000000,374,44\r\n"
          "2023-11-17 00:00:01.2500000,396,109",
          ".csv", "0.000 374 44/0;1.750 396 109/0;");
    check("Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
          "5,ChatGPT,472,18,490,Conversation log\n45,ChatGPT,10,0,10,API log\n"
          "118,GPT-4,1087,230,1317,API log\n",
          ".csv", "0.000 472 18/0;113.000 1087 230/0;");
    check("arrived_at,num_prefill_tokens,num_decode_tokens\n0.5,10,20\n0.5,30,40\n", ".csv",
          "0.000 10 20/0;0.000 30 40/0;");
    check("{\"timestamp\": 1000, \"input_length\": 1025, \"output_length\": 5, \"hash_ids\": "
          "[0, 1, 7]}\n\n{\"timestamp\": 3500, \"input_length\": 9, \"output_length\": 1, "
          "\"hash_ids\": []}\n",
          ".jsonl", "0.000 1025 5/3;2.500 9 1/0;");
}

/* Three requests at 0, 1, 4 s: mean gap 2 s, so rounds start every 6 s; twice as fast: 3 s. */
static void test_rounds(void)
{
    struct arena *arena = arena_create();
    struct serving_scenario scenario = trace_of(
        "arrived_at,num_prefill_tokens,num_decode_tokens\n10,1,1\n11,2,1\n14,3,1\n", ".csv");
    scenario.loops = 2;
    scenario.rate_scale = 2;
    CU_ASSERT_STRING_EQUAL(play(&scenario, arena),
                           "0.000 1 1/0;0.500 2 1/0;2.000 3 1/0;3.000 1 1/0;3.500 2 1/0;"
                           "5.000 3 1/0;");
    scenario.requests = 4;
    CU_ASSERT_STRING_EQUAL(play(&scenario, arena),
                           "0.000 1 1/0;0.500 2 1/0;2.000 3 1/0;3.000 1 1/0;");
    arena_free(arena);
}

static void expect(const char *text, const char *suffix, int line, const char *message)
{
    struct arena *arena = arena_create();
    struct serving_scenario scenario = trace_of(text, suffix);
    struct error error = {.kind = ERROR_NONE};
    struct arrivals *arrivals = arrivals_open(&scenario, 1, arena, &error);
    struct arrival arrival;
    while (arrivals != NULL && isfinite(arrivals_time_s(arrivals)) &&
           arrivals_take(arrivals, &arrival, &error)) {
    }
    if (arrivals != NULL) {
        arrivals_close(arrivals);
    }
    CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
    CU_ASSERT_EQUAL(error.line, line);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, message));
    if (strstr(error.message, message) == NULL || error.line != line) {
        printf("\n    got %d: %s", error.line, error.message);
    }
    arena_free(arena);
}

#define AZURE "TIMESTAMP,ContextTokens,GeneratedTokens\n"
#define FIRST "2023-11-16 18:15:46.6805900,374,44\n"

static void test_wrong(void)
{
    expect(AZURE FIRST "2023-11-16 18:15:45.6805900,374,44\n", ".csv", 3,
           "comes 1 s before the one above it, expected rising times; sort the trace");
    expect(AZURE FIRST "2023-11-16 18:15:47,-374,44\n", ".csv", 3,
           "'-374' stands here, expected a whole number of tokens, 0 or more");
    expect(AZURE FIRST "2023-11-16 18:15:47,374\n", ".csv", 3,
           "the line has 2 fields, expected as many as the first line");
    expect(AZURE "yesterday,374,1\n", ".csv", 2, "expected a date such as 2023-11-16 18:15");
    expect("time,in,out\n1,2,3\n", ".csv", 1, "the first line names other columns");
    expect("", ".csv", 1, "the trace is empty");
    expect("{\"timestamp\": 1, \"input_length\": 2}\n", ".jsonl", 1,
           "'output_length' is not there");
    expect("{\"timestamp\": 1, \"input_length\": 2, \"output_length\": 1}\n{\"time", ".jsonl",
           2, "no JSON object");
    expect("{\"timestamp\": 1, \"input_length\": 2000, \"output_length\": 1, \"hash_ids\": "
           "[1, 2, 3, 4]}\n{\"timestamp\": 1, \"input_length\": 2000, \"output_length\": 1, "
           "\"hash_ids\": [1, 2]}\n",
           ".jsonl", 2, "hash_ids has 2 ids for 2000 tokens");
}

static void test_long_line(void)
{
    struct arena *arena = arena_create();
    int64_t size = (INT64_C(3) << 20);
    char *text = arena_alloc(arena, (size_t)size + 1);
    memset(text, 'x', (size_t)size);
    memcpy(text, AZURE, strlen(AZURE));
    expect(text, ".csv", 2, "the line is longer than 1 MiB");
    arena_free(arena);
}

/* 200,000 gaps: mean 1/rate; gamma gaps of cv 2 have a deviation of twice their mean. */
static void test_drawn(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct serving_scenario scenario = {.arrivals = ARRIVALS_GAMMA,
                                        .rate_per_s = 4,
                                        .rate_scale = 1,
                                        .interarrival_cv = 2,
                                        .requests = 200000,
                                        .input_tokens = "1..99",
                                        .output_tokens = "1..99",
                                        .length_correlation = 0.8};
    struct arrivals *arrivals = arrivals_open(&scenario, 5, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(arrivals);
    struct arrival arrival;
    double last_s = 0, sum_s = 0, square_s2 = 0, both = 0, input = 0;
    while (isfinite(arrivals_time_s(arrivals)) && arrivals_take(arrivals, &arrival, &error)) {
        double gap_s = arrival.time_s - last_s;
        last_s = arrival.time_s;
        sum_s += gap_s;
        square_s2 += gap_s * gap_s;
        input += arrival.input_tokens;
        both += (arrival.input_tokens - 50.0) * (arrival.output_tokens - 50.0);
    }
    double mean_s = sum_s / 200000;
    CU_ASSERT(near(mean_s, 0.25, 0.02));
    CU_ASSERT(near(sqrt(square_s2 / 200000 - mean_s * mean_s) / mean_s, 2, 0.02));
    CU_ASSERT(near(input / 200000, 50, 0.01));
    /* uniform lengths behind normal variables of correlation r: (6 / pi) asin(r / 2) */
    CU_ASSERT(near(both / 200000 / (98 * 100 / 12.0), 6 / 3.14159265 * asin(0.4), 0.02));
    arena_free(arena);
}

/* Conversations of three turns: 100 tokens, 20 of the answer and 10 more, and again; one ends
 * 2 s after it came, somebody thinks for 5. Of blocks of 16 tokens the first two are shared. */
static void test_turns(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct serving_scenario scenario = {.arrivals = ARRIVALS_POISSON,
                                        .rate_per_s = 3,
                                        .rate_scale = 1,
                                        .requests = 3000,
                                        .input_tokens = "100",
                                        .output_tokens = "20",
                                        .turns = "3",
                                        .turn_tokens = "10",
                                        .think = "5",
                                        .shared_tokens = 32,
                                        .shared_prefixes = 1,
                                        .block_tokens = 16,
                                        .agents = AGENTS_PREFIX_CACHE};
    struct arrivals *arrivals = arrivals_open(&scenario, 1, arena, &error);
    struct arrival taken;
    int64_t turn[3000] = {0}, first[3000], count = 0, wrong = 0;
    double last_s[3000], now_s = 0;
    while (arrivals != NULL && isfinite(arrivals_time_s(arrivals)) &&
           arrivals_take(arrivals, &taken, &error)) {
        int64_t of = taken.session, nth = turn[of]++;
        int32_t input = (int32_t)(100 + 30 * nth);
        wrong += taken.input_tokens != input || taken.output_tokens != 20 || nth > 2;
        wrong += taken.block_count != input / 16 || taken.ranges[0].count != 2;
        wrong += nth > 0 && (taken.ranges[1].first != first[of] ||
                             !near(taken.time_s, last_s[of] + 7, 1e-12));
        wrong += taken.time_s < now_s;
        now_s = last_s[of] = taken.time_s;
        first[of] = taken.ranges[1].first;
        count++;
        arrivals_completed(arrivals, &taken, taken.time_s + 2);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(count, 3000);
    CU_ASSERT(near(now_s, 1000, 0.1)); /* 3 requests a second */
    arena_free(arena);
}

void suite_arrivals(void)
{
    static const struct test tests[] = {
        {"published forms", test_forms}, {"rounds and speed", test_rounds},
        {"wrong traces", test_wrong},    {"a line without end", test_long_line},
        {"drawn loads", test_drawn},     {"conversations", test_turns},
    };
    add_suite("arrivals", tests, sizeof tests / sizeof tests[0]);
}
