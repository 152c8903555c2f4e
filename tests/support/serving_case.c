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

static struct serving_case run(const char *machine, int64_t domains, const char *overrides,
                               struct serving_options options)
{
    struct serving_case made = {.arena = arena_create()};
    const char *parts[OVERRIDES];
    int count = split(arena_text(made.arena, overrides), parts);
    struct platform *platform =
        platform_read(arena_format(made.arena, SOURCE_FOLDER "/platforms/%s.xml", machine),
                      made.arena, &made.error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    platform->domain_count = domains > 0 ? domains : platform->domain_count;
    static char path[512]; /* one file for all cases */
    if (path[0] == '\0') {
        snprintf(path, sizeof path, "%s", temporary_file(workload, ".yaml"));
    }
    struct scenario *scenario =
        scenario_read(path, NULL, parts, count, made.arena, &made.error);
    made.serving =
        scenario == NULL ? NULL : serving_prepare(platform, scenario, made.arena, &made.error);
    made.read = scenario != NULL;
    made.served = made.serving != NULL &&
                  serving_simulate(made.serving, &options, made.arena, &made.error);
    return made;
}

static struct serving_case run_right(const char *overrides, bool in_order)
{
    struct serving_case made =
        run("hgx-h100", 0, overrides, (struct serving_options){.in_order = in_order});
    if (!made.read) {
        printf("\n    %s", made.error.message);
    }
    CU_ASSERT_FATAL(made.read);
    return made;
}

struct serving_case serving_case_run(const char *overrides)
{
    return run_right(overrides, false);
}

struct serving_case serving_case_run_on(const char *machine, int64_t domains,
                                        const char *overrides)
{
    return run(machine, domains, overrides, (struct serving_options){.in_order = false});
}

struct serving_case serving_case_run_in_order(const char *overrides)
{
    return run_right(overrides, true);
}

void serving_case_free(struct serving_case *serving_case)
{
    arena_free(serving_case->arena);
}

/* Nobody holds anything in a tier. */
static void check_stores(const struct serving *serving)
{
    for (int kind = 0; kind < serving->pool_count; kind++) {
        const struct kv_tiers *tiers = &serving->pools[kind].tiers;
        for (int tier = KV_HOST; tier < KV_PLACES; tier++) {
            for (int64_t i = 0; i < tiers->tiers[tier].store_count; i++) {
                CU_ASSERT_EQUAL(kv_cache_used(&tiers->tiers[tier].stores[i]), 0);
            }
        }
    }
}

void serving_case_check(const struct serving_case *made)
{
    const struct serving *serving = made->serving;
    const struct outcome *outcome = serving->outcome;
    struct engine_totals sum = serving_totals(serving);
    const struct engine_totals *totals = &sum;
    CU_ASSERT_EQUAL(outcome->arrived,
                    outcome->completed + outcome->rejected + outcome->unfinished);
    CU_ASSERT_EQUAL(serving->requests.present, 0);
    if (outcome->unfinished == 0) {
        CU_ASSERT_EQUAL(totals->prefilled + totals->cached, outcome->asked_input);
        CU_ASSERT_EQUAL(totals->produced, outcome->asked_output);
    }
    CU_ASSERT(totals->recomputed >= 0);
    CU_ASSERT(totals->preemptions + serving->fleet.retried > 0 || totals->recomputed == 0);
    CU_ASSERT(near(outcome->present_integral_s, outcome->time_sum_s, 1e-9));
    CU_ASSERT(totals->hit_blocks <= totals->prompt_blocks);
    CU_ASSERT(serving->scenario->serving.admission == ADMISSION_PROMPT ||
              totals->preemptions == 0);
    for (int32_t i = 0; i < serving->lane_count; i++) {
        const struct kv_cache *cache = &serving->replicas[i].cache;
        CU_ASSERT_EQUAL(kv_cache_used(cache), 0);
        CU_ASSERT_EQUAL(cache->taken_count - cache->given_count, cache->unused_count);
        CU_ASSERT_EQUAL(serving->replicas[i].context, 0);
        CU_ASSERT_EQUAL(serving->replicas[i].incoming_count, 0);
        CU_ASSERT_EQUAL(serving->replicas[i].held_count, 0);
        CU_ASSERT_EQUAL(serving->replicas[i].reserved, 0);
    }
    check_stores(serving);
}
