/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions on the points of a sweep: comparisons of sums and products of keys, joined by
 * "and", "or", "not" and brackets. */
#pragma once

#include "study/sweep.h"

/* Whether a point satisfies the text. False with a filled error (INPUT, without place: what is
 * wrong with the text) when it cannot be understood. */
bool sweep_condition(const struct sweep *sweep, int64_t point, const char *text, bool *holds,
                     struct error *error);
