/* SPDX-License-Identifier: Apache-2.0 */
/* The job is folded as a run would fold it, and its wiring written instead of run. */
#include "cli/platform_fold.h"

#include "hardware/defect.h"
#include "program/fold_job.h"
#include "program/fold_notes.h"
#include "program/lower_collective.h"
#include "training/training.h"

static struct job *fold_collective(const struct platform *platform,
                                   const struct scenario *scenario, struct arena *arena,
                                   struct error *error)
{
    struct collective_request request = {
        .operation = COLLECTIVE_ALL_REDUCE, .bytes = 1 << 30, .algorithm = "auto"};
    struct defects none = {0};
    const struct defects *defects = scenario == NULL ? &none : &scenario->defects;
    if (scenario != NULL) {
        request.bytes = scenario->size_bytes;
        request.algorithm = scenario->algorithm;
        request.chips = scenario->group_chips;
        if (!collective_operation_read(scenario->operation, &request.operation, error)) {
            return NULL;
        }
    }
    struct fold_report report;
    uint64_t seed = scenario == NULL ? 1 : scenario->seed;
    platform = defect_apply(platform, defects, seed, arena, error);
    if (platform == NULL) {
        return NULL;
    }
    request.chips = lower_collective_chips(platform, request.chips);
    struct job *job = lower_collective(platform, &request, arena, error);
    return job == NULL ? NULL : fold_job(job, FOLD_SEES_ALL, &report, error);
}

static struct job *fold_workload(const struct platform *platform, const char *workload,
                                 struct arena *arena, struct error *error)
{
    struct scenario *scenario = scenario_read(workload, platform->name, NULL, 0, arena, error);
    if (scenario == NULL) {
        return NULL;
    }
    if (scenario->kind == SCENARIO_COLLECTIVE) {
        return fold_collective(platform, scenario, arena, error);
    }
    if (scenario->kind == SCENARIO_SERVING) {
        error_fill(error, ERROR_USAGE,
                   "platform fold: %s is served, not folded; give a training or collective "
                   "workload",
                   workload);
        return NULL;
    }
    struct training_options options = {.detail = DETAIL_FOLDED};
    struct training *training = training_prepare(platform, scenario, &options, arena, error);
    return training == NULL ? NULL : training->job;
}

char *platform_fold_xml(const struct platform *platform, const char *workload,
                        struct arena *arena, int64_t *size, struct error *error)
{
    struct job *job = workload == NULL ? fold_collective(platform, NULL, arena, error)
                                       : fold_workload(platform, workload, arena, error);
    if (job == NULL) {
        return NULL;
    }
    fold_notes(job);
    return wiring_xml(&job->network.wiring, arena, size);
}
