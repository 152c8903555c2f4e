/* SPDX-License-Identifier: Apache-2.0 */
/* The part between domains of an all-reduce over a double binary tree, every member of a domain
 * on its share of the buffer. MODEL.md, "Double tree". */
#pragma once

#include "collective/collective.h"

/* A new phase with the transfers between the domains, if there are several: 2 rounds for each
 * level of the tree, 2 in one domain. */
struct phase *domain_tree_phase(const struct collective *collective,
                                const struct collective_layout *layout,
                                struct schedule *schedule);
