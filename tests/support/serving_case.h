/* SPDX-License-Identifier: Apache-2.0 */
/* A small served load for suites: Llama 3 8B on one H100, with the keys that a test cares for.
 */
#pragma once

#include "serving/serving.h"

struct serving_case {
    struct arena *arena;
    struct serving *serving;
    struct error error;
    bool served;
};

/* Serves with overrides ("requests=100", separated by spaces; a text of a value may have none).
 * Ends the test when the workload itself is wrong. */
struct serving_case serving_case_run(const char *overrides);
/* The same with events of all replicas in common order. */
struct serving_case serving_case_run_in_order(const char *overrides);
void serving_case_free(struct serving_case *serving_case);
