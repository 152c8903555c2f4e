/* SPDX-License-Identifier: Apache-2.0 */
/* A workload file as texts, section by section, made from the tables of keys; and the schemas
 * by which libcyaml fills them. */
#pragma once

#include <cyaml/cyaml.h>

#include "workload/scenario_key.h"

#define TEXT_MEMBER(NAME, ...) char *NAME;
struct range_text {
    char *key, *is;
};
struct top_text {
    SCENARIO_TOP_KEYS(TEXT_MEMBER)
    struct range_text *ranges;
    unsigned ranges_count;
    struct training_text *training;
    struct collective_text *collective;
    struct serving_text *serving;
    struct simulation_text *simulation;
};
struct plan_text {
    SCENARIO_PLAN_KEYS(TEXT_MEMBER)
};
struct platform_text {
    char *name;
    struct plan_text *plan;
};
struct training_text {
    SCENARIO_TRAINING_KEYS(TEXT_MEMBER)
    struct plan_text *plan;
    struct platform_text *platforms;
    unsigned platforms_count;
};
struct collective_text {
    SCENARIO_COLLECTIVE_KEYS(TEXT_MEMBER)
};
struct load_text {
    SCENARIO_LOAD_KEYS(TEXT_MEMBER)
};
struct engine_text {
    SCENARIO_ENGINE_KEYS(TEXT_MEMBER)
};
struct serving_plan_text {
    SCENARIO_SERVING_PLAN_KEYS(TEXT_MEMBER)
};
struct tiers_text {
    SCENARIO_TIER_KEYS(TEXT_MEMBER)
};
struct disaggregation_text {
    SCENARIO_DISAGGREGATION_KEYS(TEXT_MEMBER)
};
struct fleet_text {
    SCENARIO_FLEET_KEYS(TEXT_MEMBER)
};
struct level_text {
    SCENARIO_LEVEL_KEYS(TEXT_MEMBER)
};
struct results_text {
    SCENARIO_RESULT_KEYS(TEXT_MEMBER)
};
struct serving_platform_text {
    char *name;
    struct serving_plan_text *plan;
    struct engine_text *engine;
};
struct serving_text {
    SCENARIO_SERVING_KEYS(TEXT_MEMBER)
    struct load_text *load;
    struct engine_text *engine;
    struct serving_plan_text *plan;
    struct tiers_text *tiers;
    struct disaggregation_text *disaggregation;
    struct fleet_text *fleet;
    struct level_text *slo;
    struct results_text *results;
    struct serving_platform_text *platforms;
    unsigned platforms_count;
};
struct simulation_text {
    SCENARIO_SIMULATION_KEYS(TEXT_MEMBER)
};
struct plan_file_text {
    struct plan_text *plan;
};

extern const cyaml_schema_value_t scenario_schema_top, scenario_schema_plan_file;
