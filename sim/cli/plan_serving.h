/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim plan for a served load: the fleet that carries most within the service level. */
#pragma once

#include "cli/run_job.h"
#include "study/search.h"

struct plan_serving_request {
    enum search_objective objective;
    int64_t top;
    int jobs;
};

/* Searches, simulates the best, writes the result and tells it. */
bool plan_serving(struct run_job *job, const struct plan_serving_request *request,
                  struct error *error);
