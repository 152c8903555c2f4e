/* SPDX-License-Identifier: Apache-2.0 */
/* The highest load that meets the service level: whole runs at rates that close in on it.
 * MODEL.md, "Serving: capacity" */
#pragma once

#include "serving/serving.h"

struct capacity {
    double requests_per_s; /* offered; 0: not even the lowest rate tried meets the level */
    double factor;         /* over the workload's own rate */
    int64_t runs;
    bool all_too_long; /* no request may be served at any rate */
};

/* Leaves serving's scenario at the rate found. False and an error when a run fails, or the load
 * has no rate (closed, at-once). */
bool capacity_find(struct serving *serving, struct scenario *scenario,
                   struct capacity *capacity, struct error *error);
