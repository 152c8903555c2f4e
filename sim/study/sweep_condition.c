/* SPDX-License-Identifier: Apache-2.0 */
/* A parser by descent that evaluates as it reads. Quantities are numbers with a unit; texts
 * stand in quotes and can be compared by == and != only. */
#include "study/sweep_condition.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

enum { WORD_SIZE = 128, DEPTH_LIMIT = 32 };

struct value {
    const char *text; /* NULL: a number */
    double number;
};

struct parser {
    const struct sweep *sweep;
    int64_t point;
    const char *at;
    int depth;
    struct error *error;
    char word[2][WORD_SIZE];
    int words;
};

static bool expression(struct parser *parser, struct value *value);

static bool refuse(struct parser *parser, const char *expected)
{
    return error_fill(parser->error, ERROR_INPUT, "cannot be read at '%.40s': expected %s",
                      parser->at, expected);
}

static void skip(struct parser *parser)
{
    while (isspace((unsigned char)*parser->at)) {
        parser->at++;
    }
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* Takes a sign or a word when it comes next. */
static bool take(struct parser *parser, const char *text)
{
    size_t length = strlen(text);
    skip(parser);
    if (strncmp(parser->at, text, length) != 0 ||
        (is_name(text[0]) && is_name(parser->at[length]))) {
        return false;
    }
    parser->at += length;
    return true;
}

/* A text as a number: bare, or a size, time, rate or price with its unit. */
static struct value value_of(const char *text)
{
    static const enum unit units[] = {UNIT_BYTES, UNIT_SECONDS, UNIT_BYTES_PER_S,
                                      UNIT_FLOPS_PER_S, UNIT_WATTS};
    struct value value = {.text = NULL};
    const char *suffix;
    if (sweep_number(text, &value.number, &suffix) && suffix[0] == '\0') {
        return value;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct error ignored = {.kind = ERROR_NONE};
        if (units_read(text, units[i], &value.number, &ignored)) {
            return value;
        }
    }
    return (struct value){text, 0};
}

static bool name(struct parser *parser, const char *word, struct value *value)
{
    const struct sweep *sweep = parser->sweep;
    for (int k = 0; k < sweep->key_count; k++) {
        if (strcmp(sweep->keys[k].name, word) == 0 ||
            strcmp(sweep->keys[k].column, word) == 0) {
            *value = value_of(sweep_value(sweep, parser->point, k));
            return true;
        }
    }
    return error_fill(parser->error, ERROR_INPUT,
                      "names '%s', which the sweep does not set; add it to set or to an axis",
                      word);
}

static bool word(struct parser *parser, struct value *value)
{
    char *text = parser->word[parser->words++ % 2];
    size_t length = 0;
    bool letter = isalpha((unsigned char)*parser->at);
    while (is_name(*parser->at) && length + 1 < WORD_SIZE) {
        text[length++] = *parser->at++;
    }
    text[length] = '\0';
    if (length == 0) {
        return refuse(parser, "a key, a number, a 'text' or a bracket");
    }
    if (letter) {
        return name(parser, text, value);
    }
    *value = value_of(text);
    return value->text == NULL || refuse(parser, "a number with a known unit before this");
}

static bool quoted(struct parser *parser, struct value *value)
{
    char *text = parser->word[parser->words++ % 2];
    char quote = *parser->at++;
    size_t length = strcspn(parser->at, quote == '"' ? "\"" : "'");
    if (parser->at[length] == '\0' || length >= WORD_SIZE) {
        return refuse(parser, "a text that ends with its quote");
    }
    snprintf(text, WORD_SIZE, "%.*s", (int)length, parser->at);
    parser->at += length + 1;
    *value = (struct value){text, 0};
    return true;
}

static bool primary(struct parser *parser, struct value *value)
{
    if (take(parser, "(")) {
        return expression(parser, value) && (take(parser, ")") || refuse(parser, "')'"));
    }
    if (take(parser, "-")) {
        bool read = primary(parser, value);
        value->number = -value->number;
        return read;
    }
    skip(parser);
    return *parser->at == '\'' || *parser->at == '"' ? quoted(parser, value)
                                                     : word(parser, value);
}

static bool numbers(struct parser *parser, const struct value *a, const struct value *b)
{
    return (a->text == NULL && b->text == NULL) ||
           refuse(parser, "numbers on both sides of the sign before this");
}

static bool product(struct parser *parser, struct value *value)
{
    static const char *const signs[] = {"*", "/", "%"};
    struct value other;
    bool read = primary(parser, value);
    for (int s = 0; read && s < 3; s++) {
        if (!take(parser, signs[s])) {
            continue;
        }
        read = primary(parser, &other) && numbers(parser, value, &other);
        value->number = s == 0   ? value->number * other.number
                        : s == 1 ? value->number / other.number
                                 : fmod(value->number, other.number);
        s = -1;
    }
    return read;
}

static bool sum(struct parser *parser, struct value *value)
{
    bool read = product(parser, value);
    while (read) {
        struct value other;
        double sign = take(parser, "+") ? 1 : take(parser, "-") ? -1 : 0;
        if (sign == 0) {
            break;
        }
        read = product(parser, &other) && numbers(parser, value, &other);
        value->number += sign * other.number;
    }
    return read;
}

static bool compare(int sign, double difference)
{
    switch (sign) {
    case 0:
        return difference <= 0;
    case 1:
        return difference >= 0;
    case 2:
        return difference == 0;
    case 3:
        return difference != 0;
    case 4:
        return difference < 0;
    default:
        return difference > 0;
    }
}

/* The comparison sign that comes next, or -1. */
static int sign(struct parser *parser)
{
    static const char *const signs[] = {"<=", ">=", "==", "!=", "<", ">"};
    for (int s = 0; s < (int)(sizeof signs / sizeof signs[0]); s++) {
        if (take(parser, signs[s])) {
            return s;
        }
    }
    return -1;
}

static bool comparison(struct parser *parser, struct value *value)
{
    struct value other;
    if (take(parser, "not")) {
        bool read = comparison(parser, value);
        *value = (struct value){NULL, value->number == 0};
        return read;
    }
    if (!sum(parser, value)) {
        return false;
    }
    int found = sign(parser);
    if (found < 0) {
        return value->text == NULL || refuse(parser, "== or != after a text");
    }
    if (!sum(parser, &other)) {
        return false;
    }
    bool texts = value->text != NULL && other.text != NULL && (found == 2 || found == 3);
    if (!texts && !numbers(parser, value, &other)) {
        return false;
    }
    double difference = texts ? strcmp(value->text, other.text) : value->number - other.number;
    *value = (struct value){NULL, compare(found, difference)};
    return true;
}

static bool all(struct parser *parser, struct value *value)
{
    bool read = comparison(parser, value);
    while (read && take(parser, "and")) {
        struct value other;
        read = comparison(parser, &other);
        value->number = value->number != 0 && other.number != 0;
    }
    return read;
}

static bool expression(struct parser *parser, struct value *value)
{
    if (++parser->depth > DEPTH_LIMIT) {
        return refuse(parser, "fewer brackets");
    }
    bool read = all(parser, value);
    while (read && take(parser, "or")) {
        struct value other;
        read = all(parser, &other);
        value->number = value->number != 0 || other.number != 0;
    }
    parser->depth--;
    return read;
}

bool sweep_condition(const struct sweep *sweep, int64_t point, const char *text, bool *holds,
                     struct error *error)
{
    struct parser parser = {.sweep = sweep, .point = point, .at = text, .error = error};
    struct value value;
    if (!expression(&parser, &value)) {
        return false;
    }
    skip(&parser);
    *holds = value.number != 0;
    return *parser.at == '\0' || refuse(&parser, "the end");
}
