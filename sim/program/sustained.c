/* SPDX-License-Identifier: Apache-2.0 */
/* Power averages over a microbatch: arithmetic that fills the time draws tdp_W / clock^2 at
 * full clock, the rest no more than idle_W. MODEL.md, "Sustained clock". */
#include "program/sustained.h"

#include <math.h>

#include "program/exchange_least.h"

static bool arithmetic(const struct op *op)
{
    return op->spec < 0 && (op->part == PART_MATMUL_TIME || op->part == PART_ATTENTION_TIME);
}

struct share {
    double arithmetic_s, all_s;
};

static void add_sequence(const struct lowering *lowering, int32_t sequence, struct share *share)
{
    const struct sequence *what = &lowering->job->sequences[sequence];
    for (int64_t i = 0; i < what->op_count; i++) {
        const struct op *op = &what->ops[i];
        share->all_s += op->spec < 0 ? op->duration_s
                        : op->beside ? 0
                                     : exchange_first_link_s(lowering, op);
        share->arithmetic_s += arithmetic(op) ? op->duration_s : 0;
    }
}

void sustained_measure(struct lowering *lowering, const struct chunk *chunk)
{
    const struct chip *chip = lowering->chip;
    double lowest = chip->sustained_clock_fraction;
    struct share share = {0, 0};
    lowering->clock_gain = 1;
    add_sequence(lowering, chunk->forward, &share);
    add_sequence(lowering, chunk->backward, &share);
    if (!(lowest > 0) || lowest >= 1 || !(share.all_s > 0) || !(chip->tdp_W > 0)) {
        return;
    }
    double busy = share.arithmetic_s / share.all_s;
    double power_W = chip->idle_W + busy * (chip->tdp_W / (lowest * lowest) - chip->idle_W);
    double clock = fmin(1, sqrt(chip->tdp_W / power_W));
    lowering->clock_gain = fmax(1, clock / lowest);
}

void sustained_apply(const struct lowering *lowering, int32_t sequence)
{
    struct sequence *what = &lowering->job->sequences[sequence];
    for (int64_t i = 0; i < what->op_count; i++) {
        struct op *op = &what->ops[i];
        op->duration_s /= arithmetic(op) ? lowering->clock_gain : 1;
        if (i > 0 && op[-1].beside) { /* its kernels hold part of the chip meanwhile */
            op->duration_s += lowering->chip->communication_compute_fraction *
                              exchange_first_link_s(lowering, &op[-1]);
        }
    }
}
