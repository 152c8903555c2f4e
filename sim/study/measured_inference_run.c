/* SPDX-License-Identifier: Apache-2.0 */
/* One replica is simulated and stands for all; of a disaggregated system all of both pools are.
 * docs/ACCURACY.md, "Serving". */
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
    struct serving *serving =
        serving_prepare_pools(what->platform, what->prefill, what->scenario, arena, error);
    while (serving == NULL && error->kind == ERROR_INFEASIBLE &&
           make_room(&what->scenario->serving)) {
        *error = (struct error){0};
        serving =
            serving_prepare_pools(what->platform, what->prefill, what->scenario, arena, error);
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

bool measured_inference_run(const struct inference_case *what, struct inference_result *result,
                            struct arena *arena, struct error *error)
{
    return what->scenario->serving.policy == BATCH_STATIC
               ? run_batch(what, result, arena, error)
               : run_replicas(what, result, arena, error);
}

static bool run_row(struct machines *machines, const struct measured_row *row,
                    struct inference_memo *memo, bool *blank, struct error *error)
{
    struct arena *arena = arena_create();
    struct inference_case *what = measured_inference_case(machines, row, arena, error);
    *blank = what == NULL && strstr(error->message, "empty") != NULL;
    bool done = what != NULL && measured_inference_run(what, &memo->result, arena, error);
    memo->platform = done ? arena_format(machines->arena, "%s", what->platform->name) : "";
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
