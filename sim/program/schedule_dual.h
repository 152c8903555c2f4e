/* SPDX-License-Identifier: Apache-2.0 */
/* DualPipe: microbatches enter a pipeline at both ends, half of them each; every chip has two
 * stages, its own (chunk 0) and that of the chip opposite (chunk 1). DeepSeek-V3, arXiv
 * 2412.19437, section 3.2.1. */
#pragma once

#include "program/schedule.h"

/* Appends the turns of a stage. */
void schedule_dual(struct turns *turns, const struct plan *plan, int64_t stage);

bool schedule_dual_check(const struct plan *plan, struct error *error);
