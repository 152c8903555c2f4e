/* SPDX-License-Identifier: Apache-2.0 */
/* Small training jobs on servers, of which a NIC link of one, or every trunk, is not as the
 * others. */
#pragma once

#include "program/job.h"

struct change {
    double nic_factor, oversubscription;
};

struct platform *fold_servers(const struct change *change, int64_t domains, int64_t chips,
                              struct arena *arena);

/* Tensor and pipeline parallel, data over all else; experts: of the model, each on a rank of
 * its own, 0 for a dense one. NULL when the plan does not fit. */
struct job *fold_training(const struct platform *platform, int64_t tensor, int64_t pipeline,
                          int64_t experts, struct arena *arena);
