/* SPDX-License-Identifier: Apache-2.0 */
/* Requests drawn from distributions: times by a Poisson or gamma process whose rate may swing
 * over the day, all at once, or a fixed number always in flight; lengths by their quantiles.
 * MODEL.md, "Serving: load" */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "workload/arrivals_source.h"
#include "workload/lengths.h"
#include "workload/ready_heap.h"
#include "workload/sharegpt.h"

static const double HALF_TURN = 3.14159265358979323846;

struct drawn {
    struct random_stream times, sizes;
    struct lengths input, output;
    int64_t made;
    double now_s, clock;    /* clock: in units of mean gaps */
    struct ready_heap free; /* closed: clients whose request has ended, and when they ask */
    struct sharegpt *pairs; /* NULL: lengths are drawn */
    int64_t rounds;         /* of the pairs, that have ended */
};

static bool read_lengths(const char *key, const char *text, struct lengths *lengths,
                         struct arrivals *arrivals, struct error *error)
{
    struct error cause = {.kind = ERROR_NONE};
    return lengths_read(text, lengths, arrivals->arena, &cause) ||
           error_fill(error, ERROR_INPUT, "%s %.600s", key, cause.message);
}

static bool check_rate(const struct serving_scenario *scenario, struct error *error)
{
    bool timed =
        scenario->arrivals != ARRIVALS_CLOSED && scenario->arrivals != ARRIVALS_AT_ONCE;
    return !timed || (scenario->rate_per_s > 0 && scenario->rate_scale > 0) ||
           error_fill(error, ERROR_INPUT,
                      "rate and rate_scale are %g and %g, expected more than 0",
                      scenario->rate_per_s, scenario->rate_scale);
}

/* Conversations have lengths and no times. */
static bool has_pairs(const struct serving_scenario *scenario)
{
    return scenario->trace != NULL && strcmp(scenario->trace, "none") != 0;
}

static bool open_pairs(struct arrivals *arrivals, struct drawn *drawn, struct error *error)
{
    if (!(arrivals->scenario->characters_per_token > 0)) {
        return error_fill(error, ERROR_INPUT,
                          "characters_per_token is %g, expected more than 0",
                          arrivals->scenario->characters_per_token);
    }
    drawn->pairs = arena_alloc(arrivals->arena, sizeof *drawn->pairs);
    return sharegpt_open(drawn->pairs, arrivals->scenario->trace, arrivals->arena, error);
}

static int32_t tokens_of(const struct serving_scenario *scenario, int64_t characters)
{
    return (int32_t)fmax(1, round((double)characters / scenario->characters_per_token));
}

/* The next pair, over the end of a round. */
static bool read_lengths_pair(struct arrivals *arrivals, struct drawn *drawn,
                              struct arrival *arrival, struct error *error)
{
    const struct serving_scenario *scenario = arrivals->scenario;
    struct sharegpt_pair pair;
    while (!sharegpt_next(drawn->pairs, &pair, error)) {
        if (error->kind != ERROR_NONE || ++drawn->rounds >= scenario->loops) {
            return false;
        }
        sharegpt_rewind(drawn->pairs);
    }
    arrival->input_tokens = tokens_of(scenario, pair.prompt);
    arrival->output_tokens = tokens_of(scenario, pair.answer);
    return true;
}

static bool open(struct arrivals *arrivals, struct error *error)
{
    const struct serving_scenario *scenario = arrivals->scenario;
    struct drawn *drawn = arena_alloc(arrivals->arena, sizeof *drawn);
    arrivals->state = drawn;
    random_init(&drawn->times, arrivals->seed, "serving arrivals");
    random_init(&drawn->sizes, arrivals->seed, "serving lengths");
    if (has_pairs(scenario)) {
        return check_rate(scenario, error) && open_pairs(arrivals, drawn, error);
    }
    if (scenario->arrivals == ARRIVALS_TRACE) {
        return error_fill(error, ERROR_INPUT,
                          "arrivals is trace, but no trace is named; add trace: FILE");
    }
    if (scenario->requests == 0) {
        return error_fill(error, ERROR_INPUT,
                          "requests is 0, but the load is drawn and not a trace; say how many");
    }
    return check_rate(scenario, error) &&
           read_lengths("input_tokens", scenario->input_tokens, &drawn->input, arrivals,
                        error) &&
           read_lengths("output_tokens", scenario->output_tokens, &drawn->output, arrivals,
                        error);
}

/* Mean 1, deviation cv. */
static double gamma_gap(struct random_stream *stream, double cv)
{
    return random_gamma(stream, 1 / (cv * cv)) * cv * cv;
}

/* Expected requests from 0 to a time, in units of the mean rate. */
static double expected(const struct serving_scenario *scenario, double time_s)
{
    double turn_s = scenario->day_s / (2 * HALF_TURN);
    return time_s + scenario->day_amplitude * turn_s * (1 - cos(time_s / turn_s));
}

/* The time at which that many were expected: Newton's steps, kept inside a bracket. */
static double swing(const struct serving_scenario *scenario, double count, double start_s)
{
    if (!(scenario->day_amplitude > 0) || !(scenario->day_s > 0)) {
        return count;
    }
    double low = start_s, high = fmax(count, start_s) + scenario->day_s;
    for (int i = 0; i < 60 && high - low > 1e-9 * high; i++) {
        double middle = (low + high) / 2;
        if (expected(scenario, middle) < count) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

static double next_time_s(struct arrivals *arrivals, struct drawn *drawn)
{
    const struct serving_scenario *scenario = arrivals->scenario;
    double mean_s = 1 / (scenario->rate_per_s * scenario->rate_scale);
    double gap = scenario->arrivals == ARRIVALS_GAMMA && scenario->interarrival_cv > 0
                     ? gamma_gap(&drawn->times, scenario->interarrival_cv)
                     : random_exponential(&drawn->times, 1);
    drawn->clock += gap * mean_s;
    drawn->now_s = swing(scenario, drawn->clock, drawn->now_s);
    return drawn->now_s;
}

static void draw_lengths(struct arrivals *arrivals, struct drawn *drawn,
                         struct arrival *arrival)
{
    double correlation = arrivals->scenario->length_correlation;
    double input = random_uniform(&drawn->sizes), output = random_uniform(&drawn->sizes);
    if (correlation != 0) { /* a Gaussian copula */
        double radius = sqrt(-2 * log(1 - input)), angle = 2 * HALF_TURN * output;
        double first = radius * cos(angle), second = radius * sin(angle);
        second = correlation * first + sqrt(1 - correlation * correlation) * second;
        input = erfc(-first / sqrt(2)) / 2;
        output = erfc(-second / sqrt(2)) / 2;
    }
    arrival->input_tokens = lengths_at(&drawn->input, input);
    arrival->output_tokens = lengths_at(&drawn->output, output);
}

static bool next(struct arrivals *arrivals, struct arrival *arrival, struct error *error)
{
    struct drawn *drawn = arrivals->state;
    const struct serving_scenario *scenario = arrivals->scenario;
    bool closed = scenario->arrivals == ARRIVALS_CLOSED;
    bool all = scenario->requests > 0 && drawn->made == scenario->requests;
    bool begins = drawn->made < scenario->concurrency;
    if (all || (closed && !begins && drawn->free.count == 0)) {
        return false;
    }
    *arrival = (struct arrival){.session = -1};
    if (closed) {
        arrival->time_s = begins ? 0 : ready_heap_pop(&drawn->free).time_s;
    } else if (scenario->arrivals != ARRIVALS_AT_ONCE) {
        arrival->time_s = next_time_s(arrivals, drawn);
    }
    if (drawn->pairs == NULL) {
        draw_lengths(arrivals, drawn, arrival);
    } else if (!read_lengths_pair(arrivals, drawn, arrival, error)) {
        return false;
    }
    drawn->made++;
    return true;
}

static void completed(struct arrivals *arrivals, const struct arrival *arrival, double now_s)
{
    struct drawn *drawn = arrivals->state;
    (void)arrival;
    if (arrivals->scenario->arrivals == ARRIVALS_CLOSED) {
        ready_heap_push(&drawn->free, arrivals->arena, now_s, 0);
    }
}

static void close(struct arrivals *arrivals)
{
    struct drawn *drawn = arrivals->state;
    if (drawn != NULL && drawn->pairs != NULL) {
        sharegpt_close(drawn->pairs);
    }
}

const struct arrival_source arrivals_drawn = {
    .open = open, .next = next, .completed = completed, .close = close};
