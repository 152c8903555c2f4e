/* SPDX-License-Identifier: Apache-2.0 */
/* Who sends to whom in a job that is being folded. */
#pragma once

#include "program/fold.h"

/* Several chips that send to as many others, all alike. */
struct fold_edge {
    int64_t from_domain, to_domain;
    uint64_t from_places, to_places; /* patterns of the chips' places */
    uint64_t label;                  /* what is sent, by whom: equal for equal flows */
    int32_t group, team;             /* whose: team is -1 for groups */
    int32_t spec;
    int64_t phase, from, to; /* transfer of the schedule: positions; messages: teams */
    int64_t chip;            /* of a team's message; -1: all its chips in parallel */
    const int64_t *from_chips, *to_chips;
    int64_t chip_count;
    bool plain;   /* all on the first ways of their domains */
    double bytes; /* a round */
};

/* What a visitor wants next: nothing more at all, nothing more of this phase, all. */
enum fold_wish { FOLD_STOP, FOLD_SKIP_PHASE, FOLD_GO_ON };
typedef enum fold_wish fold_edges_visit(struct fold *fold, const struct fold_edge *edge,
                                        void *argument);

/* Visits what a group (or a team's messages) sends between different domains. False when the
 * visitor wanted to stop or an exchange could not be planned. */
bool fold_edges_group(struct fold *fold, int32_t group, fold_edges_visit *visit, void *argument,
                      struct error *error);
bool fold_edges_messages(struct fold *fold, int32_t team, fold_edges_visit *visit,
                         void *argument);

/* Equal for edges that are equal in every respect. */
uint64_t fold_edges_colour(struct fold *fold, const struct fold_edge *edge);

/* Whether an edge passes a trunk of a tier that may decide its rate, up from its domain's group
 * or down to the other's: with rails it may, within one group as well. */
bool fold_edges_pass_up(const struct fold *fold, const struct fold_edge *edge, int64_t tier);
bool fold_edges_pass_down(const struct fold *fold, const struct fold_edge *edge, int64_t tier);

/* The longest latency of the ways of an edge's chips. */
double fold_edges_latency_s(const struct fold *fold, const struct fold_edge *edge);

/* No way between domains has a longer one; INFINITY when that is not known beforehand. */
double fold_edges_latency_most_s(const struct fold *fold);
