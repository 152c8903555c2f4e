/* SPDX-License-Identifier: Apache-2.0 */
/* A mixture's kernels as tables time them: on the place that has most to do. MODEL.md, "Kernel
 * tables". */
#pragma once

#include "study/kernel_works.h"

struct kernel_mixture {
    const char *law; /* "balanced" or "power_law_1.2": tokens by expert */
    double tokens, hidden, width;
    double chosen, experts, places; /* of a token; in all; that share the experts */
};

enum { MIXTURE_MOST_EXPERTS = 4096 };

/* Rows of the experts of the place with most of them, as groups of matrices; their number. Of
 * an expert that gets x rows on average the count is the chance that it gets any. */
int64_t kernel_mixture_groups(const struct kernel_mixture *mixture,
                              struct row_group groups[MIXTURE_MOST_EXPERTS]);

/* NAN when a size is missing or there are more experts than MIXTURE_MOST_EXPERTS. */
double kernel_mixture_s(const struct chip *chip, const struct kernel_mixture *mixture,
                        const struct number_format *format, const struct engine_call *call);
