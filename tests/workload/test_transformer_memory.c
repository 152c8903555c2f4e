/* SPDX-License-Identifier: Apache-2.0 */
/* Which layers and parameters a stage holds, and its memory against published figures. */
#include "workload/transformer_memory.h"

#include "support/support.h"
#include "workload/transformer_stage.h"

static const struct chip chip = {.reserved_bytes = 0x1p30};
static const double GIB = 0x1p30;

/* GPT of Korthikanti et al. (arXiv 2205.05198), table 3: with dropout, without flash attention.
 */
static struct model gpt(int64_t layers, int64_t hidden, int64_t heads)
{
    return (struct model){.name = "gpt",
                          .layers = layers,
                          .hidden = hidden,
                          .heads = heads,
                          .kv_heads = heads,
                          .head_dim = hidden / heads,
                          .ffn_hidden = 4 * hidden,
                          .vocabulary = 51200,
                          .max_positions = 2048,
                          .tied_embeddings = true,
                          .learned_positions = true,
                          .layer_norm = true,
                          .biased = true,
                          .attention_dropout = true,
                          .hidden_dropout = true};
}

static struct plan korthikanti_plan(int64_t pipeline, int64_t virtual_stages,
                                    int64_t micro_batch, int64_t micro_batches)
{
    struct plan plan;
    plan_init(&plan);
    plan.tensor_parallel = 8;
    plan.pipeline_parallel = pipeline;
    plan.virtual_stages = virtual_stages;
    plan.micro_batch = micro_batch;
    plan.micro_batches = micro_batches;
    plan.data_parallel = 1;
    plan.recompute = RECOMPUTE_SELECTIVE;
    plan.flash_attention = false;
    return plan;
}

/* Their figures leave the embedding out: states are compared on a stage without it, where there
 * is one; activations on the first stage, which holds the most. */
static void check_published(struct model model, struct plan plan, double states_gib,
                            double activations_gib)
{
    struct training_shape shape = {.model = &model, .plan = &plan, .sequence_tokens = 2048};
    int64_t inner = plan.pipeline_parallel > 1 ? 1 : 0;
    struct training_memory memory = transformer_memory(&shape, &chip, inner);
    double states = memory.weights_bytes + memory.gradients_bytes + memory.optimizer_bytes;
    CU_ASSERT(near(states / GIB, states_gib, 0.10));
    memory = transformer_memory(&shape, &chip, 0);
    CU_ASSERT(near(memory.activations_bytes / GIB, activations_gib, 0.10));
}

static void test_published(void)
{
    check_published(gpt(48, 6144, 64), korthikanti_plan(1, 1, 4, 1), 45.56, 9.56);
    check_published(gpt(96, 12288, 96), korthikanti_plan(8, 3, 1, 64), 45.56, 12.35);
    check_published(gpt(128, 25600, 160), korthikanti_plan(64, 1, 1, 512), 32.96, 26.56);
}

/* Their formulas for one layer of the 22B model, s b h = 2048 x 4 x 6144, t = 8, and the scores
 * 5 a s / h: sbh (10 + 24/t + 5as/ht) without, sbh/t (34 + 5as/h) with sequence parallelism,
 * 34 sbh/t with selective, 2 sbh/t with full recompute. */
static void test_layer_formulas(void)
{
    struct model model = gpt(48, 6144, 64);
    struct plan plan = korthikanti_plan(1, 1, 4, 1);
    struct training_shape shape = {.model = &model, .plan = &plan, .sequence_tokens = 2048};
    double unit = 2048.0 * 4 * 6144, scores = 5.0 * 64 * 2048 / 6144;
    double ends = 5 * unit / 8; /* embedding's dropout mask 1, head's inputs 4 */
    CU_ASSERT(near(transformer_memory(&shape, &chip, 0).activations_bytes,
                   48 * unit * 34 / 8 + ends, 1e-12));
    plan.recompute = RECOMPUTE_NONE;
    CU_ASSERT(near(transformer_memory(&shape, &chip, 0).activations_bytes,
                   48 * unit * (34 + scores) / 8 + ends, 1e-12));
    plan.recompute = RECOMPUTE_FULL;
    CU_ASSERT(near(transformer_memory(&shape, &chip, 0).activations_bytes,
                   48 * unit * 2 / 8 + ends, 1e-12));
    plan.recompute = RECOMPUTE_NONE;
    plan.sequence_parallel = false;
    CU_ASSERT(near(transformer_memory(&shape, &chip, 0).activations_bytes,
                   48 * unit * (10 + (24 + scores) / 8) + ends * 8, 1e-12));
}

static struct model llama(void)
{
    return (struct model){.name = "llama",
                          .layers = 126,
                          .hidden = 16384,
                          .heads = 128,
                          .kv_heads = 8,
                          .head_dim = 128,
                          .ffn_hidden = 53248,
                          .vocabulary = 128256,
                          .gated_mlp = true,
                          .rotary = true};
}

/* 405B, 8192 tokens on 8 chips, per layer in units of T h / t = 16 Mi: norm inputs 4, inputs 4,
 * Q and output 4, K and V 4 / 16, MLP 6 x 3.25, softmax sums 4 / 128. 18 microbatches x 7. */
static void test_gated_grouped(void)
{
    struct model model = llama();
    struct plan plan = korthikanti_plan(18, 1, 1, 100);
    plan.flash_attention = true;
    struct training_shape shape = {.model = &model, .plan = &plan, .sequence_tokens = 8192};
    double unit = 8192.0 * 16384 / 8;
    double layer = unit * (4 + 4 + 4 + 0.25 + 6 * 3.25 + 4.0 / 128);
    struct training_memory memory = transformer_memory(&shape, &chip, 0);
    CU_ASSERT(near(memory.activations_bytes, 18 * 7 * layer, 1e-12));
    /* the last stage keeps one microbatch, and its head's two inputs; logits in 6 bytes */
    memory = transformer_memory(&shape, &chip, 17);
    CU_ASSERT(near(memory.activations_bytes, 7 * layer + 4 * unit, 1e-12));
    CU_ASSERT(memory.workspace_bytes > 6.0 * 8192 * 128256 / 8);
    CU_ASSERT(near(memory.total_bytes,
                   memory.weights_bytes + memory.gradients_bytes + memory.optimizer_bytes +
                       memory.activations_bytes + memory.workspace_bytes + 0x1p30,
                   1e-12));
    /* fewer microbatches than stages */
    plan.micro_batches = 5;
    memory = transformer_memory(&shape, &chip, 0);
    CU_ASSERT(near(memory.activations_bytes, 5 * 7 * layer, 1e-12));
    /* interleaved, 7 chunks of a layer: 18 x 7 + 17 in flight */
    plan.micro_batches = 100;
    plan.virtual_stages = 7;
    memory = transformer_memory(&shape, &chip, 0);
    CU_ASSERT(near(memory.activations_bytes, (18 * 7 + 17) * layer, 1e-12));
}

static void test_optimizer_shards(void)
{
    struct model model = llama();
    struct plan plan = korthikanti_plan(18, 1, 1, 100);
    struct training_shape shape = {.model = &model, .plan = &plan, .sequence_tokens = 8192};
    plan.data_parallel = 4;
    plan.context_parallel = 2;
    double sharded = transformer_memory(&shape, &chip, 1).optimizer_bytes;
    plan.zero_stage = 0;
    CU_ASSERT(near(transformer_memory(&shape, &chip, 1).optimizer_bytes, 8 * sharded, 1e-12));
    /* fp8 keeps two copies of a byte instead of one of two bytes */
    double weights = transformer_memory(&shape, &chip, 1).weights_bytes;
    plan.dtype = DTYPE_FP8;
    CU_ASSERT(near(transformer_memory(&shape, &chip, 1).weights_bytes, weights, 1e-12));
}

/* 126 = 16 x 7 + 14: all but the two ends get one more; 4 x 31 + 2: the two in the middle; 5 x
 * 25
 * + 1: the one in the middle. */
static void test_stages(void)
{
    struct model model = llama();
    struct plan plan = korthikanti_plan(16, 1, 1, 1);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 0, 0).layers, 7);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 1, 0).layers, 8);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 15, 0).layers, 7);
    plan.pipeline_parallel = 4;
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 0, 0).layers, 31);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 1, 0).layers, 32);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 2, 0).layers, 32);
    plan.pipeline_parallel = 5;
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 2, 0).layers, 26);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 3, 0).layers, 25);
    plan.pipeline_parallel = 3;
    plan.virtual_stages = 2;
    struct stage first = transformer_stage(&model, &plan, 0, 0);
    struct stage last = transformer_stage(&model, &plan, 2, 1);
    CU_ASSERT(first.embedding && !first.head && last.head && !last.embedding);
    CU_ASSERT_FALSE(transformer_stage(&model, &plan, 0, 1).embedding);
    model.expert_count = 8;
    model.dense_layers = 25; /* chunks of 21: the second has 4 dense ones */
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 0, 0).dense_layers, 21);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 1, 0).dense_layers, 4);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 1, 0).layers, 17);
}

/* 61 and one that predicts further: with two passes through the head 64 parts. The last of 16
 * stages has 2 layers and both passes; of 32 it has the one that predicts, and the first lacks
 * one. */
static void test_further_stages(void)
{
    struct model model = llama();
    model.layers = 61;
    model.prediction_layers = 1;
    struct plan plan = korthikanti_plan(16, 1, 1, 1);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 0, 0).layers, 4);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 14, 0).layers, 4);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 15, 0).layers, 2);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 15, 0).head, 2);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 14, 0).head, 0);
    plan.pipeline_parallel = 8;
    plan.virtual_stages = 4;
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 0, 0).layers, 1);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 1, 0).layers, 2);
    CU_ASSERT_EQUAL(transformer_stage(&model, &plan, 7, 3).layers, 1);
    /* On the last stage a copy of the embedding, and 2 h (h + 1). */
    plan.virtual_stages = plan.tensor_parallel = 1;
    double with = transformer_stage_parameters(&model, &plan, 7).dense;
    struct stage last = transformer_stage(&model, &plan, 7, 0);
    model.prediction_layers = 0;
    struct stage before = transformer_stage(&model, &plan, 7, 0);
    double without = transformer_stage_parameters(&model, &plan, 7).dense;
    double layer = model_layer_parameters(&model) * (double)(last.layers - before.layers);
    double hidden = (double)model.hidden, table = (double)model.vocabulary * hidden;
    CU_ASSERT(near(with - without, layer + table + hidden + 2 * hidden * (hidden + 1), 1e-9));
}

/* Whatever the number of stages, all layers are somewhere, and even to one. */
static void test_every_layer_once(void)
{
    struct model model = llama();
    struct plan plan = korthikanti_plan(1, 1, 1, 1);
    for (plan.pipeline_parallel = 1; plan.pipeline_parallel <= 63; plan.pipeline_parallel++) {
        for (plan.virtual_stages = 1; plan.virtual_stages <= 2; plan.virtual_stages++) {
            int64_t sum = 0, even = 126 / (plan.pipeline_parallel * plan.virtual_stages);
            for (int64_t i = 0; i < plan.pipeline_parallel * plan.virtual_stages; i++) {
                int64_t layers = transformer_stage(&model, &plan, i % plan.pipeline_parallel,
                                                   i / plan.pipeline_parallel)
                                     .layers;
                CU_ASSERT(layers == even || layers == even + 1);
                sum += layers;
            }
            CU_ASSERT_EQUAL(sum, 126);
        }
    }
}

/* 8 x 18 chips hold the model once, and 7 copies more of norms: 126 x 2 h + h. */
static void test_stage_parameters(void)
{
    struct model model = llama();
    struct plan plan = korthikanti_plan(18, 1, 1, 1);
    double sum = 0;
    for (int64_t stage = 0; stage < 18; stage++) {
        sum += 8 * transformer_stage_parameters(&model, &plan, stage).dense;
    }
    CU_ASSERT(near(sum, 405853388800 + 7 * 253.0 * 16384, 1e-12));
    CU_ASSERT_EQUAL(transformer_stage_vocabulary_parameters(&model, &plan, 0),
                    128256.0 * 16384 / 8);
    CU_ASSERT_EQUAL(transformer_stage_vocabulary_parameters(&model, &plan, 5), 0);
    /* 16 chips, 8 KV heads: K and V are held twice, 2 h 1024 each layer */
    plan.tensor_parallel = 16;
    double wide = 16 * transformer_stage_parameters(&model, &plan, 5).dense;
    plan.tensor_parallel = 8;
    double narrow = 8 * transformer_stage_parameters(&model, &plan, 5).dense;
    CU_ASSERT(near(wide - narrow, 7 * (2.0 * 16384 * 1024 + 8 * 2 * 16384), 1e-9));
}

/* 8 experts of 3 h f in each of 32 layers; EP 8 x TP 2: one whole expert per chip and layer;
 * EP 1: half of each. */
static void test_expert_parameters(void)
{
    struct model model = {.name = "mixture",
                          .layers = 32,
                          .hidden = 4096,
                          .heads = 32,
                          .kv_heads = 8,
                          .head_dim = 128,
                          .ffn_hidden = 14336,
                          .vocabulary = 32000,
                          .gated_mlp = true,
                          .expert_count = 8,
                          .experts_per_token = 2,
                          .expert_ffn_hidden = 14336};
    struct plan plan = korthikanti_plan(1, 1, 1, 1);
    plan.tensor_parallel = 2;
    plan.expert_parallel = 8;
    plan.data_parallel = 8;
    CU_ASSERT_EQUAL(transformer_stage_parameters(&model, &plan, 0).expert,
                    32.0 * 3 * 4096 * 14336);
    struct training_shape shape = {.model = &model, .plan = &plan, .sequence_tokens = 4096};
    double small = transformer_memory(&shape, &chip, 0).weights_bytes;
    plan.expert_parallel = 1;
    CU_ASSERT_EQUAL(transformer_stage_parameters(&model, &plan, 0).expert,
                    32.0 * 4 * 3 * 4096 * 14336);
    CU_ASSERT(transformer_memory(&shape, &chip, 0).weights_bytes > small);
}

void suite_transformer_memory(void)
{
    static const struct test tests[] = {
        {"published figures", test_published},
        {"published formulas", test_layer_formulas},
        {"gated MLP and grouped heads", test_gated_grouped},
        {"optimizer shards and narrow weights", test_optimizer_shards},
        {"layers of stages", test_stages},
        {"layers that predict further", test_further_stages},
        {"every layer once", test_every_layer_once},
        {"parameters of stages", test_stage_parameters},
        {"parameters of experts", test_expert_parameters},
    };
    add_suite("transformer_memory", tests, sizeof tests / sizeof tests[0]);
}
