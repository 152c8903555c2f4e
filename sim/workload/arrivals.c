/* SPDX-License-Identifier: Apache-2.0 */
/* One request is held ready; taking it fetches the next from the source. Closed loads and
 * sessions have sources that learn when a request has ended. */
#include "workload/arrivals.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "workload/arrivals_source.h"
#include "workload/sharegpt.h"

static bool fetch(struct arrivals *arrivals, struct error *error)
{
    arrivals->ready = arrivals->source->next(arrivals, &arrivals->arrival, error);
    return arrivals->ready || error->kind == ERROR_NONE;
}

/* Sessions are told by the first line's beginning; gzip and unreadable files are not. */
static bool is_sessions(const struct serving_scenario *scenario)
{
    static const char begin[] = "trace_id,agent,";
    char found[sizeof begin] = "";
    FILE *file = fopen(scenario->trace, "r");
    if (file == NULL || scenario->trace_format != TRACE_AUTO) {
        if (file != NULL) {
            fclose(file);
        }
        return scenario->trace_format == TRACE_SESSIONS;
    }
    size_t got = fread(found, 1, sizeof begin - 1, file);
    fclose(file);
    return got == sizeof begin - 1 && strcmp(found, begin) == 0;
}

static const struct arrival_source *source_of(const struct serving_scenario *scenario)
{
    if (scenario->trace != NULL && strcmp(scenario->trace, "none") != 0) {
        if (scenario->trace_format == TRACE_SHAREGPT ||
            (scenario->trace_format == TRACE_AUTO && sharegpt_is(scenario->trace))) {
            return &arrivals_drawn; /* lengths without times */
        }
        return is_sessions(scenario) ? &arrivals_sessions : &arrivals_trace;
    }
    bool one = scenario->turns == NULL || strcmp(scenario->turns, "1") == 0;
    bool talk = !one || scenario->shared_tokens > 0;
    return talk ? &arrivals_turns : &arrivals_drawn;
}

struct arrivals *arrivals_open(const struct serving_scenario *scenario, uint64_t seed,
                               struct arena *arena, struct error *error)
{
    struct arrivals *arrivals = arena_alloc(arena, sizeof *arrivals);
    arrivals->scenario = scenario;
    arrivals->arena = arena;
    arrivals->seed = seed;
    arrivals->source = source_of(scenario);
    if (!arrivals->source->open(arrivals, error) || !fetch(arrivals, error)) {
        arrivals_close(arrivals);
        return NULL;
    }
    return arrivals;
}

void arrivals_close(struct arrivals *arrivals)
{
    if (arrivals->source->close != NULL) {
        arrivals->source->close(arrivals);
    }
}

double arrivals_time_s(const struct arrivals *arrivals)
{
    return arrivals->ready ? arrivals->arrival.time_s : (double)INFINITY;
}

bool arrivals_take(struct arrivals *arrivals, struct arrival *arrival, struct error *error)
{
    *arrival = arrivals->arrival;
    if (arrival->session >= arrivals->sessions) {
        arrivals->sessions = arrival->session + 1;
    }
    if (arrivals->arrival.range_count > 0) { /* the source may write over its ranges */
        size_t size = (size_t)arrival->range_count * sizeof(struct block_range);
        while (arrivals->kept_capacity < arrival->range_count) {
            arrivals->kept =
                arena_grow(arrivals->arena, arrivals->kept, arrivals->kept_capacity,
                           &arrivals->kept_capacity, sizeof(struct block_range));
        }
        memcpy(arrivals->kept, arrivals->arrival.ranges, size);
        arrival->ranges = arrivals->kept;
    }
    return fetch(arrivals, error);
}

int64_t arrivals_sessions_begun(const struct arrivals *arrivals)
{
    return arrivals->sessions;
}

bool arrivals_wait_for_ends(const struct arrivals *arrivals)
{
    bool timed =
        arrivals->source == &arrivals_drawn && arrivals->scenario->arrivals != ARRIVALS_CLOSED;
    return arrivals->source->completed != NULL && !timed;
}

void arrivals_completed(struct arrivals *arrivals, const struct arrival *arrival, double now_s)
{
    if (arrivals->source->completed == NULL) {
        return;
    }
    arrivals->source->completed(arrivals, arrival, now_s);
    if (!arrivals->ready || arrivals->source->reorders) {
        struct error none = {.kind = ERROR_NONE};
        if (arrivals->ready) {
            arrivals->source->put_back(arrivals, &arrivals->arrival);
        }
        fetch(arrivals, &none);
    }
}
