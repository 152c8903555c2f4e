/* SPDX-License-Identifier: Apache-2.0 */
/* A comparison in plain words, and as JSON. */
#pragma once

#include <jansson.h>

#include "cli/comparison.h"

/* The table of ratios, the answer in sentences, and why. */
void comparison_print(const struct compared *result, const struct compared *baseline,
                      struct arena *arena);

/* {"path", the summary's columns, "ratios": {...}, "breakdown": [...]}; the caller owns it. */
json_t *comparison_json(const struct compared *result, const struct compared *baseline,
                        struct arena *arena);
