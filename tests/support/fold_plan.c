/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fold_plan.h"

#include <stdio.h>

#include "support/small_job.h"

enum { CHIPS = 36, LARGE_CHIPS = 1024 };

static bool toss(struct random_stream *stream)
{
    return random_below(stream, 2) == 0;
}

int64_t fold_plan_chips(const struct plan *plan)
{
    return plan->tensor_parallel * plan->pipeline_parallel * plan->context_parallel *
           plan->data_parallel;
}

static void draw_degrees(struct plan *plan, struct random_stream *stream, bool large)
{
    do {
        plan->tensor_parallel = (int64_t)1 << random_below(stream, 4);
        plan->pipeline_parallel = (int64_t)1 << random_below(stream, 3);
        plan->context_parallel = 1 + random_below(stream, 2);
        plan->data_parallel = 1 + random_below(stream, large ? 64 : 9);
    } while (fold_plan_chips(plan) > (large ? LARGE_CHIPS : CHIPS) ||
             fold_plan_chips(plan) < 4);
}

/* Of 2 to a fraction of the ranks that hold equal states; 0: all. */
static int64_t draw_shards(const struct plan *plan, struct random_stream *stream)
{
    int64_t ranks = plan->context_parallel * plan->data_parallel, shards = 1;
    for (int64_t part = 2; part < ranks; part++) {
        shards = ranks % part == 0 && toss(stream) ? part : shards;
    }
    return shards > 1 ? shards : 0;
}

static void draw_states(struct plan *plan, struct random_stream *stream)
{
    bool split = plan_splits_backward(plan);
    plan->zero_stage = random_below(stream, split ? 2 : 4);
    if (plan->zero_stage > 0 && plan->expert_parallel == 1) {
        plan->shard_chips = draw_shards(plan, stream);
    }
    plan->overlap_gradients = toss(stream);
    plan->overlap_weights = toss(stream);
    plan->recompute = (enum recompute)random_below(stream, RECOMPUTE_COUNT);
}

static void draw_experts(struct plan *plan, struct random_stream *stream)
{
    int64_t ranks = plan->tensor_parallel * plan->context_parallel * plan->data_parallel;
    plan->sequence_parallel = true;
    plan->expert_parallel = ranks % 4 == 0   ? 2 + 2 * random_below(stream, 2)
                            : ranks % 2 == 0 ? 2
                                             : 1;
    plan->overlap_experts = plan->expert_parallel > 1 && toss(stream);
}

static int64_t draw_schedule(struct plan *plan, struct random_stream *stream)
{
    int64_t stages = plan->pipeline_parallel, some = 1 + random_below(stream, 4);
    if (stages == 1) {
        return some;
    }
    plan->schedule = (enum pipeline_schedule)random_below(stream, SCHEDULE_DUALPIPE + 1);
    if (plan->schedule == SCHEDULE_1F1B && toss(stream)) {
        plan->virtual_stages = 2;
        return stages * (1 + random_below(stream, 2));
    }
    return plan->schedule == SCHEDULE_DUALPIPE ? 2 * stages : some;
}

void fold_plan_draw(struct fold_plan *drawn, struct random_stream *stream, bool large)
{
    static const char *const context[] = {"", " ring"};
    struct plan *plan = &drawn->plan;
    bool mixture = random_below(stream, 3) == 0;
    plan_init(plan);
    draw_degrees(plan, stream, large);
    drawn->model = small_job_model(mixture ? 4 : 0);
    drawn->micro_batches = draw_schedule(plan, stream);
    if (plan->pipeline_parallel > 1 && random_below(stream, 3) == 0) {
        plan->uneven_stages = true;
        drawn->model.layers += 1 + random_below(stream, 3);
    }
    plan->sequence_parallel = toss(stream);
    plan->context_ring = toss(stream);
    plan->pipeline_inside = toss(stream);
    if (mixture) {
        draw_experts(plan, stream);
    }
    draw_states(plan, stream);
    snprintf(drawn->text, sizeof drawn->text,
             "TP %lld, PP %lld x %lld %s, CP %lld%s, EP %lld, DP %lld, ZeRO-%lld over %lld, "
             "overlap %d %d %d, inside %d, %lld layers, %lld microbatches",
             (long long)plan->tensor_parallel, (long long)plan->pipeline_parallel,
             (long long)plan->virtual_stages, plan_schedule_name(plan->schedule),
             (long long)plan->context_parallel, context[plan->context_ring],
             (long long)plan->expert_parallel, (long long)plan->data_parallel,
             (long long)plan->zero_stage, (long long)plan->shard_chips, plan->overlap_gradients,
             plan->overlap_weights, plan->overlap_experts, plan->pipeline_inside,
             (long long)drawn->model.layers, (long long)drawn->micro_batches);
}
