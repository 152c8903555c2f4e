/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files into memory, with one clear message when that is not possible. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/* The bytes of a regular file, with a 0 after the last; *size without it. NULL and a SYSTEM
 * error when it cannot be read, is no regular file, or is larger than limit_bytes. */
char *file_read(const char *path, size_t limit_bytes, size_t *size, struct arena *arena,
                struct error *error);
