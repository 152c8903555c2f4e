/* SPDX-License-Identifier: Apache-2.0 */
/* libcyaml reports through a log: one line that says what is wrong, then one for each level
 * from the inside out. Both are turned into our own message at the key's own place. */
#include "workload/document.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "workload/document_index.h"

enum {
    FILE_LIMIT_BYTES = 1 << 20,
    LINE_SIZE = 320,
    STEP_SIZE = 64,
    STEP_LIMIT = 8,
    KEY_SIZE = 512
};

/* What libcyaml said. Steps are field names or list entries ("[1]"), innermost first. */
struct complaint {
    char message[LINE_SIZE];
    char steps[STEP_LIMIT][STEP_SIZE];
    int step_count;
};

/* "  in mapping field 'plan' (…", "  in sequence entry '2' (…", counted from 1, or
 * "  in mapping (…" before its first key. */
static void read_step(struct complaint *complaint, const char *line)
{
    if (complaint->step_count == STEP_LIMIT) {
        return;
    }
    char *step = complaint->steps[complaint->step_count++];
    const char *quote = strchr(line, '\'');
    int length = quote == NULL ? 0 : (int)strcspn(quote + 1, "'");
    int entry = 0;
    if (strstr(line, "sequence entry") != NULL && sscanf(quote + 1, "%d", &entry) == 1) {
        snprintf(step, STEP_SIZE, "[%d]", entry > 0 ? entry - 1 : 0);
    } else {
        snprintf(step, STEP_SIZE, "%.*s", length, quote == NULL ? "" : quote + 1);
    }
}

__attribute__((format(printf, 3, 0))) static void listen(cyaml_log_t level, void *context,
                                                         const char *format, va_list arguments)
{
    struct complaint *complaint = context;
    char line[LINE_SIZE];
    vsnprintf(line, sizeof line, format, arguments);
    if (level < CYAML_LOG_ERROR || strstr(line, "Backtrace") != NULL) {
        return;
    }
    if (strncmp(line, "  in ", 5) == 0) {
        read_step(complaint, line);
    } else if (complaint->message[0] == '\0') {
        line[strcspn(line, "\n")] = '\0';
        memcpy(complaint->message, line, sizeof line);
    }
}

/* The key that the steps from the outermost to 'inner' lead to. */
static void join(const struct complaint *complaint, int inner, char key[KEY_SIZE])
{
    size_t length = 0;
    key[0] = '\0';
    for (int i = complaint->step_count - 1; i >= inner; i--) {
        const char *step = complaint->steps[i];
        bool dot = length > 0 && step[0] != '[' && step[0] != '\0';
        length +=
            (size_t)snprintf(key + length, KEY_SIZE - length, "%s%s", dot ? "." : "", step);
    }
}

static const cyaml_schema_field_t *find_field(const cyaml_schema_field_t *fields,
                                              const char *name)
{
    while (fields->key != NULL && strcmp(fields->key, name) != 0) {
        fields++;
    }
    return fields;
}

/* The keys that the mapping around the innermost step knows. */
static const cyaml_schema_field_t *known_fields(const struct complaint *complaint,
                                                const cyaml_schema_value_t *schema)
{
    const cyaml_schema_value_t *value = schema;
    for (int i = complaint->step_count - 1; i > 0; i--) {
        if (value->type == CYAML_SEQUENCE) {
            value = value->sequence.entry;
        } else {
            value = &find_field(value->mapping.fields, complaint->steps[i])->value;
        }
    }
    return value->type == CYAML_MAPPING ? value->mapping.fields : NULL;
}

/* What follows the lead in the message; "" when the lead is not there. */
static const char *after(const char *message, const char *lead)
{
    const char *place = strstr(message, lead);
    return place == NULL ? "" : place + strlen(lead);
}

static bool refuse_unknown(const struct document *document, const cyaml_schema_value_t *schema,
                           const struct complaint *complaint, struct error *error)
{
    const char *name = after(complaint->message, "Unexpected key: ");
    char parent[KEY_SIZE], key[KEY_SIZE + LINE_SIZE], known[400] = "";
    join(complaint, 1, parent);
    snprintf(key, sizeof key, "%s%s%s", parent, parent[0] != '\0' ? "." : "", name);
    const cyaml_schema_field_t *field = known_fields(complaint, schema);
    for (; field != NULL && field->key != NULL; field++) {
        size_t length = strlen(known);
        snprintf(known + length, sizeof known - length, "%s%s", length > 0 ? ", " : "",
                 field->key);
    }
    struct document_place place = document_place(document, key);
    return error_at(error, ERROR_INPUT, document->path, place.line, place.column,
                    "there is no key '%.60s' here, expected one of %s", name, known);
}

static bool refuse_missing(const struct document *document, const struct complaint *complaint,
                           struct error *error)
{
    const char *name = after(complaint->message, "mapping field: ");
    char parent[KEY_SIZE];
    join(complaint, 1, parent);
    struct document_place place = document_place(document, parent);
    return error_at(error, ERROR_INPUT, document->path, place.line, place.column,
                    "the key '%.60s' is missing in %s%s%s; add it as in workloads/README.md",
                    name, parent[0] != '\0' ? "'" : "the file", parent,
                    parent[0] != '\0' ? "'" : "");
}

static const char *expected_form(const char *message)
{
    if (strstr(message, "Expecting MAPPING") != NULL) {
        return "keys with values";
    }
    return strstr(message, "Expecting SEQUENCE") != NULL ? "a list with an entry after each -"
                                                         : "a single value";
}

static const char *found_form(const char *message)
{
    if (strstr(message, "event: MAPPING_START") != NULL) {
        return "has keys of its own";
    }
    return strstr(message, "event: SEQUENCE_START") != NULL ? "is a list"
                                                            : "is a single value or empty";
}

static bool refuse_form(const struct document *document, const struct complaint *complaint,
                        struct error *error)
{
    char key[KEY_SIZE], message[LINE_SIZE];
    join(complaint, 0, key);
    snprintf(message, sizeof message, "%s, expected %s as in workloads/README.md",
             found_form(complaint->message), expected_form(complaint->message));
    return document_error(document, key, error, message);
}

static bool refuse(const struct document *document, const cyaml_schema_value_t *schema,
                   const struct complaint *complaint, cyaml_err_t problem, struct error *error)
{
    if (strstr(complaint->message, "Unexpected key: ") != NULL) {
        return refuse_unknown(document, schema, complaint, error);
    }
    if (strstr(complaint->message, "Missing required mapping field: ") != NULL) {
        return refuse_missing(document, complaint, error);
    }
    if (strstr(complaint->message, "Expecting ") != NULL) {
        return refuse_form(document, complaint, error);
    }
    char key[KEY_SIZE];
    join(complaint, 0, key);
    if (strstr(complaint->message, "already seen") != NULL) {
        return document_error(document, key, error, "stands here a second time; remove one");
    }
    if (problem == CYAML_ERR_STRING_LENGTH_MAX || problem == CYAML_ERR_SEQUENCE_ENTRIES_MAX) {
        return document_error(document, key, error, "is too long; shorten it");
    }
    return document_error(document, key, error, cyaml_strerror(problem));
}

struct document_place document_place(const struct document *document, const char *key)
{
    for (int64_t i = document->place_count - 1; i >= 0; i--) {
        if (strcmp(document->places[i].key, key) == 0) {
            return document->places[i];
        }
    }
    return (struct document_place){.key = "", .line = 1, .column = 0};
}

bool document_error(const struct document *document, const char *key, struct error *error,
                    const char *message)
{
    struct document_place place = document_place(document, key);
    return error_at(error, ERROR_INPUT, document->path, place.line, place.column, "%s%s%s %s",
                    key[0] != '\0' ? "'" : "the file", key, key[0] != '\0' ? "'" : "", message);
}

struct document *document_read(const char *path, struct arena *arena, struct error *error)
{
    struct document *document = arena_alloc(arena, sizeof *document);
    document->arena = arena;
    document->path = arena_text(arena, path);
    document->text = file_read(path, FILE_LIMIT_BYTES, &document->size, arena, error);
    if (document->text == NULL || !document_index(document, error)) {
        return NULL;
    }
    return document;
}

static cyaml_config_t configuration(struct complaint *complaint)
{
    return (cyaml_config_t){.log_fn = listen,
                            .log_ctx = complaint,
                            .log_level = CYAML_LOG_ERROR,
                            .mem_fn = arena_library_realloc,
                            .flags = CYAML_CFG_NO_ALIAS};
}

void *document_load(const struct document *document, const cyaml_schema_value_t *schema,
                    struct error *error)
{
    struct complaint complaint = {.step_count = 0};
    cyaml_config_t config = configuration(&complaint);
    cyaml_data_t *data = NULL;
    cyaml_err_t problem = cyaml_load_data((const uint8_t *)document->text, document->size,
                                          &config, schema, &data, NULL);
    if (problem != CYAML_OK) {
        refuse(document, schema, &complaint, problem, error);
        return NULL;
    }
    if (data == NULL) {
        document_error(document, "", error, "holds nothing, expected keys with values");
    }
    return data;
}

void document_release(const cyaml_schema_value_t *schema, void *data)
{
    struct complaint complaint = {.step_count = 0};
    cyaml_config_t config = configuration(&complaint);
    cyaml_free(&config, schema, data, 0);
}
