/* SPDX-License-Identifier: Apache-2.0 */
/* Requests are counted as they end. Those of the cool-down are only known when the last request
 * has come: until a request is older than the cool-down it waits in a ring. The table of
 * requests keeps every stride-th id, and the stride doubles when the table is full. */
#include "serving/outcome.h"

#include <math.h>

/* X(NAME, column, type, unit, meaning) */
#define REQUEST_COLUMNS(X)                                                                     \
    X(ID, "id", I64, "1", "place in the order of arrival, from 0")                             \
    X(ARRIVAL, "arrival_s", F64, "s", "from the start")                                        \
    X(QUEUE, "queue_s", F64, "s", "until first admitted to a batch")                           \
    X(TTFT, "ttft_s", F64, "s", "until its first token")                                       \
    X(TPOT, "tpot_s", F64, "s", "mean time between its other tokens; 0: it has none")          \
    X(E2E, "e2e_s", F64, "s", "until its last token")                                          \
    X(INPUT, "input_tokens", I64, "1", "of the prompt")                                        \
    X(OUTPUT, "output_tokens", I64, "1", "of the answer")                                      \
    X(CACHED, "cached_tokens", I64, "1", "of the prompt, found in the KV cache")               \
    X(REPLICA, "replica", I64, "1", "that served it; -1: none")                                \
    X(PREEMPTIONS, "preemptions", I64, "1", "times it lost its place")                         \
    X(STATE, "state", I64, "1",                                                                \
      "0 completed, 1 rejected: longer than the KV cache, "                                    \
      "max_model_len or the model's positions, 2 unfinished")

#define REQUEST_ENUM(NAME, column, type, unit, meaning) REQUEST_##NAME,
enum request_column { REQUEST_COLUMNS(REQUEST_ENUM) REQUEST_COLUMN_COUNT };
#define REQUEST_ROW(NAME, column, type, unit, meaning) {column, COLUMN_##type, unit, meaning},
static const struct column request_columns[] = {REQUEST_COLUMNS(REQUEST_ROW)};

struct outcome *outcome_create(const struct serving_scenario *scenario, struct arena *arena)
{
    struct outcome *outcome = arena_alloc(arena, sizeof *outcome);
    outcome->scenario = scenario;
    outcome->arena = arena;
    outcome->row_stride = 1;
    outcome->rows =
        table_create(arena, "serving/requests", "what became of the requests that ended",
                     request_columns, REQUEST_COLUMN_COUNT);
    series_init(&outcome->series, 1, arena);
    return outcome;
}

void outcome_advance(struct outcome *outcome, double now_s)
{
    outcome->present_integral_s += (double)outcome->present * (now_s - outcome->last_event_s);
    outcome->last_event_s = now_s;
}

static void double_stride(struct outcome *outcome)
{
    struct table *rows = outcome->rows;
    int64_t kept = 0;
    outcome->row_stride *= 2;
    for (int64_t r = 0; r < rows->row_count; r++) {
        const union cell *from = &rows->cells[r * REQUEST_COLUMN_COUNT];
        if (from[REQUEST_ID].i64 % outcome->row_stride == 0) {
            union cell *to = &rows->cells[kept++ * REQUEST_COLUMN_COUNT];
            for (int c = 0; c < REQUEST_COLUMN_COUNT; c++) {
                to[c] = from[c];
            }
        }
    }
    rows->row_count = kept;
}

static void add_row(struct outcome *outcome, const struct ended_request *ended)
{
    if (ended->id % outcome->row_stride != 0) {
        return;
    }
    while (outcome->rows->row_count >= outcome->scenario->request_rows) {
        double_stride(outcome);
        if (ended->id % outcome->row_stride != 0) {
            return;
        }
    }
    union cell *row = table_append(outcome->rows);
    row[REQUEST_ID].i64 = ended->id;
    row[REQUEST_ARRIVAL].f64 = ended->arrival_s;
    row[REQUEST_QUEUE].f64 = ended->queue_s;
    row[REQUEST_TTFT].f64 = ended->ttft_s;
    row[REQUEST_TPOT].f64 = ended->tpot_s;
    row[REQUEST_E2E].f64 = ended->e2e_s;
    row[REQUEST_INPUT].i64 = ended->input_tokens;
    row[REQUEST_OUTPUT].i64 = ended->output_tokens;
    row[REQUEST_CACHED].i64 = ended->cached_tokens;
    row[REQUEST_REPLICA].i64 = ended->replica;
    row[REQUEST_PREEMPTIONS].i64 = ended->preemptions;
    row[REQUEST_STATE].i64 = (int64_t)ended->state;
}

static void count(struct outcome *outcome, const struct ended_request *ended)
{
    const struct serving_scenario *scenario = outcome->scenario;
    outcome->counted++;
    outcome->counted_output += ended->output_tokens;
    outcome->counted_input += ended->input_tokens;
    outcome->counted_cached += ended->cached_tokens;
    histogram_add(&outcome->queue_s, ended->queue_s);
    histogram_add(&outcome->ttft_s, ended->ttft_s);
    histogram_add(&outcome->e2e_s, ended->e2e_s);
    if (ended->output_tokens > 1) {
        histogram_add(&outcome->tpot_s, ended->tpot_s);
        outcome->tpot_sum_s += ended->e2e_s - ended->ttft_s;
        outcome->tpot_tokens += ended->output_tokens - 1;
    }
    if (ended->ttft_s <= scenario->slo_ttft_s && ended->tpot_s <= scenario->slo_tpot_s) {
        outcome->good++;
    }
}

static void hold(struct outcome *outcome, const struct ended_request *ended)
{
    if (outcome->held_count == outcome->held_capacity) {
        int64_t capacity = outcome->held_capacity * 2 + 64;
        struct ended_request *ring =
            arena_array(outcome->arena, capacity, sizeof(struct ended_request));
        for (int64_t i = 0; i < outcome->held_count; i++) {
            ring[i] = outcome->held[(outcome->held_first + i) % outcome->held_capacity];
        }
        outcome->held = ring;
        outcome->held_first = 0;
        outcome->held_capacity = capacity;
    }
    int64_t place = (outcome->held_first + outcome->held_count++) % outcome->held_capacity;
    outcome->held[place] = *ended;
}

/* Those that ended first and came early enough. */
static void let_go(struct outcome *outcome)
{
    double until_s = outcome->last_arrival_s - outcome->scenario->cooldown_s;
    while (outcome->held_count > 0 && outcome->held[outcome->held_first].arrival_s <= until_s) {
        count(outcome, &outcome->held[outcome->held_first]);
        outcome->held_first = (outcome->held_first + 1) % outcome->held_capacity;
        outcome->held_count--;
    }
}

void outcome_arrived(struct outcome *outcome, const struct arrival *arrival)
{
    if (outcome->arrived++ == 0) {
        outcome->first_arrival_s = arrival->time_s;
    }
    outcome->last_arrival_s = arrival->time_s;
    series_arrival(&outcome->series, arrival->time_s);
    outcome->present++;
}

void outcome_ended(struct outcome *outcome, const struct ended_request *ended)
{
    outcome->present--;
    outcome->time_sum_s += ended->present_s;
    if (ended->state == STATE_COMPLETED) {
        outcome->completed++;
        outcome->asked_input += ended->input_tokens;
        outcome->asked_output += ended->output_tokens;
        if (ended->arrival_s < outcome->scenario->warmup_s) {
            /* not counted */
        } else if (outcome->scenario->cooldown_s > 0) {
            hold(outcome, ended);
            let_go(outcome);
        } else {
            count(outcome, ended);
        }
    } else {
        outcome->rejected += ended->state == STATE_REJECTED;
        outcome->unfinished += ended->state == STATE_UNFINISHED;
    }
    add_row(outcome, ended);
}

/* Rows in the order of arrival. When all have ended, the id says the place; each swap puts one
 * row there for good. */
static void sort_rows(struct outcome *outcome)
{
    struct table *rows = outcome->rows;
    int64_t stride = outcome->row_stride, count = rows->row_count;
    if (count != (outcome->arrived + stride - 1) / stride) {
        return;
    }
    for (int64_t place = 0; place < count; place++) {
        union cell *here = &rows->cells[place * REQUEST_COLUMN_COUNT];
        while (here[REQUEST_ID].i64 != place * stride) {
            union cell *there =
                &rows->cells[here[REQUEST_ID].i64 / stride * REQUEST_COLUMN_COUNT];
            for (int c = 0; c < REQUEST_COLUMN_COUNT; c++) {
                union cell cell = here[c];
                here[c] = there[c];
                there[c] = cell;
            }
        }
    }
}

void outcome_finish(struct outcome *outcome, double now_s)
{
    outcome->end_s = now_s;
    sort_rows(outcome);
    let_go(outcome);
    double until_s = outcome->last_arrival_s - outcome->scenario->cooldown_s;
    for (int64_t i = 0; i < outcome->held_count; i++) {
        int64_t place = (outcome->held_first + i) % outcome->held_capacity;
        if (outcome->held[place].arrival_s <= until_s) {
            count(outcome, &outcome->held[place]);
        }
    }
}

double outcome_window_s(const struct outcome *outcome)
{
    const struct serving_scenario *scenario = outcome->scenario;
    if (scenario->warmup_s > 0 || scenario->cooldown_s > 0) {
        double start_s = fmax(scenario->warmup_s, outcome->first_arrival_s);
        double window_s = outcome->last_arrival_s - scenario->cooldown_s - start_s;
        return window_s > 0 ? window_s : (double)NAN;
    }
    return outcome->end_s - outcome->first_arrival_s;
}
