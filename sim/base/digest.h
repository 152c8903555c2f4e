/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of inputs and results, as 64 hexadecimal digits (libmd). */
#pragma once

#include <stddef.h>

enum { DIGEST_TEXT_SIZE = 65 };

struct digest {
    _Alignas(8) unsigned char state[256]; /* room for libmd's SHA2_CTX */
};

void digest_init(struct digest *digest);
void digest_add(struct digest *digest, const void *bytes, size_t size);
void digest_end(struct digest *digest, char text[DIGEST_TEXT_SIZE]);

/* The digest of one block of bytes. */
void digest_of(const void *bytes, size_t size, char text[DIGEST_TEXT_SIZE]);
