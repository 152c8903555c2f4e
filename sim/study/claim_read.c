/* SPDX-License-Identifier: Apache-2.0 */
/* The file as texts, checked for its form; what the texts say is checked where it is used. */
#include "study/claim.h"

#include <string.h>

#include "hardware/platform.h"

enum { TEXT_LIMIT = 8192, LIST_LIMIT = 64 };

#define FLAGS(optional) (CYAML_FLAG_POINTER | ((optional) ? CYAML_FLAG_OPTIONAL : 0))
#define TEXT(STRUCT, key, optional)                                                            \
    CYAML_FIELD_STRING_PTR(#key, FLAGS(optional), struct STRUCT, key, 0, TEXT_LIMIT),
#define LIST(STRUCT, key, entry)                                                               \
    CYAML_FIELD_SEQUENCE(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct STRUCT, key,   \
                         &entry, 0, LIST_LIMIT)
#define ENTRY(STRUCT, fields)                                                                  \
    {                                                                                          \
        CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct STRUCT, fields)                         \
    }

#define PLATFORM(key, optional) TEXT(claim_platform_text, key, optional)
#define RUN(key, optional)      TEXT(claim_run_text, key, optional)
#define PRICE(key, optional)    TEXT(claim_price_text, key, optional)
#define NUMBER(key, optional)   TEXT(claim_number_text, key, optional)
#define FAILURE(key, optional)  TEXT(claim_failure_text, key, optional)
#define GOODPUT(key, optional)  TEXT(claim_goodput_text, key, optional)
#define PART(key, optional)     TEXT(claim_part_text, key, optional)
#define TOP(key, optional)      TEXT(claim_text, key, optional)

static const cyaml_schema_field_t platform_fields[] = {CLAIM_PLATFORM_KEYS(PLATFORM)
                                                           CYAML_FIELD_END};
static const cyaml_schema_field_t run_fields[] = {CLAIM_RUN_KEYS(RUN) CYAML_FIELD_END};
static const cyaml_schema_field_t price_fields[] = {CLAIM_PRICE_KEYS(PRICE) CYAML_FIELD_END};
static const cyaml_schema_field_t number_fields[] = {CLAIM_NUMBER_KEYS(NUMBER) CYAML_FIELD_END};
static const cyaml_schema_field_t failure_fields[] = {CLAIM_FAILURE_KEYS(FAILURE)
                                                          CYAML_FIELD_END};
static const cyaml_schema_field_t part_fields[] = {CLAIM_PART_KEYS(PART) CYAML_FIELD_END};
static const cyaml_schema_value_t platform_entry = ENTRY(claim_platform_text, platform_fields);
static const cyaml_schema_value_t run_entry = ENTRY(claim_run_text, run_fields);
static const cyaml_schema_value_t price_entry = ENTRY(claim_price_text, price_fields);
static const cyaml_schema_value_t number_entry = ENTRY(claim_number_text, number_fields);
static const cyaml_schema_value_t failure_entry = ENTRY(claim_failure_text, failure_fields);
static const cyaml_schema_value_t part_entry = ENTRY(claim_part_text, part_fields);
static const cyaml_schema_field_t goodput_fields[] = {
    CLAIM_GOODPUT_KEYS(GOODPUT) LIST(claim_goodput_text, failures, failure_entry),
    CYAML_FIELD_END};
static const cyaml_schema_value_t goodput_entry = ENTRY(claim_goodput_text, goodput_fields);
static const cyaml_schema_field_t top_fields[] = {
    CLAIM_TOP_KEYS(TOP) LIST(claim_text, platforms, platform_entry),
    LIST(claim_text, runs, run_entry),
    LIST(claim_text, prices, price_entry),
    LIST(claim_text, numbers, number_entry),
    LIST(claim_text, goodputs, goodput_entry),
    LIST(claim_text, parts, part_entry),
    CYAML_FIELD_END};
static const cyaml_schema_value_t top = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct claim_text, top_fields)};

const char *claim_file(const struct claim *claim, const char *name)
{
    const char *slash = strrchr(claim->path, '/');
    int folder = slash == NULL ? 0 : (int)(slash + 1 - claim->path);
    return name[0] == '/' ? name
                          : arena_format(claim->arena, "%.*s%s", folder, claim->path, name);
}

static const char *id_of(const char *path, struct arena *arena)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(base, '.');
    int length = dot == NULL ? (int)strlen(base) : (int)(dot - base);
    return arena_format(arena, "%.*s", length, base);
}

static bool read_platforms(struct claim *claim, struct error *error)
{
    const struct claim_text *text = claim->text;
    claim->platforms =
        arena_array(claim->arena, text->platforms_count + 1, sizeof *claim->platforms);
    for (unsigned i = 0; i < text->platforms_count; i++) {
        claim->platforms[i] =
            platform_read(claim_file(claim, text->platforms[i].file), claim->arena, error);
        if (claim->platforms[i] == NULL) {
            return false;
        }
    }
    return true;
}

struct claim *claim_read(const char *path, struct arena *arena, struct error *error)
{
    struct claim *claim = arena_alloc(arena, sizeof *claim);
    claim->arena = arena;
    claim->path = arena_text(arena, path);
    claim->id = id_of(path, arena);
    claim->document = document_read(path, arena, error);
    claim->text = claim->document == NULL ? NULL : document_load(claim->document, &top, error);
    if (claim->text == NULL) {
        return NULL;
    }
    if (claim->text->parts_count == 0) {
        document_error(claim->document, "", error,
                       "has no parts, expected at least one figure with a formula");
    } else if (read_platforms(claim, error)) {
        return claim;
    }
    claim_release(claim);
    return NULL;
}

void claim_release(struct claim *claim)
{
    document_release(&top, claim->text);
    claim->text = NULL;
}
