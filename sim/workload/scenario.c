/* SPDX-License-Identifier: Apache-2.0 */
/* The YAML is loaded into structs of texts made from the table of keys; the texts are applied
 * in the order defaults, file, platform entries, overrides, each value by its key's one reader.
 */
#include "workload/scenario.h"

#include <stdio.h>
#include <string.h>

#include "workload/document.h"
#include "workload/scenario_key.h"

enum { TEXT_LIMIT = 4096, PLATFORM_LIMIT = 64, PLACE_SIZE = 128 };

#define TEXT_MEMBER(NAME, ...) char *NAME;
struct top_text {
    SCENARIO_TOP_KEYS(TEXT_MEMBER)
    struct training_text *training;
    struct collective_text *collective;
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
struct simulation_text {
    SCENARIO_SIMULATION_KEYS(TEXT_MEMBER)
};
struct plan_file_text {
    struct plan_text *plan;
};

/* A key with a default may be left out. */
#define TEXT_FLAGS(DEFAULT)                                                                    \
    (CYAML_FLAG_POINTER | ((DEFAULT) == NULL ? CYAML_FLAG_DEFAULT : CYAML_FLAG_OPTIONAL))
#define TEXT_FIELD(STRUCT, NAME, TYPE, MEMBER, LOW, HIGH, CHOICES, DEFAULT, MEANING)           \
    CYAML_FIELD_STRING_PTR(#NAME, TEXT_FLAGS(DEFAULT), struct STRUCT, NAME, 0, TEXT_LIMIT),
#define OPTIONAL_SECTION(STRUCT, NAME, FIELDS)                                                 \
    CYAML_FIELD_MAPPING_PTR(#NAME, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct STRUCT,    \
                            NAME, FIELDS)

#define PLAN_FIELD(...)       TEXT_FIELD(plan_text, __VA_ARGS__)
#define TRAINING_FIELD(...)   TEXT_FIELD(training_text, __VA_ARGS__)
#define COLLECTIVE_FIELD(...) TEXT_FIELD(collective_text, __VA_ARGS__)
#define SIMULATION_FIELD(...) TEXT_FIELD(simulation_text, __VA_ARGS__)
#define TOP_FIELD(...)        TEXT_FIELD(top_text, __VA_ARGS__)

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
static const cyaml_schema_field_t simulation_fields[] = {
    SCENARIO_SIMULATION_KEYS(SIMULATION_FIELD) CYAML_FIELD_END};
static const cyaml_schema_field_t top_fields[] = {
    SCENARIO_TOP_KEYS(TOP_FIELD) OPTIONAL_SECTION(top_text, training, training_fields),
    OPTIONAL_SECTION(top_text, collective, collective_fields),
    OPTIONAL_SECTION(top_text, simulation, simulation_fields), CYAML_FIELD_END};
static const cyaml_schema_value_t top_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct top_text, top_fields)};
static const cyaml_schema_field_t plan_file_fields[] = {
    CYAML_FIELD_MAPPING_PTR("plan", CYAML_FLAG_POINTER, struct plan_file_text, plan,
                            plan_fields),
    CYAML_FIELD_END};
static const cyaml_schema_value_t plan_file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct plan_file_text, plan_file_fields)};

/* A scenario while it is read. */
struct reader {
    struct scenario *scenario;
    struct document *document;
    struct arena *arena;
    struct error *error;
};

/* name: in the table of keys; place: where the file has it. Absent texts change nothing. */
static bool apply(const struct reader *reader, const char *name, const char *section,
                  const char *text)
{
    struct error cause = {.kind = ERROR_NONE};
    const struct scenario_key *key = scenario_key_find(name);
    if (text == NULL ||
        scenario_key_apply(key, text, reader->scenario, reader->arena, &cause)) {
        return true;
    }
    char place[PLACE_SIZE];
    snprintf(place, sizeof place, "%s%s%s", section, section[0] != '\0' ? "." : "",
             key->short_name);
    return document_error(reader->document, place, reader->error, cause.message);
}

#define APPLY_PLAN(NAME, ...)     &&apply(reader, "plan." #NAME, section, texts->NAME)
#define APPLY_TRAINING(NAME, ...) &&apply(reader, "training." #NAME, "training", texts->NAME)
#define APPLY_COLLECTIVE(NAME, ...)                                                            \
    &&apply(reader, "collective." #NAME, "collective", texts->NAME)
#define APPLY_SIMULATION(NAME, ...)                                                            \
    &&apply(reader, "simulation." #NAME, "simulation", texts->NAME)
#define APPLY_TOP(NAME, ...) &&apply(reader, #NAME, "", texts->NAME)

static bool apply_plan(const struct reader *reader, const char *section,
                       const struct plan_text *texts)
{
    return texts == NULL || (true SCENARIO_PLAN_KEYS(APPLY_PLAN));
}

/* A name may end in * for all platforms that begin so. */
static bool matches(const char *pattern, const char *name)
{
    size_t length = strlen(pattern);
    if (length > 0 && pattern[length - 1] == '*') {
        return strncmp(pattern, name, length - 1) == 0;
    }
    return strcmp(pattern, name) == 0;
}

static bool apply_platforms(const struct reader *reader, const struct training_text *texts,
                            const char *platform_name)
{
    for (unsigned i = 0; i < texts->platforms_count; i++) {
        char section[PLACE_SIZE];
        snprintf(section, sizeof section, "training.platforms[%u].plan", i);
        struct scenario unused = *reader->scenario;
        struct reader target = *reader;
        bool chosen = platform_name != NULL && matches(texts->platforms[i].name, platform_name);
        if (!chosen) {
            target.scenario = &unused; /* a mistake is told on every platform */
        }
        if (!apply_plan(&target, section, texts->platforms[i].plan)) {
            return false;
        }
    }
    return true;
}

static bool apply_training(const struct reader *reader, const struct training_text *texts,
                           const char *platform_name)
{
    return (true SCENARIO_TRAINING_KEYS(APPLY_TRAINING)) &&
           apply_plan(reader, "training.plan", texts->plan) &&
           apply_platforms(reader, texts, platform_name);
}

static bool apply_collective(const struct reader *reader, const struct collective_text *texts)
{
    return true SCENARIO_COLLECTIVE_KEYS(APPLY_COLLECTIVE);
}

static bool apply_simulation(const struct reader *reader, const struct simulation_text *texts)
{
    return texts == NULL || (true SCENARIO_SIMULATION_KEYS(APPLY_SIMULATION));
}

static bool apply_top(const struct reader *reader, const struct top_text *texts)
{
    return true SCENARIO_TOP_KEYS(APPLY_TOP);
}

static bool check_sections(const struct reader *reader, const struct top_text *texts)
{
    bool training = reader->scenario->kind == SCENARIO_TRAINING;
    const void *wanted = training ? (const void *)texts->training : texts->collective;
    const void *other = training ? (const void *)texts->collective : texts->training;
    const char *name = training ? "training" : "collective";
    const char *other_name = training ? "collective" : "training";
    char message[PLACE_SIZE];
    if (wanted == NULL) {
        snprintf(message, sizeof message,
                 "is %s, but the file has no section '%s'; add it as in workloads/README.md",
                 name, name);
        return document_error(reader->document, "kind", reader->error, message);
    }
    snprintf(message, sizeof message,
             "does not belong into a workload whose kind is %s; remove it", name);
    return other == NULL ||
           document_error(reader->document, other_name, reader->error, message);
}

static bool apply_texts(const struct reader *reader, const struct top_text *texts,
                        const char *platform_name)
{
    if (!apply_top(reader, texts) || !check_sections(reader, texts)) {
        return false;
    }
    bool applied = texts->training != NULL
                       ? apply_training(reader, texts->training, platform_name)
                       : apply_collective(reader, texts->collective);
    return applied && apply_simulation(reader, texts->simulation);
}

static void apply_defaults(struct scenario *scenario, struct arena *arena)
{
    struct error none = {.kind = ERROR_NONE};
    for (int i = 0; i < scenario_key_count(); i++) {
        const struct scenario_key *key = scenario_key_at(i);
        if (key->fallback != NULL) {
            scenario_key_apply(key, key->fallback, scenario, arena, &none);
        }
    }
}

static const char *name_of(const char *path, struct arena *arena)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash == NULL ? path : slash + 1;
    size_t length = strlen(file);
    bool suffixed = length > 5 && strcmp(file + length - 5, ".yaml") == 0;
    return arena_format(arena, "%.*s", (int)(suffixed ? length - 5 : length), file);
}

static bool read_model(struct scenario *scenario, struct arena *arena, struct error *error)
{
    const char *slash = strrchr(scenario->path, '/');
    bool beside = scenario->model_path[0] != '/' && slash != NULL;
    const char *path =
        arena_format(arena, "%.*s%s", beside ? (int)(slash - scenario->path) + 1 : 0,
                     scenario->path, scenario->model_path);
    scenario->model = model_read(path, arena, error);
    return scenario->model != NULL;
}

static bool refuse_override(struct error *error, const char *text)
{
    char names[560] = "";
    for (int i = 0; i < scenario_key_count(); i++) {
        const struct scenario_key *key = scenario_key_at(i);
        size_t length = strlen(names);
        if (key->type != KEY_FIXED) {
            snprintf(names + length, sizeof names - length, "%s%s", length > 0 ? ", " : "",
                     key->short_name);
        }
    }
    return error_fill(error, ERROR_USAGE,
                      "--set '%.60s' names no key; use key=value with one of %s", text, names);
}

bool scenario_override(struct scenario *scenario, const char *text, struct arena *arena,
                       struct error *error)
{
    size_t length = strcspn(text, "=");
    const struct scenario_key *key =
        scenario_key_find(arena_format(arena, "%.*s", (int)length, text));
    if (text[length] == '\0' || key == NULL || key->type == KEY_FIXED) {
        return refuse_override(error, text);
    }
    bool training = scenario->kind == SCENARIO_TRAINING;
    if (strncmp(key->name, training ? "collective." : "training.", training ? 11 : 9) == 0) {
        return error_fill(error, ERROR_USAGE,
                          "--set '%.60s' is of no use: the workload is %s; remove it", text,
                          training ? "a training" : "a collective");
    }
    struct error cause = {.kind = ERROR_NONE};
    if (!scenario_key_apply(key, text + length + 1, scenario, arena, &cause)) {
        return error_fill(error, ERROR_USAGE, "--set %s %.600s", key->short_name,
                          cause.message);
    }
    return key->type != KEY_MODEL || read_model(scenario, arena, error);
}

bool scenario_plan_read(struct scenario *scenario, const char *path, struct arena *arena,
                        struct error *error)
{
    struct document *document = document_read(path, arena, error);
    struct plan_file_text *texts =
        document == NULL ? NULL : document_load(document, &plan_file_schema, error);
    if (texts == NULL) {
        return false;
    }
    struct reader reader = {scenario, document, arena, error};
    plan_init(&scenario->plan);
    bool applied = apply_plan(&reader, "plan", texts->plan);
    document_release(&plan_file_schema, texts);
    return applied;
}

static struct scenario *read_document(struct document *document, const char *platform_name,
                                      struct arena *arena, struct error *error)
{
    struct top_text *texts = document_load(document, &top_schema, error);
    if (texts == NULL) {
        return NULL;
    }
    struct scenario *scenario = arena_alloc(arena, sizeof *scenario);
    struct reader reader = {scenario, document, arena, error};
    apply_defaults(scenario, arena);
    bool applied = apply_texts(&reader, texts, platform_name);
    document_release(&top_schema, texts);
    return applied ? scenario : NULL;
}

struct scenario *scenario_read(const char *path, const char *platform_name,
                               const char *const *overrides, int override_count,
                               struct arena *arena, struct error *error)
{
    struct document *document = document_read(path, arena, error);
    struct scenario *scenario =
        document == NULL ? NULL : read_document(document, platform_name, arena, error);
    if (scenario == NULL) {
        return NULL;
    }
    scenario->path = document->path;
    scenario->text = document->text;
    scenario->name = name_of(path, arena);
    if (scenario->kind == SCENARIO_TRAINING && !read_model(scenario, arena, error)) {
        return NULL;
    }
    for (int i = 0; i < override_count; i++) {
        if (!scenario_override(scenario, overrides[i], arena, error)) {
            return NULL;
        }
    }
    return scenario;
}
