/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of claim files: numbers, names, + - * / ( ), min, max and floor. Names may
 * have dots. MODEL.md, "Claims". */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Gives the value of a name; false and an error without place when there is none. */
typedef bool claim_formula_find(void *argument, const char *name, double *value,
                                struct error *error);

/* False and an INPUT error without place: what was found in the formula, what was expected. */
bool claim_formula_value(const char *formula, claim_formula_find *find, void *argument,
                         double *value, struct error *error);
