/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim platform fold: the network that stands for a machine under a workload. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "hardware/platform.h"

/* The SimGrid XML of the quotient, with a comment on each class; *size without the final 0.
 * workload NULL: an all-reduce of 1 GiB over all chips. NULL and an error when it cannot run.
 */
char *platform_fold_xml(const struct platform *platform, const char *workload,
                        struct arena *arena, int64_t *size, struct error *error);
