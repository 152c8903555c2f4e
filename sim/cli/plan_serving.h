/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim plan for a served load: the fleet that carries most within the service level. */
#pragma once

#include "cli/run_job.h"
#include "study/search.h"
#include "study/serve_search.h"

struct plan_serving_request {
    enum search_objective objective;
    int64_t top;
    int jobs;
};

/* Searches and simulates the best and a few more: top->results in their order, the first of
 * them done. */
bool plan_serving_best(const struct run_job *job, const struct plan_serving_request *request,
                       struct serve_simulation *top, struct error *error);

/* Does so, writes the result and tells it. */
bool plan_serving(struct run_job *job, const struct plan_serving_request *request,
                  struct error *error);
