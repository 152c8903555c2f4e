/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of a job, its network, single collectives, and programs of a training step. */
#include "program/job.h"

#include <string.h>

#include "hardware/fabric.h"
#include "program/exchanges.h"
#include "program/lower_collective.h"
#include "program/network.h"
#include "support/machine.h"
#include "support/small_job.h"
#include "support/support.h"

static struct platform *star(int64_t chips, struct arena *arena)
{
    struct machine machine = {
        .kind = MACHINE_STAR, .chips = chips, .Bps = 1e11, .latency_s = 1e-6};
    return machine_create(&machine, arena);
}

static void test_equal_specs_are_one(void)
{
    struct arena *arena = arena_create();
    struct job *job = job_create(star(2, arena), arena);
    char ring[] = "ring";
    CU_ASSERT_EQUAL(job_spec(job, COLLECTIVE_ALL_REDUCE, 8, "ring"), 0);
    CU_ASSERT_EQUAL(job_spec(job, COLLECTIVE_ALL_REDUCE, 8, ring), 0);
    CU_ASSERT_EQUAL(job_spec(job, COLLECTIVE_ALL_REDUCE, 9, "ring"), 1);
    CU_ASSERT_EQUAL(job_spec(job, COLLECTIVE_ALL_GATHER, 8, "ring"), 2);
    CU_ASSERT_EQUAL(job_spec(job, COLLECTIVE_ALL_REDUCE, 8, "auto"), 3);
    CU_ASSERT_EQUAL(job->spec_count, 4);
    arena_free(arena);
}

/* A pair is there once, with the links of its way and their latency. */
static void test_network(void)
{
    struct arena *arena = arena_create();
    struct platform *platform = star(8, arena);
    struct network network;
    network_init(&network, platform, arena);
    int32_t pair = network_pair(&network, 5, 2);
    CU_ASSERT_EQUAL(network_pair(&network, 2, 5), pair + 1);
    CU_ASSERT_EQUAL(network_pair(&network, 5, 2), pair);
    CU_ASSERT_EQUAL(network.wiring.pair_count, 2);
    CU_ASSERT_EQUAL(network.wiring.end_point_count, 2);
    CU_ASSERT_EQUAL(network.wiring.wire_count, 4); /* 5 up, 2 down; 2 up, 5 down */
    CU_ASSERT(near(network.pair_latency_s[pair], 2e-6, 1e-12));
    CU_ASSERT_FALSE(network.pair_scale_out[pair]);
    arena_free(arena);
}

static void test_single_collective(void)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    struct collective_request request = {COLLECTIVE_ALL_REDUCE, 8e6, "ring", 8, 0};
    struct job *job = lower_collective(star(8, arena), &request, arena, &error);
    CU_ASSERT_FATAL(job != NULL && exchanges_plan_all(job, &error));
    const struct traffic *traffic = job_exchange(job, 0, 0);
    CU_ASSERT_STRING_EQUAL(traffic->algorithm, "ring");
    CU_ASSERT_EQUAL(traffic->stages[0].flow_count, 8);
    CU_ASSERT_EQUAL(traffic->stages[0].rounds, 14);
    CU_ASSERT(near(traffic->stages[0].flows[0].bytes, 1e6, 1e-12));
    /* 14 rounds of 2 x 1 us + 0.5 us + 1 MB / 100 GB/s, after 5 us */
    CU_ASSERT(near(traffic->alone_s, 5e-6 + 14 * 12.5e-6, 1e-12));
    /* each chip is touched by what it sends and what it receives */
    for (int64_t p = 0; p < traffic->position_count; p++) {
        CU_ASSERT_EQUAL(
            traffic->stages[0].touch_first[p + 1] - traffic->stages[0].touch_first[p], 2);
    }
    request.chips = 9;
    CU_ASSERT_PTR_NULL(lower_collective(star(8, arena), &request, arena, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_INFEASIBLE);
    arena_free(arena);
}

static int64_t count_kind(const struct program *program, enum instruction_kind kind,
                          int32_t with)
{
    int64_t count = 0;
    for (int64_t i = 0; i < program->count; i++) {
        count += program->instructions[i].kind == kind && program->instructions[i].with == with;
    }
    return count;
}

/* 2 stages, 4 microbatches, 2 copies of 2 chips: stage 0 sends 4 activations and receives 4
 * gradients, and the other way round; the 4 layers (and the embedding or head) of the last
 * backward turn each start a reduction, the optimizer's end one gather. */
static void test_training_step(void)
{
    struct arena *arena = arena_create();
    struct small_job small = {.model = small_job_model(0)};
    plan_init(&small.plan);
    small.plan.tensor_parallel = small.plan.pipeline_parallel = 2;
    small_job_make(&small, star(8, arena), 4, arena);
    CU_ASSERT_PTR_NOT_NULL_FATAL(small.job);
    CU_ASSERT_EQUAL(small.job->team_count, 4);
    CU_ASSERT_EQUAL(small.job->program_count, 2);
    const struct program *first = &small.job->programs[0], *second = &small.job->programs[1];
    CU_ASSERT_EQUAL(count_kind(first, INSTRUCTION_SEND, PEER_NEXT), 4);
    CU_ASSERT_EQUAL(count_kind(first, INSTRUCTION_RECEIVE, PEER_NEXT), 4);
    CU_ASSERT_EQUAL(count_kind(first, INSTRUCTION_SEND, PEER_PREVIOUS), 0);
    CU_ASSERT_EQUAL(count_kind(second, INSTRUCTION_RECEIVE, PEER_PREVIOUS), 4);
    CU_ASSERT_EQUAL(count_kind(second, INSTRUCTION_SEND, PEER_PREVIOUS), 4);
    CU_ASSERT_EQUAL(count_kind(first, INSTRUCTION_START, SLOT_DATA), 4 + 1 + 1);
    CU_ASSERT_EQUAL(count_kind(first, INSTRUCTION_WAIT, SLOT_DATA), 2);
    arena_free(arena);
}

/* Reduced gradients are those of all parameters, whatever the overlap and the stage. */
static double started_bytes(const struct small_job *small, enum collective_operation operation)
{
    double bytes = 0;
    for (int64_t p = 0; p < small->job->program_count; p++) {
        const struct program *program = &small->job->programs[p];
        for (int64_t i = 0; i < program->count; i++) {
            const struct instruction *instruction = &program->instructions[i];
            if (instruction->kind == INSTRUCTION_START &&
                small->job->specs[instruction->what].operation == operation) {
                bytes += small->job->specs[instruction->what].bytes;
            }
        }
    }
    return bytes;
}

/* On one chip a stage: all of the model's parameters, 4 bytes each reduced, 2 gathered. */
static void test_gradients_are_complete(void)
{
    for (int variant = 0; variant < 4; variant++) {
        struct arena *arena = arena_create();
        struct small_job small = {.model = small_job_model(0)};
        plan_init(&small.plan);
        small.plan.pipeline_parallel = 2;
        small.plan.overlap_gradients = variant % 2 == 1;
        small.plan.virtual_stages = variant / 2 + 1;
        small_job_make(&small, star(4, arena), 4, arena);
        CU_ASSERT_PTR_NOT_NULL_FATAL(small.job);
        double parameters = model_parameters(&small.model);
        CU_ASSERT(near(started_bytes(&small, COLLECTIVE_REDUCE_SCATTER), 4 * parameters, 1e-9));
        CU_ASSERT(near(started_bytes(&small, COLLECTIVE_ALL_GATHER), 2 * parameters, 1e-9));
        arena_free(arena);
    }
}

static void test_part_names(void)
{
    CU_ASSERT_STRING_EQUAL(job_part_name(PART_MATMUL_TIME), "matmul");
    CU_ASSERT_STRING_EQUAL(job_part_name(PART_BUBBLE_TIME), "pipeline bubble");
}

void suite_job(void)
{
    static const struct test tests[] = {
        {"equal specs are one", test_equal_specs_are_one},
        {"pairs of the network", test_network},
        {"a single collective", test_single_collective},
        {"programs of a training step", test_training_step},
        {"all gradients are reduced, all weights gathered", test_gradients_are_complete},
        {"names of parts", test_part_names},
    };
    add_suite("job", tests, sizeof tests / sizeof tests[0]);
}
