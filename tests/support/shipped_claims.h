/* SPDX-License-Identifier: Apache-2.0 */
/* The claims that come with the program, for suites that judge them with something changed. */
#pragma once

#include "study/claim.h"

enum { SHIPPED_CLAIMS = 64 };

struct shipped { /* .arena is given, the rest is zero */
    struct claim *list[SHIPPED_CLAIMS];
    unsigned parts[SHIPPED_CLAIMS], runs[SHIPPED_CLAIMS]; /* as in the file */
    int64_t count;
    struct arena *arena;
};

/* pin may be NULL. */
struct claim_options shipped_options(struct claim_pin *pin, bool no_ranges);

/* Reads one more; the suite fails when that cannot be done. */
struct claim *shipped_take(struct shipped *all, const char *path);

/* Figures that are only shown decide nothing: they and their runs are left out. What is taken
 * out goes to the end, behind the count, and comes back before the text is released. */
void shipped_trim(struct claim_text *text);

void shipped_judge(struct shipped *all, const struct claim_options *options);
void shipped_release(struct shipped *all);
