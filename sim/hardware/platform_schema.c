/* SPDX-License-Identifier: Apache-2.0 */
/* Reads properties by the table of platform_schema_rows.c: first which chip types, media and
 * tiers there are, then their values, last what is missing. */
#include "hardware/platform_schema.h"

#include <stdlib.h>
#include <string.h>

#include "hardware/platform_schema_rows.h"

enum { KEY_LIMIT = 64, TIER_LIMIT = 8, COUNT_LIMIT = 1000000000 };

struct schema_reader {
    const struct platform_document *document;
    struct platform *platform;
    struct arena *arena;
    struct error *error;
    const char *keys[SCHEMA_SCOPES][KEY_LIMIT]; /* chip types, media, tier numbers */
    int key_counts[SCHEMA_SCOPES];
};

static const char *const companions[] = {".source", ".low", ".high"};
static const char *const origins[] = {"published: ", "derived: ", "estimate: ", "fit: "};
enum { COMPANIONS = 3, ORIGINS = 4, ORIGIN_ESTIMATE = 2 };

#define PROP_ERROR(reader, prop, ...)                                                          \
    platform_document_error((reader)->document, (prop)->place, (reader)->error, __VA_ARGS__)

bool platform_schema_estimate(const char *source)
{
    for (int i = ORIGIN_ESTIMATE; source != NULL && i < ORIGINS; i++) {
        if (strncmp(source, origins[i], strlen(origins[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* The length of the property's name that a companion such as "X.source" belongs to; 0: it is no
 * companion. */
static size_t companion_base(const char *name)
{
    size_t length = strlen(name);
    for (int i = 0; i < COMPANIONS; i++) {
        size_t end = strlen(companions[i]);
        if (length > end && strcmp(name + length - end, companions[i]) == 0) {
            return length - end;
        }
    }
    return 0;
}

static const struct document_prop *find(const struct schema_reader *reader, const char *name)
{
    int64_t number = name_index_find(&reader->document->prop_names, name);
    return number < 0 ? NULL : &reader->document->props[number];
}

static const struct document_prop *companion(const struct schema_reader *reader,
                                             const char *name, const char *which)
{
    return find(reader, arena_format(reader->arena, "%s%s", name, which));
}

static bool unknown(struct schema_reader *reader, const struct document_prop *prop)
{
    char nearest[160];
    platform_schema_nearest(prop->name, nearest, sizeof nearest);
    return PROP_ERROR(reader, prop, "unknown property '%.80s'; did you mean %s?", prop->name,
                      nearest);
}

/* The number of a key in its scope's list, -1 when it is not there. */
static int key_number(const struct schema_reader *reader, enum schema_scope scope,
                      const char *key, int length)
{
    for (int i = 0; i < reader->key_counts[scope]; i++) {
        const char *known = reader->keys[scope][i];
        if (strncmp(known, key, (size_t)length) == 0 && known[length] == '\0') {
            return i;
        }
    }
    return -1;
}

static bool add_key(struct schema_reader *reader, const struct document_prop *prop)
{
    const char *key;
    int length;
    const struct schema_row *row = platform_schema_row(prop->name, &key, &length);
    if (row == NULL) {
        return unknown(reader, prop);
    }
    if (key_number(reader, row->scope, key, length) >= 0 || row->scope == SCOPE_PUBLISHED) {
        return true;
    }
    if (reader->key_counts[row->scope] == KEY_LIMIT) {
        return PROP_ERROR(reader, prop, "more than %d names in the place of '%.*s'; merge some",
                          KEY_LIMIT, length, key);
    }
    reader->keys[row->scope][reader->key_counts[row->scope]++] =
        arena_format(reader->arena, "%.*s", length, key);
    return true;
}

static bool gather_keys(struct schema_reader *reader)
{
    const struct platform_document *document = reader->document;
    for (int64_t i = 0; i < document->prop_count; i++) {
        const struct document_prop *prop = &document->props[i];
        size_t base = companion_base(prop->name);
        if (base == 0 && !add_key(reader, prop)) {
            return false;
        }
        if (base > 0 &&
            find(reader, arena_format(reader->arena, "%.*s", (int)base, prop->name)) == NULL) {
            return PROP_ERROR(reader, prop,
                              "'%.80s' belongs to a property '%.*s' that is not in the file; "
                              "add that or remove this",
                              prop->name, (int)(base > 80 ? 80 : base), prop->name);
        }
    }
    return true;
}

static int by_number(const void *left, const void *right)
{
    const char *a = *(const char *const *)left, *b = *(const char *const *)right;
    return strlen(a) != strlen(b) ? (strlen(a) > strlen(b)) - (strlen(a) < strlen(b))
                                  : strcmp(a, b);
}

/* Tiers are numbered from the bottom: 1, 2, ... without a gap. */
static bool check_tier_keys(struct schema_reader *reader)
{
    int count = reader->key_counts[SCOPE_TIER];
    qsort(reader->keys[SCOPE_TIER], (size_t)count, sizeof(char *), by_number);
    for (int i = 0; i < count; i++) {
        const char *expected = arena_format(reader->arena, "%d", i + 1);
        if (i >= TIER_LIMIT || strcmp(reader->keys[SCOPE_TIER][i], expected) != 0) {
            return platform_document_error(
                reader->document, reader->document->zone_place, reader->error,
                "scale_out.%.40s where tier %s was expected; number tiers 1, 2, ... up to %d "
                "from the bottom",
                reader->keys[SCOPE_TIER][i], expected, TIER_LIMIT);
        }
    }
    return true;
}

static void create_lists(struct schema_reader *reader)
{
    struct platform *platform = reader->platform;
    platform->chip_type_count = reader->key_counts[SCOPE_CHIP];
    platform->media_count = reader->key_counts[SCOPE_MEDIUM];
    platform->tier_count = reader->key_counts[SCOPE_TIER];
    platform->protocol_count = reader->key_counts[SCOPE_PROTOCOL];
    platform->chip_types =
        arena_array(reader->arena, platform->chip_type_count, sizeof *platform->chip_types);
    platform->media =
        arena_array(reader->arena, platform->media_count, sizeof *platform->media);
    platform->tiers = arena_array(reader->arena, platform->tier_count, sizeof *platform->tiers);
    platform->protocols =
        arena_array(reader->arena, platform->protocol_count, sizeof *platform->protocols);
    for (int64_t i = 0; i < platform->protocol_count; i++) {
        platform->protocols[i].name = reader->keys[SCOPE_PROTOCOL][i];
    }
    for (int64_t i = 0; i < platform->chip_type_count; i++) {
        platform->chip_types[i].type = reader->keys[SCOPE_CHIP][i];
    }
    for (int64_t i = 0; i < platform->media_count; i++) {
        platform->media[i].name = reader->keys[SCOPE_MEDIUM][i];
    }
}

static void *target(struct schema_reader *reader, const struct schema_row *row, int number)
{
    struct platform *platform = reader->platform;
    switch (row->scope) {
    case SCOPE_PLATFORM:
        return (char *)platform + row->offset;
    case SCOPE_CHIP:
        return (char *)&platform->chip_types[number] + row->offset;
    case SCOPE_MEDIUM:
        return (char *)&platform->media[number] + row->offset;
    case SCOPE_TIER:
        return (char *)&platform->tiers[number] + row->offset;
    case SCOPE_PROTOCOL:
        return (char *)&platform->protocols[number] + row->offset;
    case SCOPE_PUBLISHED:
        break;
    }
    return NULL;
}

static void store(void *place, const struct schema_row *row, const struct property *property)
{
    if (place == NULL) {
        return;
    }
    if (row->unit == UNIT_TEXT) {
        *(const char **)place = property->text;
    } else if (row->whole) {
        *(int64_t *)place = (int64_t)property->value;
    } else {
        *(double *)place = property->value;
    }
}

/* What is wrong with a value, or NULL. */
static const char *range_problem(enum schema_range range, const struct property *property)
{
    static const char *const families[] = {"trainium", "gpu", "tpu"};
    double value = property->value;
    switch (range) {
    case RANGE_ANY:
        return NULL;
    case RANGE_POSITIVE:
        return value > 0 ? NULL : "expected more than 0";
    case RANGE_SHARE:
        return value > 0 && value <= 1 ? NULL : "expected more than 0 and at most 1";
    case RANGE_PART:
        return value <= 1 ? NULL : "expected 0 to 1";
    case RANGE_FACTOR:
        return value >= 1 ? NULL : "expected 1 or more";
    case RANGE_FAMILY:
        for (int i = 0; i < 3; i++) {
            if (strcmp(property->text, families[i]) == 0) {
                return NULL;
            }
        }
        return "expected trainium, gpu or tpu";
    }
    return NULL;
}

static bool read_value(struct schema_reader *reader, const struct document_prop *prop,
                       const struct schema_row *row, double *value)
{
    struct error why = {.kind = ERROR_NONE};
    if (!units_read(prop->value, row->unit, value, &why)) {
        return PROP_ERROR(reader, prop, "property '%.80s': %s", prop->name, why.message);
    }
    struct property read = {.text = prop->value, .value = *value};
    const char *problem = row->unit == UNIT_COUNT && *value > COUNT_LIMIT
                              ? "expected at most a billion"
                              : range_problem(row->range, &read);
    if (problem != NULL) {
        return PROP_ERROR(reader, prop, "property '%.80s' is '%.40s', %s", prop->name,
                          prop->value, problem);
    }
    if (row->unit == UNIT_TEXT && *prop->value == '\0') {
        return PROP_ERROR(reader, prop, "property '%.80s' is empty, expected %s", prop->name,
                          row->meaning);
    }
    return true;
}

static bool read_source(struct schema_reader *reader, const struct document_prop *prop,
                        const struct schema_row *row, const char **source)
{
    const struct document_prop *given = companion(reader, prop->name, companions[0]);
    *source = given == NULL ? NULL : given->value;
    for (int i = 0; given != NULL && i < ORIGINS; i++) {
        size_t length = strlen(origins[i]);
        if (strncmp(*source, origins[i], length) == 0 && (*source)[length] != '\0') {
            return true;
        }
    }
    if (given != NULL) {
        return PROP_ERROR(reader, given,
                          "source of '%.80s' is '%.40s', expected \"published: ...\", "
                          "\"derived: ...\", \"estimate: ...\" or \"fit: ...\"",
                          prop->name, given->value);
    }
    if (row->unit == UNIT_TEXT || strcmp(row->pattern, "domain_count") == 0) {
        return true;
    }
    return PROP_ERROR(reader, prop,
                      "property '%.80s' has no source; add <prop id=\"%.80s.source\" "
                      "value=\"published: where it stands, when it was read\"/> (or derived, "
                      "estimate, fit)",
                      prop->name, prop->name);
}

static bool read_range(struct schema_reader *reader, const struct document_prop *prop,
                       const struct schema_row *row, struct property *property)
{
    const struct document_prop *low = companion(reader, prop->name, companions[1]);
    const struct document_prop *high = companion(reader, prop->name, companions[2]);
    property->low = property->high = property->value;
    if ((low != NULL && !read_value(reader, low, row, &property->low)) ||
        (high != NULL && !read_value(reader, high, row, &property->high))) {
        return false;
    }
    if (property->low > property->value || property->high < property->value) {
        return PROP_ERROR(reader, prop,
                          "property '%.80s' is %.20s, outside its own range; "
                          "mend the value, .low or .high",
                          prop->name, prop->value);
    }
    return true;
}

static bool read_prop(struct schema_reader *reader, const struct document_prop *prop)
{
    const char *key;
    int length;
    const struct schema_row *row = platform_schema_row(prop->name, &key, &length);
    struct platform *platform = reader->platform;
    struct property *property = &platform->properties[platform->property_count++];
    *property = (struct property){
        .name = prop->name, .text = prop->value, .unit = row->unit, .line = prop->line};
    if (!read_value(reader, prop, row, &property->value) ||
        !read_source(reader, prop, row, &property->source) ||
        !read_range(reader, prop, row, property)) {
        return false;
    }
    store(target(reader, row, key_number(reader, row->scope, key, length)), row, property);
    return true;
}

static bool check_present(struct schema_reader *reader, const struct schema_row *row)
{
    const char *star = strchr(row->pattern, '*');
    int count = star == NULL ? 1 : reader->key_counts[row->scope];
    for (int i = 0; row->required && i < count; i++) {
        const char *key = star == NULL ? "" : reader->keys[row->scope][i];
        const char *name =
            star == NULL ? row->pattern
                         : arena_format(reader->arena, "%.*s%s%s", (int)(star - row->pattern),
                                        row->pattern, key, star + 1);
        if (find(reader, name) == NULL) {
            return platform_document_error(reader->document, reader->document->zone_place,
                                           reader->error,
                                           "property '%.80s' is missing (%s: %s); add it%s",
                                           name, units_meaning(row->unit), row->meaning,
                                           row->unit == UNIT_TEXT ? "" : " with its source");
        }
    }
    return true;
}

static bool check_chip(struct schema_reader *reader, struct chip *chip)
{
    for (int i = 0; i < DTYPE_COUNT; i++) {
        if (!(chip->array_flops_per_s[i] > 0)) {
            chip->array_flops_per_s[i] = chip->headline_flops_per_s[i];
        }
    }
    if (chip->idle_W > chip->tdp_W || chip->reserved_bytes >= chip->hbm_bytes) {
        return platform_document_error(
            reader->document, reader->document->zone_place, reader->error,
            chip->idle_W > chip->tdp_W
                ? "chip '%.40s' has idle_power above tdp; mend one of them"
                : "chip '%.40s' has reserved_memory of all its hbm_size; mend one of them",
            chip->type);
    }
    return true;
}

bool platform_schema_read(const struct platform_document *document, struct platform *platform,
                          struct error *error)
{
    struct schema_reader reader = {
        .document = document, .platform = platform, .arena = document->arena, .error = error};
    platform->domain_count = 1;
    if (!gather_keys(&reader) || !check_tier_keys(&reader)) {
        return false;
    }
    create_lists(&reader);
    platform->properties =
        arena_array(document->arena, document->prop_count, sizeof *platform->properties);
    for (int64_t i = 0; i < document->prop_count; i++) {
        const struct document_prop *prop = &document->props[i];
        if (companion_base(prop->name) == 0 && !read_prop(&reader, prop)) {
            return false;
        }
    }
    for (int i = 0; i < platform_schema_row_count; i++) {
        if (!check_present(&reader, &platform_schema_rows[i])) {
            return false;
        }
    }
    for (int64_t i = 0; i < platform->chip_type_count; i++) {
        if (!check_chip(&reader, &platform->chip_types[i])) {
            return false;
        }
    }
    return true;
}
