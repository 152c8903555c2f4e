/* SPDX-License-Identifier: Apache-2.0 */
/* The same sequences as the simulation runs, written by the same functions, with prices of
 * exchanges that are remembered. */
#include "study/search_cost.h"

#include <math.h>

#include "economics/energy.h"
#include "program/lowering.h"
#include "program/sustained.h"

struct costing {
    struct search_prices *prices;
    struct lowering *lowering;
};

static double op_exchange_s(const struct costing *costing, const struct op *op)
{
    const struct spec *spec = &costing->lowering->job->specs[op->spec];
    return search_price_s(costing->prices, costing->lowering->plan, op->slot, spec->operation,
                          spec->bytes);
}

/* Ops one after the other; an exchange beside the next work costs what it lasts longer. */
static double ops_s(const struct costing *costing, const struct op *ops, int64_t count)
{
    double time_s = 0, beside_s = 0;
    for (int64_t i = 0; i < count; i++) {
        if (ops[i].spec < 0) {
            time_s += fmax(ops[i].duration_s, beside_s);
            beside_s = 0;
        } else if (ops[i].beside) {
            beside_s = op_exchange_s(costing, &ops[i]);
        } else {
            time_s += op_exchange_s(costing, &ops[i]);
        }
    }
    return time_s;
}

static double sequence_s(const struct costing *costing, int32_t sequence)
{
    const struct sequence *what = &costing->lowering->job->sequences[sequence];
    return ops_s(costing, what->ops, what->op_count);
}

static double active_s(const struct costing *costing, int32_t sequence)
{
    const struct sequence *what = &costing->lowering->job->sequences[sequence];
    double time_s = 0;
    for (int64_t i = 0; i < what->op_count; i++) {
        const struct op *op = &what->ops[i];
        bool work = op->spec < 0 && op->part < (enum part_of_time)WORK_KIND_COUNT;
        if (work) {
            time_s += op->duration_s * energy_work_share((enum work_kind)op->part);
        } else if (op->spec >= 0) {
            time_s += op_exchange_s(costing, op) * energy_communication_share();
        }
    }
    return time_s;
}

static struct search_pair pair_of(const struct costing *costing, int32_t sequence)
{
    struct search_pair pair = {.plain_s = sequence_s(costing, sequence)};
    sustained_apply(costing->lowering, sequence);
    pair.time_s = sequence_s(costing, sequence);
    pair.work_s = lowering_sequence_s(costing->lowering, sequence);
    pair.active_s = active_s(costing, sequence);
    return pair;
}

static int32_t forward_of(struct lowering *lowering, enum part part)
{
    int32_t sequence = job_sequence(lowering->job, "forward");
    lowering_forward(lowering, sequence, part);
    return sequence;
}

static int32_t backward_of(struct lowering *lowering, enum part part, enum turn_kind kind)
{
    int32_t sequence = job_sequence(lowering->job, "backward");
    lowering_backward(lowering, sequence, part, 0, kind);
    return sequence;
}

/* A forward and a backward pass that take turns */

enum { PIECES = 16, TOGETHER_LAYERS = 4 };

struct cut { /* a layer's sequence at its exchanges with experts */
    double work_s[PIECES], exchange_s[PIECES];
    int count; /* exchanges; what follows the last one is work_s[count] */
};

static struct cut cut_of(const struct costing *costing, int32_t sequence)
{
    const struct sequence *what = &costing->lowering->job->sequences[sequence];
    struct cut cut = {.count = 0};
    int64_t first = 0;
    for (int64_t i = 0; i <= what->op_count; i++) {
        bool end = i == what->op_count;
        if (end || (what->ops[i].spec >= 0 && what->ops[i].slot == SLOT_EXPERT)) {
            cut.work_s[cut.count] = ops_s(costing, what->ops + first, i - first);
            if (!end && cut.count + 1 < PIECES) {
                cut.exchange_s[cut.count++] = op_exchange_s(costing, &what->ops[i]);
            }
            first = i + 1;
        }
    }
    return cut;
}

/* The k-th piece of many such layers. */
static double piece_s(const struct cut *cut, int k, double *exchange_s)
{
    int at = k % cut->count;
    *exchange_s = cut->exchange_s[at];
    return cut->work_s[at] + (at == 0 && k > 0 ? cut->work_s[cut->count] : 0);
}

/* As lowering_pair: each works while the other's tokens travel, one exchange after the other.
 */
static double alternate_s(const struct cut cuts[2], int layers)
{
    double now_s = 0, free_s = 0, arrived_s[2] = {0, 0};
    int most = cuts[0].count > cuts[1].count ? cuts[0].count : cuts[1].count;
    for (int k = 0; k < most * layers; k++) {
        for (int way = 0; way < 2; way++) {
            double exchange_s;
            if (k >= cuts[way].count * layers) {
                continue;
            }
            now_s = fmax(now_s, arrived_s[way]) + piece_s(&cuts[way], k, &exchange_s);
            free_s = fmax(free_s, now_s) + exchange_s;
            arrived_s[way] = free_s;
        }
    }
    return fmax(now_s, free_s);
}

static double together_s(const struct costing *costing, int32_t forward, int32_t backward)
{
    struct cut cuts[2] = {cut_of(costing, forward), cut_of(costing, backward)};
    if (cuts[0].count == 0 || cuts[1].count == 0) {
        return sequence_s(costing, forward) + sequence_s(costing, backward);
    }
    return (alternate_s(cuts, 2 * TOGETHER_LAYERS) - alternate_s(cuts, TOGETHER_LAYERS)) /
           TOGETHER_LAYERS;
}

/* Parts */

static void fill_part(struct costing *costing, enum part part, struct search_cost *cost)
{
    struct lowering *lowering = costing->lowering;
    int32_t forward = forward_of(lowering, part);
    int32_t backward = backward_of(lowering, part, TURN_BACKWARD);
    if (part == PART_LAYER) {
        sustained_measure(lowering, &(struct chunk){.forward = forward, .backward = backward});
    }
    cost->forward[part] = pair_of(costing, forward);
    cost->backward[part] = pair_of(costing, backward);
    cost->data[part] = pair_of(costing, backward_of(lowering, part, TURN_DATA));
    if (part == PART_LAYER && lowering->plan->expert_parallel > 1) {
        cost->together_s = together_s(costing, forward, backward);
    }
}

static void fill_boundary(struct costing *costing, struct search_cost *cost)
{
    struct lowering *lowering = costing->lowering;
    int32_t sequence = job_sequence(lowering->job, "boundary");
    transformer_boundary_gather(lowering->shape, &lowering->list);
    lowering_append(lowering, sequence);
    cost->boundary = pair_of(costing, sequence);
}

void search_cost_fill(struct search_prices *prices, const struct training_shape *shape,
                      struct search_cost *cost)
{
    static struct lowering lowering; /* large */
    struct arena *scratch = arena_create();
    struct costing costing = {prices, &lowering};
    lowering.job = job_create(prices->platform, scratch);
    lowering.shape = shape;
    lowering.plan = shape->plan;
    lowering.chip = platform_chip(prices->platform, 0);
    lowering.list.count = 0;
    lowering.ring_bytes = 0;
    lowering.clock_gain = 1;
    for (enum part part = PART_LAYER; part <= PART_HEAD; part++) {
        if (part != PART_DENSE_LAYER || shape->model->dense_layers > 0) {
            fill_part(&costing, part, cost);
        }
    }
    fill_boundary(&costing, cost);
    arena_free(scratch);
}

double search_cost_optimizer_s(const struct platform *platform, const struct plan *plan)
{
    static const double many = 1e9;
    static struct operation_list list;
    double time_s = 0;
    list.count = 0;
    transformer_optimizer(plan, many, &list);
    for (int i = 0; i < list.count; i++) {
        time_s += chip_work_time_s(platform_chip(platform, 0), &list.items[i].work);
    }
    return time_s / many;
}
