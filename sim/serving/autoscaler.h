/* SPDX-License-Identifier: Apache-2.0 */
/* How many replicas a load asks for: one policy is one file. */
#pragma once

#include "serving/serving.h"

struct autoscaler {
    const char *name;
    /* Requests that scale_target counts per replica. */
    double (*load)(const struct serving *serving);
};

extern const struct autoscaler autoscaler_queue, autoscaler_concurrency;
