/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs small enough to follow by hand: four chips on a star, 100 GB/s and 1 us a link. A round
 * costs 2 x 1 us + 0.5 us = 2.5 us beside its bytes, an exchange 5 us in all. Teams A (chips 0,
 * 1) and B (2, 3). */
#include "execution/executor.h"

#include <string.h>

#include "program/exchanges.h"
#include "support/machine.h"
#include "support/outcome.h"
#include "support/support.h"

enum { A, B };
static const struct outcome_way ways[] = {
    {DETAIL_FLOW, true}, {DETAIL_FLOW, false}, {DETAIL_MESSAGE, false}};
enum { WAY_COUNT = sizeof ways / sizeof ways[0] };

static struct arena *arena;
static struct job *job;

/* Two teams, each with an inner group; both share a data group: 0 with 2 and 1 with 3. */
static void new_job(void)
{
    static const int64_t chips[] = {0, 1, 2, 3};
    static int64_t inner[] = {0, 1, 2, 3}, across[] = {0, 2, 1, 3};
    static int32_t members[] = {A, B};
    struct machine star = {.kind = MACHINE_STAR, .chips = 4, .Bps = 100e9, .latency_s = 1e-6};
    arena = arena_create();
    job = job_create(machine_create(&star, arena), arena);
    job->teams = arena_array(arena, 2, sizeof(struct team));
    job->team_count = 2;
    struct group data = {2, members, 2, 2, across, false};
    int32_t data_group = job_group(job, &data);
    for (int32_t t = A; t <= B; t++) {
        struct group own = {1, &members[t], 1, 2, &inner[2 * t], true};
        job->teams[t] = (struct team){.program = job_program(job),
                                      .chips = &chips[2 * t],
                                      .chip_count = 2,
                                      .groups = {job_group(job, &own), -1, -1, data_group, -1},
                                      .peers = {t == A ? B : -1, t == A ? -1 : A},
                                      .slowness = 1,
                                      .weight = 1};
    }
}

/* A sequence of one op of work. */
static int32_t work(double duration_s)
{
    int32_t sequence = job_sequence(job, "work");
    struct op op = {"multiply", PART_MATMUL_TIME, duration_s, -1, SLOT_TENSOR, false, 0, 0};
    job_op(job, sequence, &op);
    return sequence;
}

/* Appends an all-reduce inside the team. */
static void add_all_reduce(int32_t sequence, double bytes, bool beside)
{
    int32_t spec = job_spec(job, COLLECTIVE_ALL_REDUCE, bytes, "ring");
    struct op op = {"sum", PART_TENSOR_TIME, 0, spec, SLOT_TENSOR, beside, 0, 0};
    job_op(job, sequence, &op);
}

static void instruct(int32_t team, enum instruction_kind kind, int32_t what, int32_t with)
{
    struct instruction instruction = {kind, what, with, 0, "instruction"};
    job_instruct(job, job->teams[team].program, instruction);
}

static void plan(void)
{
    struct error error = {0};
    CU_ASSERT_FATAL(exchanges_plan_all(job, &error));
}

static void check_part(const struct outcome *outcome, enum part_of_time part, double expected_s)
{
    CU_ASSERT(near(outcome->part_s[part], expected_s, 1e-9));
}

/* A works 100 us, sends 1 MB a chip (5 + 2.5 + 10 = 17.5 us), works 50 us more: ends at 150. B
 * waits until 117.5 (100 of it for nothing), works 200 us, sums 1 MB over its two chips in 2
 * rounds of 0.5 MB (5 + 2 x (2.5 + 5) = 20 us): ends at 337.5. Means of both: work 175,
 * pipeline 8.75, tensor 10, bubble (100 + 187.5) / 2 = 143.75. */
static void test_message_by_hand(void)
{
    new_job();
    int32_t message = job_spec(job, COLLECTIVE_SEND_RECEIVE, 1e6, "direct");
    instruct(A, INSTRUCTION_RUN, work(100e-6), 0);
    instruct(A, INSTRUCTION_SEND, message, PEER_NEXT);
    instruct(A, INSTRUCTION_RUN, work(50e-6), 0);
    int32_t sequence = work(200e-6);
    add_all_reduce(sequence, 1e6, false);
    instruct(B, INSTRUCTION_RECEIVE, 0, PEER_PREVIOUS);
    instruct(B, INSTRUCTION_RUN, sequence, 0);
    plan();
    for (int w = 0; w < WAY_COUNT; w++) {
        const struct outcome *outcome = outcome_of(job, ways[w]);
        CU_ASSERT_FATAL(outcome->ran);
        CU_ASSERT(near(outcome->time_s, 337.5e-6, 1e-9));
        check_part(outcome, PART_MATMUL_TIME, 175e-6);
        check_part(outcome, PART_PIPELINE_TIME, 8.75e-6);
        check_part(outcome, PART_TENSOR_TIME, 10e-6);
        check_part(outcome, PART_BUBBLE_TIME, 143.75e-6);
        /* pairs in the order of planning: 0-2, 1-3 of the message; 2-3, 3-2 twice 0.5 MB */
        CU_ASSERT_EQUAL_FATAL(outcome->pair_count, 4);
        for (int p = 0; p < 4; p++) {
            CU_ASSERT(near(outcome->pair_bytes[p], 1e6, 1e-9));
        }
    }
    arena_free(arena);
}

/* An all-reduce of 20 MB between the teams starts when the later one comes, at 30 us: 2 rounds
 * of 10 MB, 5 + 2 x (2.5 + 100) = 210 us, over at 240. A works 100 us beside it and waits 140;
 * B works 30, then 100 beside it, and waits 110. */
static void test_overlap_by_hand(void)
{
    new_job();
    int32_t sum = job_spec(job, COLLECTIVE_ALL_REDUCE, 20e6, "ring");
    int32_t beside = work(100e-6);
    instruct(A, INSTRUCTION_START, sum, SLOT_DATA);
    instruct(A, INSTRUCTION_RUN, beside, 0);
    instruct(A, INSTRUCTION_WAIT, 0, SLOT_DATA);
    instruct(B, INSTRUCTION_RUN, work(30e-6), 0);
    instruct(B, INSTRUCTION_START, sum, SLOT_DATA);
    instruct(B, INSTRUCTION_RUN, beside, 0);
    instruct(B, INSTRUCTION_WAIT, 0, SLOT_DATA);
    plan();
    for (int w = 0; w < WAY_COUNT; w++) {
        const struct outcome *outcome = outcome_of(job, ways[w]);
        CU_ASSERT_FATAL(outcome->ran);
        CU_ASSERT(near(outcome->time_s, 240e-6, 1e-9));
        check_part(outcome, PART_MATMUL_TIME, 115e-6);
        check_part(outcome, PART_DATA_TIME, 125e-6);
        check_part(outcome, PART_BUBBLE_TIME, 0);
    }
    arena_free(arena);
}

/* A sums 1 MB (20 us) beside 50 us of work, then beside 10 us: 50 + 20 us, 10 of them exposed.
 * B does the same at half speed: 100 + 20 us. */
static void test_beside_by_hand(void)
{
    new_job();
    job->teams[B].slowness = 2;
    int32_t sequence = job_sequence(job, "work");
    for (int i = 0; i < 2; i++) {
        struct op op = {
            "multiply", PART_MATMUL_TIME, i == 0 ? 50e-6 : 10e-6, -1, SLOT_TENSOR, false, 0, 0};
        add_all_reduce(sequence, 1e6, true);
        job_op(job, sequence, &op);
    }
    instruct(A, INSTRUCTION_RUN, sequence, 0);
    instruct(B, INSTRUCTION_RUN, sequence, 0);
    plan();
    for (int w = 0; w < WAY_COUNT; w++) {
        const struct outcome *outcome = outcome_of(job, ways[w]);
        CU_ASSERT_FATAL(outcome->ran);
        CU_ASSERT(near(outcome->time_s, 120e-6, 1e-9));
        check_part(outcome, PART_MATMUL_TIME, (60e-6 + 120e-6) / 2);
        check_part(outcome, PART_TENSOR_TIME, 5e-6);
        check_part(outcome, PART_BUBBLE_TIME, 25e-6);
        CU_ASSERT(near(outcome->op_s[0], 0, 1e-9) && near(outcome->op_s[1], 150e-6, 1e-9));
        CU_ASSERT(near(outcome->op_s[2], 10e-6, 1e-9) && near(outcome->op_s[3], 30e-6, 1e-9));
        for (int op = 0; op < 4; op++) {
            CU_ASSERT(near(outcome->op_times[op], 2, 0));
        }
    }
    arena_free(arena);
}

/* A sums 4 MB inside, 50 us alone: delays until 5 + 2 x 2.5 = 10 us, then 2 x 2 MB over each
 * link. B's message of 2 MB a chip, sent at 10 us, moves from 17.5 us on over A's incoming
 * links too. By then 0.75 MB of the sum have passed. Both have half of the links: 2 MB each
 * until 57.5 us, and the sum's last 1.25 MB take 12.5 us more: over at 70 us. */
static void test_contention_by_hand(void)
{
    new_job();
    int32_t sequence = job_sequence(job, "sum");
    add_all_reduce(sequence, 4e6, false);
    int32_t message = job_spec(job, COLLECTIVE_SEND_RECEIVE, 2e6, "direct");
    instruct(A, INSTRUCTION_RUN, sequence, 0);
    instruct(A, INSTRUCTION_RECEIVE, 0, PEER_NEXT);
    instruct(B, INSTRUCTION_RUN, work(10e-6), 0);
    instruct(B, INSTRUCTION_SEND, message, PEER_PREVIOUS);
    plan();
    for (int w = 0; w < 2; w++) {
        const struct outcome *outcome = outcome_of(job, ways[w]);
        CU_ASSERT_FATAL(outcome->ran);
        CU_ASSERT(near(outcome->time_s, 70e-6, 1e-9));
        check_part(outcome, PART_TENSOR_TIME, 35e-6);
        check_part(outcome, PART_MATMUL_TIME, 5e-6);
        check_part(outcome, PART_BUBBLE_TIME, 30e-6);
    }
    arena_free(arena);
}

static void test_weights(void)
{
    new_job();
    job->teams[B].weight = 3; /* stands for three teams */
    instruct(A, INSTRUCTION_RUN, work(40e-6), 0);
    instruct(B, INSTRUCTION_RUN, work(20e-6), 0);
    plan();
    const struct outcome *outcome = outcome_of(job, ways[0]);
    CU_ASSERT_FATAL(outcome->ran);
    CU_ASSERT(near(outcome->time_s, 40e-6, 1e-9));
    check_part(outcome, PART_MATMUL_TIME, 25e-6); /* (40 + 3 x 20) / 4 */
    check_part(outcome, PART_BUBBLE_TIME, 15e-6); /* 3 x 20 / 4 */
    arena_free(arena);
}

static void test_waiting_for_ever_is_told(void)
{
    new_job();
    instruct(A, INSTRUCTION_RUN, work(40e-6), 0);
    instruct(B, INSTRUCTION_RUN, work(20e-6), 0);
    instruct(B, INSTRUCTION_RECEIVE, 0, PEER_PREVIOUS);
    plan();
    const struct outcome *outcome = outcome_of(job, ways[0]);
    CU_ASSERT_FALSE(outcome->ran);
    CU_ASSERT_STRING_EQUAL(outcome->message,
                           "team 1 waits for ever at instruction 1 (instruction), microbatch "
                           "0; the pipeline schedule does not fit together");
    arena_free(arena);
}

void suite_executor(void)
{
    static const struct test tests[] = {
        {"work, a message and a sum by hand", test_message_by_hand},
        {"an exchange beside work by hand", test_overlap_by_hand},
        {"an exchange beside an op by hand", test_beside_by_hand},
        {"a message on a team's links by hand", test_contention_by_hand},
        {"teams that stand for several", test_weights},
        {"teams that wait for ever are named", test_waiting_for_ever_is_told},
    };
    add_suite("executor", tests, sizeof tests / sizeof tests[0]);
}
