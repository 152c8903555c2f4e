/* SPDX-License-Identifier: Apache-2.0 */
/* What became of the requests: quantiles, sums, rows for a table, levels over time, and the two
 * sides of Little's law. Fixed memory. MODEL.md, "Serving: statistics" */
#pragma once

#include "record/table.h"
#include "serving/histogram.h"
#include "serving/request.h"
#include "serving/series.h"

enum request_state { STATE_COMPLETED, STATE_REJECTED, STATE_UNFINISHED };

struct ended_request {
    double arrival_s, queue_s, ttft_s, tpot_s, e2e_s;
    double present_s; /* e2e_s without what happens outside */
    int64_t id;
    int32_t input_tokens, output_tokens, cached_tokens, replica, preemptions;
    enum request_state state;
};

struct outcome {
    const struct serving_scenario *scenario;
    int64_t arrived, completed, rejected, unfinished; /* all requests */
    int64_t beyond;        /* of all: longer than the model's positions */
    int64_t too_long;      /* of the rejected: at whatever rate they come */
    int64_t counted, good; /* those between warm-up and cool-down */
    int64_t counted_output, counted_input, counted_cached;
    int64_t asked_input, asked_output, answered_output; /* tokens of all admitted requests */
    struct histogram queue_s, ttft_s, tpot_s, e2e_s;
    double tpot_sum_s;
    int64_t tpot_tokens; /* TPOT over all tokens alike: sum over tokens */
    double first_arrival_s, last_arrival_s, end_s;
    double present_integral_s,
        time_sum_s; /* Little: integral of requests, sum of their times */
    double last_event_s;
    int64_t present;
    struct series series;
    struct table *rows;
    int64_t row_stride;
    struct ended_request *held; /* a ring: not yet known to be before the cool-down */
    int64_t held_first, held_count, held_capacity;
    struct arena *arena;
};

struct outcome *outcome_create(const struct serving_scenario *scenario, struct arena *arena);

/* Time goes on to now with the present number of requests. */
void outcome_advance(struct outcome *outcome, double now_s);
void outcome_arrived(struct outcome *outcome, const struct arrival *arrival);
void outcome_ended(struct outcome *outcome, const struct ended_request *ended);
void outcome_finish(struct outcome *outcome, double now_s);

/* The time over which the counted requests came and were served; NAN when warm-up and cool-down
 * leave none. */
double outcome_window_s(const struct outcome *outcome);
