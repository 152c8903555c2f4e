/* SPDX-License-Identifier: Apache-2.0 */
/* Stages of equal content are one kind; what they keep in memory is taken apart, so that a plan
 * of the many is a sum of few numbers. */
#include <math.h>
#include <string.h>

#include "study/search_walk.h"

static bool layers_fit(const struct search_walk *walk)
{
    int64_t layers = walk->shape.model->layers + walk->shape.model->prediction_layers;
    int64_t stages = walk->plan.pipeline_parallel * walk->plan.virtual_stages;
    return stages <= layers ||
           (stages > 2 && ((layers + 1) % stages == 0 || (layers + 2) % stages == 0));
}

static void stage_parts(const struct search_walk *walk, int64_t stage,
                        double parts[SEARCH_PARTS])
{
    memset(parts, 0, SEARCH_PARTS * sizeof parts[0]);
    for (int64_t c = 0; c < plan_chunks(&walk->plan); c++) {
        struct stage chunk = transformer_chunk(walk->shape.model, &walk->plan, stage, c);
        parts[PART_LAYER] += (double)chunk.layers;
        parts[PART_DENSE_LAYER] += (double)chunk.dense_layers;
        parts[PART_EMBEDDING] += chunk.embedding;
        parts[PART_HEAD] += (double)chunk.head;
    }
}

static bool same_parts(const double *a, const double *b)
{
    bool same = true;
    for (int p = 0; p < SEARCH_PARTS; p++) {
        same = same && fabs(a[p] - b[p]) < 0.5;
    }
    return same;
}

static double least(int64_t a, int64_t b)
{
    return (double)(a < b ? a : b);
}

/* How many layers are computed again when each chunk does so with its first k; 0: all. */
static void count_light(const struct search_walk *walk, struct search_split *split,
                        struct search_kind *kind)
{
    for (int64_t c = 0; c < plan_chunks(&walk->plan); c++) {
        struct stage chunk = transformer_chunk(walk->shape.model, &walk->plan, kind->first, c);
        int64_t layers = chunk.layers + chunk.dense_layers;
        split->most_layers = layers > split->most_layers ? layers : split->most_layers;
    }
    kind->light =
        arena_array(walk->search->arena,
                    walk->shape.model->layers + walk->shape.model->prediction_layers + 1,
                    sizeof *kind->light);
    for (int64_t k = 0; k <= split->most_layers; k++) {
        int64_t most = k == 0 ? INT64_MAX : k;
        for (int64_t c = 0; c < plan_chunks(&walk->plan); c++) {
            struct stage chunk =
                transformer_chunk(walk->shape.model, &walk->plan, kind->first, c);
            kind->light[k][PART_LAYER] += least(chunk.layers, most);
            kind->light[k][PART_DENSE_LAYER] += least(chunk.dense_layers, most);
        }
    }
}

static void add_stage(const struct search_walk *walk, struct search_split *split, int64_t stage)
{
    double parts[SEARCH_PARTS];
    stage_parts(walk, stage, parts);
    int k = 0;
    while (k < split->kind_count && !same_parts(parts, split->kinds[k].parts)) {
        k++;
    }
    if (k == SEARCH_KINDS) {
        k--; /* very uneven models: the last kind stands for the rest */
    } else if (k == split->kind_count) {
        struct search_kind *kind = &split->kinds[split->kind_count++];
        *kind = (struct search_kind){.first = stage};
        memcpy(kind->parts, parts, sizeof parts);
        for (int p = 0; p < SEARCH_PARTS; p++) {
            kind->units += parts[p];
        }
    }
    split->kinds[k].count++;
}

const struct search_split *search_split_of(struct search_walk *walk)
{
    const struct plan *plan = &walk->plan;
    int64_t width = walk->shape.model->layers + 3;
    int64_t kind = plan->schedule == SCHEDULE_DUALPIPE ? 0 : plan->virtual_stages;
    struct search_split **place = &walk->splits[plan->pipeline_parallel * width + kind];
    if (*place != NULL) {
        return *place;
    }
    *place = arena_alloc(walk->search->arena, sizeof **place);
    (*place)->fits = layers_fit(walk);
    for (int64_t stage = 0; (*place)->fits && stage < plan->pipeline_parallel; stage++) {
        add_stage(walk, *place, stage);
    }
    for (int k = 0; k < (*place)->kind_count; k++) {
        count_light(walk, *place, &(*place)->kinds[k]);
    }
    return *place;
}

/* Memory */

void search_memory_states(struct search_walk *walk)
{
    struct plan plan = walk->plan;
    struct training_shape shape = walk->shape;
    shape.plan = &plan;
    for (int k = 0; k < walk->split->kind_count; k++) {
        struct search_state *state = &walk->states[k];
        int64_t first = walk->split->kinds[k].first;
        *state = (struct search_state){.activations_bytes = 0};
        state->parameters = transformer_stage_parameters(shape.model, &plan, first);
        for (plan.zero_stage = 0; plan.zero_stage < ZERO_STAGES; plan.zero_stage++) {
            for (int offloaded = 0; offloaded < 2; offloaded++) {
                plan.offload_optimizer = offloaded;
                struct training_memory memory = transformer_memory(&shape, walk->chip, first);
                state->state_bytes[plan.zero_stage][offloaded] =
                    memory.weights_bytes + memory.gradients_bytes + memory.optimizer_bytes;
            }
        }
    }
}

/* Activations grow by as much with each layer that is not computed again. */
void search_memory_kept(struct search_walk *walk)
{
    struct plan plan = walk->plan;
    struct training_shape shape = walk->shape;
    shape.plan = &plan;
    plan.recompute_layers = 0;
    plan.offload_activations = 0;
    for (int k = 0; k < walk->split->kind_count; k++) {
        const struct search_kind *kind = &walk->split->kinds[k];
        struct search_state *state = &walk->states[k];
        double layers = kind->light[0][PART_LAYER] + kind->light[0][PART_DENSE_LAYER];
        struct training_memory memory = transformer_memory(&shape, walk->chip, kind->first);
        state->activations_bytes = memory.activations_bytes;
        state->rest_bytes = memory.workspace_bytes + memory.reserved_bytes;
        state->layer_bytes = 0;
        if (plan.recompute == RECOMPUTE_FULL && layers > 0) {
            plan.recompute = RECOMPUTE_NONE;
            double none_bytes =
                transformer_memory(&shape, walk->chip, kind->first).activations_bytes;
            plan.recompute = RECOMPUTE_FULL;
            state->layer_bytes = (none_bytes - state->activations_bytes) / layers;
        }
    }
}

static double activations_bytes(const struct search_walk *walk, int k)
{
    const struct search_kind *kind = &walk->split->kinds[k];
    const struct search_state *state = &walk->states[k];
    int64_t again = walk->plan.recompute_layers;
    if (again > 0 && walk->shape.model->dense_layers > 0) {
        /* dense layers keep something else than mixtures */
        struct plan plan = walk->plan;
        struct training_shape shape = walk->shape;
        shape.plan = &plan;
        plan.offload_activations = 0;
        return transformer_memory(&shape, walk->chip, kind->first).activations_bytes;
    }
    const double *all = kind->light[0], *light = kind->light[again];
    double whole =
        all[PART_LAYER] - light[PART_LAYER] + all[PART_DENSE_LAYER] - light[PART_DENSE_LAYER];
    return state->activations_bytes + whole * state->layer_bytes;
}

static double other_bytes(const struct search_walk *walk, int k)
{
    const struct search_state *state = &walk->states[k];
    return state->state_bytes[walk->plan.zero_stage][walk->plan.offload_optimizer] +
           state->rest_bytes;
}

double search_memory_bytes(const struct search_walk *walk)
{
    double most_bytes = 0;
    for (int k = 0; k < walk->split->kind_count; k++) {
        most_bytes =
            fmax(most_bytes, other_bytes(walk, k) + activations_bytes(walk, k) *
                                                        (1 - walk->plan.offload_activations));
    }
    return most_bytes;
}

static bool takes_half(const struct search_walk *walk, int64_t shards)
{
    struct plan plan = walk->plan;
    struct training_shape shape = walk->shape;
    double most_bytes = 0;
    plan.shard_chips = shards;
    plan.zero_stage = ZERO_STAGES - 1;
    shape.plan = &plan;
    for (int k = 0; k < walk->split->kind_count; k++) {
        struct training_memory memory =
            transformer_memory(&shape, walk->chip, walk->split->kinds[k].first);
        most_bytes = fmax(most_bytes, memory.weights_bytes + memory.gradients_bytes +
                                          memory.optimizer_bytes);
    }
    return 2 * most_bytes <= walk->chip->hbm_bytes;
}

int search_shards(const struct search_walk *walk, int64_t shards[SEARCH_SHARDS])
{
    const struct plan *plan = &walk->plan;
    int64_t ranks = plan->data_parallel * plan->context_parallel, near = 1;
    int64_t most = walk->search->platform->chip_count / plan->tensor_parallel;
    for (int64_t d = 2; d < ranks && d <= most; d++) {
        near = ranks % d == 0 ? d : near;
    }
    shards[0] = 0;
    if (near == 1 || plan->expert_parallel > 1 || plan_splits_backward(plan)) {
        return 1;
    }
    shards[1] = near;
    for (int64_t d = near; d < ranks; d += near) {
        if (ranks % d == 0 && takes_half(walk, d)) {
            shards[2] = d;
            return d > near ? SEARCH_SHARDS : SEARCH_SHARDS - 1;
        }
    }
    return SEARCH_SHARDS - 1;
}

static double host_bytes(const struct search_walk *walk, int k)
{
    const struct plan *plan = &walk->plan;
    const double *state_bytes = walk->states[k].state_bytes[plan->zero_stage];
    return (plan->offload_optimizer ? state_bytes[0] - state_bytes[1] : 0) +
           (plan->offload_activations > 0
                ? plan->offload_activations * activations_bytes(walk, k)
                : 0);
}

bool search_memory_fits_host(const struct search_walk *walk)
{
    double most_bytes = 0, room_bytes = walk->search->platform->host.bytes;
    for (int k = 0; k < walk->split->kind_count; k++) {
        most_bytes = fmax(most_bytes, host_bytes(walk, k));
    }
    return walk->plan.offload_activations <= 1 && (room_bytes <= 0 || most_bytes <= room_bytes);
}

double search_memory_offload(const struct search_walk *walk)
{
    double share = 0;
    for (int k = 0; k < walk->split->kind_count; k++) {
        double over_bytes =
            other_bytes(walk, k) + activations_bytes(walk, k) - walk->chip->hbm_bytes;
        if (over_bytes > 0) {
            share = fmax(share,
                         ceil(SEARCH_OFFLOAD_STEPS * over_bytes / activations_bytes(walk, k)) /
                             SEARCH_OFFLOAD_STEPS);
        }
    }
    return share;
}
