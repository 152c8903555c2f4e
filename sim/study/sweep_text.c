/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of a sweep file: every value is a text, read later by whoever knows its key. */
#include "study/sweep_text.h"

enum { TEXT_LIMIT = 4096, LIST_LIMIT = 100 * 1000, KEY_LIMIT = SWEEP_KEYS };

#define OPTIONAL_TEXT(STRUCT, NAME)                                                            \
    CYAML_FIELD_STRING_PTR(#NAME, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct STRUCT,     \
                           NAME, 0, TEXT_LIMIT)
#define OPTIONAL_LIST(STRUCT, NAME, ENTRY)                                                     \
    CYAML_FIELD_SEQUENCE(#NAME, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct STRUCT, NAME, \
                         ENTRY, 0, LIST_LIMIT)
#define AXIS_FIELDS                                                                            \
    OPTIONAL_TEXT(sweep_axis_text, key), OPTIONAL_LIST(sweep_axis_text, values, &text_entry),  \
        OPTIONAL_TEXT(sweep_axis_text, from), OPTIONAL_TEXT(sweep_axis_text, to),              \
        OPTIONAL_TEXT(sweep_axis_text, step), OPTIONAL_TEXT(sweep_axis_text, factor),          \
        OPTIONAL_TEXT(sweep_axis_text, count), OPTIONAL_TEXT(sweep_axis_text, scale)

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, TEXT_LIMIT)};
static const cyaml_schema_field_t part_fields[] = {AXIS_FIELDS, CYAML_FIELD_END};
static const cyaml_schema_value_t part_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct sweep_axis_text, part_fields)};
static const cyaml_schema_field_t axis_fields[] = {
    AXIS_FIELDS, OPTIONAL_LIST(sweep_axis_text, zip, &part_entry), CYAML_FIELD_END};
static const cyaml_schema_value_t axis_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct sweep_axis_text, axis_fields)};
static const cyaml_schema_field_t sample_fields[] = {
    CYAML_FIELD_STRING_PTR("method", CYAML_FLAG_POINTER, struct sweep_sample_text, method, 0,
                           TEXT_LIMIT),
    CYAML_FIELD_STRING_PTR("count", CYAML_FLAG_POINTER, struct sweep_sample_text, count, 0,
                           TEXT_LIMIT),
    OPTIONAL_TEXT(sweep_sample_text, seed),
    CYAML_FIELD_SEQUENCE("axes", CYAML_FLAG_POINTER, struct sweep_sample_text, axes,
                         &part_entry, 1, KEY_LIMIT),
    CYAML_FIELD_END};
static const cyaml_schema_field_t top_fields[] = {
    CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_POINTER, struct sweep_text, title, 0,
                           TEXT_LIMIT),
    OPTIONAL_TEXT(sweep_text, workload),
    OPTIONAL_TEXT(sweep_text, platform),
    OPTIONAL_TEXT(sweep_text, ultraservers),
    OPTIONAL_TEXT(sweep_text, plan),
    OPTIONAL_TEXT(sweep_text, prices),
    OPTIONAL_TEXT(sweep_text, price_kind),
    OPTIONAL_TEXT(sweep_text, detail),
    OPTIONAL_TEXT(sweep_text, find_capacity),
    OPTIONAL_TEXT(sweep_text, seed),
    OPTIONAL_LIST(sweep_text, set, &text_entry),
    OPTIONAL_LIST(sweep_text, axes, &axis_entry),
    CYAML_FIELD_MAPPING_PTR("sample", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                            struct sweep_text, sample, sample_fields),
    OPTIONAL_LIST(sweep_text, where, &text_entry),
    CYAML_FIELD_END};
const cyaml_schema_value_t sweep_text_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct sweep_text, top_fields)};
