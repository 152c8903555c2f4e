/* SPDX-License-Identifier: Apache-2.0 */
/* The small job that runs like the large one: one team of each colour, one flow of each, links
 * that carry weights. MODEL.md, "Folding". */
#pragma once

#include "program/fold.h"

/* The quotient of a job that is not planned yet by the colours of its domains, planned but not
 * timed; team_class[full team]: the team that stands for it. NULL and an error when an exchange
 * cannot be planned; NULL without one, and *even false, when the flows of a class are not
 * spread evenly over a class of links: the colours then say too little. */
struct job *fold_quotient(struct fold *fold, int32_t *team_class, bool *even,
                          struct error *error);
