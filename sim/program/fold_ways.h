/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of the ways of a machine before anything is sent: which links lead out of a
 * domain, whether ways share links, which links are degraded. */
#pragma once

#include "program/fold.h"

/* Fills facing, mixed_nics, equal_nics, the latencies, which trunks bind, and the first colours
 * of domains and trunks with degraded links. */
void fold_ways_find(struct fold *fold);

/* A colour for a degraded link of a domain: of its place there and its share. */
uint64_t fold_ways_mark(const struct platform *platform, const struct link_defect *defect);
