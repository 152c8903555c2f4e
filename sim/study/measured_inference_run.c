/* SPDX-License-Identifier: Apache-2.0 */
/* One replica is simulated and stands for all. Pools of a disaggregated system are a closed
 * network of two stations: prefill with a server for each rank, decode at the pace of its
 * batch. docs/ACCURACY.md, "Serving". */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "serving/serving.h"
#include "serving/serving_load.h"
#include "study/measured_inference.h"
#include "study/measured_load.h"
#include "study/names.h"
#include "workload/lengths.h"

/* What was measured had room: where the weights leave none, the engine's share of the memory
 * was raised; where they do not fit at all, they were stored in half the bytes. False: nothing
 * is left to change. */
static bool make_room(struct serving_scenario *scenario)
{
    static const double most_fraction = 0.95;
    if (scenario->memory_utilization_fraction < most_fraction) {
        scenario->memory_utilization_fraction = most_fraction;
        return true;
    }
    bool wide = scenario->weight_dtype == DTYPE_BF16;
    scenario->weight_dtype = wide ? DTYPE_FP8 : scenario->weight_dtype;
    return wide;
}

static struct serving *prepare(const struct inference_case *what, struct arena *arena,
                               struct error *error)
{
    struct serving *serving = serving_prepare(what->platform, what->scenario, arena, error);
    while (serving == NULL && error->kind == ERROR_INFEASIBLE &&
           make_room(&what->scenario->serving)) {
        *error = (struct error){0};
        serving = serving_prepare(what->platform, what->scenario, arena, error);
    }
    return serving;
}

static struct serving *simulate(const struct inference_case *what, struct arena *arena,
                                struct error *error)
{
    struct serving *serving = prepare(what, arena, error);
    return serving != NULL &&
                   serving_simulate(serving, &(struct serving_options){0}, arena, error)
               ? serving
               : NULL;
}

/* Requests that full batches serve in the least time: the load is made by the rate that the
 * system can do, so that the last answers of a short run do not weigh more. */
static int64_t requests_for(const struct serving *serving, double least_s)
{
    double end_s = fmax(serving->outcome->end_s, 1);
    double rate_per_s = (double)serving->outcome->completed / end_s;
    double full_per_s = serving_load_capacity_per_s(serving);
    return (int64_t)ceil(least_s * fmax(rate_per_s, isfinite(full_per_s) ? full_per_s : 0));
}

/* A run that was too short, again with as many more requests as are missing. */
static struct serving *simulate_long(const struct inference_case *what, struct arena *arena,
                                     struct error *error)
{
    struct serving *serving = simulate(what, arena, error);
    struct serving_scenario *scenario = &what->scenario->serving;
    int64_t wanted = serving == NULL ? 0 : requests_for(serving, what->least_s);
    if (wanted <= scenario->requests) {
        return serving;
    }
    scenario->requests = wanted;
    return simulate(what, arena, error);
}

static bool run_replicas(const struct inference_case *what, struct inference_result *result,
                         struct arena *arena, struct error *error)
{
    struct serving *serving = simulate_long(what, arena, error);
    if (serving == NULL) {
        return false;
    }
    const struct outcome *outcome = serving->outcome;
    if (outcome->completed == 0) {
        return error_fill(error, ERROR_INFEASIBLE, "no request can be served: none fits");
    }
    double window_s = outcome->end_s - outcome->first_arrival_s;
    *result = (struct inference_result){
        .ttft_mean_s = histogram_mean(&outcome->ttft_s),
        .ttft_p50_s = histogram_quantile(&outcome->ttft_s, 0.5),
        .tpot_mean_s = histogram_mean(&outcome->tpot_s),
        .tpot_p50_s = histogram_quantile(&outcome->tpot_s, 0.5),
        .output_per_s = (double)what->replicas * (double)outcome->counted_output / window_s};
    return true;
}

/* No scheduler: all prompts in one step, then steps that only decode. */
static bool run_batch(const struct inference_case *what, struct inference_result *result,
                      struct arena *arena, struct error *error)
{
    const struct serving_scenario *load = &what->scenario->serving;
    const struct step_cost *cost =
        step_cost_create(what->platform, 0, what->scenario->model, load,
                         load->max_num_batched_tokens, arena, error);
    if (cost == NULL) {
        return false;
    }
    double input = strtod(load->input_tokens, NULL), batch = (double)load->requests;
    double more = strtod(load->output_tokens, NULL) - 1;
    struct step prompts = {.prefill_tokens = (int64_t)(batch * input),
                           .prefill_count = (int64_t)batch,
                           .rows = (int64_t)batch,
                           .prefill_pairs = batch * input * (input + 1) / 2,
                           .prefill_context = batch * input};
    struct step decode = {.rows = (int64_t)batch,
                          .decode_count = (int64_t)batch,
                          .decode_context = batch * (input + 1),
                          .growth = batch};
    double first_s = step_cost_s(cost, &prompts, NULL);
    double rest_s = more > 0 ? step_cost_run_s(cost, &decode, (int64_t)more) : 0;
    double pace_s = more > 0 ? rest_s / more : (double)NAN;
    first_s += load->request_overhead_s;
    *result = (struct inference_result){first_s, first_s, pace_s, pace_s,
                                        (double)what->replicas * batch * (more + 1) /
                                            (first_s + rest_s)};
    return true;
}

struct network {
    const struct step_cost *prefill, *decode;
    double prefill_replicas, decode_replicas;
    double ranks, most;   /* of a prefill replica; prompts of each that a step has room for */
    double input, output; /* tokens */
};

/* A step of a prefill replica with so many prompts on each of its ranks. */
static double prompts_s(const struct network *network, double each)
{
    double prompts = network->ranks * ceil(each - 1e-9), tokens = network->input;
    struct step step = {.prefill_tokens = (int64_t)(tokens * prompts),
                        .prefill_count = (int64_t)prompts,
                        .rows = (int64_t)prompts,
                        .prefill_pairs = prompts * tokens * (tokens + 1) / 2,
                        .prefill_context = tokens * prompts};
    return step_cost_s(network->prefill, &step, NULL);
}

/* A step of a decode replica that holds so many requests. */
static double token_s(const struct network *network, double requests)
{
    int64_t count = (int64_t)fmax(ceil(requests / network->decode_replicas - 1e-9), 1);
    struct step step = {.rows = count,
                        .decode_count = count,
                        .decode_context =
                            (double)count * (network->input + network->output / 2),
                        .growth = (double)count};
    return step_cost_s(network->decode, &step, NULL);
}

/* Until a prompt is complete that finds others at the prefill pool: what is left of the step
 * under way, the steps of those before it, and its own. */
static double first_token_s(const struct network *network, double found, double rate)
{
    double here = found / network->prefill_replicas, room = network->ranks * network->most;
    double batch = fmin(fmax(here, 1), room);
    double step_s = prompts_s(network, batch / network->ranks);
    double busy = fmin(rate * step_s / (batch * network->prefill_replicas), 1);
    return step_s * (1 + busy / 2 + fmax(here / room - 1, 0));
}

/* Mean value analysis, one request more at a time up to those in flight: a prompt finds the
 * queue that there is with one request less. */
static void solve(const struct network *network, double in_flight,
                  struct inference_result *result)
{
    double queued = 0, rate = 0, first_s = 0, pace_s = 0;
    double steps = fmax(in_flight / 512, 1);
    for (double present = steps; present <= in_flight + steps / 2; present += steps) {
        first_s = first_token_s(network, queued, rate);
        pace_s = token_s(network, fmax(present - queued, 1));
        rate = present / (first_s + network->output * pace_s);
        queued = rate * first_s;
    }
    /* The load begins with all at once: a burst for the first of its rounds. */
    double room = network->prefill_replicas * network->ranks * network->most;
    double rounds = fmax(in_flight / room, 1);
    first_s += prompts_s(network, network->most) * (rounds - 1) / 2 / MEASURED_ROUNDS;
    result->ttft_mean_s = result->ttft_p50_s = first_s;
    result->tpot_mean_s = result->tpot_p50_s = pace_s;
    result->output_per_s = rate * network->output;
}

static const struct step_cost *pool_cost(const struct inference_pool *pool, struct arena *arena,
                                         struct error *error)
{
    struct serving_scenario *scenario = &pool->scenario->serving;
    const struct step_cost *cost = NULL;
    do {
        *error = (struct error){0};
        cost = step_cost_create(pool->platform, 0, pool->scenario->model, scenario,
                                scenario->max_num_batched_tokens, arena, error);
    } while (cost == NULL && error->kind == ERROR_INFEASIBLE && make_room(scenario));
    return cost;
}

static double mean_length(const char *text, struct arena *arena)
{
    struct lengths lengths;
    struct error ignored = {0};
    return lengths_read(text, &lengths, arena, &ignored) ? lengths_mean(&lengths) : 1;
}

static bool run_pools(const struct inference_case *what, struct inference_result *result,
                      struct arena *arena, struct error *error)
{
    const struct inference_pool *prefill = &what->prefill, *decode = &what->decode;
    const struct serving_scenario *load = &decode->scenario->serving;
    struct network network = {.prefill = pool_cost(prefill, arena, error)};
    network.decode = network.prefill == NULL ? NULL : pool_cost(decode, arena, error);
    if (network.decode == NULL) {
        return false;
    }
    network.input = mean_length(load->input_tokens, arena);
    network.output = mean_length(load->output_tokens, arena);
    const struct serving_scenario *prompts = &prefill->scenario->serving;
    network.ranks = (double)prompts->attention_data_parallel;
    network.most =
        floor((double)prompts->max_num_batched_tokens / network.ranks / network.input);
    network.most = fmax(network.most, 1);
    network.prefill_replicas = (double)prefill->replicas;
    network.decode_replicas = (double)decode->replicas;
    solve(&network, (double)load->concurrency * (double)decode->replicas, result);
    result->ttft_mean_s += load->request_overhead_s; /* no prompt waits for another's */
    result->ttft_p50_s += load->request_overhead_s;
    return true;
}

bool measured_inference_run(const struct inference_case *what, struct inference_result *result,
                            struct arena *arena, struct error *error)
{
    if (what->prefill.replicas > 0) {
        return run_pools(what, result, arena, error);
    }
    return what->scenario->serving.policy == BATCH_STATIC
               ? run_batch(what, result, arena, error)
               : run_replicas(what, result, arena, error);
}

/* Of pools that which decodes. */
static const struct platform *platform_of(const struct inference_case *what)
{
    return what->decode.replicas > 0 ? what->decode.platform : what->platform;
}

static bool run_row(struct machines *machines, const struct measured_row *row,
                    struct inference_memo *memo, bool *blank, struct error *error)
{
    struct arena *arena = arena_create();
    struct inference_case *what = measured_inference_case(machines, row, arena, error);
    *blank = what == NULL && strstr(error->message, "empty") != NULL;
    bool done = what != NULL && measured_inference_run(what, &memo->result, arena, error);
    memo->platform = done ? arena_format(machines->arena, "%s", platform_of(what)->name) : "";
    memo->assumed = done ? arena_format(machines->arena, "%s", what->assumed) : "";
    arena_free(arena);
    memo->csv = done ? row->csv : NULL;
    memo->row = row->row;
    return done;
}

bool measured_inference_simulate(struct machines *machines, const struct measured_row *row,
                                 struct inference_memo *memo, double *simulated, bool *blank,
                                 struct error *error)
{
    double measured;
    bool known = memo->csv == row->csv && memo->row == row->row;
    if (!known && !run_row(machines, row, memo, blank, error)) {
        return false;
    }
    *simulated = measured_inference_value(
        &memo->result, measured_inference_metric(row->csv, row->row, row->first, &measured));
    return isfinite(*simulated) ||
           error_fill(error, ERROR_INFEASIBLE, "the simulation has no such figure");
}

void measured_inference_prepare(struct machines *machines, const struct measured_row *row)
{
    struct error ignored = {0};
    if (row->kind == MEASURED_INFERENCE) {
        const struct csv *hardware = machines->engines->hardware;
        int64_t found = names_hardware(hardware, csv_text(row->csv, row->row, "hardware"));
        if (found >= 0) {
            machines_hardware(machines, found, &ignored);
        }
    }
}
