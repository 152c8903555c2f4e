/* SPDX-License-Identifier: Apache-2.0 */
/* libcyaml tells the place of a key's predecessor or parent only, so the events of libyaml are
 * walked once before it, with the path of keys that leads to each. Syntax errors are found here
 * too, with their exact place. */
#include "workload/document_index.h"

#include <stdio.h>
#include <string.h>

#include <yaml.h>

enum { DEPTH_LIMIT = 8, KEY_SIZE = 512 };

struct level {
    bool mapping, at_key;
    int64_t entries;
    size_t length; /* of the path to it */
};

struct walk {
    struct document *document;
    struct error *error;
    struct level levels[DEPTH_LIMIT];
    int depth, documents;
    char path[KEY_SIZE];
};

static bool refuse(const struct walk *walk, const yaml_mark_t *mark, const char *message)
{
    return error_at(walk->error, ERROR_INPUT, walk->document->path, (int)mark->line + 1,
                    (int)mark->column + 1, "%s", message);
}

static void remember(const struct walk *walk, const yaml_mark_t *mark)
{
    struct document *document = walk->document;
    document->places = arena_grow(document->arena, document->places, document->place_count,
                                  &document->place_capacity, sizeof *document->places);
    document->places[document->place_count++] =
        (struct document_place){.key = arena_text(document->arena, walk->path),
                                .line = (int)mark->line + 1,
                                .column = (int)mark->column + 1};
}

static bool step_to_key(struct walk *walk, const yaml_event_t *event)
{
    struct level *level = &walk->levels[walk->depth - 1];
    const char *key = (const char *)event->data.scalar.value;
    int length = snprintf(walk->path + level->length, KEY_SIZE - level->length, "%s%s",
                          level->length > 0 ? "." : "", key);
    if (length < 0 || (size_t)length >= KEY_SIZE - level->length) {
        return refuse(walk, &event->start_mark, "the key is too long; shorten it");
    }
    remember(walk, &event->start_mark);
    level->at_key = false;
    return true;
}

/* Before a value: in a list it has a number, in a mapping its key was read before. */
static bool begin_value(struct walk *walk, const yaml_event_t *event)
{
    if (walk->depth == 0) {
        walk->path[0] = '\0';
        return true;
    }
    struct level *level = &walk->levels[walk->depth - 1];
    if (level->mapping && level->at_key) {
        return refuse(walk, &event->start_mark,
                      "a key that is no plain text; expected key: value");
    }
    if (!level->mapping) {
        snprintf(walk->path + level->length, KEY_SIZE - level->length, "[%lld]",
                 (long long)level->entries++);
        remember(walk, &event->start_mark);
    }
    level->at_key = true;
    return true;
}

static bool scalar(struct walk *walk, const yaml_event_t *event)
{
    bool key = walk->depth > 0 && walk->levels[walk->depth - 1].mapping &&
               walk->levels[walk->depth - 1].at_key;
    return key ? step_to_key(walk, event) : begin_value(walk, event);
}

static bool push(struct walk *walk, const yaml_event_t *event, bool mapping)
{
    if (!begin_value(walk, event)) {
        return false;
    }
    if (walk->depth == DEPTH_LIMIT) {
        return refuse(walk, &event->start_mark,
                      "nested more than 8 deep; expected the keys of workloads/README.md");
    }
    walk->levels[walk->depth++] =
        (struct level){.mapping = mapping, .at_key = true, .length = strlen(walk->path)};
    return true;
}

static bool begin_document(struct walk *walk, const yaml_event_t *event)
{
    if (walk->documents++ > 0) {
        return refuse(walk, &event->start_mark,
                      "a second document begins here, expected one; make it a file of its own");
    }
    return true;
}

static bool take(struct walk *walk, const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT) {
        return scalar(walk, event);
    }
    if (event->type == YAML_MAPPING_START_EVENT) {
        return push(walk, event, true);
    }
    if (event->type == YAML_SEQUENCE_START_EVENT) {
        return push(walk, event, false);
    }
    if (event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT) {
        walk->depth--;
    }
    if (event->type == YAML_ALIAS_EVENT) {
        return refuse(walk, &event->start_mark,
                      "an alias (*name) stands here, expected a value; write the value out");
    }
    return event->type != YAML_DOCUMENT_START_EVENT || begin_document(walk, event);
}

static bool syntax_error(const struct walk *walk, const yaml_parser_t *parser)
{
    bool marked = parser->error == YAML_SCANNER_ERROR || parser->error == YAML_PARSER_ERROR;
    const char *problem = parser->problem == NULL ? "unreadable" : parser->problem;
    return error_at(walk->error, ERROR_INPUT, walk->document->path,
                    marked ? (int)parser->problem_mark.line + 1 : 1,
                    marked ? (int)parser->problem_mark.column + 1 : 0,
                    "not valid YAML (%s); correct it at this place", problem);
}

static bool walk_events(struct walk *walk, yaml_parser_t *parser)
{
    bool more = true;
    while (more) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            return syntax_error(walk, parser);
        }
        more = event.type != YAML_STREAM_END_EVENT;
        bool taken = take(walk, &event);
        yaml_event_delete(&event);
        if (!taken) {
            return false;
        }
    }
    if (walk->documents == 0) {
        return error_at(walk->error, ERROR_INPUT, walk->document->path, 0, 0,
                        "the file is empty, expected the keys of workloads/README.md");
    }
    return true;
}

bool document_index(struct document *document, struct error *error)
{
    struct walk walk = {.document = document, .error = error};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        return error_fill(error, ERROR_SYSTEM, "libyaml cannot start; is there free memory?");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)document->text,
                                 document->size);
    bool walked = walk_events(&walk, &parser);
    yaml_parser_delete(&parser);
    return walked;
}
