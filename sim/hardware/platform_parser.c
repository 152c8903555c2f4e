/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers between expat and the rules. Expat drops what it has parsed; the text itself stays
 * in the document, where places in it can be looked up. */
#include "hardware/platform_parser.h"

#include <expat.h>
#include <string.h>

enum { PIECE_BYTES = 32 * 1024 };

#define PARSER_ERROR(parser, ...)                                                              \
    platform_document_error((parser)->document, platform_parser_place(parser),                 \
                            (parser)->error, __VA_ARGS__)

int64_t platform_parser_place(const struct platform_parser *parser)
{
    return XML_GetCurrentByteIndex(parser->expat);
}

int platform_parser_line(const struct platform_parser *parser)
{
    return (int)XML_GetCurrentLineNumber(parser->expat);
}

/* Ends parsing; the error is filled already. */
static void stop(struct platform_parser *parser)
{
    XML_StopParser(parser->expat, XML_FALSE);
}

static bool known_entity(const char *text, size_t size)
{
    static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t length = strlen(names[i]);
        if (length <= size && memcmp(text, names[i], length) == 0) {
            return true;
        }
    }
    return false;
}

/* With a DOCTYPE, expat drops an unknown entity inside an attribute without a word, since the
 * DTD that it may not fetch could define it. So the tag itself is looked at. */
static bool check_entities(struct platform_parser *parser)
{
    int64_t place = platform_parser_place(parser);
    const char *tag = parser->document->text + place;
    const char *end = tag + XML_GetCurrentByteCount(parser->expat);
    for (const char *at = tag; (at = memchr(at, '&', (size_t)(end - at))) != NULL; at++) {
        if (!known_entity(at, (size_t)(end - at))) {
            int length = (int)strcspn(at, ";\"'<> \t\r\n");
            return PARSER_ERROR(parser,
                                "unknown entity '%.*s;', expected &amp;, &lt;, &gt;, &quot; "
                                "or &apos;; write the text itself",
                                length < 20 ? length : 20, at);
        }
    }
    return true;
}

static const struct parser_rule *find_rule(const struct platform_parser *parser,
                                           const char *element, const char *parent)
{
    for (int i = 0; i < parser->rule_count; i++) {
        const struct parser_rule *rule = &parser->rules[i];
        if (*rule->element == *element && strcmp(rule->element, element) == 0 &&
            (parent == NULL || strcmp(rule->parent, parent) == 0)) {
            return rule;
        }
    }
    return NULL;
}

static bool misplaced(struct platform_parser *parser, const char *element, const char *parent)
{
    const struct parser_rule *elsewhere = find_rule(parser, element, NULL);
    if (elsewhere == NULL) {
        return PARSER_ERROR(parser,
                            "element <%.40s> is not part of the schema, expected platform, "
                            "zone, prop, host, router, link, route or link_ctn; see "
                            "platforms/README.md",
                            element);
    }
    if (*elsewhere->parent == '\0') {
        return PARSER_ERROR(parser, "<%.40s> inside <%.40s>, expected around it", element,
                            parent);
    }
    return PARSER_ERROR(parser, "<%.40s> %s%.40s%s, expected inside <%s>", element,
                        *parent == '\0' ? "as the first element" : "inside <", parent,
                        *parent == '\0' ? "" : ">", elsewhere->parent);
}

static int attribute_number(const struct parser_rule *rule, const char *name)
{
    for (int i = 0; i < PARSER_ATTRIBUTES && rule->attributes[i] != NULL; i++) {
        if (strcmp(rule->attributes[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static bool gather(struct platform_parser *parser, const struct parser_rule *rule,
                   const char **given, const char **values)
{
    for (; *given != NULL; given += 2) {
        int number = attribute_number(rule, given[0]);
        if (number < 0) {
            return PARSER_ERROR(parser,
                                "attribute '%.40s' of <%s> is not part of the schema; leave "
                                "it out",
                                given[0], rule->element);
        }
        values[number] = given[1];
    }
    for (int i = 0; i < rule->required; i++) {
        if (values[i] == NULL) {
            return PARSER_ERROR(parser, "<%s> has no attribute '%s'; add it", rule->element,
                                rule->attributes[i]);
        }
    }
    return true;
}

static bool begin(struct platform_parser *parser, const char *element, const char **given)
{
    const char *values[PARSER_ATTRIBUTES] = {NULL};
    const char *parent = parser->depth == 0 ? "" : parser->open[parser->depth - 1];
    const struct parser_rule *rule = find_rule(parser, element, parent);
    if (rule == NULL || parser->depth == PARSER_DEPTH) {
        return misplaced(parser, element, parent);
    }
    parser->open[parser->depth++] = rule->element;
    return check_entities(parser) && gather(parser, rule, given, values) &&
           rule->start(parser->context, values);
}

static void on_start(void *context, const char *element, const char **given)
{
    if (!begin(context, element, given)) {
        stop(context);
    }
}

static void on_end(void *context, const char *element)
{
    (void)element;
    struct platform_parser *parser = context;
    parser->depth--;
}

static void on_text(void *context, const char *text, int size)
{
    struct platform_parser *parser = context;
    for (int i = 0; i < size; i++) {
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r' && text[i] != '\n') {
            PARSER_ERROR(parser, "text between elements; put it into a comment <!-- -->");
            stop(parser);
            return;
        }
    }
}

static void on_skipped_entity(void *context, const char *name, int is_parameter)
{
    (void)is_parameter;
    struct platform_parser *parser = context;
    PARSER_ERROR(parser, "unknown entity '%.40s' between elements; leave it out", name);
    stop(parser);
}

/* Declarations inside the file could define entities that grow without bound when used. */
static void on_doctype(void *context, const char *name, const char *system, const char *public,
                       int has_declarations)
{
    (void)name, (void)system, (void)public;
    struct platform_parser *parser = context;
    if (has_declarations) {
        PARSER_ERROR(parser, "DOCTYPE with declarations of its own, such as entities; expected "
                             "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">");
        stop(parser);
    }
}

/* Expat copies what it gets; in pieces the copy stays in the cache. */
static bool feed(XML_Parser expat, const char *text, size_t size)
{
    for (; size > PIECE_BYTES; text += PIECE_BYTES, size -= PIECE_BYTES) {
        if (XML_Parse(expat, text, PIECE_BYTES, XML_FALSE) != XML_STATUS_OK) {
            return false;
        }
    }
    return XML_Parse(expat, text, (int)size, XML_TRUE) == XML_STATUS_OK;
}

bool platform_parser_run(struct platform_parser *parser)
{
    const struct platform_document *document = parser->document;
    XML_Parser expat = XML_ParserCreate("UTF-8");
    if (expat == NULL) {
        return error_fill(parser->error, ERROR_SYSTEM, "expat could not be started: no memory");
    }
    parser->expat = expat;
    XML_SetUserData(expat, parser);
    XML_SetElementHandler(expat, on_start, on_end);
    XML_SetCharacterDataHandler(expat, on_text);
    XML_SetSkippedEntityHandler(expat, on_skipped_entity);
    XML_SetStartDoctypeDeclHandler(expat, on_doctype);
    XML_SetParamEntityParsing(expat, XML_PARAM_ENTITY_PARSING_NEVER);
    bool done = feed(expat, document->text, document->text_size);
    if (!done) { /* kept when a handler has filled it: the first cause is the one that is told
                  */
        PARSER_ERROR(parser, "is not well-formed XML: %s; mend it here or just before",
                     XML_ErrorString(XML_GetErrorCode(expat)));
    }
    XML_ParserFree(expat);
    return done;
}
