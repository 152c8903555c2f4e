/* SPDX-License-Identifier: Apache-2.0 */
/* Which exchanges of a team are never in motion at one time, as its program waits for one
 * before it begins the other. An exchange moves only while all its members are between their
 * start and their wait: one member that has it and another in turn keeps the two apart
 * everywhere. */
#pragma once

#include "program/job.h"

struct fold_serial {
    unsigned char (*beside)[SLOT_COUNT]; /* [program][slot]: bits of the slots whose exchanges
                                            may move while one of this slot does */
};

struct fold_serial fold_serial_find(const struct job *job, struct arena *arena);

/* Whether a team that exchanges on both slots keeps these apart. */
bool fold_serial_apart(const struct fold_serial *serial, const struct team *team, int one,
                       int other);
