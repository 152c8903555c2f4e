/* SPDX-License-Identifier: Apache-2.0 */
/* Folding as runs use it: first whole domains that do the same, which takes a regular million
 * of chips to one domain in no time; then teams, groups, flows and links wherever they lie.
 * Both are exact, so that the second may follow the first or stand alone. MODEL.md, "Folding".
 */
#pragma once

#include "program/fold.h"

struct fold_report {
    int64_t domain_classes, team_classes, chip_classes; /* chips of the teams that are run */
    int64_t flow_classes, link_classes;
    int64_t rounds;      /* of refinement */
    bool domains_differ; /* no classes of domains were of use */
    bool flows_differ;   /* classes of teams and flows were given up: all are told apart */
    int64_t transfers;   /* that a run of the quotient makes between teams */
    int32_t *team_class; /* [team of the whole job]: the team that stands for it */
};

/* The quotient of a job that is not planned yet, planned. NULL and an error when an exchange
 * cannot be planned; INFEASIBLE when domains differ and flows are too many to be run one by
 * one.
 */
struct job *fold_job(struct job *job, enum fold_blindness blindness, struct fold_report *report,
                     struct error *error);
