/* SPDX-License-Identifier: Apache-2.0 */
/* Recursive descent over the text: formulas are short and are valued some hundred times. */
#include "study/claim_formula.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 96, DEPTH_LIMIT = 32 };

struct parser {
    const char *text, *at;
    claim_formula_find *find;
    void *argument;
    int depth;
    struct error *error;
};

static bool sum(struct parser *parser, double *value);

static char peek(struct parser *parser)
{
    while (isspace((unsigned char)*parser->at)) {
        parser->at++;
    }
    return *parser->at;
}

static bool refuse(struct parser *parser, const char *expected)
{
    return error_fill(parser->error, ERROR_INPUT,
                      "the formula '%.80s' has '%.20s' where %s was expected", parser->text,
                      *parser->at == '\0' ? "its end" : parser->at, expected);
}

static bool take(struct parser *parser, char wanted)
{
    char text[] = {'\'', wanted, '\'', '\0'};
    if (peek(parser) != wanted) {
        return refuse(parser, text);
    }
    parser->at++;
    return true;
}

static bool call(struct parser *parser, const char *name, double *value)
{
    double first, second = 0;
    bool two = strcmp(name, "floor") != 0;
    if (!take(parser, '(') || !sum(parser, &first) ||
        (two && (!take(parser, ',') || !sum(parser, &second))) || !take(parser, ')')) {
        return false;
    }
    *value = !two                       ? floor(first)
             : strcmp(name, "min") == 0 ? fmin(first, second)
                                        : fmax(first, second);
    return true;
}

static bool named(struct parser *parser, double *value)
{
    char name[NAME_SIZE];
    size_t length = 0;
    while (isalnum((unsigned char)parser->at[length]) || parser->at[length] == '_' ||
           parser->at[length] == '.') {
        length++;
    }
    if (length >= NAME_SIZE) {
        return refuse(parser, "a shorter name");
    }
    memcpy(name, parser->at, length);
    name[length] = '\0';
    parser->at += length;
    if (peek(parser) == '(' &&
        (strcmp(name, "min") == 0 || strcmp(name, "max") == 0 || strcmp(name, "floor") == 0)) {
        return call(parser, name, value);
    }
    return parser->find(parser->argument, name, value, parser->error);
}

static bool factor(struct parser *parser, double *value)
{
    char next = peek(parser);
    if (next == '(') {
        parser->at++;
        return sum(parser, value) && take(parser, ')');
    }
    if (next == '-') {
        parser->at++;
        bool good = factor(parser, value);
        *value = -*value;
        return good;
    }
    if (isdigit((unsigned char)next)) {
        char *end;
        *value = strtod(parser->at, &end);
        parser->at = end;
        return true;
    }
    return isalpha((unsigned char)next) ? named(parser, value)
                                        : refuse(parser, "a number or a name");
}

static bool product(struct parser *parser, double *value)
{
    double right;
    *value = 0;
    if (!factor(parser, value)) {
        return false;
    }
    while (peek(parser) == '*' || peek(parser) == '/') {
        bool times = *parser->at++ == '*';
        if (!factor(parser, &right)) {
            return false;
        }
        *value = times ? *value * right : *value / right;
    }
    return true;
}

static bool sum(struct parser *parser, double *value)
{
    double right;
    if (++parser->depth > DEPTH_LIMIT) {
        return refuse(parser, "fewer brackets");
    }
    if (!product(parser, value)) {
        return false;
    }
    while (peek(parser) == '+' || peek(parser) == '-') {
        bool plus = *parser->at++ == '+';
        if (!product(parser, &right)) {
            return false;
        }
        *value += plus ? right : -right;
    }
    parser->depth--;
    return true;
}

bool claim_formula_value(const char *formula, claim_formula_find *find, void *argument,
                         double *value, struct error *error)
{
    struct parser parser = {formula, formula, find, argument, 0, error};
    if (!sum(&parser, value)) {
        return false;
    }
    return peek(&parser) == '\0' || refuse(&parser, "an operator or the end");
}
