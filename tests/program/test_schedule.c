/* SPDX-License-Identifier: Apache-2.0 */
/* Pipeline schedules: played with the dependencies of activations and gradients, for many
 * (P, v, m). */
#include "program/schedule.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/support.h"

enum { STAGES_MAX = 16, CHUNKS_MAX = 4, BATCHES_MAX = 64 };

static struct plan plan_of(int64_t stages, int64_t chunks, int64_t batches)
{
    struct plan plan;
    plan_init(&plan);
    plan.pipeline_parallel = stages;
    plan.virtual_stages = chunks;
    plan.micro_batches = batches;
    return plan;
}

/* When each turn ended; -1: not yet. Layer blocks are numbered through the model: chunk c of
 * stage p is block c x P + p. */
struct game {
    const struct plan *plan;
    double forward_s, backward_s;
    double done_s[2][STAGES_MAX * CHUNKS_MAX][BATCHES_MAX];
    double stage_s[STAGES_MAX];
    int64_t next[STAGES_MAX];
};

/* When the turn can start: its input is there; -1: not known yet. */
static double ready_s(const struct game *game, const struct turn *turn, int64_t block)
{
    int64_t last = game->plan->pipeline_parallel * game->plan->virtual_stages - 1;
    if (turn->forward) {
        return block == 0 ? 0 : game->done_s[0][block - 1][turn->microbatch];
    }
    double own_s = game->done_s[0][block][turn->microbatch];
    return block == last || own_s < 0 ? own_s : game->done_s[1][block + 1][turn->microbatch];
}

/* Plays one turn of a stage; false when it has to wait. */
static bool play(struct game *game, int64_t stage)
{
    struct turn turn = schedule_turn(game->plan, stage, game->next[stage]);
    int64_t block = turn.chunk * game->plan->pipeline_parallel + stage;
    double start_s = ready_s(game, &turn, block);
    if (start_s < 0) {
        return false;
    }
    double *done_s = &game->done_s[!turn.forward][block][turn.microbatch];
    CU_ASSERT_FATAL(*done_s < 0); /* each once */
    start_s = fmax(start_s, game->stage_s[stage]);
    *done_s = game->stage_s[stage] =
        start_s + (turn.forward ? game->forward_s : game->backward_s);
    game->next[stage]++;
    return true;
}

/* The time of the step; -1 when all stages wait for each other. */
static double play_all(const struct plan *plan, double forward_s, double backward_s)
{
    static struct game game;
    game = (struct game){.plan = plan, .forward_s = forward_s, .backward_s = backward_s};
    for (size_t i = 0; i < sizeof game.done_s / sizeof(double); i++) {
        game.done_s[i / (STAGES_MAX * CHUNKS_MAX * BATCHES_MAX)]
                   [i / BATCHES_MAX % (STAGES_MAX * CHUNKS_MAX)][i % BATCHES_MAX] = -1;
    }
    int64_t left = plan->pipeline_parallel * schedule_turn_count(plan);
    double longest_s = 0;
    for (bool moved = true; moved && left > 0;) {
        moved = false;
        for (int64_t stage = 0; stage < plan->pipeline_parallel; stage++) {
            while (game.next[stage] < schedule_turn_count(plan) && play(&game, stage)) {
                moved = true;
                left--;
            }
        }
    }
    for (int64_t stage = 0; stage < plan->pipeline_parallel; stage++) {
        longest_s = fmax(longest_s, game.stage_s[stage]);
    }
    return left == 0 ? longest_s : -1;
}

static int64_t turns_in_use(const struct plan *plan)
{
    return plan->virtual_stages > 1 ? plan->pipeline_parallel : 1;
}

/* Every microbatch goes forward and backward once through each chunk, in an order that all
 * stages can follow; with equal turns the bubble is the least of the schedule: (P - 1)(f + b)
 * beside m (f + b) for 1F1B, (P - 1)/v of it when interleaved. */
static void test_many_pipelines(void)
{
    for (int64_t stages = 1; stages <= STAGES_MAX; stages++) {
        for (int64_t chunks = 1; chunks <= (stages > 1 ? CHUNKS_MAX : 1); chunks++) {
            struct plan plan = plan_of(stages, chunks, 0);
            int64_t step = turns_in_use(&plan);
            for (int64_t batches = step; batches <= BATCHES_MAX; batches += step) {
                plan.micro_batches = batches;
                double step_s = play_all(&plan, 1, 2);
                double work_s = 3 * (double)(batches * chunks);
                bool right = near(step_s, work_s + 3 * (double)(stages - 1), 1e-12);
                if (!right) {
                    printf("\n    P %lld, v %lld, m %lld", (long long)stages, (long long)chunks,
                           (long long)batches);
                }
                CU_ASSERT(right);
            }
        }
    }
}

/* Stage 0 of 4 with 6 microbatches: 3 forward, then one of each in turn, then 3 backward. */
static void test_order_by_hand(void)
{
    static const char *const expected[] = {"F0 F1 F2 F3 B0 F4 B1 F5 B2 B3 B4 B5 ",
                                           "F0 B0 F1 B1 F2 B2 F3 B3 F4 B4 F5 B5 "};
    struct plan plan = plan_of(4, 1, 6);
    for (int i = 0; i < 2; i++) {
        char text[64] = "";
        for (int64_t t = 0; t < schedule_turn_count(&plan); t++) {
            struct turn turn = schedule_turn(&plan, i == 0 ? 0 : 3, t);
            snprintf(text + strlen(text), sizeof text - strlen(text), "%c%lld ",
                     turn.forward ? 'F' : 'B', (long long)turn.microbatch);
        }
        CU_ASSERT_STRING_EQUAL(text, expected[i]);
    }
}

/* The last of 2 stages with 2 chunks and 4 microbatches: warm-up of (v - 1) P = 2 turns, rounds
 * of P microbatches through all chunks. */
static void test_interleaved_by_hand(void)
{
    struct plan plan = plan_of(2, 2, 4);
    char text[128] = "";
    for (int64_t t = 0; t < schedule_turn_count(&plan); t++) {
        struct turn turn = schedule_turn(&plan, 1, t);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%c%lld.%lld ",
                 turn.forward ? 'F' : 'B', (long long)turn.microbatch, (long long)turn.chunk);
    }
    CU_ASSERT_STRING_EQUAL(text, "F0.0 F1.0 F0.1 B0.1 F1.1 B1.1 F2.0 B0.0 F3.0 B1.0 "
                                 "F2.1 B2.1 F3.1 B3.1 B2.0 B3.0 ");
}

void suite_schedule(void)
{
    static const struct test tests[] = {
        {"every (P, v, m) ends, with the bubble of its kind", test_many_pipelines},
        {"1F1B by hand", test_order_by_hand},
        {"interleaved 1F1B by hand", test_interleaved_by_hand},
    };
    add_suite("schedule", tests, sizeof tests / sizeof tests[0]);
}
