/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim validate --plans: measured training rows against the plans that the search finds. */
#pragma once

#include "record/table.h"
#include "study/measured.h"

/* Searches each training row's machine in turn and prints a line of it if asked to. The table
 * has one row for each; rows that cannot be compared say why. NULL when interrupted. */
struct table *validate_plans(struct machines *machines, const struct measured *measured,
                             int jobs, bool print, struct arena *arena, struct error *error);
