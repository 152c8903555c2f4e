/* SPDX-License-Identifier: Apache-2.0 */
/* How long a pipeline's turns take, by schedule. MODEL.md, "Pipeline schedules", "Plan
 * estimate". */
#include <math.h>

#include "study/search_walk.h"

/* From the first stage to the last and back. */
static double passing_s(const struct plan *plan, const struct search_pipeline *pipeline)
{
    return 2 * ((double)plan->pipeline_parallel - 1) * pipeline->boundary_s;
}

/* What passes the pipeline before and after the slowest stage's turns. */
static double filling_s(const struct plan *plan, const struct search_pipeline *pipeline)
{
    return (pipeline->all_s - pipeline->slowest_s) / (double)plan->virtual_stages;
}

/* A stage has as many microbatches in flight as stages follow it, itself included: what is
 * there and back for one of them must be covered by the turns of these. */
static double period_s(const struct plan *plan, const struct search_pipeline *pipeline,
                       double through_s)
{
    if (plan->overlap_experts) { /* both neighbours' results are waited for */
        return pipeline->period_s + (double)plan->virtual_stages * pipeline->boundary_s;
    }
    return plan->virtual_stages > 1
               ? pipeline->period_s
               : fmax(pipeline->period_s, through_s / (double)plan->pipeline_parallel);
}

/* While a round of microbatches goes one way alone, from each chunk to the next, all stages
 * wait until its first one has come around. */
static double rounds_s(const struct plan *plan, const struct search_pipeline *pipeline)
{
    double way_s = fmax(0, pipeline->boundary_s - pipeline->sent_s);
    return 2 * ((double)plan->virtual_stages - 1) * (double)plan->pipeline_parallel * way_s;
}

static double one_forward_one_backward_s(const struct plan *plan,
                                         const struct search_pipeline *pipeline)
{
    double turns = (double)plan->micro_batches, passing = passing_s(plan, pipeline);
    return filling_s(plan, pipeline) + passing + rounds_s(plan, pipeline) +
           pipeline->slowest_s +
           (turns - 1) * period_s(plan, pipeline, pipeline->all_s + passing);
}

static double gpipe_s(const struct plan *plan, const struct search_pipeline *pipeline)
{
    return filling_s(plan, pipeline) + passing_s(plan, pipeline) +
           (double)plan->micro_batches * pipeline->slowest_s;
}

/* Gradients of weights fill what 1F1B waits for, as far as there are microbatches. */
static double zero_bubble_s(const struct plan *plan, const struct search_pipeline *pipeline)
{
    double depth = (double)plan->pipeline_parallel, turns = (double)plan->micro_batches;
    double weights_s = (pipeline->backward_s - pipeline->data_s) / depth;
    double through_s = pipeline->forward_s + pipeline->data_s + passing_s(plan, pipeline);
    double filling = through_s * (depth - 1) / depth - fmin(depth - 1, turns - 1) * weights_s;
    return fmax(0, filling) + pipeline->slowest_s +
           (turns - 1) * period_s(plan, pipeline, through_s);
}

/* Half of the microbatches from each end; MODEL.md, "Pipeline schedules". */
static double dualpipe_s(const struct plan *plan, const struct search_pipeline *pipeline)
{
    double depth = (double)plan->pipeline_parallel, turns = (double)plan->micro_batches;
    double backward_s = pipeline->backward_s / depth, data_s = pipeline->data_s / depth;
    double weights_s = backward_s - data_s;
    double bubble_s = (depth / 2 - 1) * (2 * backward_s - 3 * weights_s);
    double alone = fmin(turns, depth); /* turns that have no partner */
    return fmax(0, bubble_s) + passing_s(plan, pipeline) + alone * pipeline->slowest_s +
           (turns - alone) * pipeline->period_s;
}

double search_schedule_s(const struct plan *plan, const struct search_pipeline *pipeline)
{
    switch (plan->schedule) {
    case SCHEDULE_GPIPE:
        return gpipe_s(plan, pipeline);
    case SCHEDULE_ZERO_BUBBLE:
        return zero_bubble_s(plan, pipeline);
    case SCHEDULE_DUALPIPE:
        return dualpipe_s(plan, pipeline);
    case SCHEDULE_1F1B:
        break;
    }
    return one_forward_one_backward_s(plan, pipeline);
}

double search_schedule_first_s(const struct plan *plan, const struct search_pipeline *pipeline,
                               bool last)
{
    double chunks = (double)plan->virtual_stages;
    double way_s = passing_s(plan, pipeline) / 2;
    double time_s = pipeline->forward_s / chunks + way_s;
    if (plan->schedule == SCHEDULE_GPIPE) {
        time_s += ((double)plan->micro_batches - 1) * pipeline->last_forward_s;
    }
    /* with virtual stages a round of microbatches passes all chunks first */
    time_s +=
        (chunks - 1) / chunks * (double)plan->pipeline_parallel * pipeline->last_forward_s;
    return last ? time_s
                : time_s + way_s + (pipeline->backward_s - pipeline->last_backward_s) / chunks;
}
