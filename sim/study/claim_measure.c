/* SPDX-License-Identifier: Apache-2.0 */
#include "study/claim_measure.h"

#include <math.h>
#include <string.h>

#include "record/summary.h"
#include "serving/capacity.h"
#include "serving/serving_tables.h"
#include "training/checkpoint.h"
#include "training/training_tables.h"

static bool measure_training(struct platform *platform, struct scenario *scenario,
                             double *measures, struct arena *arena, struct error *error)
{
    struct training_options options = {.detail = DETAIL_FOLDED};
    const struct training *training = training_run(platform, scenario, &options, arena, error);
    if (training == NULL) {
        return false;
    }
    const union cell *row = training_tables(training, NULL, arena)->summary->cells;
    measures[CLAIM_chips] = (double)row[SUMMARY_CHIPS].i64;
    measures[CLAIM_step_s] = row[SUMMARY_STEP_TIME].f64;
    measures[CLAIM_tokens_per_s] = row[SUMMARY_TOKENS_PER_S].f64;
    measures[CLAIM_mfu] = row[SUMMARY_MFU].f64;
    measures[CLAIM_power_W] = row[SUMMARY_POWER].f64;
    measures[CLAIM_J_per_token] = row[SUMMARY_ENERGY].f64 / 1e6;
    measures[CLAIM_checkpoint_bytes] = checkpoint_bytes(scenario->model);
    return true;
}

/* At the rate of the workload, or at the highest that meets its service level. */
static bool serve(const struct claim_run_text *run, struct serving *serving,
                  struct scenario *scenario, struct arena *arena, struct error *error)
{
    struct serving_options options = {.progress = NULL};
    struct capacity capacity;
    if (run->find != NULL && !capacity_find(serving, scenario, &capacity, error)) {
        return false;
    }
    if (run->find != NULL && !(capacity.factor > 0)) {
        return error_fill(error, ERROR_INFEASIBLE, "no rate meets the service level");
    }
    return serving_simulate(serving, &options, arena, error);
}

static bool measure_serving(const struct claim_run_text *run, struct platform *platform,
                            struct scenario *scenario, double *measures, struct arena *arena,
                            struct error *error)
{
    struct serving *serving = serving_prepare(platform, scenario, arena, error);
    if (serving == NULL || !serve(run, serving, scenario, arena, error)) {
        return false;
    }
    const union cell *row = serving_tables_summary(serving, NULL, arena)->cells;
    double seconds = serving->outcome->end_s - serving->outcome->first_arrival_s;
    measures[CLAIM_chips] = (double)row[SERVING_CHIPS].i64;
    measures[CLAIM_tokens_per_s] = row[SERVING_OUTPUT_RATE].f64;
    measures[CLAIM_power_W] = row[SERVING_POWER].f64;
    measures[CLAIM_J_per_token] = row[SERVING_ENERGY].f64 / 1e6;
    measures[CLAIM_requests_per_s] = row[SERVING_REQUEST_RATE].f64;
    measures[CLAIM_input_tokens_per_s] = row[SERVING_INPUT_RATE].f64;
    measures[CLAIM_prefilled_tokens_per_s] = (double)row[SERVING_PREFILLED].i64 / seconds;
    measures[CLAIM_ttft_s] = row[SERVING_TTFT_MEAN].f64;
    measures[CLAIM_ttft_p99_s] = row[SERVING_TTFT_P99].f64;
    measures[CLAIM_tpot_s] = row[SERVING_TPOT_MEAN].f64;
    measures[CLAIM_tpot_p99_s] = row[SERVING_TPOT_P99].f64;
    measures[CLAIM_slo] = row[SERVING_GOOD].f64;
    measures[CLAIM_load] = row[SERVING_LOAD].f64;
    measures[CLAIM_sessions_per_s] =
        (double)arrivals_sessions_begun(serving->arrivals) / seconds;
    measures[CLAIM_kv_tokens] = (double)row[SERVING_KV_TOKENS].i64;
    return true;
}

bool claim_measure(const struct claim_run_text *run, struct platform *platform,
                   struct scenario *scenario, struct claim_outcome *outcome,
                   struct arena *arena, struct error *error)
{
    for (enum claim_measure m = 0; m < CLAIM_MEASURE_COUNT; m++) {
        outcome->measures[m] = (double)NAN;
    }
    if (run->find != NULL && strcmp(run->find, "capacity") != 0) {
        return error_fill(error, ERROR_INPUT, "find is '%.40s', expected capacity", run->find);
    }
    outcome->serving = scenario->kind == SCENARIO_SERVING;
    if (scenario->kind == SCENARIO_TRAINING) {
        outcome->done = measure_training(platform, scenario, outcome->measures, arena, error);
    } else if (outcome->serving) {
        outcome->done =
            measure_serving(run, platform, scenario, outcome->measures, arena, error);
    } else {
        return error_fill(error, ERROR_INPUT,
                          "a run of a claim is a training or a serving workload");
    }
    return outcome->done;
}
