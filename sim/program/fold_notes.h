/* SPDX-License-Identifier: Apache-2.0 */
/* What each class of a quotient stands for, as comments in its SimGrid file. */
#pragma once

#include "program/job.h"

/* Fills the notes of the wires and pairs of a folded job. */
void fold_notes(struct job *quotient);
