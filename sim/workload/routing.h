/* SPDX-License-Identifier: Apache-2.0 */
/* Which places a token of a mixture goes to. MODEL.md, "Experts". */
#pragma once

#include "workload/model.h"

/* Of so many places with equally many experts each, how many a token meets on average: its
 * experts are drawn evenly from the groups that it may choose from. */
double routing_places(const struct model *model, double places);
