/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of drawn training jobs: what is slept through in one piece ends when it does op by
 * op; every second of every team is booked once; two runs are the same; bytes are those of the
 * schedules. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "execution/executor.h"
#include "support/outcome.h"
#include "support/small_job.h"
#include "support/support.h"

enum { CASES = 60, SEED = 1 };

static const struct outcome_way coalesced = {DETAIL_FLOW, true}, by_op = {DETAIL_FLOW, false},
                                messages = {DETAIL_MESSAGE, false};

/* Within so much of the step's time. */
static bool close_to(double a_s, double b_s, double step_s)
{
    if (fabs(a_s - b_s) <= 1e-9 * step_s) {
        return true;
    }
    printf("\n    %.12g s is not %.12g s of a step of %.12g s", a_s, b_s, step_s);
    return false;
}

static bool same_spans(const struct outcome *a, const struct outcome *b)
{
    bool same = a->span_count == b->span_count;
    for (int64_t i = 0; same && i < a->span_count; i++) {
        const struct span *first = &a->spans[i], *second = &b->spans[i];
        same = first->team == second->team && first->instruction == second->instruction &&
               close_to(first->start_s, second->start_s, a->time_s) &&
               close_to(first->end_s, second->end_s, a->time_s);
    }
    return same;
}

static bool same_ops(const struct outcome *a, const struct outcome *b)
{
    bool same = a->op_count == b->op_count;
    for (int64_t i = 0; same && i < a->op_count; i++) {
        same = close_to(a->op_s[i], b->op_s[i], a->time_s * fmax(1, a->op_times[i])) &&
               near(a->op_times[i], b->op_times[i], 0);
    }
    return same;
}

static bool same_bytes(const struct outcome *a, const struct outcome *b)
{
    bool same = a->pair_count == b->pair_count;
    for (int64_t i = 0; same && i < a->pair_count; i++) {
        same = near(a->pair_bytes[i], b->pair_bytes[i], 1e-9);
    }
    return same;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
    bool parts = true;
    for (int p = 0; p < PART_OF_TIME_COUNT; p++) {
        parts = parts && close_to(a->part_s[p], b->part_s[p], a->time_s);
    }
    return a->ran && b->ran && near(a->time_s, b->time_s, 1e-9) && parts && same_spans(a, b) &&
           same_ops(a, b) && same_bytes(a, b);
}

static bool parts_sum_up(const struct outcome *outcome)
{
    double sum_s = 0;
    bool right = true;
    for (int p = 0; p < PART_OF_TIME_COUNT; p++) {
        sum_s += outcome->part_s[p];
        right = right && outcome->part_s[p] >= -1e-12 * outcome->time_s;
    }
    return right && near(sum_s, outcome->time_s, 1e-12 * 100);
}

/* Bytes of all transfers that the programs ask for. */
static double due_bytes(const struct traffic *traffic)
{
    double bytes = 0;
    for (int64_t s = 0; s < traffic->stage_count; s++) {
        for (int64_t f = 0; f < traffic->stages[s].flow_count; f++) {
            bytes += traffic->stages[s].flows[f].bytes * (double)traffic->stages[s].rounds;
        }
    }
    return bytes;
}

static double asked_bytes(const struct job *job, int32_t team)
{
    const struct team *self = &job->teams[team];
    const struct program *program = &job->programs[self->program];
    double bytes = 0;
    for (int64_t i = 0; i < program->count; i++) {
        const struct instruction *instruction = &program->instructions[i];
        if (instruction->kind == INSTRUCTION_SEND) {
            bytes += due_bytes(job_message(job, team, instruction->with, instruction->what));
        } else if (instruction->kind == INSTRUCTION_START) {
            int32_t group = self->groups[instruction->with];
            bytes += due_bytes(job_exchange(job, group, instruction->what)) /
                     (double)job->groups[group].member_count;
        } else if (instruction->kind == INSTRUCTION_RUN) {
            const struct sequence *sequence = &job->sequences[instruction->what];
            for (int64_t o = 0; o < sequence->op_count; o++) {
                int32_t group = self->groups[sequence->ops[o].slot];
                bytes += sequence->ops[o].spec < 0
                             ? 0
                             : due_bytes(job_exchange(job, group, sequence->ops[o].spec)) /
                                   (double)job->groups[group].member_count;
            }
        }
    }
    return bytes;
}

static bool bytes_are_conserved(const struct job *job, const struct outcome *outcome)
{
    double asked = 0, moved = 0;
    for (int32_t t = 0; t < job->team_count; t++) {
        asked += asked_bytes(job, t);
    }
    for (int64_t i = 0; i < outcome->pair_count; i++) {
        moved += outcome->pair_bytes[i];
    }
    return near(asked, moved, 1e-9);
}

static bool holds(const struct small_job *small)
{
    const struct outcome *fast = outcome_of(small->job, coalesced);
    const struct outcome *slow = outcome_of(small->job, by_op);
    bool right = same(fast, slow) && fast->activities <= slow->activities &&
                 parts_sum_up(fast) && parts_sum_up(slow) &&
                 bytes_are_conserved(small->job, fast);
    if (right) {
        const struct outcome *message = outcome_of(small->job, messages);
        right =
            message->ran && parts_sum_up(message) && bytes_are_conserved(small->job, message);
    }
    return right;
}

static void test_drawn_jobs(void)
{
    struct random_stream stream;
    random_init(&stream, SEED, "coalescing");
    for (int i = 0; i < CASES; i++) {
        struct arena *arena = arena_create();
        struct small_job small = {0};
        small_job_draw(&small, &stream, arena);
        bool right = small.job != NULL && holds(&small);
        if (!right) {
            printf("\n    case %d of seed %d: %s", i, SEED, small.text);
        }
        CU_ASSERT(right);
        arena_free(arena);
    }
}

/* The same job twice: every number is the same, bit by bit. */
static void test_determinism(void)
{
    struct random_stream stream;
    random_init(&stream, SEED, "determinism");
    for (int i = 0; i < 8; i++) {
        struct arena *arena = arena_create();
        struct small_job small = {0};
        small_job_draw(&small, &stream, arena);
        CU_ASSERT_PTR_NOT_NULL_FATAL(small.job);
        struct outcome_way way = i % 4 == 3 ? messages : i % 4 == 2 ? by_op : coalesced;
        const struct outcome *first = outcome_of(small.job, way);
        const struct outcome *second = outcome_of(small.job, way);
        CU_ASSERT(first->ran && memcmp(first, second, sizeof *first) == 0);
        arena_free(arena);
    }
}

/* The same plan on links of twice the rate. */
static void test_more_bandwidth(void)
{
    struct random_stream stream;
    random_init(&stream, SEED, "bandwidth");
    for (int i = 0; i < 20; i++) {
        struct arena *arena = arena_create();
        struct small_job small = {0};
        small_job_draw(&small, &stream, arena);
        CU_ASSERT_PTR_NOT_NULL_FATAL(small.job);
        double before_s = outcome_of(small.job, coalesced)->time_s;
        for (int64_t l = 0; l < small.platform->link_count; l++) {
            small.platform->links[l].bandwidth_Bps *= 2;
        }
        small_job_make(&small, small.platform, small.plan.micro_batches, arena);
        CU_ASSERT_PTR_NOT_NULL_FATAL(small.job);
        double after_s = outcome_of(small.job, coalesced)->time_s;
        bool right = after_s > 0 && after_s <= before_s * (1 + 1e-9);
        if (!right) {
            printf("\n    case %d of seed %d: %.9g s, then %.9g s: %s", i, SEED, before_s,
                   after_s, small.text);
        }
        CU_ASSERT(right);
        arena_free(arena);
    }
}

void suite_coalescing(void)
{
    static const struct test tests[] = {
        {"drawn jobs: coalesced = op by op; parts and bytes add up", test_drawn_jobs},
        {"more bandwidth is never slower", test_more_bandwidth},
        {"two runs are the same", test_determinism},
    };
    add_suite("coalescing", tests, sizeof tests / sizeof tests[0]);
}
