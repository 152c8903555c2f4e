/* SPDX-License-Identifier: Apache-2.0 */
/* Draws a served load from its tables: a process a replica, a row a request with its wait, its
 * prompt and its answer; counters of all replicas. docs/TIMELINE.md */
#pragma once

#include "record/table.h"
#include "training/timeline.h"

/* requests and seconds: the tables serving/requests and serving/seconds. Requests beyond the
 * limit of slices are left out, and counted in request. */
bool serving_timeline(struct timeline_request *request, const struct table *requests,
                      const struct table *seconds, struct arena *arena, struct error *error);
