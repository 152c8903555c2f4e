/* SPDX-License-Identifier: Apache-2.0 */
/* A YAML file that is read once, loaded by a libcyaml schema, and remembered with the line and
 * column of each key, so that every error names the key's own place. Aliases are refused. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cyaml/cyaml.h>

#include "base/arena.h"
#include "base/error.h"

/* "training.platforms[1].plan.dtype", or "training.platforms[1]" for an entry of a list. */
struct document_place {
    const char *key;
    int line, column;
};

struct document {
    const char *path, *text;
    size_t size;
    struct document_place *places; /* in the order of the file */
    int64_t place_count, place_capacity;
    struct arena *arena;
};

/* NULL and an error when the file cannot be read (SYSTEM), or is no single YAML document
 * without aliases and with plain keys, nested at most 8 deep (INPUT). */
struct document *document_read(const char *path, struct arena *arena, struct error *error);

/* Fills a struct by the schema (a pointer to a mapping of texts and mappings), strictly:
 * unknown, missing and repeated keys and wrong forms are INPUT errors. NULL on failure; else
 * given back with document_release. */
void *document_load(const struct document *document, const cyaml_schema_value_t *schema,
                    struct error *error);
void document_release(const cyaml_schema_value_t *schema, void *data);

/* The last place of a key; line 1 when the file has no such key. */
struct document_place document_place(const struct document *document, const char *key);

/* Fills error at the key's place with "'KEY' " and the message. Always false. */
bool document_error(const struct document *document, const char *key, struct error *error,
                    const char *message);
