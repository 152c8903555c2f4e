/* SPDX-License-Identifier: Apache-2.0 */
/* Replicas that do not hear of each other: what one does never depends on what another has
 * done, when the router takes turns, requests come as they come, and nothing moves between
 * them. Each then goes on alone through the requests of a while, so that its state stays in the
 * processor's cache. The outcome is that of the common order of events. MODEL.md, "Serving:
 * engine" */
#pragma once

#include "serving/serving.h"

/* Whether the load that has been started is such a one. */
bool serving_apart_holds(const struct serving *serving);

/* Serves it from empty to empty; errors as of serving_simulate. */
bool serving_apart_run(struct serving *serving, const struct serving_options *options,
                       struct error *error);
