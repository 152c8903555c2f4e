/* SPDX-License-Identifier: Apache-2.0 */
/* What is settled before the first request: how many replicas, the price of their steps, and
 * how many KV blocks each has. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "serving/serving.h"

static const int64_t UNLIMITED = INT64_C(1) << 60;

static bool count_replicas(struct serving *serving, struct platform *platform,
                           struct error *error)
{
    const struct serving_scenario *scenario = &serving->scenario->serving;
    int64_t one = scenario->tensor_parallel * scenario->pipeline_parallel;
    int64_t domain = platform->chip_count;
    serving->replica_count = scenario->replicas;
    if (serving->replica_count == 0) {
        serving->replica_count = platform_chips(platform) / one;
    }
    serving->chips = serving->replica_count * one;
    int64_t needed = (serving->chips + domain - 1) / domain;
    if (serving->replica_count == 0) {
        return error_fill(
            error, ERROR_INFEASIBLE,
            "a replica needs %lld chips and the machine has %lld; use more domains "
            "or a lower tensor_parallel",
            (long long)one, (long long)platform_chips(platform));
    }
    if (needed > platform->domain_count) {
        platform->domain_count = needed;
        return platform_check_domains(platform, error);
    }
    return true;
}

/* MODEL.md, "Serving: memory" */
static bool count_blocks(struct serving *serving, struct error *error)
{
    const struct serving_scenario *scenario = &serving->scenario->serving;
    double tokens = floor(serving->cost->kv_bytes / serving->cost->kv_token_bytes);
    char *end = NULL;
    if (strcmp(scenario->kv_tokens, "unlimited") == 0) {
        serving->kv_unlimited = true;
        serving->block_count = UNLIMITED;
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
    serving->block_count = (int64_t)(tokens / (double)scenario->block_tokens);
    return serving->block_count >= scenario->pipeline_parallel ||
           error_fill(error, ERROR_INFEASIBLE,
                      "the KV cache would hold %.0f tokens, less than one block; store the "
                      "weights in fewer bytes or use more chips a replica",
                      tokens);
}

struct serving *serving_prepare(struct platform *platform, const struct scenario *scenario,
                                struct arena *arena, struct error *error)
{
    struct serving *serving = arena_alloc(arena, sizeof *serving);
    serving->platform = platform;
    serving->scenario = scenario;
    if (!count_replicas(serving, platform, error)) {
        return NULL;
    }
    serving->cost = step_cost_create(platform, scenario->model, &scenario->serving,
                                     scenario->serving.max_num_batched_tokens, arena, error);
    return serving->cost != NULL && count_blocks(serving, error) ? serving : NULL;
}
