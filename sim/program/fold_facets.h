/* SPDX-License-Identifier: Apache-2.0 */
/* Wires as what crosses them sees them: a wire that is had in turns by stages of exchanges
 * shows each stage a facet of its own, any other one facet to all. MODEL.md, "Folding". */
#pragma once

#include "program/job.h"

struct fold_facets {
    int64_t *first;  /* [wire + 1] into stages: the facets of a wire */
    int32_t *stages; /* the stage that sees it, ascending; -1: all */
    int64_t count;
};

/* Numbers the stages of all exchanges and messages of a planned job, and finds their facets. */
struct fold_facets fold_facets_find(const struct job *job, struct arena *arena);

/* The facet of a wire for a stage that crosses it. */
int64_t fold_facets_at(const struct fold_facets *facets, int32_t wire, int32_t stage);
