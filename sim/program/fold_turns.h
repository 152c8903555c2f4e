/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges whose ways between domains nobody else moves on while one of their phases does:
 * such a phase sees ways as it marks them itself. Otherwise the phases of one exchange, and
 * exchanges of one chip that never meet, would mark each other round all rings. MODEL.md,
 * "Folding". */
#pragma once

#include "program/fold_edges.h"

/* The ways of all domains as one phase of one exchange sees them. */
struct fold_turn {
    uint64_t *out, *in;         /* [domain] */
    uint64_t *out_sum, *in_sum; /* of the round under way */
};

/* Finds such exchanges; once the colours of groups tell which leave their domain. */
void fold_turns_find(struct fold *fold);

/* The turn of an edge; NULL when others may move beside it. */
struct fold_turn *fold_turns_at(struct fold *fold, const struct fold_edge *edge);

/* The colour of the ways that an edge takes out of its domain, or into the other. */
uint64_t fold_turns_way(struct fold *fold, const struct fold_edge *edge, bool out);
