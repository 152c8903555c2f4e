/* SPDX-License-Identifier: Apache-2.0 */
#include "program/uneven.h"

#include <math.h>

#include "program/placement.h"

static int64_t kind_of(const struct job *job, int32_t team)
{
    const struct platform *platform = job->platform;
    return platform_chip(platform, job->teams[team].chips[0]) - platform->chip_types;
}

/* How many copies of the model stand on each kind. */
static bool count_copies(const struct job *job, const struct plan *plan, int64_t copies[2],
                         struct error *error)
{
    int64_t *kinds = arena_array(job->arena, plan->data_parallel, sizeof *kinds);
    copies[0] = copies[1] = 0;
    for (int32_t t = 0; t < job->team_count; t++) {
        int64_t copy = placement_of_chip(plan, job->teams[t].seat).data;
        int64_t kind = kind_of(job, t) + 1;
        if (kinds[copy] != 0 && kinds[copy] != kind) {
            return error_fill(error, ERROR_INFEASIBLE,
                              "copy %lld of the model stands on chips of two kinds, and "
                              "second_kind_share divides the batch between kinds; use a "
                              "tensor_parallel x pipeline_parallel x context_parallel that "
                              "divides the chips of each, and pipeline_inside",
                              (long long)copy);
        }
        copies[kind - 1] += kinds[copy] == 0;
        kinds[copy] = kind;
    }
    return true;
}

/* The whole number of microbatches for a copy on the second kind that is nearest to the share
 * and leaves whole numbers for the first; 0: there is none. */
static int64_t nearest(const struct plan *plan, const int64_t copies[2])
{
    int64_t all = plan->micro_batches * plan->data_parallel, best = 0;
    double wanted = plan->second_kind_share * (double)all / (double)copies[1];
    for (int64_t second = 1; second * copies[1] < all; second++) {
        bool whole = (all - second * copies[1]) % copies[0] == 0;
        bool nearer = best == 0 || fabs((double)second - wanted) < fabs((double)best - wanted);
        best = whole && nearer ? second : best;
    }
    return best;
}

const struct plan *uneven_plans(const struct job *job, const struct plan *plan,
                                struct error *error)
{
    int64_t copies[2];
    if (job->platform->chip_type_count != 2) {
        error_fill(error, ERROR_INFEASIBLE,
                   "second_kind_share is %g, and %s has %lld kinds of chip, not two",
                   plan->second_kind_share, job->platform->name,
                   (long long)job->platform->chip_type_count);
        return NULL;
    }
    if (!count_copies(job, plan, copies, error)) {
        return NULL;
    }
    int64_t second = copies[0] > 0 && copies[1] > 0 ? nearest(plan, copies) : 0;
    if (second == 0) {
        error_fill(
            error, ERROR_INFEASIBLE,
            "%lld microbatches cannot be divided over %lld and %lld copies of the model; "
            "use more batch_tokens",
            (long long)(plan->micro_batches * plan->data_parallel), (long long)copies[0],
            (long long)copies[1]);
        return NULL;
    }
    struct plan *plans = arena_array(job->arena, 2, sizeof *plans);
    plans[0] = plans[1] = *plan;
    plans[1].micro_batches = second;
    plans[0].micro_batches =
        (plan->micro_batches * plan->data_parallel - second * copies[1]) / copies[0];
    return plans;
}
