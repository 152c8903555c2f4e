/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan may ask of a step beyond its degrees, in the programs that are made, against
 * arithmetic by hand: hybrid sharding, rings, adapters, offloading, shared experts, merged
 * dispatch, recomputation by block. */
#include <math.h>
#include <string.h>

#include "program/context_ring.h"
#include "program/lower_training.h"
#include "support/machine.h"
#include "support/support.h"
#include "workload/transformer_memory.h"

/* 2 layers, h = 1024, 8 heads of 128, f = 4096 with a gate, 1000 words of their own each way.
 */
static const struct model small = {.name = "small",
                                   .layers = 2,
                                   .hidden = 1024,
                                   .heads = 8,
                                   .kv_heads = 8,
                                   .head_dim = 128,
                                   .ffn_hidden = 4096,
                                   .vocabulary = 1000,
                                   .gated_mlp = true};
/* A layer: 4 h^2 + 3 h f and two norms. */
static const double LAYER = 4 * 1024.0 * 1024 + 3 * 1024.0 * 4096 + 2 * 1024;
static const double ALL = 2 * LAYER + 2 * 1000 * 1024.0 + 1024;

struct made {
    struct arena *arena;
    struct platform *platform;
    struct plan plan;
    struct training_shape shape;
    struct job *job;
};

static struct made *make(const struct model *model, const struct plan *plan, int64_t chips)
{
    struct arena *arena = arena_create();
    struct made *made = arena_alloc(arena, sizeof *made);
    *made = (struct made){.arena = arena, .plan = *plan};
    struct machine star = {.kind = MACHINE_STAR, .chips = chips, .Bps = 1e11};
    struct error error = {0};
    made->platform = machine_create(&star, arena);
    made->platform->host.Bps = 1e9;
    CU_ASSERT_TRUE_FATAL(
        plan_derive(&made->plan, model, chips, 2048, 2048 * 2 * chips, &error));
    made->shape = (struct training_shape){model, &made->plan, 2048};
    made->job = lower_training(made->platform, &made->shape, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(made->job);
    return made;
}

static struct plan one_stage(void)
{
    struct plan plan;
    plan_init(&plan);
    plan.overlap_gradients = false;
    return plan;
}

/* Bytes of the exchanges that the first team starts on a slot. */
static double started(const struct made *made, enum slot slot)
{
    const struct program *program = &made->job->programs[made->job->teams[0].program];
    double bytes = 0;
    for (int64_t i = 0; i < program->count; i++) {
        const struct instruction *instruction = &program->instructions[i];
        if (instruction->kind == INSTRUCTION_START && instruction->with == (int32_t)slot) {
            bytes += made->job->specs[instruction->what].bytes;
        }
    }
    return bytes;
}

/* The first op of this name; NULL when there is none. */
static const struct op *find(const struct job *job, const char *name)
{
    for (int64_t s = 0; s < job->sequence_count; s++) {
        for (int64_t i = 0; i < job->sequences[s].op_count; i++) {
            if (strcmp(job->sequences[s].ops[i].name, name) == 0) {
                return &job->sequences[s].ops[i];
            }
        }
    }
    return NULL;
}

/* 8 ranks, states over 4 of them: gradients are scattered over 4, a quarter is summed over the
 * 2 that hold the same one; 12 bytes of states a parameter over 4. */
static void test_hybrid_sharding(void)
{
    struct plan plan = one_stage();
    plan.shard_chips = 4;
    struct made *made = make(&small, &plan, 8);
    const struct team *team = &made->job->teams[0];
    CU_ASSERT_EQUAL(made->job->groups[team->groups[SLOT_SHARD]].subgroup_size, 4);
    CU_ASSERT_EQUAL(made->job->groups[team->groups[SLOT_COPIES]].subgroup_size, 2);
    CU_ASSERT_EQUAL(started(made, SLOT_SHARD), ALL * (4 + 2)); /* scattered, gathered */
    CU_ASSERT_EQUAL(started(made, SLOT_COPIES), ALL * 4 / 4);
    CU_ASSERT_EQUAL(started(made, SLOT_DATA), 0);
    struct training_memory memory =
        transformer_memory(&made->shape, platform_chip(made->platform, 0), 0);
    CU_ASSERT_EQUAL(memory.optimizer_bytes, 12 * ALL / 4);
    arena_free(made->arena);
}

/* 3 GB round 4 chips at 100 GB/s is 30 ms, beside a core of 10 ms: 3/4 of 20 ms are left. */
static void test_ring(void)
{
    CU_ASSERT(near(context_ring_wait_s(3e9, 4, 100e9, 10e-3), 15e-3, 1e-12));
    CU_ASSERT_EQUAL(context_ring_wait_s(3e9, 4, 100e9, 40e-3), 0);
    struct plan plan = one_stage();
    plan.context_parallel = 4;
    struct made *gathered = make(&small, &plan, 4);
    CU_ASSERT_PTR_NULL(find(gathered->job, "merge of blocks"));
    plan.context_ring = true;
    struct made *ring = make(&small, &plan, 4);
    /* 512 queries of 8 heads of 128, 3 merges of 4 + 4 + 2 bytes */
    CU_ASSERT_EQUAL(find(ring->job, "merge of blocks")->hbm_bytes, 3 * 512.0 * 1024 * 10);
    arena_free(gathered->arena);
    arena_free(ring->arena);
}

/* Rank 16 beside the MLP's first matrix, 2048 tokens, 1024 to 8192 columns: 4 passes of 2 bytes
 * over both, 6 products; no states, no gradients, nothing reduced. */
static void test_adapters(void)
{
    struct plan plan = one_stage();
    plan.adapter_rank = 16;
    struct made *made = make(&small, &plan, 2);
    const struct op *op = find(made->job, "mlp up weight gradient");
    CU_ASSERT_EQUAL(op->hbm_bytes, 4 * 2 * 2048.0 * (1024 + 8192));
    CU_ASSERT_EQUAL(op->flops, 6 * 16 * 2048.0 * (1024 + 8192));
    CU_ASSERT_EQUAL(started(made, SLOT_DATA), 0);
    struct training_memory memory =
        transformer_memory(&made->shape, platform_chip(made->platform, 0), 0);
    CU_ASSERT_EQUAL(memory.optimizer_bytes + memory.gradients_bytes, 0);
    arena_free(made->arena);
}

/* 12 bytes a parameter over 1 GB/s less the update; activations' share leaves the memory. */
static void test_offloading(void)
{
    struct plan plan = one_stage();
    struct made *kept = make(&small, &plan, 2);
    const struct chip *chip = platform_chip(kept->platform, 0);
    struct training_memory before = transformer_memory(&kept->shape, chip, 0);
    plan.offload_optimizer = true;
    plan.offload_activations = 0.5;
    struct made *away = make(&small, &plan, 2);
    struct training_memory after = transformer_memory(&away->shape, chip, 0);
    CU_ASSERT_EQUAL(after.optimizer_bytes, 0);
    CU_ASSERT(near(after.activations_bytes, before.activations_bytes / 2, 1e-12));
    double update_s = find(kept->job, "gradient norm")->duration_s +
                      find(kept->job, "optimizer update")->duration_s;
    CU_ASSERT(near(find(away->job, "states from the host")->duration_s,
                   12 * (ALL / 2) / away->platform->host.Bps - update_s, 1e-9));
    CU_ASSERT_PTR_NOT_NULL(find(away->job, "activations to the host"));
    arena_free(kept->arena);
    arena_free(away->arena);
}

/* GPipe goes back from the last microbatch to the first, and only then gradients are whole. */
static void test_gpipe_reduces_whole_gradients(void)
{
    struct plan plan = one_stage();
    plan.schedule = SCHEDULE_GPIPE;
    plan.overlap_gradients = true;
    struct made *made = make(&small, &plan, 2);
    const struct program *program = &made->job->programs[made->job->teams[0].program];
    int64_t before = 0;
    for (int64_t i = 0; i < program->count; i++) {
        const struct instruction *instruction = &program->instructions[i];
        bool starts = instruction->kind == INSTRUCTION_START;
        bool turns = instruction->kind == INSTRUCTION_RUN && instruction->microbatch >= 0;
        before += starts;
        CU_ASSERT_TRUE(before == 0 || !turns || instruction->microbatch == 0);
    }
    CU_ASSERT_TRUE(before > 1);
    CU_ASSERT_EQUAL(made->plan.micro_batches, 2);
    arena_free(made->arena);
}

/* One of two layers computed again keeps its input of 2 bytes alone. */
static void test_recompute_by_block(void)
{
    struct plan plan = one_stage();
    struct made *made = make(&small, &plan, 1);
    double none = transformer_turn_activations(&made->shape, 0);
    made->plan.recompute = RECOMPUTE_FULL;
    double all = transformer_turn_activations(&made->shape, 0);
    made->plan.recompute_layers = 1;
    CU_ASSERT_EQUAL(all, 2 * 2 * 2048.0 * 1024);
    CU_ASSERT(near(transformer_turn_activations(&made->shape, 0), (none + all) / 2, 1e-12));
    arena_free(made->arena);
}

/* What the chip waits for the host in a sequence, and the ops of the layer before that; the
 * embedding and the head are no part of it. */
static double layer_wait_s(const struct sequence *sequence, bool backward, double *layer_s)
{
    *layer_s = 0;
    for (int64_t i = 0; i < sequence->op_count; i++) {
        const struct op *op = &sequence->ops[i];
        if (strcmp(op->name, "waiting for the host") == 0) {
            return op->duration_s;
        }
        bool end = strcmp(op->name, backward ? "final norm backward" : "embedding") == 0;
        *layer_s = end ? 0 : *layer_s + op->duration_s;
    }
    return 0;
}

/* One layer of two experts on one chip: launches of 3 ms and work hide each other as a
 * hypotenuse does, 1 ms of reading counts does not. */
static void test_host_wait(void)
{
    struct model mixture = small;
    mixture.layers = 1;
    mixture.expert_count = 2;
    mixture.experts_per_token = 1;
    mixture.expert_ffn_hidden = 4096;
    struct plan plan = one_stage();
    struct made *made = make(&mixture, &plan, 1);
    plan.expert_launch_s = 3e-3;
    plan.expert_gap_s = 1e-3;
    struct made *waiting = make(&mixture, &plan, 1);
    for (int32_t s = 0; s < 2; s++) {
        double layer_s;
        double wait_s = layer_wait_s(&waiting->job->sequences[s], s == 1, &layer_s);
        CU_ASSERT(layer_s > 0 && near(wait_s, hypot(layer_s, 3e-3) - layer_s + 1e-3, 1e-9));
        CU_ASSERT_EQUAL(layer_wait_s(&made->job->sequences[s], s == 1, &layer_s), 0);
    }
    /* Limits of the activation are read too, forward and where it runs again. */
    mixture.clamped_experts = true;
    plan.expert_launch_s = 0;
    for (plan.recompute = RECOMPUTE_NONE; plan.recompute < RECOMPUTE_COUNT; plan.recompute++) {
        static const double readings[RECOMPUTE_COUNT] = {[RECOMPUTE_NONE] = 1,
                                                         [RECOMPUTE_SELECTIVE] = 1,
                                                         [RECOMPUTE_VECTOR] = 2,
                                                         [RECOMPUTE_FULL] = 3};
        double layer_s;
        struct made *clamped = make(&mixture, &plan, 1);
        CU_ASSERT(near(layer_wait_s(&clamped->job->sequences[0], false, &layer_s), 2e-3, 1e-9));
        CU_ASSERT(near(layer_wait_s(&clamped->job->sequences[1], true, &layer_s),
                       readings[plan.recompute] * 1e-3, 1e-9));
        arena_free(clamped->arena);
    }
    arena_free(made->arena);
    arena_free(waiting->arena);
}

/* Two stages on chips of 100 GB/s: V h gradients go each way when both hold the embedding. */
static void test_join_embeddings(void)
{
    struct model tied = small;
    tied.tied_embeddings = true;
    struct plan plan = one_stage();
    struct made *one = make(&tied, &plan, 1);
    CU_ASSERT_PTR_NULL(find(one->job, "join embeddings"));
    plan.pipeline_parallel = 2;
    struct made *two = make(&tied, &plan, 2);
    const struct op *op = find(two->job, "join embeddings");
    CU_ASSERT_PTR_NOT_NULL_FATAL(op);
    CU_ASSERT(near(op->duration_s, two->plan.gradient_bytes * 1000 * 1024 / 1e11, 1e-12));
    struct made *apart = make(&small, &plan, 2);
    CU_ASSERT_PTR_NULL(find(apart->job, "join embeddings"));
    arena_free(one->arena);
    arena_free(two->arena);
    arena_free(apart->arena);
}

/* 16 experts on 4 chips, 2 a token: a token meets 4 (1 - C(12,2)/C(16,2)) = 1.8 chips, not 2.
 */
static void test_merged_dispatch(void)
{
    struct model mixture = small;
    mixture.expert_count = 16;
    mixture.experts_per_token = 2;
    mixture.expert_ffn_hidden = 4096;
    struct plan plan = one_stage();
    plan.expert_parallel = 4;
    struct made *apart = make(&mixture, &plan, 4);
    plan.merged_dispatch = true;
    struct made *merged = make(&mixture, &plan, 4);
    double bytes[2] = {0, 0};
    const struct made *both[] = {apart, merged};
    for (int i = 0; i < 2; i++) {
        for (int64_t s = 0; s < both[i]->job->spec_count; s++) {
            const struct spec *spec = &both[i]->job->specs[s];
            bytes[i] += spec->operation == COLLECTIVE_ALL_TO_ALL ? spec->bytes : 0;
        }
    }
    CU_ASSERT(near(bytes[0], 2 * 2048.0 * 1024 * 2, 1e-12));
    CU_ASSERT(near(bytes[1] / bytes[0], 4 * (1 - 66.0 / 120) / 2, 1e-12));
    arena_free(apart->arena);
    arena_free(merged->arena);
}

void suite_training_features(void);
void suite_training_features(void)
{
    static const struct test tests[] = {
        {"hybrid sharding", test_hybrid_sharding},
        {"ring attention", test_ring},
        {"adapters", test_adapters},
        {"GPipe reduces whole gradients", test_gpipe_reduces_whole_gradients},
        {"offloading", test_offloading},
        {"recomputation by block", test_recompute_by_block},
        {"merged dispatch", test_merged_dispatch},
        {"the host launches experts", test_host_wait},
        {"an embedding on both ends", test_join_embeddings},
    };
    add_suite("training_features", tests, sizeof tests / sizeof tests[0]);
}
