/* SPDX-License-Identifier: Apache-2.0 */
/* Seen from a chip, the near direction is the one that enters at its half's end. Counts of each
 * step are those of the published schedule; a step's turns alternate so that both directions
 * meet in the middle. */
#include "program/schedule_dual.h"

struct dual {
    struct turns *turns;
    int64_t near;            /* chunk of the near direction */
    int64_t forward[2];      /* microbatches that have begun, near and far */
    int64_t backward[2];     /* that came back */
    struct turn waiting[64]; /* whose weights' gradients are still to come: a ring */
    int64_t first, count;
};

enum { NEAR, FAR };
enum { WAITING = sizeof((struct dual *)0)->waiting / sizeof(struct turn) };

static struct turn *add(struct dual *dual, enum turn_kind kind, int side, int64_t microbatch)
{
    int64_t chunk = side == NEAR ? dual->near : 1 - dual->near;
    struct turn *turn = &dual->turns->items[dual->turns->count++];
    *turn = (struct turn){kind, chunk, microbatch, false};
    return turn;
}

static struct turn *forward(struct dual *dual, int side)
{
    return add(dual, TURN_FORWARD, side, dual->forward[side]++);
}

/* late: its weights' gradients wait. */
static void backward(struct dual *dual, int side, bool late)
{
    struct turn *turn =
        add(dual, late ? TURN_DATA : TURN_BACKWARD, side, dual->backward[side]++);
    if (late) {
        dual->waiting[(dual->first + dual->count++) % WAITING] = *turn;
    }
}

static void weights(struct dual *dual)
{
    struct turn turn = dual->waiting[dual->first++ % WAITING];
    turn.kind = TURN_WEIGHT;
    dual->count--;
    dual->turns->items[dual->turns->count++] = turn;
}

static void forward_and_backward(struct dual *dual, int forward_side, int backward_side,
                                 bool together)
{
    forward(dual, forward_side)->paired = together;
    backward(dual, backward_side, false);
}

/* Until both directions are everywhere. inside: chips of this half that are nearer the middle.
 */
static void fill(struct dual *dual, int64_t place, int64_t inside)
{
    for (int64_t i = 0; i < 2 * inside; i++) {
        forward(dual, NEAR);
    }
    for (int64_t i = 0; i <= place; i++) {
        forward(dual, NEAR);
        forward(dual, FAR);
    }
    for (int64_t i = 0; i < inside; i++) {
        backward(dual, FAR, true);
        weights(dual);
        forward(dual, FAR);
    }
}

/* From when nothing new enters at the near end. */
static void drain(struct dual *dual, int64_t place, int64_t inside, bool together)
{
    for (int64_t i = 0; i < inside; i++) {
        backward(dual, FAR, false);
        forward_and_backward(dual, FAR, NEAR, together);
    }
    bool late = false;
    for (int64_t i = 0; i <= place; i++) {
        bool half = i == (place + 1) / 2;
        late = late || (half && place % 2 == 1);
        backward(dual, FAR, late);
        late = late || half;
        backward(dual, NEAR, late);
    }
    for (int64_t i = 0; i < inside; i++) {
        weights(dual);
        backward(dual, NEAR, true);
    }
    while (dual->count > 0) {
        weights(dual);
    }
}

void schedule_dual(struct turns *turns, const struct plan *plan, int64_t stage)
{
    int64_t stages = plan->pipeline_parallel, half = stages / 2;
    int64_t place = stage < half ? stage : stages - 1 - stage;
    int64_t inside = half - place - 1, each = plan->micro_batches / 2;
    struct dual dual = {.turns = turns, .near = stage < half ? 0 : 1};
    fill(&dual, place, inside);
    for (int64_t i = 0; i < each - stages + place + 1; i++) {
        bool first_in_middle = i == 0 && inside == 0; /* of one and the same microbatch */
        forward_and_backward(&dual, NEAR, FAR, plan->overlap_experts && !first_in_middle);
        forward_and_backward(&dual, FAR, NEAR, plan->overlap_experts);
    }
    drain(&dual, place, inside, plan->overlap_experts);
}

bool schedule_dual_check(const struct plan *plan, struct error *error)
{
    int64_t stages = plan->pipeline_parallel;
    if (stages < 2 || stages % 2 != 0 || stages > WAITING) {
        return error_fill(error, ERROR_INFEASIBLE,
                          "schedule: dualpipe needs an even number of stages up to %d, and "
                          "pipeline_parallel is %lld",
                          WAITING, (long long)stages);
    }
    if (plan->micro_batches % 2 != 0 || plan->micro_batches < 2 * stages) {
        return error_fill(
            error, ERROR_INFEASIBLE,
            "schedule: dualpipe needs an even number of microbatches a pipeline, at "
            "least 2 x pipeline_parallel = %lld, and there are %lld; change "
            "batch_tokens, micro_batch or pipeline_parallel",
            (long long)(2 * stages), (long long)plan->micro_batches);
    }
    return true;
}
