/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by libmd. Its context is held as bytes in the header, so that nobody else needs
 * libmd's header. */
#include "base/digest.h"

#include <sys/types.h>

#include <sha2.h>

_Static_assert(sizeof(SHA2_CTX) <= sizeof(struct digest),
               "the digest has room for libmd's state");
_Static_assert(_Alignof(SHA2_CTX) <= _Alignof(struct digest), "and is aligned for it");
_Static_assert(DIGEST_TEXT_SIZE == SHA256_DIGEST_STRING_LENGTH, "64 digits and a 0");

static SHA2_CTX *context(struct digest *digest)
{
    return (SHA2_CTX *)(void *)digest->state;
}

void digest_init(struct digest *digest)
{
    SHA256Init(context(digest));
}

void digest_add(struct digest *digest, const void *bytes, size_t size)
{
    SHA256Update(context(digest), bytes, size);
}

void digest_end(struct digest *digest, char text[DIGEST_TEXT_SIZE])
{
    SHA256End(context(digest), text);
}

void digest_of(const void *bytes, size_t size, char text[DIGEST_TEXT_SIZE])
{
    struct digest digest;
    digest_init(&digest);
    digest_add(&digest, bytes, size);
    digest_end(&digest, text);
}
