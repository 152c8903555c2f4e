/* SPDX-License-Identifier: Apache-2.0 */
/* The quotient of a planned job by the colours of its teams, groups, flows and wires: one of
 * each is kept, whatever placement and plan. MODEL.md, "Folding". */
#pragma once

#include "program/fold_flows.h"

/* The quotient; team_class[old team]: the new team that stands for it. Exchanges are timed. */
struct job *fold_planned(const struct fold_flows *flows, int32_t *team_class,
                         struct arena *arena);
