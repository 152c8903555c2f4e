/* SPDX-License-Identifier: Apache-2.0 */
/* The small job that runs like the large one: one team of each colour, one flow of each, links
 * that carry weights. MODEL.md, "Folding". */
#pragma once

#include "program/fold.h"

struct fold_report {
    int64_t domain_classes, team_classes, chip_classes; /* chips of the teams that are run */
    int64_t flow_classes, link_classes;                 /* between domains */
    int64_t rounds;                                     /* of refinement */
};

/* The quotient of a job that is not planned yet, planned. NULL and an error when an exchange
 * cannot be planned. */
struct job *fold_quotient(struct job *job, struct fold_report *report, struct error *error);

/* The same by colours already refined. */
struct job *fold_quotient_of(struct fold *fold, struct fold_report *report,
                             struct error *error);
