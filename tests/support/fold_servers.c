/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fold_servers.h"

#include "hardware/detours.h"
#include "program/lower_training.h"
#include "support/cluster.h"
#include "support/small_job.h"

struct platform *fold_servers(const struct change *change, int64_t domains, int64_t chips,
                              struct arena *arena)
{
    struct cluster cluster = {
        .kind = CLUSTER_STAR,
        .chips = chips,
        .domains = domains,
        .nic_chips = 1,
        .tier_count = 2,
        .tiers = {{"leaf", 2, 1, change->oversubscription, 1e-6}, {"spine", 1024, 1, 1, 1e-6}},
        .Bps = 100e9,
        .nic_Bps = 10e9};
    struct platform *platform = cluster_create(&cluster, arena);
    struct link_defect *defect = arena_alloc(arena, sizeof *defect);
    /* The first way out of server 5: the links before it are its star. */
    *defect = (struct link_defect){5 * platform->link_count + 2 * chips, change->nic_factor};
    platform->defects = defect;
    platform->defect_count = change->nic_factor < 1;
    platform->detours = detours_find(platform, arena);
    return platform;
}

struct job *fold_training(const struct platform *platform, int64_t tensor, int64_t pipeline,
                          int64_t experts, struct arena *arena)
{
    struct plan *plan = arena_alloc(arena, sizeof *plan);
    struct model *model = arena_alloc(arena, sizeof *model);
    struct training_shape *shape = arena_alloc(arena, sizeof *shape);
    struct error error = {.kind = ERROR_NONE};
    int64_t chips = platform_chips(platform), copies = chips / tensor / pipeline;
    *model = small_job_model(experts);
    model->layers = pipeline > model->layers ? pipeline : model->layers;
    model->kv_heads = model->heads; /* at least one for each tensor rank */
    plan_init(plan);
    plan->tensor_parallel = tensor;
    plan->pipeline_parallel = pipeline;
    plan->expert_parallel = experts > 0 ? experts : 1;
    *shape = (struct training_shape){model, plan, 512};
    return plan_derive(plan, model, chips, 512, 512 * copies * 2, &error)
               ? lower_training(platform, shape, arena, &error)
               : NULL;
}
