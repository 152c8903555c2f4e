/* SPDX-License-Identifier: Apache-2.0 */
/* A recorded trace, played once or several times end to end, faster or slower. Times count from
 * its first request; a new round begins one mean gap after the last, with prompts of its own.
 */
#include "workload/arrivals_source.h"
#include "workload/trace_row.h"

static const int64_t ROUND_IDS = INT64_C(1) << 40; /* keep the rounds' block ids apart */

struct played {
    struct trace_reader reader;
    double first_s, last_s, offset_s; /* of this round, in the trace's own time */
    int64_t made, rounds, of_round;
};

static bool open(struct arrivals *arrivals, struct error *error)
{
    const struct serving_scenario *scenario = arrivals->scenario;
    struct played *played = arena_alloc(arrivals->arena, sizeof *played);
    arrivals->state = played;
    if (!(scenario->rate_scale > 0)) {
        return error_fill(error, ERROR_INPUT, "rate_scale is %g, expected more than 0",
                          scenario->rate_scale);
    }
    return trace_reader_open(&played->reader, scenario->trace,
                             (enum trace_format)scenario->trace_format, arrivals->arena, error);
}

/* The next row, over the end of a round. */
static bool next_row(struct played *played, int64_t loops, struct error *error)
{
    if (trace_reader_next(&played->reader, error)) {
        return true;
    }
    if (error->kind == ERROR_NONE && played->made == 0) {
        return error_at(error, ERROR_INPUT, played->reader.lines.path,
                        (int)played->reader.lines.number, 0,
                        "the trace ends without a request that has a prompt and an answer; "
                        "name another file");
    }
    if (error->kind != ERROR_NONE || played->rounds + 1 >= loops || played->of_round == 0) {
        return false;
    }
    double span_s = played->last_s - played->first_s;
    played->offset_s += played->of_round > 1
                            ? span_s * (double)played->of_round / (double)(played->of_round - 1)
                            : 0;
    played->rounds++;
    played->of_round = 0;
    return trace_reader_rewind(&played->reader, error) &&
           trace_reader_next(&played->reader, error);
}

static bool check_order(struct played *played, struct error *error)
{
    const struct trace_row *row = &played->reader.row;
    if (played->of_round == 0) {
        played->first_s = played->last_s = row->time_s;
    }
    if (row->time_s < played->last_s) {
        return error_at(error, ERROR_INPUT, played->reader.lines.path,
                        (int)played->reader.lines.number, 0,
                        "the request comes %.6g s before the one above it, expected rising "
                        "times; sort the trace",
                        played->last_s - row->time_s);
    }
    played->last_s = row->time_s;
    played->of_round++;
    return true;
}

static bool next(struct arrivals *arrivals, struct arrival *arrival, struct error *error)
{
    const struct serving_scenario *scenario = arrivals->scenario;
    struct played *played = arrivals->state;
    struct trace_row *row = &played->reader.row;
    if ((scenario->requests > 0 && played->made == scenario->requests) ||
        !next_row(played, scenario->loops, error) || !check_order(played, error)) {
        return false;
    }
    for (int64_t i = 0; i < row->range_count; i++) {
        row->ranges[i].first += played->rounds * ROUND_IDS;
    }
    played->made++;
    *arrival = (struct arrival){
        .time_s = (played->offset_s + row->time_s - played->first_s) / scenario->rate_scale,
        .session = row->session,
        .input_tokens = (int32_t)row->input_tokens,
        .output_tokens = (int32_t)row->output_tokens,
        .block_tokens =
            (int32_t)(played->reader.block_tokens > 0 ? played->reader.block_tokens : 512),
        .block_count = (int32_t)row->block_count,
        .ranges = row->ranges,
        .range_count = (int32_t)row->range_count};
    return true;
}

static void close(struct arrivals *arrivals)
{
    struct played *played = arrivals->state;
    if (played != NULL) {
        trace_lines_close(&played->reader.lines);
    }
}

const struct arrival_source arrivals_trace = {.open = open, .next = next, .close = close};
