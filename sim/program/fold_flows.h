/* SPDX-License-Identifier: Apache-2.0 */
/* Colour refinement on a planned job as it is: teams, groups, flows and wires, wherever they
 * lie. It knows no domains, no places and no plans, and takes jobs whose flows have weights
 * too: what is left of one that was folded by domains. MODEL.md, "Folding". */
#pragma once

#include "program/fold.h"
#include "program/fold_facets.h"

struct fold_flows {
    const struct job *job;
    enum fold_blindness blindness;
    uint64_t *team_colour, *group_colour, *wire_colour;
    struct fold_facets facets;
    uint64_t *facet_colour;  /* [facet] */
    unsigned char *deciding; /* [wire]: may decide a rate; fold_wires.h */
    int64_t rounds;
    bool given_up; /* before it was stable: all is told apart */
};

/* A flow, and whose it is: of a group, or of a team's messages. */
struct fold_flow {
    int32_t group;      /* -1: a message */
    int32_t team, peer; /* -1: of a group */
    int32_t spec;
    int64_t stage;
    const struct traffic_stage *of;
    const struct flow *flow;
};
typedef void fold_flows_visit(void *argument, const struct fold_flow *flow);

/* Visits all flows: group by group, then the messages, team by team. */
void fold_flows_each(const struct job *job, fold_flows_visit *visit, void *argument);

/* Those of one exchange or message; NULL: none. The owner is filled in by the caller. */
void fold_flows_of(const struct traffic *traffic, struct fold_flow owner,
                   fold_flows_visit *visit, void *argument);

uint64_t fold_flows_colour(const struct fold_flows *flows, const struct fold_flow *flow);

/* Refines until stable, or tells all teams, groups and wires apart when that takes too long. */
void fold_flows_refine(struct fold_flows *flows, const struct job *job,
                       enum fold_blindness blindness, struct arena *arena);
