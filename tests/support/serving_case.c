/* SPDX-License-Identifier: Apache-2.0 */
/* The workload is a file like any other, so that defaults and readers are those of the program.
 */
#include "support/serving_case.h"

#include <stdio.h>
#include <string.h>

#include "support/support.h"

enum { OVERRIDES = 40 };

static const char workload[] =
    "kind: serving\n"
    "title: case\n"
    "serving:\n"
    "  model: " SOURCE_FOLDER "/workloads/models/llama-3-8b.json\n"
    "  load: {requests: 1000, rate: 10, input_tokens: 100..300, output_tokens: 10..50}\n"
    "  engine: {kv_tokens: 100000, max_num_batched_tokens: 1024}\n";

static int split(char *text, const char *parts[OVERRIDES])
{
    int count = 0;
    for (char *part = strtok(text, " "); part != NULL && count < OVERRIDES;
         part = strtok(NULL, " ")) {
        parts[count++] = part;
    }
    return count;
}

static struct serving_case run(const char *overrides, struct serving_options options)
{
    struct serving_case made = {.arena = arena_create()};
    const char *parts[OVERRIDES];
    int count = split(arena_text(made.arena, overrides), parts);
    struct platform *platform =
        platform_read(SOURCE_FOLDER "/platforms/hgx-h100.xml", made.arena, &made.error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    struct scenario *scenario = scenario_read(temporary_file(workload, ".yaml"), NULL, parts,
                                              count, made.arena, &made.error);
    if (scenario == NULL) {
        printf("\n    %s", made.error.message);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    made.serving = serving_prepare(platform, scenario, made.arena, &made.error);
    made.served = made.serving != NULL &&
                  serving_simulate(made.serving, &options, made.arena, &made.error);
    return made;
}

struct serving_case serving_case_run(const char *overrides)
{
    return run(overrides, (struct serving_options){.in_order = false});
}

struct serving_case serving_case_run_in_order(const char *overrides)
{
    return run(overrides, (struct serving_options){.in_order = true});
}

void serving_case_free(struct serving_case *serving_case)
{
    arena_free(serving_case->arena);
}
