/* SPDX-License-Identifier: Apache-2.0 */
/* A key of 0 marks a free slot; keys are stored one higher. */
#include "program/number_table.h"

static int64_t slot_of(const struct number_table *table, uint64_t stored)
{
    uint64_t slot = stored * 0x9E3779B97F4A7C15u;
    slot = (slot ^ (slot >> 29)) & (uint64_t)(table->size - 1);
    while (table->keys[slot] != 0 && table->keys[slot] != stored) {
        slot = (slot + 1) & (uint64_t)(table->size - 1);
    }
    return (int64_t)slot;
}

static void widen(struct number_table *table, struct arena *arena)
{
    struct number_table old = *table;
    table->size = old.size == 0 ? 64 : old.size * 2;
    table->keys = arena_array(arena, table->size, sizeof(uint64_t));
    table->numbers = arena_array(arena, table->size, sizeof(int32_t));
    for (int64_t i = 0; i < old.size; i++) {
        if (old.keys[i] != 0) {
            int64_t slot = slot_of(table, old.keys[i]);
            table->keys[slot] = old.keys[i];
            table->numbers[slot] = old.numbers[i];
        }
    }
}

int32_t *number_table_at(struct number_table *table, uint64_t key, bool *fresh,
                         struct arena *arena)
{
    if (table->count * 2 >= table->size) {
        widen(table, arena);
    }
    uint64_t stored = key == UINT64_MAX ? key : key + 1;
    int64_t slot = slot_of(table, stored);
    *fresh = table->keys[slot] == 0;
    if (*fresh) {
        table->keys[slot] = stored;
        table->count++;
    }
    return &table->numbers[slot];
}
