/* SPDX-License-Identifier: Apache-2.0 */
/* What is settled before the first request: which pools there are, how many replicas, the price
 * of their steps, and how many KV blocks each has. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "serving/serving.h"

static const int64_t UNLIMITED = INT64_C(1) << 60;

static int64_t replica_chips(const struct serving_scenario *scenario)
{
    return scenario->tensor_parallel * scenario->pipeline_parallel;
}

/* All that the machine has chips for, beside those of the other pool. */
static int64_t all_replicas(const struct platform *platform, const struct pool *pool)
{
    int64_t chips = platform_chips(platform) - pool->first_chip;
    return chips / replica_chips(&pool->scenario);
}

static bool count_replicas(struct pool *pool, struct platform *platform, struct error *error)
{
    int64_t one = replica_chips(&pool->scenario), domain = platform->chip_count;
    pool->replica_count =
        pool->scenario.replicas > 0 ? pool->scenario.replicas : all_replicas(platform, pool);
    pool->chips = pool->replica_count * one;
    int64_t needed = (pool->first_chip + pool->chips + domain - 1) / domain;
    if (pool->replica_count <= 0) {
        return error_fill(
            error, ERROR_INFEASIBLE,
            "a replica needs %lld chips and the machine has %lld; use more domains "
            "or a lower tensor_parallel",
            (long long)one, (long long)(platform_chips(platform) - pool->first_chip));
    }
    if (needed > platform->domain_count) {
        platform->domain_count = needed;
        return platform_check_domains(platform, error);
    }
    return true;
}

/* MODEL.md, "Serving: memory" */
static bool count_blocks(struct serving *serving, struct pool *pool, struct error *error)
{
    const struct serving_scenario *scenario = &pool->scenario;
    double tokens = floor(pool->cost->kv_bytes / pool->cost->kv_token_bytes);
    char *end = NULL;
    if (strcmp(scenario->kv_tokens, "unlimited") == 0) {
        serving->kv_unlimited = true;
        pool->block_count = UNLIMITED;
        return true;
    }
    if (strcmp(scenario->kv_tokens, "auto") != 0) {
        double given = strtod(scenario->kv_tokens, &end);
        if (*end != '\0' || !(given >= (double)scenario->block_tokens)) {
            return error_fill(
                error, ERROR_INPUT,
                "kv_tokens is '%.40s', expected auto, unlimited or a number of at "
                "least one block",
                scenario->kv_tokens);
        }
        tokens = given;
    }
    pool->block_count = (int64_t)(tokens / (double)scenario->block_tokens);
    return pool->block_count >= scenario->pipeline_parallel ||
           error_fill(error, ERROR_INFEASIBLE,
                      "the KV cache would hold %.0f tokens, less than one block; store the "
                      "weights in fewer bytes or use more chips a replica",
                      tokens);
}

/* The price of a step is that of one kind of chip. */
static bool check_kind(const struct platform *platform, const struct pool *pool,
                       struct error *error)
{
    const struct chip *kind = platform_chip(platform, pool->first_chip);
    for (int64_t i = 0; i < pool->chips && platform->chip_type_count > 1; i++) {
        const struct chip *other = platform_chip(platform, pool->first_chip + i);
        if (other != kind) {
            return error_fill(error, ERROR_INFEASIBLE,
                              "the replicas take %lld chips from number %lld on, which are of "
                              "two kinds, %s and %s; use fewer replicas, or another number of "
                              "prefill_replicas",
                              (long long)pool->chips, (long long)pool->first_chip, kind->type,
                              other->type);
        }
    }
    return true;
}

/* Where chips of another kind than the first begin, when a machine has two; else after those
 * of the other pool. */
static int64_t chip_after(const struct platform *platform, const struct pool *other)
{
    const struct chip *kind = platform_chip(platform, 0);
    int64_t chip = other->chips, chips = platform_chips(platform);
    while (platform->chip_type_count > 1 && chip < chips &&
           platform_chip(platform, chip) == kind) {
        chip++;
    }
    return chip < chips ? chip : other->chips;
}

static bool prepare_pool(struct serving *serving, struct pool *pool, struct platform *platform,
                         struct arena *arena, struct error *error)
{
    const struct scenario *scenario = serving->scenario;
    pool->platform = platform;
    if (!count_replicas(pool, platform, error)) {
        return false;
    }
    if (!check_kind(platform, pool, error)) {
        return false;
    }
    pool->cost = step_cost_create(platform, pool->first_chip, scenario->model, &pool->scenario,
                                  pool->scenario.max_num_batched_tokens, arena, error);
    if (pool->cost == NULL || !count_blocks(serving, pool, error)) {
        return false;
    }
    int64_t chips = replica_chips(&pool->scenario);
    struct kv_tiers_place place = {platform,
                                   &pool->scenario,
                                   pool->cost->kv_token_bytes * (double)chips,
                                   pool->replica_count,
                                   chips,
                                   pool->first_chip};
    return kv_tiers_read(&pool->tiers, &place, error);
}

static int64_t given_or(int64_t given, int64_t otherwise)
{
    return given > 0 ? given : otherwise;
}

static int64_t at_most(int64_t value, int64_t limit)
{
    return value < limit ? value : limit;
}

/* The pool that only prefills has a plan and limits of its own; the other then finds no
 * prefixes, for what it gets has been looked up. */
static void divide(struct serving *serving)
{
    struct serving_scenario *decode = &serving->pools[POOL_MAIN].scenario;
    struct serving_scenario *prefill = &serving->pools[POOL_PREFILL].scenario;
    prefill->replicas = decode->prefill_replicas;
    prefill->tensor_parallel =
        given_or(decode->prefill_tensor_parallel, decode->tensor_parallel);
    prefill->expert_parallel =
        given_or(decode->prefill_expert_parallel,
                 at_most(decode->expert_parallel, prefill->tensor_parallel));
    prefill->attention_data_parallel =
        given_or(decode->prefill_attention_data_parallel,
                 at_most(decode->attention_data_parallel, prefill->tensor_parallel));
    prefill->pipeline_parallel =
        given_or(decode->prefill_pipeline_parallel, decode->pipeline_parallel);
    prefill->max_num_seqs = given_or(decode->prefill_max_num_seqs, decode->max_num_seqs);
    prefill->max_num_batched_tokens =
        given_or(decode->prefill_max_num_batched_tokens, decode->max_num_batched_tokens);
    decode->prefix_caching = false;
    decode->offload = "none";
    prefill->preemption = PREEMPTION_RECOMPUTE;
    prefill->admission = ADMISSION_PROMPT; /* answers are said elsewhere */
    prefill->agents = prefill->agents == AGENTS_STATEFUL
                          ? AGENTS_PREFIX_CACHE
                          : prefill->agents; /* kept there, too */
    serving->pool_count = 2;
}

static bool check_divided(const struct serving_scenario *scenario, struct error *error)
{
    return scenario->policy != BATCH_STATIC ||
           error_fill(error, ERROR_INPUT,
                      "policy is static and prefill_replicas more than 0; use chunked or "
                      "prefill-first");
}

static bool prepare_pools(struct serving *serving, struct platform *platform,
                          struct platform *prefill_platform, struct arena *arena,
                          struct error *error)
{
    struct pool *decode = &serving->pools[POOL_MAIN];
    struct pool *prefill = &serving->pools[POOL_PREFILL];
    if (serving->pool_count == 1) {
        return prepare_pool(serving, decode, platform, arena, error);
    }
    struct platform *other = prefill_platform != NULL ? prefill_platform : platform;
    if (!check_divided(&decode->scenario, error) ||
        !prepare_pool(serving, prefill, other, arena, error)) {
        return false;
    }
    decode->first_chip = other == platform ? chip_after(platform, prefill) : 0;
    return prepare_pool(serving, decode, platform, arena, error) &&
           kv_ways_check(other, platform, error);
}

struct serving *serving_prepare_pools(struct platform *platform,
                                      struct platform *prefill_platform,
                                      const struct scenario *scenario, struct arena *arena,
                                      struct error *error)
{
    struct serving *serving = arena_alloc(arena, sizeof *serving);
    serving->platform = platform;
    serving->scenario = scenario;
    serving->pool_count = 1;
    serving->pools[POOL_MAIN].scenario = serving->pools[POOL_PREFILL].scenario =
        scenario->serving;
    if (scenario->serving.prefill_replicas > 0) {
        divide(serving);
    }
    return prepare_pools(serving, platform, prefill_platform, arena, error) ? serving : NULL;
}

struct serving *serving_prepare(struct platform *platform, const struct scenario *scenario,
                                struct arena *arena, struct error *error)
{
    return serving_prepare_pools(platform, NULL, scenario, arena, error);
}
