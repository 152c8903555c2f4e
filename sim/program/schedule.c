/* SPDX-License-Identifier: Apache-2.0 */
/* 1F1B: warm-up turns forward, then one forward and one backward in turn, then the rest
 * backward. Zero bubble: the same, with weights' gradients where the stage would wait. */
#include "program/schedule.h"

#include "program/schedule_dual.h"

static void add(struct turns *turns, enum turn_kind kind, int64_t chunk, int64_t microbatch)
{
    turns->items[turns->count++] = (struct turn){kind, chunk, microbatch, false};
}

/* The k-th forward (or backward) turn: with virtual stages, microbatches go in rounds of one a
 * pipeline stage, each round through all chunks (backward from the last chunk). */
static void add_numbered(struct turns *turns, const struct plan *plan, bool forward, int64_t k)
{
    int64_t round = plan->pipeline_parallel, chunks = plan->virtual_stages;
    enum turn_kind kind = forward                      ? TURN_FORWARD
                          : plan_splits_backward(plan) ? TURN_DATA
                                                       : TURN_BACKWARD;
    if (chunks == 1) {
        add(turns, kind, 0, k);
        return;
    }
    int64_t chunk = k % (round * chunks) / round;
    add(turns, kind, forward ? chunk : chunks - 1 - chunk,
        k / (round * chunks) * round + k % round);
}

/* One turn more where a forward and a backward turn run together: they must be of different
 * microbatches in the last stage too; and as both are needed before either begins, two for each
 * stage after this one. */
static int64_t warm_up(const struct plan *plan, int64_t stage)
{
    int64_t after = plan->pipeline_parallel - stage - 1;
    int64_t turns = plan->virtual_stages == 1 && !plan->overlap_experts
                        ? after
                        : 2 * after + (plan->virtual_stages - 1) * plan->pipeline_parallel;
    int64_t all = plan->micro_batches * plan->virtual_stages;
    turns += plan->overlap_experts;
    return turns < all ? turns : all;
}

/* ZB-H1: stage s computes weights' gradients s microbatches late, so that data's gradients
 * leave sooner, and no stage keeps more than the first one of 1F1B. */
static void add_late_weights(struct turns *turns, const struct plan *plan, int64_t stage,
                             int64_t done)
{
    if (plan->schedule == SCHEDULE_ZERO_BUBBLE && done >= stage) {
        add(turns, TURN_WEIGHT, 0, done - stage);
    }
}

static void one_forward_one_backward(struct turns *turns, const struct plan *plan,
                                     int64_t stage)
{
    int64_t warm = warm_up(plan, stage), all = plan->micro_batches * plan->virtual_stages;
    for (int64_t k = 0; k < warm; k++) {
        add_numbered(turns, plan, true, k);
    }
    for (int64_t k = 0; k < all; k++) {
        if (warm + k < all) {
            add_numbered(turns, plan, true, warm + k);
            turns->items[turns->count - 1].paired = plan->overlap_experts;
        }
        add_numbered(turns, plan, false, k);
        add_late_weights(turns, plan, stage, k);
    }
    for (int64_t k = all; k < all + stage; k++) {
        if (k - stage >= 0) {
            add_late_weights(turns, plan, stage, k);
        }
    }
}

/* All microbatches forward, then all backward, the last one first. */
static void all_forward_all_backward(struct turns *turns, const struct plan *plan)
{
    for (int64_t m = 0; m < plan->micro_batches; m++) {
        add(turns, TURN_FORWARD, 0, m);
    }
    for (int64_t m = plan->micro_batches - 1; m >= 0; m--) {
        add(turns, TURN_BACKWARD, 0, m);
    }
}

struct turns schedule_turns(const struct plan *plan, int64_t stage, struct arena *arena)
{
    int64_t most = 3 * plan->micro_batches * plan_chunks(plan);
    struct turns turns = {arena_array(arena, most + 1, sizeof(struct turn)), 0};
    switch (plan->schedule) {
    case SCHEDULE_GPIPE:
        all_forward_all_backward(&turns, plan);
        break;
    case SCHEDULE_DUALPIPE:
        schedule_dual(&turns, plan, stage);
        break;
    case SCHEDULE_1F1B:
    case SCHEDULE_ZERO_BUBBLE:
        one_forward_one_backward(&turns, plan, stage);
        break;
    }
    return turns;
}

static bool check_rounds(const struct plan *plan, struct error *error)
{
    if (plan->virtual_stages == 1 || plan->micro_batches % plan->pipeline_parallel == 0) {
        return true;
    }
    return error_fill(error, ERROR_INFEASIBLE,
                      "interleaved 1F1B works on microbatches in rounds of pipeline_parallel "
                      "(%lld), and %lld microbatches a pipeline are no multiple of it; change "
                      "batch_tokens, micro_batch or virtual_stages",
                      (long long)plan->pipeline_parallel, (long long)plan->micro_batches);
}

bool schedule_check(const struct plan *plan, struct error *error)
{
    if (plan->schedule != SCHEDULE_1F1B && plan->virtual_stages > 1) {
        return error_fill(
            error, ERROR_INFEASIBLE,
            "virtual_stages %lld go with schedule: 1f1b only; use virtual_stages: 1",
            (long long)plan->virtual_stages);
    }
    if (plan_splits_backward(plan) && plan->zero_stage > 1) {
        return error_fill(
            error, ERROR_INFEASIBLE,
            "zero_stage %lld scatters gradients after every backward turn, and this "
            "schedule computes those of weights apart; use zero_stage: 1",
            (long long)plan->zero_stage);
    }
    if (plan->schedule == SCHEDULE_DUALPIPE) {
        return schedule_dual_check(plan, error);
    }
    return check_rounds(plan, error);
}
