/* SPDX-License-Identifier: Apache-2.0 */
/* One optional mapping a section, one text a key; a key without a default must be there. */
#include "workload/scenario_schema.h"

enum { TEXT_LIMIT = 4096, PLATFORM_LIMIT = 64 };

/* A key with a default may be left out. */
#define TEXT_FLAGS(DEFAULT)                                                                    \
    (CYAML_FLAG_POINTER | ((DEFAULT) == NULL ? CYAML_FLAG_DEFAULT : CYAML_FLAG_OPTIONAL))
#define TEXT_FIELD(STRUCT, NAME, TYPE, MEMBER, LOW, HIGH, CHOICES, DEFAULT, MEANING)           \
    CYAML_FIELD_STRING_PTR(#NAME, TEXT_FLAGS(DEFAULT), struct STRUCT, NAME, 0, TEXT_LIMIT),
#define OPTIONAL_SECTION(STRUCT, NAME, FIELDS)                                                 \
    CYAML_FIELD_MAPPING_PTR(#NAME, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct STRUCT,    \
                            NAME, FIELDS)

#define PLAN_FIELD(...)           TEXT_FIELD(plan_text, __VA_ARGS__)
#define TRAINING_FIELD(...)       TEXT_FIELD(training_text, __VA_ARGS__)
#define COLLECTIVE_FIELD(...)     TEXT_FIELD(collective_text, __VA_ARGS__)
#define SERVING_FIELD(...)        TEXT_FIELD(serving_text, __VA_ARGS__)
#define LOAD_FIELD(...)           TEXT_FIELD(load_text, __VA_ARGS__)
#define ENGINE_FIELD(...)         TEXT_FIELD(engine_text, __VA_ARGS__)
#define SERVING_PLAN_FIELD(...)   TEXT_FIELD(serving_plan_text, __VA_ARGS__)
#define TIER_FIELD(...)           TEXT_FIELD(tiers_text, __VA_ARGS__)
#define DISAGGREGATION_FIELD(...) TEXT_FIELD(disaggregation_text, __VA_ARGS__)
#define FLEET_FIELD(...)          TEXT_FIELD(fleet_text, __VA_ARGS__)
#define LEVEL_FIELD(...)          TEXT_FIELD(level_text, __VA_ARGS__)
#define RESULT_FIELD(...)         TEXT_FIELD(results_text, __VA_ARGS__)
#define SIMULATION_FIELD(...)     TEXT_FIELD(simulation_text, __VA_ARGS__)
#define TOP_FIELD(...)            TEXT_FIELD(top_text, __VA_ARGS__)

static const cyaml_schema_field_t plan_fields[] = {SCENARIO_PLAN_KEYS(PLAN_FIELD)
                                                       CYAML_FIELD_END};
static const cyaml_schema_field_t platform_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct platform_text, name, 1,
                           TEXT_LIMIT),
    CYAML_FIELD_MAPPING_PTR("plan", CYAML_FLAG_POINTER, struct platform_text, plan,
                            plan_fields),
    CYAML_FIELD_END};
static const cyaml_schema_value_t platform_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct platform_text, platform_fields)};
static const cyaml_schema_field_t training_fields[] = {
    SCENARIO_TRAINING_KEYS(TRAINING_FIELD) OPTIONAL_SECTION(training_text, plan, plan_fields),
    CYAML_FIELD_SEQUENCE("platforms", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                         struct training_text, platforms, &platform_entry, 0, PLATFORM_LIMIT),
    CYAML_FIELD_END};
static const cyaml_schema_field_t collective_fields[] = {
    SCENARIO_COLLECTIVE_KEYS(COLLECTIVE_FIELD) CYAML_FIELD_END};
static const cyaml_schema_field_t load_fields[] = {SCENARIO_LOAD_KEYS(LOAD_FIELD)
                                                       CYAML_FIELD_END};
static const cyaml_schema_field_t engine_fields[] = {SCENARIO_ENGINE_KEYS(ENGINE_FIELD)
                                                         CYAML_FIELD_END};
static const cyaml_schema_field_t serving_plan_fields[] = {
    SCENARIO_SERVING_PLAN_KEYS(SERVING_PLAN_FIELD) CYAML_FIELD_END};
static const cyaml_schema_field_t tier_fields[] = {SCENARIO_TIER_KEYS(TIER_FIELD)
                                                       CYAML_FIELD_END};
static const cyaml_schema_field_t disaggregation_fields[] = {
    SCENARIO_DISAGGREGATION_KEYS(DISAGGREGATION_FIELD) CYAML_FIELD_END};
static const cyaml_schema_field_t fleet_fields[] = {SCENARIO_FLEET_KEYS(FLEET_FIELD)
                                                        CYAML_FIELD_END};
static const cyaml_schema_field_t level_fields[] = {SCENARIO_LEVEL_KEYS(LEVEL_FIELD)
                                                        CYAML_FIELD_END};
static const cyaml_schema_field_t results_fields[] = {SCENARIO_RESULT_KEYS(RESULT_FIELD)
                                                          CYAML_FIELD_END};
static const cyaml_schema_field_t serving_platform_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct serving_platform_text, name, 1,
                           TEXT_LIMIT),
    OPTIONAL_SECTION(serving_platform_text, plan, serving_plan_fields),
    OPTIONAL_SECTION(serving_platform_text, engine, engine_fields), CYAML_FIELD_END};
static const cyaml_schema_value_t serving_platform_entry = {CYAML_VALUE_MAPPING(
    CYAML_FLAG_DEFAULT, struct serving_platform_text, serving_platform_fields)};
static const cyaml_schema_field_t serving_fields[] = {
    SCENARIO_SERVING_KEYS(SERVING_FIELD) OPTIONAL_SECTION(serving_text, load, load_fields),
    OPTIONAL_SECTION(serving_text, engine, engine_fields),
    OPTIONAL_SECTION(serving_text, plan, serving_plan_fields),
    OPTIONAL_SECTION(serving_text, tiers, tier_fields),
    OPTIONAL_SECTION(serving_text, disaggregation, disaggregation_fields),
    OPTIONAL_SECTION(serving_text, fleet, fleet_fields),
    OPTIONAL_SECTION(serving_text, slo, level_fields),
    OPTIONAL_SECTION(serving_text, results, results_fields),
    CYAML_FIELD_SEQUENCE("platforms", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                         struct serving_text, platforms, &serving_platform_entry, 0,
                         PLATFORM_LIMIT),
    CYAML_FIELD_END};
static const cyaml_schema_field_t simulation_fields[] = {
    SCENARIO_SIMULATION_KEYS(SIMULATION_FIELD) CYAML_FIELD_END};
static const cyaml_schema_field_t range_fields[] = {
    CYAML_FIELD_STRING_PTR("key", CYAML_FLAG_POINTER, struct range_text, key, 1, TEXT_LIMIT),
    CYAML_FIELD_STRING_PTR("is", CYAML_FLAG_POINTER, struct range_text, is, 1, TEXT_LIMIT),
    CYAML_FIELD_END};
static const cyaml_schema_value_t range_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct range_text, range_fields)};
static const cyaml_schema_field_t top_fields[] = {
    SCENARIO_TOP_KEYS(TOP_FIELD) OPTIONAL_SECTION(top_text, training, training_fields),
    OPTIONAL_SECTION(top_text, collective, collective_fields),
    OPTIONAL_SECTION(top_text, serving, serving_fields),
    OPTIONAL_SECTION(top_text, simulation, simulation_fields),
    CYAML_FIELD_SEQUENCE("ranges", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct top_text,
                         ranges, &range_entry, 0, PLATFORM_LIMIT),
    CYAML_FIELD_END};
const cyaml_schema_value_t scenario_schema_top = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct top_text, top_fields)};
static const cyaml_schema_field_t plan_file_fields[] = {
    CYAML_FIELD_MAPPING_PTR("plan", CYAML_FLAG_POINTER, struct plan_file_text, plan,
                            plan_fields),
    CYAML_FIELD_END};
const cyaml_schema_value_t scenario_schema_plan_file = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct plan_file_text, plan_file_fields)};
