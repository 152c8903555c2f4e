/* SPDX-License-Identifier: Apache-2.0 */
#include "study/measured_load.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serving/step_cost.h"
#include "workload/lengths.h"

/* An open load is as long as ten minutes. */
enum { LEAST_REQUESTS = 20, BURST_REQUESTS = 1000, MOST_REQUESTS = 8192, ROUNDS = 10 };
static const double open_s = 600;

struct load {
    const struct engines *engines;
    const struct csv *csv;
    int64_t row, replicas;
    const struct engine_name *engine;
    struct arena *arena;
    struct scenario *scenario;
};

static const char *text(const struct load *load, const char *column)
{
    return csv_text(load->csv, load->row, column);
}

static double number(const struct load *load, const char *column)
{
    return csv_number(load->csv, load->row, column);
}

static bool kind_is(const char *kind, const char *start)
{
    return strncmp(kind, start, strlen(start)) == 0;
}

/* The number before a word, "3000" of "exact lengths; 3000 requests"; 0 when it is not there.
 */
static double number_before(const char *text, const char *word)
{
    const char *end = strstr(text, word);
    if (end == NULL) {
        return 0;
    }
    const char *start = end;
    while (start > text && (isdigit((unsigned char)start[-1]) || start[-1] == '.')) {
        start--;
    }
    return start < end ? strtod(start, NULL) : 0;
}

static double number_in(const char *text)
{
    while (*text != '\0' && !isdigit((unsigned char)*text)) {
        text++;
    }
    return strtod(text, NULL);
}

/* The column that the kind of load needs and that is empty; NULL when it is there. */
static const char *empty_column(const struct csv *csv, int64_t row, const char *kind)
{
    const char *batch = csv_text(csv, row, "batch_or_concurrency");
    if (kind_is(kind, "fixed_batch") || kind_is(kind, "closed_concurrency")) {
        return number_in(batch) > 0 ? NULL : "column batch_or_concurrency is empty";
    }
    if (strcmp(kind, "open_poisson") == 0) {
        return csv_number(csv, row, "qps_target") > 0 ? NULL : "column qps_target is empty";
    }
    return kind_is(kind, "offline_max") || kind_is(kind, "burst")
               ? NULL
               : "columns batch_or_concurrency and qps_target are empty";
}

bool measured_load_stated(const struct csv *csv, int64_t row, struct error *error)
{
    const char *kind = csv_text(csv, row, "load_type");
    if (kind_is(kind, "open_trace")) {
        return true;
    }
    const char *empty = empty_column(csv, row, kind);
    bool named = strstr(csv_text(csv, row, "length_note"), "samples") != NULL;
    if (empty == NULL && !named && !(csv_number(csv, row, "isl") > 0)) {
        empty = "column isl is empty";
    }
    return empty == NULL || error_fill(error, ERROR_INPUT, "%s", empty);
}

/* A shape becomes lengths: a number or range is over the mean, quantiles are in thousandths of
 * it. */
static const char *scaled(const struct load *load, const char *shape, double mean)
{
    enum { SIZE = 512 };
    const double whole = 1000;
    struct lengths lengths;
    struct error ignored = {0};
    char *out = arena_array(load->arena, SIZE, 1);
    int used = 0;
    if (strchr(shape, ':') == NULL) {
        double low = strtod(shape, NULL);
        const char *range = strstr(shape, "..");
        double high = range == NULL ? low : strtod(range + 2, NULL);
        snprintf(out, SIZE, range == NULL ? "%.0f" : "%.0f..%.0f", fmax(low * mean, 1),
                 fmax(high * mean, 1));
        return out;
    }
    if (!lengths_read(shape, &lengths, load->arena, &ignored)) {
        return "1";
    }
    for (int64_t i = 0; i < lengths.count && used < SIZE - 40; i++) {
        used += snprintf(out + used, (size_t)(SIZE - used), "%s%g:%g", i > 0 ? " " : "",
                         lengths.share[i], fmax(round(lengths.value[i] * mean / whole), 1));
    }
    return out;
}

/* By note; benchmarks that draw their lengths are known by their nominal ones. */
static int64_t length_row(const struct load *load)
{
    const struct csv *csv = load->engines->lengths;
    for (int64_t row = 0; row < csv->row_count; row++) {
        if (strcmp(csv_text(csv, row, "length_note"), text(load, "length_note")) == 0 &&
            csv_number(csv, row, "isl") == number(load, "isl") &&
            csv_number(csv, row, "osl") == number(load, "osl")) {
            return row;
        }
    }
    return engines_longest(csv, text(load, "length_note"));
}

static void take_lengths(const struct load *load)
{
    const struct csv *csv = load->engines->lengths;
    struct serving_scenario *serving = &load->scenario->serving;
    int64_t row = length_row(load);
    double input = number(load, "isl"), output = number(load, "osl");
    input = input > 0 ? input : csv_number(csv, row, "input_mean");
    output = output > 0 ? output : 2;
    const char *in = csv_text(csv, row, "input_shape"),
               *out = csv_text(csv, row, "output_shape");
    const char *spread = engines_text(load->engines, load->engine, "length_spread");
    bool nominal = strcmp(csv_text(csv, row, "length_note"), "nominal lengths") == 0 &&
                   csv_text(csv, row, "isl")[0] == '\0';
    serving->input_tokens = scaled(load, nominal && spread[0] != '\0' ? spread : in, input);
    serving->output_tokens = scaled(load, nominal && spread[0] != '\0' ? spread : out, output);
}

static int64_t share_of(const struct load *load, double requests)
{
    return (int64_t)fmax(ceil(requests / (double)load->replicas), 1);
}

/* A batch that begins and ends together. */
static void fixed_batch(const struct load *load, double batch)
{
    struct serving_scenario *serving = &load->scenario->serving;
    serving->arrivals = ARRIVALS_AT_ONCE;
    serving->requests = serving->max_num_seqs = share_of(load, batch);
    serving->policy = BATCH_STATIC;
    serving->kv_tokens = "unlimited";
}

static void closed(const struct load *load, double concurrency)
{
    struct serving_scenario *serving = &load->scenario->serving;
    serving->arrivals = ARRIVALS_CLOSED;
    serving->concurrency = share_of(load, concurrency);
    serving->requests = (int64_t)fmax((double)(serving->concurrency * ROUNDS), LEAST_REQUESTS);
    if (serving->concurrency > serving->max_num_seqs) {
        serving->max_num_seqs = serving->concurrency;
    }
}

static void at_once(const struct load *load)
{
    struct serving_scenario *serving = &load->scenario->serving;
    double requests = number_before(text(load, "length_note"), " requests");
    requests = fmax(requests, number_before(text(load, "length_note"), " samples"));
    requests = fmax(requests, number_before(text(load, "batch_or_concurrency"), " requests"));
    serving->arrivals = ARRIVALS_AT_ONCE;
    serving->requests = share_of(load, requests > 0 ? requests : BURST_REQUESTS);
    if (serving->requests > MOST_REQUESTS) {
        serving->requests = MOST_REQUESTS;
    }
}

static void open_load(const struct load *load)
{
    struct serving_scenario *serving = &load->scenario->serving;
    double rate = number(load, "qps_target") / (double)load->replicas;
    serving->arrivals = ARRIVALS_POISSON;
    serving->rate_per_s = rate;
    serving->requests = (int64_t)fmin(fmax(rate * open_s, LEAST_REQUESTS), 1 << 20);
    serving->warmup_s = open_s / 6;
}

/* The recorded run of a model lies in the data folder. */
static bool recorded(const struct load *load, struct error *error)
{
    const char *data = getenv("TRNSIM_DATA");
    const char *path = arena_format(
        load->arena,
        "%s/data/traces/llmservingsim-vllm-measured/workload_%s_sharegpt300_block16.jsonl",
        data != NULL ? data : "../shared", text(load, "model"));
    if (access(path, R_OK) != 0) {
        return error_fill(error, ERROR_INPUT,
                          "the recorded load is not here and counts as empty; set TRNSIM_DATA "
                          "to the folder with data/traces");
    }
    load->scenario->serving.arrivals = ARRIVALS_TRACE;
    load->scenario->serving.trace = path;
    load->scenario->serving.prefix_caching = true;
    load->scenario->serving.input_tokens = load->scenario->serving.output_tokens = "1";
    return true;
}

bool measured_load_apply(const struct engines *engines, const struct csv *csv, int64_t row,
                         const struct engine_name *engine, int64_t replicas,
                         struct scenario *scenario, struct arena *arena, struct error *error)
{
    struct load load = {engines, csv, row, replicas, engine, arena, scenario};
    const char *kind = text(&load, "load_type");
    const char *batch = text(&load, "batch_or_concurrency");
    if (strstr(batch, "max batch") != NULL || strstr(batch, "max_num_seqs") != NULL) {
        scenario->serving.max_num_seqs = (int64_t)number_in(batch);
    }
    scenario->serving.max_num_seqs *= scenario->serving.attention_data_parallel;
    if (kind_is(kind, "open_trace")) {
        return recorded(&load, error);
    }
    take_lengths(&load);
    if (kind_is(kind, "fixed_batch") || strcmp(text(&load, "mode"), "static") == 0) {
        fixed_batch(&load, number_in(batch));
    } else if (kind_is(kind, "closed_concurrency") || kind_is(batch, "max concurrency")) {
        closed(&load, number_in(batch));
    } else if (kind_is(kind, "open_poisson")) {
        open_load(&load);
    } else {
        at_once(&load);
    }
    return true;
}

double measured_load_least_s(const struct csv *csv, int64_t row)
{
    bool samples = strstr(csv_text(csv, row, "length_note"), " samples") != NULL;
    return samples && kind_is(csv_text(csv, row, "load_type"), "offline") ? open_s : 0;
}

void measured_load_draft(const char *description, const struct model *model,
                         struct serving_scenario *scenario)
{
    double proposed = 0, accepted = 0, fraction = 1 / (double)model->layers;
    const char *k = strstr(description, "k="), *length = strstr(description, "length ");
    if (strstr(description, "draft") == NULL && k == NULL) {
        return;
    }
    proposed = k != NULL ? strtod(k + 2, NULL) : 4;
    accepted = length != NULL ? strtod(length + 7, NULL) : 0;
    const char *size = strstr(description, "B draft");
    if (size != NULL) { /* a model of so many billions of parameters */
        while (size > description && (isdigit((unsigned char)size[-1]) || size[-1] == '.')) {
            size--;
        }
        fraction = strtod(size, NULL) * 1e9 / model_parameters(model);
    }
    /* Not stated: each token is accepted with probability 0.8, after those before it. */
    scenario->speculative_tokens = proposed;
    scenario->accepted_tokens = accepted > 0 ? accepted : step_accepted_tokens(proposed, 0.8);
    scenario->draft_fraction = fmin(fraction, 1);
}
