/* SPDX-License-Identifier: Apache-2.0 */
/* The teams and groups of a quotient: of every class the first is kept, and takes the places of
 * the others. */
#pragma once

#include "program/fold_classes.h"
#include "program/job.h"

struct fold_kept {
    const struct job *full;
    struct job *job; /* the quotient */
    struct arena *arena;
    struct fold_classes teams, groups;
    int32_t *new_team, *new_group; /* by full index, of kept ones */
    int32_t *member_of;            /* [kept team]: the group + 1 that it was last put into */
};

/* Makes the quotient with its teams, once their classes are known. */
void fold_kept_teams(struct fold_kept *kept, const struct job *full, struct arena *arena);

/* Adds the groups that keep(argument, group) says, once theirs are; a class's first is among
 * them. */
typedef bool fold_kept_keep(const void *argument, int64_t group);
void fold_kept_groups(struct fold_kept *kept, fold_kept_keep *keep, const void *argument);

/* The kept team that stands for one of the full job; -1 for none. */
int32_t fold_kept_team(const struct fold_kept *kept, int32_t team);
