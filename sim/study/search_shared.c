/* SPDX-License-Identifier: Apache-2.0 */
/* Gradients and weights that the replicas of a stage exchange, unit by unit or at once.
 * MODEL.md, "Sharded states". */
#include <math.h>

#include "program/exchange_least.h"
#include "study/search_walk.h"

bool search_has_replicas(const struct plan *plan)
{
    return plan->data_parallel * plan->context_parallel > 1;
}

bool search_is_hybrid(const struct plan *plan)
{
    return plan_shards(plan) < plan->data_parallel * plan->context_parallel;
}

/* Parameters of one unit of each class; experts that are cut like a dense MLP have the replicas
 * of all else. */
static void divide_units(struct search_walk *walk, int k)
{
    const struct plan *plan = &walk->plan;
    const struct search_kind *kind = &walk->split->kinds[k];
    struct search_state *state = &walk->states[k];
    double vocabulary =
        transformer_stage_vocabulary_parameters(walk->shape.model, plan, kind->first);
    double layers = kind->parts[PART_LAYER] + kind->parts[PART_DENSE_LAYER];
    double mixtures = kind->parts[PART_LAYER];
    double ends = kind->parts[PART_EMBEDDING] + kind->parts[PART_HEAD];
    double dense = (state->parameters.dense - vocabulary) / layers;
    double expert = mixtures > 0 ? state->parameters.expert / mixtures : 0;
    bool apart = plan->expert_parallel > 1;
    state->unit_dense[UNIT_LAYER] = dense + (apart ? 0 : expert);
    state->unit_expert[UNIT_LAYER] = apart ? expert : 0;
    state->unit_dense[UNIT_DENSE] = dense;
    state->unit_dense[UNIT_END] = ends > 0 ? vocabulary / ends : 0;
}

static double count_of(const struct search_kind *kind, int class)
{
    return class == UNIT_LAYER   ? kind->parts[PART_LAYER]
           : class == UNIT_DENSE ? kind->parts[PART_DENSE_LAYER]
                                 : kind->parts[PART_EMBEDDING] + kind->parts[PART_HEAD];
}

static double price(struct search_walk *walk, bool expert, enum collective_operation operation,
                    double bytes)
{
    const struct plan *plan = &walk->plan;
    enum slot slot = expert                   ? SLOT_EXPERT_DATA
                     : search_is_hybrid(plan) ? SLOT_SHARD
                                              : SLOT_DATA;
    return search_price_replicas_s(&walk->prices, plan, slot, operation, bytes);
}

static void learn_stage(struct search_walk *walk, int k)
{
    const struct search_kind *kind = &walk->split->kinds[k];
    struct search_state *state = &walk->states[k];
    struct search_shared *shared = &state->shared[walk->plan.pipeline_inside];
    double weight = dtype_bytes(DTYPE_BF16), gradient = walk->plan.gradient_bytes;
    gradient = walk->plan.frozen_weights ? 0 : gradient;
    *shared = (struct search_shared){.gather_s = 0};
    for (int expert = 0; expert < 2; expert++) {
        const double *unit = expert ? state->unit_expert : state->unit_dense;
        double all = 0;
        for (int c = 0; c < UNIT_CLASSES; c++) {
            double count = count_of(kind, c);
            if (!(count * unit[c] > 0)) {
                continue;
            }
            struct search_unit *one = &shared->units[c];
            all += count * unit[c];
            one->gather_s[expert] =
                price(walk, expert, COLLECTIVE_ALL_GATHER, unit[c] * weight);
            one->scatter_s[expert] =
                price(walk, expert, COLLECTIVE_REDUCE_SCATTER, unit[c] * gradient);
            shared->turn_gather_s[expert] += count * one->gather_s[expert];
            shared->turn_scatter_s[expert] += count * one->scatter_s[expert];
            shared->turn_reduce_s[expert] +=
                count * price(walk, expert, COLLECTIVE_ALL_REDUCE, unit[c] * gradient);
        }
        if (!expert && search_is_hybrid(&walk->plan)) {
            shared->copies_s = search_price_replicas_s(
                &walk->prices, &walk->plan, SLOT_COPIES, COLLECTIVE_ALL_REDUCE,
                all * gradient / (double)plan_shards(&walk->plan));
        }
        shared->gather_s =
            fmax(shared->gather_s, price(walk, expert, COLLECTIVE_ALL_GATHER, all * weight));
        shared->scatter_s = fmax(
            shared->scatter_s, price(walk, expert, COLLECTIVE_REDUCE_SCATTER, all * gradient));
        shared->reduce_s =
            fmax(shared->reduce_s, price(walk, expert, COLLECTIVE_ALL_REDUCE, all * gradient));
    }
}

void search_shared_learn(struct search_walk *walk)
{
    bool *known = &walk->shared_known[walk->plan.pipeline_inside];
    if (*known) {
        return;
    }
    *known = true;
    for (int k = 0; k < walk->split->kind_count; k++) {
        divide_units(walk, k);
        learn_stage(walk, k);
    }
}

/* The part of all exchanges of a stage that its end towards the batch takes: the embedding,
 * which is large, or a layer. */
double search_shared_first(const struct search_walk *walk, int k)
{
    const struct search_kind *kind = &walk->split->kinds[k];
    const struct search_shared *shared = &walk->states[k].shared[walk->plan.pipeline_inside];
    int unit = kind->parts[PART_EMBEDDING] > 0 ? UNIT_END
               : kind->parts[PART_LAYER] > 0   ? UNIT_LAYER
                                               : UNIT_DENSE;
    double all_s = fmax(shared->turn_gather_s[0], shared->turn_gather_s[1]);
    const double *unit_s = shared->units[unit].gather_s;
    return all_s > 0 ? fmax(unit_s[0], unit_s[1]) / all_s : 0;
}

/* How much longer work takes beside an exchange of this many bytes a parameter. */
double search_shared_slowed_s(const struct search_walk *walk, int k, double bytes,
                              double work_s)
{
    const struct search_layout *layout = &walk->layouts[walk->plan.pipeline_inside];
    const struct parameters *all = &walk->states[k].parameters;
    double exchange_s = (all->dense + all->expert) * bytes * layout->rough_s_per_byte;
    return exchange_slowed_s(walk->chip, exchange_s, work_s);
}
