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
 * stage p is block c x P + p; with DualPipe each direction has a chain of its own. */
struct game {
    const struct plan *plan;
    double turn_s[4];                                       /* of each kind */
    double done_s[3][STAGES_MAX * CHUNKS_MAX][BATCHES_MAX]; /* forward, data, weight */
    double stage_s[STAGES_MAX];
    int64_t next[STAGES_MAX];
    struct turns turns[STAGES_MAX];
};

static bool is_dual(const struct plan *plan)
{
    return plan->schedule == SCHEDULE_DUALPIPE;
}

static int64_t block_of(const struct plan *plan, const struct turn *turn, int64_t stage)
{
    return turn->chunk * plan->pipeline_parallel +
           (is_dual(plan) ? plan_chunk_stage(plan, stage, turn->chunk) : stage);
}

static bool first_block(const struct plan *plan, int64_t block)
{
    return block == 0 || (is_dual(plan) && block == plan->pipeline_parallel);
}

static bool last_block(const struct plan *plan, int64_t block)
{
    bool end_of_one = is_dual(plan) && block == plan->pipeline_parallel - 1;
    return end_of_one || block == plan->pipeline_parallel * plan_chunks(plan) - 1;
}

/* When the turn can start: its input is there; -1: not known yet. */
static double ready_s(const struct game *game, const struct turn *turn, int64_t block)
{
    int64_t m = turn->microbatch;
    if (turn->kind == TURN_FORWARD) {
        return first_block(game->plan, block) ? 0 : game->done_s[0][block - 1][m];
    }
    if (turn->kind == TURN_WEIGHT) {
        return game->done_s[1][block][m];
    }
    double own_s = game->done_s[0][block][m];
    return last_block(game->plan, block) || own_s < 0 ? own_s : game->done_s[1][block + 1][m];
}

/* Plays one turn of a stage; false when it has to wait. */
static bool play(struct game *game, int64_t stage)
{
    struct turn turn = game->turns[stage].items[game->next[stage]];
    int64_t block = block_of(game->plan, &turn, stage);
    double start_s = ready_s(game, &turn, block);
    if (start_s < 0) {
        return false;
    }
    int kind = turn.kind == TURN_FORWARD ? 0 : turn.kind == TURN_WEIGHT ? 2 : 1;
    double *done_s = &game->done_s[kind][block][turn.microbatch];
    CU_ASSERT_FATAL(*done_s < 0); /* each once */
    start_s = fmax(start_s, game->stage_s[stage]);
    *done_s = game->stage_s[stage] = start_s + game->turn_s[turn.kind];
    game->next[stage]++;
    return true;
}

static void begin(struct game *game, const struct plan *plan, const double turn_s[4],
                  struct arena *arena)
{
    *game = (struct game){.plan = plan};
    memcpy(game->turn_s, turn_s, sizeof game->turn_s);
    for (size_t i = 0; i < sizeof game->done_s / sizeof(double); i++) {
        game->done_s[i / (STAGES_MAX * CHUNKS_MAX * BATCHES_MAX)]
                    [i / BATCHES_MAX % (STAGES_MAX * CHUNKS_MAX)][i % BATCHES_MAX] = -1;
    }
    for (int64_t stage = 0; stage < plan->pipeline_parallel; stage++) {
        game->turns[stage] = schedule_turns(plan, stage, arena);
    }
}

/* The time of the step; -1 when all stages wait for each other. */
static double play_all(const struct plan *plan, const double turn_s[4])
{
    static struct game game;
    struct arena *arena = arena_create();
    begin(&game, plan, turn_s, arena);
    double longest_s = 0;
    bool all = true;
    for (bool moved = true; moved;) {
        moved = false;
        for (int64_t stage = 0; stage < plan->pipeline_parallel; stage++) {
            while (game.next[stage] < game.turns[stage].count && play(&game, stage)) {
                moved = true;
            }
        }
    }
    for (int64_t stage = 0; stage < plan->pipeline_parallel; stage++) {
        longest_s = fmax(longest_s, game.stage_s[stage]);
        all = all && game.next[stage] == game.turns[stage].count;
    }
    arena_free(arena);
    return all ? longest_s : -1;
}

/* Forward 1, data 1.5, weights 0.5. */
static const double uneven_s[4] = {1, 2, 1.5, 0.5};

/* GPipe's bubble is that of 1F1B, zero bubble's (P - 1)(f + b - w): ZB-H1, arXiv 2401.10241. */
static void test_other_schedules(void)
{
    for (int64_t stages = 1; stages <= STAGES_MAX; stages++) {
        struct plan plan = plan_of(stages, 1, 3 * stages);
        double work_s = 3 * 3 * (double)stages, after = (double)(stages - 1);
        plan.schedule = SCHEDULE_GPIPE;
        CU_ASSERT(near(play_all(&plan, uneven_s), work_s + 3 * after, 1e-12));
        plan.schedule = SCHEDULE_ZERO_BUBBLE;
        CU_ASSERT(near(play_all(&plan, uneven_s), work_s + (1 + 1.5 - 0.5) * after, 1e-12));
    }
}

/* DualPipe: (P/2 - 1)(F&B + B - 3 W) beside the work (DeepSeek-V3, table 2). Here results leave
 * after a forward turn, not after the backward turn that it is paired with: F&B counts as B. */
static void test_dual(void)
{
    for (int64_t stages = 2; stages <= STAGES_MAX; stages += 2) {
        struct plan plan = plan_of(stages, 1, 4 * stages);
        plan.schedule = SCHEDULE_DUALPIPE;
        double step_s = play_all(&plan, (const double[4]){1, 2, 1, 1});
        double bubble_s = (double)(stages / 2 - 1) * (2 + 2 - 3);
        if (!near(step_s, 3 * 4 * (double)stages + bubble_s, 1e-12)) {
            printf("\n    P %lld: %g", (long long)stages, step_s);
        }
        CU_ASSERT(near(step_s, 3 * 4 * (double)stages + bubble_s, 1e-12));
    }
}

static void test_refused(void)
{
    struct error error = {0};
    struct plan plan = plan_of(4, 1, 7);
    plan.schedule = SCHEDULE_DUALPIPE;
    CU_ASSERT_FALSE(schedule_check(&plan, &error));
    plan.micro_batches = 8;
    CU_ASSERT_TRUE(schedule_check(&plan, &error));
    plan.pipeline_parallel = 3;
    CU_ASSERT_FALSE(schedule_check(&plan, &error));
    plan = plan_of(4, 2, 8);
    plan.schedule = SCHEDULE_ZERO_BUBBLE;
    CU_ASSERT_FALSE(schedule_check(&plan, &error));
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
                double step_s = play_all(&plan, (const double[4]){1, 2, 1, 1});
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
        struct arena *arena = arena_create();
        struct turns turns = schedule_turns(&plan, i == 0 ? 0 : 3, arena);
        for (int64_t t = 0; t < turns.count; t++) {
            snprintf(text + strlen(text), sizeof text - strlen(text), "%c%lld ",
                     turns.items[t].kind == TURN_FORWARD ? 'F' : 'B',
                     (long long)turns.items[t].microbatch);
        }
        arena_free(arena);
        CU_ASSERT_STRING_EQUAL(text, expected[i]);
    }
}

/* The last of 2 stages with 2 chunks and 4 microbatches: warm-up of (v - 1) P = 2 turns, rounds
 * of P microbatches through all chunks. */
static void test_interleaved_by_hand(void)
{
    struct plan plan = plan_of(2, 2, 4);
    char text[128] = "";
    struct arena *arena = arena_create();
    struct turns turns = schedule_turns(&plan, 1, arena);
    for (int64_t t = 0; t < turns.count; t++) {
        const struct turn *turn = &turns.items[t];
        snprintf(text + strlen(text), sizeof text - strlen(text), "%c%lld.%lld ",
                 turn->kind == TURN_FORWARD ? 'F' : 'B', (long long)turn->microbatch,
                 (long long)turn->chunk);
    }
    arena_free(arena);
    CU_ASSERT_STRING_EQUAL(text, "F0.0 F1.0 F0.1 B0.1 F1.1 B1.1 F2.0 B0.0 F3.0 B1.0 "
                                 "F2.1 B2.1 F3.1 B3.1 B2.0 B3.0 ");
}

void suite_schedule(void)
{
    static const struct test tests[] = {
        {"every (P, v, m) ends, with the bubble of its kind", test_many_pipelines},
        {"1F1B by hand", test_order_by_hand},
        {"interleaved 1F1B by hand", test_interleaved_by_hand},
        {"GPipe and zero bubble have their bubbles", test_other_schedules},
        {"DualPipe has its bubble", test_dual},
        {"what a schedule cannot do is refused", test_refused},
    };
    add_suite("schedule", tests, sizeof tests / sizeof tests[0]);
}
