/* SPDX-License-Identifier: Apache-2.0 */
/* Workload files: the shipped ones, the order of what overrides what, and every mistake once
 * with its place. */
#include "workload/scenario.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "support/support.h"
#include "workload/scenario_key.h"

#define MODEL SOURCE_FOLDER "/workloads/models/llama-3-8b.json"
#define TRAINING                                                                               \
    "kind: training\ntitle: a test # and a comment\ntraining:\n  model: " MODEL                \
    "\n  sequence_tokens: 8192\n  batch_tokens: 65536\n"
#define COLLECTIVE                                                                             \
    "kind: collective\ntitle: a test\ncollective:\n  operation: all-reduce\n  size: 1GiB\n"

static struct scenario *read_text(const char *text, const char *platform, struct arena *arena)
{
    struct error error = {.kind = ERROR_NONE};
    struct scenario *scenario =
        scenario_read(temporary_file(text, ".yaml"), platform, NULL, 0, arena, &error);
    if (scenario == NULL) {
        printf("\n    %d:%d %s", error.line, error.column, error.message);
    }
    return scenario;
}

static bool equal_degrees(const struct plan *a, const struct plan *b)
{
    return a->tensor_parallel == b->tensor_parallel &&
           a->pipeline_parallel == b->pipeline_parallel &&
           a->context_parallel == b->context_parallel &&
           a->expert_parallel == b->expert_parallel && a->virtual_stages == b->virtual_stages &&
           a->micro_batch == b->micro_batch;
}

static bool equal_choices(const struct plan *a, const struct plan *b)
{
    return a->sequence_parallel == b->sequence_parallel && a->zero_stage == b->zero_stage &&
           a->recompute == b->recompute && a->dtype == b->dtype &&
           a->overlap_gradients == b->overlap_gradients &&
           a->gradient_bytes == b->gradient_bytes && a->flash_attention == b->flash_attention &&
           a->uneven_stages == b->uneven_stages;
}

static void test_defaults(void)
{
    struct arena *arena = arena_create();
    struct scenario *scenario = read_text(TRAINING, NULL, arena);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    struct plan plan;
    plan_init(&plan);
    CU_ASSERT(equal_degrees(&plan, &scenario->plan));
    CU_ASSERT(equal_choices(&plan, &scenario->plan));
    CU_ASSERT_STRING_EQUAL(scenario->title, "a test");
    CU_ASSERT_STRING_EQUAL(scenario->model->name, "llama-3-8b");
    CU_ASSERT(scenario->coalesce && scenario->seed == 1);
    scenario = read_text(COLLECTIVE, NULL, arena);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    CU_ASSERT_EQUAL(scenario->kind, SCENARIO_COLLECTIVE);
    CU_ASSERT_EQUAL(scenario->size_bytes, 0x1p30);
    CU_ASSERT_EQUAL(scenario->group_chips, 0);
    CU_ASSERT_STRING_EQUAL(scenario->algorithm, "auto");
    arena_free(arena);
}

static void test_every_key(void)
{
    struct arena *arena = arena_create();
    struct scenario *scenario = read_text(
        TRAINING "  plan: {tensor_parallel: 2, sequence_parallel: off, pipeline_parallel: 3,\n"
                 "    virtual_stages: 4, context_parallel: 5, expert_parallel: 6,\n"
                 "    micro_batch: 7, zero_stage: 0, recompute: full, dtype: fp8,\n"
                 "    overlap_gradients: no, gradient_bytes: 2, flash_attention: false,\n"
                 "    uneven_stages: on}\n"
                 "simulation: {coalesce: off, seed: 9}\n",
        NULL, arena);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    const struct plan *plan = &scenario->plan;
    CU_ASSERT(plan->tensor_parallel == 2 && plan->pipeline_parallel == 3);
    CU_ASSERT(plan->virtual_stages == 4 && plan->context_parallel == 5);
    CU_ASSERT(plan->expert_parallel == 6 && plan->micro_batch == 7 && plan->zero_stage == 0);
    CU_ASSERT(plan->recompute == RECOMPUTE_FULL && plan->dtype == DTYPE_FP8);
    CU_ASSERT(!plan->sequence_parallel && !plan->overlap_gradients && !plan->flash_attention);
    CU_ASSERT(plan->gradient_bytes == 2 && plan->uneven_stages);
    CU_ASSERT(!scenario->coalesce && scenario->seed == 9);
    arena_free(arena);
}

/* Later entries win, key by key. */
static void test_platforms(void)
{
    const char *text = TRAINING "  plan: {tensor_parallel: 2, micro_batch: 3}\n"
                                "  platforms:\n"
                                "    - name: trn3*\n"
                                "      plan: {tensor_parallel: 4, zero_stage: 0}\n"
                                "    - name: trn3-small\n"
                                "      plan: {tensor_parallel: 8}\n";
    struct arena *arena = arena_create();
    CU_ASSERT_EQUAL(read_text(text, NULL, arena)->plan.tensor_parallel, 2);
    CU_ASSERT_EQUAL(read_text(text, "gb200", arena)->plan.tensor_parallel, 2);
    CU_ASSERT_EQUAL(read_text(text, "trn3-large", arena)->plan.tensor_parallel, 4);
    struct scenario *scenario = read_text(text, "trn3-small", arena);
    CU_ASSERT_EQUAL(scenario->plan.tensor_parallel, 8);
    CU_ASSERT_EQUAL(scenario->plan.zero_stage, 0);
    CU_ASSERT_EQUAL(scenario->plan.micro_batch, 3);
    arena_free(arena);
}

static void test_overrides(void)
{
    const char *const overrides[] = {"plan.tensor_parallel=4", "dtype=fp4",
                                     "training.batch_tokens=131072", "coalesce=off"};
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct scenario *scenario =
        scenario_read(temporary_file(TRAINING, ".yaml"), NULL, overrides, 4, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    CU_ASSERT(scenario->plan.tensor_parallel == 4 && scenario->plan.dtype == DTYPE_FP4);
    CU_ASSERT(scenario->batch_tokens == 131072 && !scenario->coalesce);
    CU_ASSERT(scenario_override(
        scenario, "model=" SOURCE_FOLDER "/workloads/models/llama-2-7b.json", arena, &error));
    CU_ASSERT_STRING_EQUAL(scenario->model->name, "llama-2-7b");
    /* a plan file begins from the defaults, not from the workload's plan */
    CU_ASSERT(scenario_plan_read(
        scenario, temporary_file("plan: {pipeline_parallel: 8}\n", ".yaml"), arena, &error));
    CU_ASSERT(scenario->plan.tensor_parallel == 1 && scenario->plan.pipeline_parallel == 8);
    arena_free(arena);
}

static bool told(const struct error *error, int line, int column, const char *message)
{
    if (error->line == line && error->column == column &&
        strstr(error->message, message) != NULL) {
        return true;
    }
    printf("\n    got: %d:%d %s", error->line, error->column, error->message);
    return false;
}

static void expect(const char *text, int line, int column, const char *message)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    const char *path = temporary_file(text, ".yaml");
    CU_ASSERT_PTR_NULL(scenario_read(path, "any", NULL, 0, arena, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
    CU_ASSERT_STRING_EQUAL(error.path, path);
    CU_ASSERT(told(&error, line, column, message));
    arena_free(arena);
}

static void test_wrong_keys(void)
{
    expect(
        COLLECTIVE "  group: 4\n", 6, 3,
        "there is no key 'group' here, expected one of operation, size, group_chips, repeats, "
        "algorithm");
    expect(TRAINING "  plan: {tensor_parallel: 8, tp: 5}\n", 7, 30,
           "there is no key 'tp' here");
    expect(TRAINING "  platforms:\n    - name: a\n      plan: {}\n      when: now\n", 10, 7,
           "there is no key 'when' here, expected one of name, plan");
    expect("kind: collective\ntitle: t\ncollective:\n  size: 1GiB\n", 3, 1,
           "the key 'operation' is missing in 'collective'; add it");
    expect("kind: training\n", 1, 0, "the key 'title' is missing in the file");
    expect(TRAINING "  platforms:\n    - plan: {}\n", 8, 7,
           "the key 'name' is missing in 'training.platforms[0]'");
    expect(COLLECTIVE "  size: 2GiB\n", 6, 3,
           "'collective.size' stands here a second time; remove one");
    expect("kind: training\ntitle: t\n", 1, 1,
           "'kind' is training, but the file has no section 'training'; add it");
    expect(COLLECTIVE "training: {model: a, sequence_tokens: 1, batch_tokens: 1}\n", 6, 1,
           "'training' does not belong into a workload whose kind is collective; remove it");
}

static void test_wrong_forms(void)
{
    expect("kind: [training]\ntitle: t\n", 1, 1, "'kind' is a list, expected a single value");
    expect("kind: training\ntitle: {a: b}\n", 2, 1, "'title' has keys of its own, expected a");
    expect(TRAINING "  plan: all\n", 7, 3,
           "'training.plan' is a single value or empty, expected keys with values");
    expect(TRAINING "  platforms: {name: a}\n", 7, 3,
           "expected a list with an entry after each");
    expect("- a\n", 1, 0, "the file is a list, expected keys with values");
    char text[8192];
    snprintf(text, sizeof text, "title: %05000d\nkind: training\n", 0);
    expect(text, 1, 1, "'title' is too long; shorten it");
}

static void test_wrong_values(void)
{
    expect("kind: traning\ntitle: t\n", 1, 1, "'kind' is 'traning', expected training, coll");
    expect("kind: training\ntitle: ''\n", 2, 1, "'title' is empty, expected a text");
    expect("kind: collective\ntitle: t\ncollective: {operation: all-reduce, size: 5}\n", 3, 37,
           "'collective.size' is wrong: '5' has no unit; expected a size such as");
    expect("kind: collective\ntitle: t\ncollective: {operation: all-reduce, size: 0B}\n", 3, 37,
           "'collective.size' is 0B, expected from 1B to 1PiB");
    expect("kind: collective\ntitle: t\ncollective: {size: 5B, operation: all}\n", 3, 24,
           "'collective.operation' is 'all', expected all-reduce, reduce-scatter, all-gather, "
           "all-to-all, broadcast or send-receive");
    expect(COLLECTIVE "  group_chips: some\n", 6, 3,
           "'collective.group_chips' is wrong: 'some' is no number; expected a whole number");
    expect(TRAINING "  plan: {micro_batch: 2.5}\n", 7, 10,
           "is wrong: '2.5' is no whole number");
    expect(TRAINING "  plan: {zero_stage: 4}\n", 7, 10,
           "'training.plan.zero_stage' is 4, expected a whole number from 0 to 3");
    expect(TRAINING "  plan: {recompute: most}\n", 7, 10,
           "expected none, selective, vector or full");
    expect(TRAINING "  plan: {dtype: int8}\n", 7, 10, "expected bf16, fp16, fp8 or fp4");
    expect(TRAINING "  plan: {gradient_bytes: 3}\n", 7, 10, "is '3', expected 2 or 4");
    expect(COLLECTIVE "simulation: {coalesce: maybe}\n", 6, 14,
           "is 'maybe', expected on or off");
    /* told whatever the platform is */
    expect(TRAINING "  platforms:\n    - {name: other, plan: {}}\n"
                    "    - name: another\n      plan: {dtype: x}\n",
           10, 14, "'training.platforms[1].plan.dtype' is 'x', expected");
}

static void test_wrong_yaml(void)
{
    expect("", 0, 0, "the file is empty, expected the keys of workloads/README.md");
    expect("kind: 'a\n", 2, 1, "not valid YAML (found unexpected end of stream)");
    expect("kind: a\ntitle: *a\n", 2, 8, "an alias (*name) stands here, expected a value");
    expect("? [a]\n: b\n", 1, 3, "a key that is no plain text; expected key: value");
    expect("kind: a\n---\nkind: b\n", 2, 1, "a second document begins here, expected one");
    expect("a: [[[[[[[[1]]]]]]]]\n", 1, 11, "nested more than 8 deep");
    char text[1024];
    snprintf(text, sizeof text, "k%0600d: a\n", 0);
    expect(text, 1, 1, "the key is too long; shorten it");
}

static void expect_override(const char *text, const char *override, const char *message)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    CU_ASSERT_PTR_NULL(
        scenario_read(temporary_file(text, ".yaml"), NULL, &override, 1, arena, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_USAGE);
    CU_ASSERT(told(&error, 0, 0, message));
    arena_free(arena);
}

static void test_wrong_overrides(void)
{
    expect_override(COLLECTIVE, "chips=4",
                    "--set 'chips=4' names no key; use key=value with one of title, "
                    "operation, size, group_chips, repeats, algorithm");
    expect_override(COLLECTIVE, "size", "--set 'size' names no key");
    expect_override(COLLECTIVE, "kind=training", "--set 'kind=training' names no key");
    expect_override(COLLECTIVE, "size=4", "--set size is wrong: '4' has no unit");
    expect_override(COLLECTIVE, "dtype=fp8",
                    "--set 'dtype=fp8' is of no use: the workload is a collective; remove it");
    expect_override(TRAINING, "size=4B", "of no use: the workload is a training");
}

static void test_wrong_files(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    CU_ASSERT_PTR_NULL(scenario_read("/nowhere.yaml", NULL, NULL, 0, arena, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_SYSTEM);
    error.kind = ERROR_NONE;
    struct scenario *scenario = read_text(TRAINING, NULL, arena);
    const char *path = temporary_file("plan: {dtype: x}\n", ".yaml");
    CU_ASSERT_FALSE(scenario_plan_read(scenario, path, arena, &error));
    CU_ASSERT(told(&error, 1, 8, "'plan.dtype' is 'x', expected bf16"));
    error.kind = ERROR_NONE;
    path = temporary_file("dtype: fp8\n", ".yaml");
    CU_ASSERT_FALSE(scenario_plan_read(scenario, path, arena, &error));
    CU_ASSERT(told(&error, 1, 1, "there is no key 'dtype' here, expected one of plan"));
    arena_free(arena);
}

/* Every key of the table stands in the README as the table says it. */
static void test_readme(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    size_t size;
    const char *readme =
        file_read(SOURCE_FOLDER "/workloads/README.md", 1 << 20, &size, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(readme);
    for (int i = 0; i < scenario_key_count(); i++) {
        char row[512];
        scenario_key_row(scenario_key_at(i), row, sizeof row);
        CU_ASSERT(strstr(readme, row) != NULL);
        if (strstr(readme, row) == NULL) {
            printf("\n    missing: %s", row);
        }
    }
    arena_free(arena);
}

static void check_shipped(const char *name)
{
    static const char *const platforms[] = {
        "trn3-ultraserver", "trn2-ultraserver", "trn1.32xlarge", "gb200-nvl72", "p5", "other"};
    struct arena *arena = arena_create();
    const char *path = arena_format(arena, SOURCE_FOLDER "/workloads/%s.yaml", name);
    for (int i = 0; i < 6; i++) {
        struct error error = {.kind = ERROR_NONE};
        struct scenario *scenario = scenario_read(path, platforms[i], NULL, 0, arena, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
        CU_ASSERT_STRING_EQUAL(scenario->name, name);
        /* 9216 = 2^10 x 9 chips suit all plans */
        bool derived = scenario->kind == SCENARIO_COLLECTIVE ||
                       plan_derive(&scenario->plan, scenario->model, 9216,
                                   scenario->sequence_tokens, scenario->batch_tokens, &error);
        CU_ASSERT(derived);
        if (!derived) {
            printf("\n    %s on %s: %s", name, platforms[i], error.message);
        }
    }
    arena_free(arena);
}

static void test_shipped(void)
{
    check_shipped("llama-3.1-405b-pretrain");
    check_shipped("llama-3-70b-pretrain");
    check_shipped("llama-3-8b-pretrain");
    check_shipped("gpt3-175b-pretrain");
    check_shipped("mixtral-8x7b-pretrain");
    check_shipped("moe-2t-pretrain");
    check_shipped("all-reduce-1GiB");
    check_shipped("all-to-all-1MiB");
    check_shipped("send-receive-64MiB");
}

void suite_scenario(void)
{
    static const struct test tests[] = {
        {"defaults", test_defaults},
        {"every key", test_every_key},
        {"platforms", test_platforms},
        {"overrides", test_overrides},
        {"wrong keys", test_wrong_keys},
        {"wrong forms", test_wrong_forms},
        {"wrong values", test_wrong_values},
        {"wrong YAML", test_wrong_yaml},
        {"wrong overrides", test_wrong_overrides},
        {"wrong files", test_wrong_files},
        {"README", test_readme},
        {"shipped workloads", test_shipped},
    };
    add_suite("scenario", tests, sizeof tests / sizeof tests[0]);
}
