/* SPDX-License-Identifier: Apache-2.0 */
/* A small served load for suites: Llama 3 8B on one H100, with the keys that a test cares for.
 */
#pragma once

#include "serving/serving.h"

struct serving_case {
    struct arena *arena;
    struct serving *serving;
    struct error error;
    bool read, served; /* the workload; the load */
};

/* Serves with overrides ("requests=100", separated by spaces; a text of a value may have none).
 * Ends the test when the workload itself is wrong. */
struct serving_case serving_case_run(const char *overrides);
/* The same with events of all replicas in common order. */
struct serving_case serving_case_run_in_order(const char *overrides);
/* The same on domains of platforms/MACHINE.xml, with a workload that may be wrong. */
struct serving_case serving_case_run_on(const char *machine, int64_t domains,
                                        const char *overrides);

/* Requests, tokens and blocks are conserved; nobody holds anything at the end. */
void serving_case_check(const struct serving_case *serving_case);
void serving_case_free(struct serving_case *serving_case);
