/* SPDX-License-Identifier: Apache-2.0 */
/* A port is what chips of a domain share on their ways to the fabric and from it. Ports whose
 * chips exchange with chips on a degraded one are ways of their own, so that what these meet
 * marks nobody else; all others of a domain together are its first way. MODEL.md, "Folding". */
#pragma once

#include "program/fold_edges.h"

/* Finds ports and ways, and which groups lead over the first ways alone; once it is known which
 * links lead out of a domain and which groups leave theirs. */
void fold_ports_find(struct fold *fold);

/* The place of the way of a chip's place, or of a link, among the colours of ways. */
int64_t fold_ports_way(const struct fold *fold, int64_t domain, int64_t place);

/* The colour of the ways that an edge's chips take out of their domain, or into the other. */
uint64_t fold_ports_colour(const struct fold *fold, const struct fold_edge *edge, bool out);

/* Adds to the sums of these ways. */
void fold_ports_add(const struct fold *fold, const struct fold_edge *edge, bool out,
                    uint64_t *sums, uint64_t colour);

/* Gives each domain colours of its own for those ways beside the first that differ between
 * domains. */
void fold_ports_spread(struct fold *fold);
