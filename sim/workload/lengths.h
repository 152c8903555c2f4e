/* SPDX-License-Identifier: Apache-2.0 */
/* A distribution of lengths in tokens, as a workload file writes it: "1024" is a length,
 * "819..1024" a range in which all are equally likely, and "0:2 0.5:1020 1:14050" quantiles
 * with straight lines between them. MODEL.md, "Serving: load" */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct lengths {
    double *share, *value; /* [count], both rising */
    int64_t count;
};

/* False and an INPUT error ("is ..., expected ...", to be put behind the key's name). */
bool lengths_read(const char *text, struct lengths *lengths, struct arena *arena,
                  struct error *error);

/* The length at a share of the distribution, rounded, at least 1. share: 0 to 1. */
int32_t lengths_at(const struct lengths *lengths, double share);
double lengths_mean(const struct lengths *lengths);
