/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations as ShareGPT's are published: one JSON list of objects with a list
 * "conversations" of turns, each with "from" and "value". Read as a stream, plain or gzip, in
 * fixed memory, however long a line or a turn is. As in vLLM's benchmark a pair is the first
 * two turns of a conversation. MODEL.md, "Serving: load" */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct sharegpt {
    const char *path;
    void *file; /* zlib's */
    unsigned char *buffer;
    int64_t start, end, line;
    int next;   /* the character to be looked at; -1: the end */
    bool begun; /* behind the list's bracket */
};

struct sharegpt_pair { /* characters, not bytes */
    int64_t prompt, answer;
};

/* Whether a file begins like one. */
bool sharegpt_is(const char *path);

/* False and a SYSTEM error when the file cannot be read. */
bool sharegpt_open(struct sharegpt *file, const char *path, struct arena *arena,
                   struct error *error);

/* The next pair; conversations without two turns that say something are passed over. False at
 * the end, or with an INPUT error that names the line. */
bool sharegpt_next(struct sharegpt *file, struct sharegpt_pair *pair, struct error *error);

/* Back to the first. */
void sharegpt_rewind(struct sharegpt *file);
void sharegpt_close(struct sharegpt *file);
