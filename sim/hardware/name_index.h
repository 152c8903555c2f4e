/* SPDX-License-Identifier: Apache-2.0 */
/* From a name to its number in a list, at once, however long the list. Names are kept by
 * pointer: they must live as long as the index. Starts as {NULL}; lives in the arena. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct name_index {
    struct name_entry *entries;
};

/* False when the name is there already. */
bool name_index_add(struct name_index *index, const char *name, int64_t number,
                    struct arena *arena);

/* -1 when the name is not there. */
int64_t name_index_find(const struct name_index *index, const char *name);
