/* SPDX-License-Identifier: Apache-2.0 */
/* The YAML is loaded into structs of texts made from the table of keys; the texts are applied
 * in the order defaults, file, platform entries, overrides, each value by its key's one reader.
 */
#include "workload/scenario.h"

#include <stdio.h>
#include <string.h>

#include "workload/document.h"
#include "workload/scenario_key.h"
#include "workload/scenario_schema.h"

enum { PLACE_SIZE = 128 };

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
#define APPLY_SERVING(NAME, ...) &&apply(reader, "serving." #NAME, "serving", texts->NAME)
#define APPLY_LOAD(NAME, ...)                                                                  \
    &&apply(reader, "serving.load." #NAME, "serving.load", texts->NAME)
#define APPLY_ENGINE(NAME, ...) &&apply(reader, "serving.engine." #NAME, section, texts->NAME)
#define APPLY_SERVING_PLAN(NAME, ...)                                                          \
    &&apply(reader, "serving.plan." #NAME, section, texts->NAME)
#define APPLY_FLEET(NAME, ...)                                                                 \
    &&apply(reader, "serving.fleet." #NAME, "serving.fleet", texts->NAME)
#define APPLY_TIER(NAME, ...)                                                                  \
    &&apply(reader, "serving.tiers." #NAME, "serving.tiers", texts->NAME)
#define APPLY_DISAGGREGATION(NAME, ...)                                                        \
    &&apply(reader, "serving.disaggregation." #NAME, "serving.disaggregation", texts->NAME)
#define APPLY_LEVEL(NAME, ...) &&apply(reader, "serving.slo." #NAME, "serving.slo", texts->NAME)
#define APPLY_RESULT(NAME, ...)                                                                \
    &&apply(reader, "serving.results." #NAME, "serving.results", texts->NAME)
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

static bool apply_engine(const struct reader *reader, const char *section,
                         const struct engine_text *texts)
{
    return texts == NULL || (true SCENARIO_ENGINE_KEYS(APPLY_ENGINE));
}

static bool apply_serving_plan(const struct reader *reader, const char *section,
                               const struct serving_plan_text *texts)
{
    return texts == NULL || (true SCENARIO_SERVING_PLAN_KEYS(APPLY_SERVING_PLAN));
}

static bool apply_load(const struct reader *reader, const struct load_text *texts)
{
    return texts == NULL || (true SCENARIO_LOAD_KEYS(APPLY_LOAD));
}

static bool apply_fleet(const struct reader *reader, const struct fleet_text *texts)
{
    return texts == NULL || (true SCENARIO_FLEET_KEYS(APPLY_FLEET));
}

static bool apply_tiers(const struct reader *reader, const struct tiers_text *texts)
{
    return texts == NULL || (true SCENARIO_TIER_KEYS(APPLY_TIER));
}

static bool apply_disaggregation(const struct reader *reader,
                                 const struct disaggregation_text *texts)
{
    return texts == NULL || (true SCENARIO_DISAGGREGATION_KEYS(APPLY_DISAGGREGATION));
}

static bool apply_level(const struct reader *reader, const struct level_text *texts)
{
    return texts == NULL || (true SCENARIO_LEVEL_KEYS(APPLY_LEVEL));
}

static bool apply_results(const struct reader *reader, const struct results_text *texts)
{
    return texts == NULL || (true SCENARIO_RESULT_KEYS(APPLY_RESULT));
}

static bool apply_serving_platforms(const struct reader *reader,
                                    const struct serving_text *texts, const char *platform_name)
{
    for (unsigned i = 0; i < texts->platforms_count; i++) {
        const struct serving_platform_text *entry = &texts->platforms[i];
        char plan[PLACE_SIZE], engine[PLACE_SIZE];
        snprintf(plan, sizeof plan, "serving.platforms[%u].plan", i);
        snprintf(engine, sizeof engine, "serving.platforms[%u].engine", i);
        struct scenario unused = *reader->scenario;
        struct reader target = *reader;
        if (platform_name == NULL || !matches(entry->name, platform_name)) {
            target.scenario = &unused; /* a mistake is told on every platform */
        }
        if (!apply_serving_plan(&target, plan, entry->plan) ||
            !apply_engine(&target, engine, entry->engine)) {
            return false;
        }
    }
    return true;
}

static bool apply_serving(const struct reader *reader, const struct serving_text *texts,
                          const char *platform_name)
{
    return (true SCENARIO_SERVING_KEYS(APPLY_SERVING)) && apply_load(reader, texts->load) &&
           apply_engine(reader, "serving.engine", texts->engine) &&
           apply_serving_plan(reader, "serving.plan", texts->plan) &&
           apply_tiers(reader, texts->tiers) &&
           apply_disaggregation(reader, texts->disaggregation) &&
           apply_fleet(reader, texts->fleet) && apply_level(reader, texts->slo) &&
           apply_results(reader, texts->results) &&
           apply_serving_platforms(reader, texts, platform_name);
}

static const char *const kind_names[] = {
    [SCENARIO_TRAINING] = "training",
    [SCENARIO_COLLECTIVE] = "collective",
    [SCENARIO_SERVING] = "serving",
};

static bool check_sections(const struct reader *reader, const struct top_text *texts)
{
    const void *sections[] = {[SCENARIO_TRAINING] = texts->training,
                              [SCENARIO_COLLECTIVE] = texts->collective,
                              [SCENARIO_SERVING] = texts->serving};
    enum scenario_kind kind = reader->scenario->kind;
    char message[PLACE_SIZE];
    if (sections[kind] == NULL) {
        snprintf(message, sizeof message,
                 "is %s, but the file has no section '%s'; add it as in workloads/README.md",
                 kind_names[kind], kind_names[kind]);
        return document_error(reader->document, "kind", reader->error, message);
    }
    snprintf(message, sizeof message,
             "does not belong into a workload whose kind is %s; remove it", kind_names[kind]);
    for (int other = 0; other <= SCENARIO_SERVING; other++) {
        if (other != (int)kind && sections[other] != NULL) {
            return document_error(reader->document, kind_names[other], reader->error, message);
        }
    }
    return true;
}

static bool apply_texts(const struct reader *reader, const struct top_text *texts,
                        const char *platform_name)
{
    if (!apply_top(reader, texts) || !check_sections(reader, texts)) {
        return false;
    }
    bool applied = true;
    switch (reader->scenario->kind) {
    case SCENARIO_TRAINING:
        applied = apply_training(reader, texts->training, platform_name);
        break;
    case SCENARIO_COLLECTIVE:
        applied = apply_collective(reader, texts->collective);
        break;
    case SCENARIO_SERVING:
        applied = apply_serving(reader, texts->serving, platform_name);
        break;
    }
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

static bool refuse_override(const struct scenario *scenario, const char *text,
                            struct error *error)
{
    char names[560] = "";
    for (int i = 0; i < scenario_key_count(); i++) {
        const struct scenario_key *key = scenario_key_at(i);
        size_t length = strlen(names);
        if (key->type != KEY_FIXED &&
            scenario_key_find_kind(kind_names[scenario->kind], key->name) != NULL) {
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
    const char *name = arena_format(arena, "%.*s", (int)length, text);
    const char *kind = kind_names[scenario->kind];
    const struct scenario_key *key = scenario_key_find_kind(kind, name);
    if (key == NULL && text[length] != '\0' && (key = scenario_key_find(name)) != NULL) {
        return error_fill(error, ERROR_USAGE,
                          "--set '%.60s' is of no use: the workload is a %s; remove it", text,
                          kind);
    }
    if (text[length] == '\0' || key == NULL || key->type == KEY_FIXED) {
        return refuse_override(scenario, text, error);
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
        document == NULL ? NULL : document_load(document, &scenario_schema_plan_file, error);
    if (texts == NULL) {
        return false;
    }
    struct reader reader = {scenario, document, arena, error};
    plan_init(&scenario->plan);
    bool applied = apply_plan(&reader, "plan", texts->plan);
    document_release(&scenario_schema_plan_file, texts);
    return applied;
}

static void keep_ranges(struct scenario *scenario, const struct top_text *texts,
                        struct arena *arena)
{
    struct scenario_range *ranges = arena_array(arena, texts->ranges_count + 1, sizeof *ranges);
    for (unsigned i = 0; i < texts->ranges_count; i++) {
        ranges[i].key = arena_text(arena, texts->ranges[i].key);
        ranges[i].is = arena_text(arena, texts->ranges[i].is);
    }
    scenario->ranges = ranges;
    scenario->range_count = texts->ranges_count;
}

static struct scenario *read_document(struct document *document, const char *platform_name,
                                      struct arena *arena, struct error *error)
{
    struct top_text *texts = document_load(document, &scenario_schema_top, error);
    if (texts == NULL) {
        return NULL;
    }
    struct scenario *scenario = arena_alloc(arena, sizeof *scenario);
    struct reader reader = {scenario, document, arena, error};
    apply_defaults(scenario, arena);
    bool applied = apply_texts(&reader, texts, platform_name);
    keep_ranges(scenario, texts, arena);
    document_release(&scenario_schema_top, texts);
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
    if (scenario->kind != SCENARIO_COLLECTIVE && !read_model(scenario, arena, error)) {
        return NULL;
    }
    for (int i = 0; i < override_count; i++) {
        if (!scenario_override(scenario, overrides[i], arena, error)) {
            return NULL;
        }
    }
    return scenario;
}
