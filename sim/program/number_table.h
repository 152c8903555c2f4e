/* SPDX-License-Identifier: Apache-2.0 */
/* From 64-bit keys to small numbers: open addressing on the arena. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

struct number_table { /* all 0: empty */
    uint64_t *keys;
    int32_t *numbers;
    int64_t size, count;
};

/* The place of a key's number; *fresh tells that the key is new and its number 0. The place is
 * good until the next call. */
int32_t *number_table_at(struct number_table *table, uint64_t key, bool *fresh,
                         struct arena *arena);
