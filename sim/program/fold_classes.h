/* SPDX-License-Identifier: Apache-2.0 */
/* Members of equal colour. */
#pragma once

#include "base/arena.h"

struct fold_classes {
    int64_t *first; /* [member]: the first of its colour */
    int64_t *size;  /* [member]: how many have its colour */
    int64_t count;  /* of classes */
};

struct fold_classes fold_classes_of(const uint64_t *colours, int64_t count,
                                    struct arena *arena);

/* How many different ones there are; scratch: [count]. */
int64_t fold_classes_count(const uint64_t *colours, int64_t count, uint64_t *scratch);
