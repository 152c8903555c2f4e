/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a training run; each line of training_run is one arrow of the picture in
 * docs/ARCHITECTURE.md. */
#include "training/training.h"

#include <math.h>
#include <stdio.h>

#include "hardware/defect.h"
#include "program/exchanges.h"
#include "program/lower_training.h"
#include "program/placement.h"
#include "training/straggler.h"
#include "workload/transformer.h"

/* What would make the plan fit: tried one change at a time, the cheapest first. */
static bool fits(const struct training *training, const struct plan *plan)
{
    struct plan trial = *plan;
    struct error ignored = {0};
    if (!plan_derive(&trial, training->scenario->model, platform_chips(training->platform),
                     training->scenario->sequence_tokens, training->scenario->batch_tokens,
                     &ignored)) {
        return false;
    }
    struct training_shape shape = {training->scenario->model, &trial,
                                   training->scenario->sequence_tokens};
    return transformer_fits(&shape, platform_chip(training->platform, 0));
}

static void remedy(const struct training *training, char *text, size_t size)
{
    struct plan plan = training->plan;
    snprintf(text, size, "use more chips a model copy, or chips with more memory");
    for (int recompute = (int)plan.recompute + 1; recompute < RECOMPUTE_COUNT; recompute++) {
        plan.recompute = (enum recompute)recompute;
        if (fits(training, &plan)) {
            snprintf(text, size, "it fits with recompute: %s", recompute_name(plan.recompute));
            return;
        }
    }
    for (int64_t factor = 2; factor <= 16; factor *= 2) {
        plan.pipeline_parallel = training->plan.pipeline_parallel * factor;
        if (fits(training, &plan)) {
            snprintf(text, size, "it fits with recompute: full and pipeline_parallel: %lld",
                     (long long)plan.pipeline_parallel);
            return;
        }
        plan.pipeline_parallel = training->plan.pipeline_parallel;
        plan.tensor_parallel = training->plan.tensor_parallel * factor;
        if (fits(training, &plan)) {
            snprintf(text, size, "it fits with recompute: full and tensor_parallel: %lld",
                     (long long)plan.tensor_parallel);
            return;
        }
        plan.tensor_parallel = training->plan.tensor_parallel;
    }
}

static bool check_memory(struct training *training, struct arena *arena, struct error *error)
{
    int64_t stages = training->plan.pipeline_parallel;
    const struct chip *chip = platform_chip(training->platform, 0);
    training->memory = arena_array(arena, stages, sizeof(struct training_memory));
    for (int64_t stage = 0; stage < stages; stage++) {
        training->memory[stage] = transformer_memory(&training->shape, chip, stage);
        if (training->memory[stage].total_bytes >
            training->memory[training->fullest_stage].total_bytes) {
            training->fullest_stage = stage;
        }
    }
    const struct training_memory *most = &training->memory[training->fullest_stage];
    if (most->total_bytes <= chip->hbm_bytes) {
        return true;
    }
    char what[5][32], help[128];
    remedy(training, help, sizeof help);
    return error_at(error, ERROR_INFEASIBLE, training->scenario->path, 0, 0,
                    "pipeline stage %lld needs %s a chip and %s has %s: weights %s, gradients "
                    "and optimizer "
                    "%s, activations %s; %s",
                    (long long)training->fullest_stage,
                    units_print(what[0], sizeof what[0], most->total_bytes, UNIT_BYTES),
                    chip->title,
                    units_print(what[1], sizeof what[1], chip->hbm_bytes, UNIT_BYTES),
                    units_print(what[2], sizeof what[2], most->weights_bytes, UNIT_BYTES),
                    units_print(what[3], sizeof what[3],
                                most->gradients_bytes + most->optimizer_bytes, UNIT_BYTES),
                    units_print(what[4], sizeof what[4],
                                most->activations_bytes + most->workspace_bytes, UNIT_BYTES),
                    help);
}

/* What is offloaded needs a way to the host, and room there where the platform says how much.
 */
static bool check_host(const struct training *training, struct error *error)
{
    const struct storage *host = &training->platform->host;
    char what[2][32];
    double most_bytes = 0;
    for (int64_t stage = 0; stage < training->plan.pipeline_parallel; stage++) {
        most_bytes = fmax(most_bytes, training->memory[stage].host_bytes);
    }
    if (most_bytes > 0 && !(host->Bps > 0)) {
        return error_at(error, ERROR_INFEASIBLE, training->scenario->path, 0, 0,
                        "the plan offloads to the host, and platform %s has no property "
                        "storage.host.bandwidth; add it with a source",
                        training->platform->name);
    }
    return host->bytes <= 0 || most_bytes <= host->bytes ||
           error_at(error, ERROR_INFEASIBLE, training->scenario->path, 0, 0,
                    "the plan offloads %s a chip, and a chip's share of the host's memory is "
                    "%s; offload less, or shard the optimizer over more chips",
                    units_print(what[0], sizeof what[0], most_bytes, UNIT_BYTES),
                    units_print(what[1], sizeof what[1], host->bytes, UNIT_BYTES));
}

/* Keeps the spans of the first pipeline for the timeline. */
static void keep_span(void *argument, const struct span *span)
{
    struct training *training = argument;
    struct place place =
        placement_of_chip(&training->plan, training->job->teams[span->team].seat);
    if (place.data != 0 || place.context != 0 || span->end_s <= span->start_s) {
        return;
    }
    training->spans = arena_grow(training->job->arena, training->spans, training->span_count,
                                 &training->span_capacity, sizeof(struct span));
    training->spans[training->span_count++] = *span;
}

static struct job *make_job(struct training *training, const struct training_options *options,
                            struct arena *arena, struct error *error)
{
    if (options->one_replica) {
        return lower_training_replica(training->platform, &training->shape, arena, error);
    }
    const struct scenario *scenario = training->scenario;
    struct job *job = lower_training(training->platform, &training->shape, arena, error);
    if (job == NULL || !straggler_slow_down(job, &training->plan, scenario, error)) {
        return NULL;
    }
    if (options->unplanned) {
        return job;
    }
    if (options->detail == DETAIL_FOLDED) {
        return fold_job(job, FOLD_SEES_ALL, &training->fold, error);
    }
    return exchanges_plan_all(job, error) ? job : NULL;
}

static bool check_format(const struct training *training, struct error *error)
{
    enum dtype dtype = training->plan.dtype;
    for (int64_t i = 0; i < training->platform->chip_type_count; i++) {
        const struct chip *chip = &training->platform->chip_types[i];
        if (!(chip->array_flops_per_s[dtype] > 0)) {
            return error_fill(error, ERROR_INFEASIBLE,
                              "%s has no arithmetic in %s: its platform file states no peak; "
                              "choose another plan.dtype",
                              chip->title, dtype_name(dtype));
        }
    }
    return true;
}

struct training *training_prepare(const struct platform *platform,
                                  const struct scenario *scenario,
                                  const struct training_options *options, struct arena *arena,
                                  struct error *error)
{
    struct training *training = arena_alloc(arena, sizeof *training);
    training->platform =
        defect_apply(platform, &scenario->defects, scenario->seed, arena, error);
    if (training->platform == NULL) {
        return NULL;
    }
    training->scenario = scenario;
    training->plan = scenario->plan;
    if (!plan_derive(&training->plan, scenario->model, platform_chips(training->platform),
                     scenario->sequence_tokens, scenario->batch_tokens, error) ||
        !check_format(training, error)) {
        return NULL;
    }
    training->batch_rounded_up =
        training->plan.batch_sequences * scenario->sequence_tokens > scenario->batch_tokens;
    training->shape =
        (struct training_shape){scenario->model, &training->plan, scenario->sequence_tokens};
    struct error unfit = {0};
    if (!check_memory(training, arena, options->any_memory ? &unfit : error) &&
        !options->any_memory) {
        return NULL;
    }
    if (!check_host(training, error)) {
        return NULL;
    }
    training->job = make_job(training, options, arena, error);
    return training->job == NULL ? NULL : training;
}

struct training *training_run(const struct platform *platform, const struct scenario *scenario,
                              const struct training_options *options, struct arena *arena,
                              struct error *error)
{
    struct training *training = training_prepare(platform, scenario, options, arena, error);
    if (training == NULL) {
        return NULL;
    }
    if (options->folded != NULL && options->detail == DETAIL_FOLDED) {
        options->folded(&training->fold);
    }
    struct executor_options execution = {.detail = options->detail,
                                         .coalesce = scenario->coalesce,
                                         .trace = options->one_replica ? NULL : keep_span,
                                         .trace_argument = training,
                                         .progress = options->progress};
    if (options->timeline != NULL) {
        options->timeline->plan = &training->plan;
    }
    return timeline_run(options->timeline, training->job, &execution, &training->execution,
                        error)
               ? training
               : NULL;
}

struct evidence training_evidence(const struct training *training, struct arena *arena)
{
    bool experts = training->scenario->model->expert_count > 0;
    return evidence_of(training->platform, experts ? EVIDENCE_EXPERTS : EVIDENCE_TRAINING,
                       arena);
}
