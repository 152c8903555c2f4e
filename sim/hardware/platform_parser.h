/* SPDX-License-Identifier: Apache-2.0 */
/* Expat made strict: only elements and attributes of a table of rules, no text between them, no
 * declarations that could define entities, nothing fetched from elsewhere. */
#pragma once

#include "hardware/platform_document.h"

enum { PARSER_ATTRIBUTES = 4, PARSER_DEPTH = 8 };

/* What may stand inside parent (the root's is ""). start gets the attributes' values in the
 * order of the rule, NULL for those left out; they live until it returns. */
struct parser_rule {
    const char *element, *parent;
    const char *attributes[PARSER_ATTRIBUTES];
    int required;
    bool (*start)(void *context, const char **values);
};

struct platform_parser {
    const struct parser_rule *rules;
    int rule_count;
    const struct platform_document *document;
    void *context;
    struct error *error;
    void *expat;
    const char *open[PARSER_DEPTH]; /* elements from the root down */
    int depth;
};

/* Parses the document's text. False and an INPUT error, from here or from a rule. */
bool platform_parser_run(struct platform_parser *parser);

/* Where the element is that a rule was called for: bytes from the start, and its line. */
int64_t platform_parser_place(const struct platform_parser *parser);
int platform_parser_line(const struct platform_parser *parser);
