/* SPDX-License-Identifier: Apache-2.0 */
#include "program/fold_classes.h"

#include <stdlib.h>

#include "program/number_table.h"

struct fold_classes fold_classes_of(const uint64_t *colours, int64_t count, struct arena *arena)
{
    struct fold_classes classes = {arena_array(arena, count + 1, sizeof(int64_t)),
                                   arena_array(arena, count + 1, sizeof(int64_t)), 0};
    struct number_table seen = {0};
    for (int64_t i = 0; i < count; i++) {
        if (i > 0 && colours[i] == colours[i - 1]) {
            classes.first[i] = classes.first[i - 1];
            classes.size[classes.first[i]]++;
            continue;
        }
        bool fresh;
        int32_t *first = number_table_at(&seen, colours[i], &fresh, arena);
        if (fresh) {
            *first = (int32_t)i;
            classes.count++;
        }
        classes.first[i] = *first;
        classes.size[*first]++;
    }
    for (int64_t i = 0; i < count; i++) {
        classes.size[i] = classes.size[classes.first[i]];
    }
    return classes;
}

static int compare_colours(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

int64_t fold_classes_count(const uint64_t *colours, int64_t count, uint64_t *scratch)
{
    bool equal = true;
    for (int64_t i = 1; i < count && equal; i++) {
        equal = colours[i] == colours[0];
    }
    if (equal) {
        return count > 0;
    }
    int64_t kept = 0, found = 0;
    for (int64_t i = 0; i < count; i++) { /* most are like the one before */
        if (kept == 0 || colours[i] != scratch[kept - 1]) {
            scratch[kept++] = colours[i];
        }
    }
    qsort(scratch, (size_t)kept, sizeof *scratch, compare_colours);
    for (int64_t i = 0; i < kept; i++) {
        found += i == 0 || scratch[i] != scratch[i - 1];
    }
    return found;
}
