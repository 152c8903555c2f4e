/* SPDX-License-Identifier: Apache-2.0 */
/* Wires that can never decide a rate: all that may cross them at one instant is held below
 * their capacity by other wires. */
#pragma once

#include "program/job.h"

/* [wire]: 1 when it may. MODEL.md, "Folding". */
unsigned char *fold_wires_deciding(const struct job *job, struct arena *arena);
