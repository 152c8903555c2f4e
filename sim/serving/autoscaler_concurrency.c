/* SPDX-License-Identifier: Apache-2.0 */
/* By the requests that are present, waiting or running. */
#include "serving/autoscaler.h"

static double load(const struct serving *serving)
{
    return (double)serving->requests.present;
}

const struct autoscaler autoscaler_concurrency = {.name = "concurrency", .load = load};
