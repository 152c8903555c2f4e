/* SPDX-License-Identifier: Apache-2.0 */
/* An all-to-all of a large group by classes of distance: each chip sends to every other one in
 * its domain, and for each tier of the scale-out network one flow stands for all chips that it
 * meets there. Links carry what they would with a flow for each pair. MODEL.md, "Direct". */
#pragma once

#include "collective/collective.h"

/* Flows of such a schedule; 0 when the group's domains are not in the network's order. */
int64_t distance_flows(const struct collective *collective);

void distance_plan(const struct collective *collective, struct schedule *schedule);
