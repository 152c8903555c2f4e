/* SPDX-License-Identifier: Apache-2.0 */
/* How a step's batch is made: one policy is one file with one of these. */
#pragma once

#include "serving/replica.h"

struct batch_policy {
    const char *name;
    /* Sets the chunks of the step and whether it decodes. */
    void (*compose)(struct serving_engine *engine, struct replica *replica, double now_s);
};

extern const struct batch_policy batch_chunked, batch_prefill_first, batch_static;
