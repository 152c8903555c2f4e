/* SPDX-License-Identifier: Apache-2.0 */
/* Drawn plans are made so that they divide; what still does not is a mistake of the test. */
#include "support/small_job.h"

#include <stdio.h>

#include "program/exchanges.h"
#include "program/lower_training.h"
#include "support/machine.h"
#include "support/support.h"

enum { SEQUENCE = 512 };

struct model small_job_model(int64_t expert_count)
{
    return (struct model){.name = "small",
                          .layers = 8,
                          .hidden = 1024,
                          .heads = 16,
                          .kv_heads = 4,
                          .head_dim = 64,
                          .ffn_hidden = 4096,
                          .vocabulary = 8192,
                          .gated_mlp = true,
                          .rotary = true,
                          .max_positions = SEQUENCE,
                          .expert_count = expert_count,
                          .experts_per_token = expert_count > 0 ? 2 : 0,
                          .expert_ffn_hidden = expert_count > 0 ? 2048 : 0};
}

static void describe(struct small_job *small)
{
    const struct plan *plan = &small->plan;
    snprintf(
        small->text, sizeof small->text,
        "TP %lld, SP %d, PP %lld x %lld, CP %lld, EP %lld, DP %lld, ZeRO-%lld, overlap %d, "
        "inside %d, %lld microbatches, %lld experts",
        (long long)plan->tensor_parallel, plan->sequence_parallel,
        (long long)plan->pipeline_parallel, (long long)plan->virtual_stages,
        (long long)plan->context_parallel, (long long)plan->expert_parallel,
        (long long)plan->data_parallel, (long long)plan->zero_stage, plan->overlap_gradients,
        plan->pipeline_inside, (long long)plan->micro_batches,
        (long long)small->model.expert_count);
}

void small_job_make(struct small_job *small, const struct platform *platform,
                    int64_t micro_batches, struct arena *arena)
{
    struct error error = {0};
    struct plan *plan = &small->plan;
    int64_t chips = platform_chips(platform);
    int64_t data =
        chips / (plan->tensor_parallel * plan->pipeline_parallel * plan->context_parallel);
    small->platform = platform;
    small->job = NULL;
    if (plan_derive(plan, &small->model, chips, SEQUENCE, SEQUENCE * data * micro_batches,
                    &error)) {
        struct training_shape *shape = arena_alloc(arena, sizeof *shape);
        *shape = (struct training_shape){&small->model, plan, SEQUENCE};
        small->job = lower_training(platform, shape, arena, &error);
    }
    if (small->job != NULL && !exchanges_plan_all(small->job, &error)) {
        small->job = NULL;
    }
    describe(small);
    if (small->job == NULL) {
        printf("\n    %s: %s", small->text, error.message);
    }
}

static bool toss(struct random_stream *stream)
{
    return random_below(stream, 2) == 0;
}

void small_job_draw(struct small_job *small, struct random_stream *stream, struct arena *arena)
{
    struct plan *plan = &small->plan;
    int64_t data = 1 + random_below(stream, 3);
    plan_init(plan);
    do {
        plan->tensor_parallel = (int64_t)1 << random_below(stream, 3);
        plan->pipeline_parallel = (int64_t)1 << random_below(stream, 3);
        plan->context_parallel = 1 + random_below(stream, 2);
    } while (plan->tensor_parallel * plan->pipeline_parallel * plan->context_parallel * data >
             24);
    int64_t ranks = plan->tensor_parallel * plan->context_parallel * data;
    bool mixture = toss(stream);
    small->model = small_job_model(mixture ? 4 : 0);
    plan->virtual_stages = plan->pipeline_parallel > 1 && toss(stream) ? 2 : 1;
    plan->sequence_parallel = mixture || toss(stream);
    plan->expert_parallel = mixture && ranks % 4 == 0   ? 2 + 2 * random_below(stream, 2)
                            : mixture && ranks % 2 == 0 ? 2
                                                        : 1;
    plan->zero_stage = random_below(stream, 2);
    plan->overlap_gradients = toss(stream);
    plan->pipeline_inside = toss(stream);
    plan->recompute = (enum recompute)random_below(stream, RECOMPUTE_COUNT);
    int64_t micro_batches = 1 + random_below(stream, 8);
    if (plan->virtual_stages > 1) {
        micro_batches = plan->pipeline_parallel * (1 + random_below(stream, 2));
    }
    const struct platform *platform =
        machine_draw(stream, ranks * plan->pipeline_parallel, arena);
    small_job_make(small, platform, micro_batches, arena);
}
