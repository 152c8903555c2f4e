/* SPDX-License-Identifier: Apache-2.0 */
/* A chunk unit by unit: its ends and its layers one by one, each a sequence of its own with its
 * share of the parameters. MODEL.md, "Sharded states". */

#include "program/exchange_least.h"
#include "program/lowering.h"

static struct bucket part_parameters(const struct lowering *lowering, enum part part)
{
    const struct model *model = lowering->shape->model;
    struct parameters all =
        transformer_stage_parameters(model, lowering->plan, lowering->stage);
    double vocabulary =
        transformer_stage_vocabulary_parameters(model, lowering->plan, lowering->stage);
    double layers = 0, mixtures = 0, ends = 0;
    for (int64_t c = 0; c < plan_chunks(lowering->plan); c++) {
        const struct stage *stage = &lowering->chunks[c].stage;
        layers += (double)(stage->layers + stage->dense_layers);
        mixtures += (double)stage->layers;
        ends += (double)(stage->embedding + stage->head);
    }
    struct bucket bucket = {0, 0};
    if (part == PART_EMBEDDING || part == PART_HEAD) {
        bucket.dense = vocabulary / ends;
    } else {
        bucket.dense = (all.dense - vocabulary) / layers;
        bucket.expert = part == PART_LAYER ? all.expert / mixtures : 0;
    }
    return bucket;
}

/* Units of a chunk in the order of a forward pass: its ends and its layers one by one. */
enum { RUNS = 4 };

struct run {
    enum part part;
    int64_t count;
};

static int64_t runs_of(const struct stage *stage, struct run runs[RUNS])
{
    const struct run all[RUNS] = {{PART_EMBEDDING, stage->embedding},
                                  {PART_DENSE_LAYER, stage->dense_layers},
                                  {PART_LAYER, stage->layers},
                                  {PART_HEAD, stage->head}};
    int64_t units = 0;
    for (int r = 0; r < RUNS; r++) {
        runs[r] = all[r];
        units += all[r].count;
    }
    return units;
}

static enum part unit_part(const struct stage *stage, int64_t unit, int64_t *layer)
{
    struct run runs[RUNS];
    runs_of(stage, runs);
    *layer = 0;
    for (int r = 0; r < RUNS; r++) {
        if (unit < runs[r].count) {
            *layer = unit;
            return runs[r].part;
        }
        unit -= runs[r].count;
    }
    return PART_HEAD;
}

double lowering_sequence_s(const struct lowering *lowering, int32_t sequence)
{
    const struct sequence *what = &lowering->job->sequences[sequence];
    double time_s = 0;
    for (int64_t i = 0; i < what->op_count; i++) {
        time_s += what->ops[i].duration_s;
    }
    return time_s;
}

static int32_t unit_sequence(struct lowering *lowering, const struct stage *stage, int64_t unit,
                             bool forward, double bytes)
{
    int64_t layer;
    enum part part = unit_part(stage, unit, &layer);
    int32_t sequence = job_sequence(lowering->job, forward ? "forward" : "backward");
    if (forward) {
        lowering_forward(lowering, sequence, part);
    } else {
        lowering_backward(lowering, sequence, part, layer, TURN_BACKWARD);
    }
    double work_s = lowering_sequence_s(lowering, sequence);
    double beside_s = exchange_rough_s(lowering->job->platform, lowering->plan, bytes);
    double slowdown =
        work_s > 0 ? exchange_slowed_s(lowering->chip, beside_s, work_s) / work_s : 1;
    struct sequence *what = &lowering->job->sequences[sequence];
    for (int64_t i = 0; i < what->op_count; i++) {
        what->ops[i].duration_s *= slowdown;
    }
    if (part == PART_LAYER || part == PART_DENSE_LAYER) {
        lowering_offload(lowering, sequence, 1 / (double)(stage->layers + stage->dense_layers));
    }
    return sequence;
}

/* Sequences of a chunk's units, made once a program. */
const int32_t *state_units_sequences(struct lowering *lowering, struct chunk *chunk,
                                     bool forward)
{
    int32_t **place = forward ? &chunk->unit_forward : &chunk->unit_backward;
    if (*place != NULL) {
        return *place;
    }
    struct run runs[RUNS];
    int64_t units = runs_of(&chunk->stage, runs), layer;
    *place = arena_array(lowering->job->arena, units + 1, sizeof(int32_t));
    const struct plan *plan = lowering->plan;
    bool beside = states_fully_sharded(lowering) ||
                  (states_has_replicas(lowering, SLOT_DATA) &&
                   (forward ? plan->overlap_weights : plan->overlap_gradients));
    for (int64_t u = 0; u < units; u++) {
        struct bucket bucket = part_parameters(lowering, unit_part(&chunk->stage, u, &layer));
        double bytes =
            (bucket.dense + bucket.expert) *
            ((forward || states_fully_sharded(lowering) ? dtype_bytes(DTYPE_BF16) : 0) +
             (forward ? 0 : plan->gradient_bytes));
        (*place)[u] = unit_sequence(lowering, &chunk->stage, u, forward, beside ? bytes : 0);
    }
    return *place;
}

int64_t state_units_count(const struct stage *stage)
{
    struct run runs[RUNS];
    return runs_of(stage, runs);
}

struct bucket state_units_bucket(const struct lowering *lowering, const struct stage *stage,
                                 int64_t unit)
{
    int64_t layer;
    return part_parameters(lowering, unit_part(stage, unit, &layer));
}
