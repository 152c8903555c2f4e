/* SPDX-License-Identifier: Apache-2.0 */
/* How far the replicas of a served load were used, what they could serve, and from which load
 * on its latencies should not be trusted. MODEL.md, "Serving: statistics", "Serving:
 * saturation" */
#pragma once

#include "serving/serving.h"

/* From the first arrival to the end of the run. */
double serving_load_elapsed_s(const struct serving *serving);

/* Chips that a pool had over the run: all, or what its autoscaler took, mean. */
double serving_load_chips(const struct serving *serving, const struct pool *pool);

/* Share of the time in which a pool's replicas are in steps. */
double serving_load_busy(const struct serving *serving, const struct pool *pool);

/* Of the pool that has more of it. */
double serving_load_fraction(const struct serving *serving);

/* Requests a second at full batches of the run's mean request; NAN when none has ended. */
double serving_load_capacity_per_s(const struct serving *serving);

/* Requests waited for long without a break. */
bool serving_load_saturated(const struct serving *serving);

/* The mean rate up to which latencies are to be trusted; NAN for less than two requests. */
double serving_load_trusted_per_s(const struct serving *serving);
