/* SPDX-License-Identifier: Apache-2.0 */
/* Orders for qsort() and bsearch(). */
#pragma once

#include <stdint.h>

/* Of int64_t, ascending. */
static inline int order_int64(const void *a, const void *b)
{
    const int64_t *first = a, *second = b;
    return (*first > *second) - (*first < *second);
}
