/* SPDX-License-Identifier: Apache-2.0 */
/* Stages of equal content are one kind; what they keep in memory is taken apart, so that a plan
 * of the many is a sum of few numbers. */
#include <math.h>
#include <string.h>

#include "study/search_walk.h"

static bool layers_fit(const struct search_walk *walk)
{
    int64_t layers = walk->shape.model->layers;
    int64_t stages = walk->plan.pipeline_parallel * walk->plan.virtual_stages;
    return stages <= layers ||
           (stages > 2 && ((layers + 1) % stages == 0 || (layers + 2) % stages == 0));
}

static void stage_parts(const struct search_walk *walk, int64_t stage,
                        double parts[SEARCH_PARTS])
{
    memset(parts, 0, SEARCH_PARTS * sizeof parts[0]);
    for (int64_t c = 0; c < walk->plan.virtual_stages; c++) {
        struct stage chunk = transformer_stage(walk->shape.model, &walk->plan, stage, c);
        parts[PART_LAYER] += (double)chunk.layers;
        parts[PART_DENSE_LAYER] += (double)chunk.dense_layers;
        parts[PART_EMBEDDING] += chunk.embedding;
        parts[PART_HEAD] += chunk.head;
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
    for (int64_t c = 0; c < walk->plan.virtual_stages; c++) {
        struct stage chunk = transformer_stage(walk->shape.model, &walk->plan, kind->first, c);
        int64_t layers = chunk.layers + chunk.dense_layers;
        split->most_layers = layers > split->most_layers ? layers : split->most_layers;
    }
    kind->light =
        arena_array(walk->search->arena, walk->shape.model->layers + 1, sizeof *kind->light);
    for (int64_t k = 0; k <= split->most_layers; k++) {
        int64_t most = k == 0 ? INT64_MAX : k;
        for (int64_t c = 0; c < walk->plan.virtual_stages; c++) {
            struct stage chunk =
                transformer_stage(walk->shape.model, &walk->plan, kind->first, c);
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
    struct search_split **place =
        &walk->splits[plan->pipeline_parallel * width + plan->virtual_stages];
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
    struct plan *plan = &walk->plan;
    int64_t kept = plan->zero_stage;
    for (int k = 0; k < walk->split->kind_count; k++) {
        struct search_state *state = &walk->states[k];
        int64_t first = walk->split->kinds[k].first;
        state->parameters = transformer_stage_parameters(walk->shape.model, plan, first);
        for (plan->zero_stage = 0; plan->zero_stage < ZERO_STAGES; plan->zero_stage++) {
            struct training_memory memory = transformer_memory(&walk->shape, walk->chip, first);
            state->state_bytes[plan->zero_stage] =
                memory.weights_bytes + memory.gradients_bytes + memory.optimizer_bytes;
        }
    }
    plan->zero_stage = kept;
}

static double kept_bytes(const struct search_walk *walk, int64_t stage)
{
    struct training_memory memory = transformer_memory(&walk->shape, walk->chip, stage);
    return memory.activations_bytes + memory.workspace_bytes + memory.reserved_bytes;
}

static double activations_bytes(const struct search_walk *walk, int64_t stage)
{
    return transformer_memory(&walk->shape, walk->chip, stage).activations_bytes;
}

/* Activations grow by as much with each layer that is not computed again. */
void search_memory_kept(struct search_walk *walk)
{
    struct plan *plan = &walk->plan;
    plan->recompute_layers = 0;
    for (int k = 0; k < walk->split->kind_count; k++) {
        const struct search_kind *kind = &walk->split->kinds[k];
        struct search_state *state = &walk->states[k];
        double layers = kind->light[0][PART_LAYER] + kind->light[0][PART_DENSE_LAYER];
        state->kept_bytes = kept_bytes(walk, kind->first);
        state->layer_bytes = 0;
        if (plan->recompute == RECOMPUTE_FULL && layers > 0) {
            double all_bytes = activations_bytes(walk, kind->first);
            plan->recompute = RECOMPUTE_NONE;
            double none_bytes = activations_bytes(walk, kind->first);
            plan->recompute = RECOMPUTE_FULL;
            state->layer_bytes = (none_bytes - all_bytes) / layers;
        }
    }
}

double search_memory_bytes(const struct search_walk *walk)
{
    const struct plan *plan = &walk->plan;
    double most_bytes = 0;
    for (int k = 0; k < walk->split->kind_count; k++) {
        const struct search_kind *kind = &walk->split->kinds[k];
        const struct search_state *state = &walk->states[k];
        if (plan->recompute_layers > 0 && walk->shape.model->dense_layers > 0) {
            /* dense layers keep something else than mixtures */
            most_bytes =
                fmax(most_bytes,
                     transformer_memory(&walk->shape, walk->chip, kind->first).total_bytes);
            continue;
        }
        const double *all = kind->light[0], *light = kind->light[plan->recompute_layers];
        double whole = all[PART_LAYER] - light[PART_LAYER] + all[PART_DENSE_LAYER] -
                       light[PART_DENSE_LAYER];
        most_bytes = fmax(most_bytes, state->state_bytes[plan->zero_stage] + state->kept_bytes +
                                          whole * state->layer_bytes);
    }
    return most_bytes;
}
