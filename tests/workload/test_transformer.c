/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of one microbatch, and the FLOPs of a step, against arithmetic by hand. */
#include "workload/transformer.h"

#include <string.h>

#include "support/support.h"
#include "workload/mixture.h"

/* Llama 3 8B on one sequence of 8192: h = 4096, 32 heads of 128, 8 KV heads, f = 14336. */
static const struct model llama = {.name = "llama",
                                   .layers = 32,
                                   .hidden = 4096,
                                   .heads = 32,
                                   .kv_heads = 8,
                                   .head_dim = 128,
                                   .ffn_hidden = 14336,
                                   .vocabulary = 128256,
                                   .gated_mlp = true,
                                   .rotary = true};
/* The same with 8 experts, 2 per token. */
static const struct model mixture = {.name = "mixture",
                                     .layers = 32,
                                     .hidden = 4096,
                                     .heads = 32,
                                     .kv_heads = 8,
                                     .head_dim = 128,
                                     .ffn_hidden = 14336,
                                     .vocabulary = 32000,
                                     .gated_mlp = true,
                                     .rotary = true,
                                     .expert_count = 8,
                                     .experts_per_token = 2,
                                     .expert_ffn_hidden = 14336};

static struct plan degrees(int64_t tensor, int64_t context)
{
    struct plan plan;
    plan_init(&plan);
    plan.tensor_parallel = tensor;
    plan.context_parallel = context;
    plan.data_parallel = 1;
    plan.micro_batches = 1;
    return plan;
}

static struct training_shape shape_of(const struct model *model, const struct plan *plan)
{
    return (struct training_shape){.model = model, .plan = plan, .sequence_tokens = 8192};
}

static double flops(const struct operation_list *list, enum work_kind kind)
{
    double sum = 0;
    for (int i = 0; i < list->count; i++) {
        sum += list->items[i].work.kind == kind ? list->items[i].work.flops : 0;
    }
    return sum;
}

static double exchanged(const struct operation_list *list, enum exchange exchange, int *count)
{
    double sum = 0;
    *count = 0;
    for (int i = 0; i < list->count; i++) {
        if (list->items[i].exchange == exchange) {
            sum += list->items[i].exchange_bytes;
            ++*count;
        }
    }
    return sum;
}

static const struct operation *find(const struct operation_list *list, const char *name)
{
    for (int i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, name) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

/* Korthikanti's 175B: 96 B s L h^2 (1 + s / 6h + V / 16 L h) with recompute is 4/3 of ours. */
static void test_step_flops(void)
{
    struct model gpt = {.layers = 96,
                        .hidden = 12288,
                        .heads = 96,
                        .kv_heads = 96,
                        .head_dim = 128,
                        .ffn_hidden = 49152,
                        .vocabulary = 51200};
    double tokens = 2048 * 64, hidden = 12288, layers = 96;
    double model = 72 * tokens * layers * hidden * hidden *
                   (1 + 2048 / (6 * hidden) + 51200 / (12 * layers * hidden));
    CU_ASSERT(near(transformer_step_flops(&gpt, 2048, 64), model, 1e-12));
    /* Two experts of 14336 instead of one MLP, a router of 8: per token and layer
     * 3 x (2 x 3 x 4096 x 14336 + 2 x 4096 x 8) more, and a smaller vocabulary. */
    double more = 32 * (6.0 * 4096 * 14336 + 2 * 4096 * 8) + 2.0 * 4096 * (32000 - 128256);
    CU_ASSERT(near(transformer_step_flops(&mixture, 8192, 1),
                   transformer_step_flops(&llama, 8192, 1) + 3 * 8192 * more, 1e-12));
}

/* Operations */

static void test_shapes(void)
{
    struct plan plan = degrees(4, 1);
    struct training_shape shape = shape_of(&llama, &plan);
    struct operation_list list = {.count = 0};
    transformer_forward(&shape, PART_LAYER, &list);
    const struct work *qkv = &find(&list, "qkv")->work;
    CU_ASSERT_EQUAL(qkv->m, 8192);
    CU_ASSERT_EQUAL(qkv->k, 4096);
    CU_ASSERT_EQUAL(qkv->n, 1024 + 2 * 256); /* 8 heads and 2 + 2 KV heads of 128 */
    CU_ASSERT_EQUAL(qkv->flops, 2.0 * 8192 * 4096 * 1536);
    CU_ASSERT_EQUAL(qkv->bytes, 2.0 * (8192 * 4096 + 4096 * 1536 + 8192 * 1536));
    const struct work *up = &find(&list, "mlp up")->work;
    CU_ASSERT_EQUAL(up->n, 2 * 14336 / 4);
    /* Half of 4 s^2 columns; Q, O of 1024 and K, V of 256 columns, 2 bytes */
    const struct work *core = &find(&list, "attention core")->work;
    CU_ASSERT_EQUAL(core->flops, 2.0 * 8192 * 8192 * 1024);
    CU_ASSERT_EQUAL(core->bytes, 2.0 * 8192 * (2 * 1024 + 2 * 256));
    CU_ASSERT_EQUAL(core->kind, WORK_ATTENTION);
    /* More chips than KV heads: each holds one of them. */
    plan = degrees(16, 1);
    transformer_forward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(find(&list, "qkv")->work.n, 256 + 2 * 128);
}

/* A quarter of the layers look back on 1,024 of 8,192 tokens: 1024 (2 x 8192 - 1024) / 8192^2
 * = 0.234375 of the pairs, in a kernel of a quarter of the sequences; the rest see all. */
static void test_window(void)
{
    struct plan plan = degrees(1, 1);
    struct model windowed = llama;
    windowed.window = 1024;
    windowed.window_layers = llama.layers / 4;
    struct training_shape shape = shape_of(&windowed, &plan);
    struct operation_list list = {.count = 0};
    transformer_forward(&shape, PART_LAYER, &list);
    const struct work *full = &find(&list, "attention core")->work;
    const struct work *inside = &find(&list, "attention core in window")->work;
    double flops = 2.0 * 8192 * 8192 * 4096;
    CU_ASSERT(near(full->flops, 0.75 * flops, 1e-12));
    CU_ASSERT(near(inside->flops, 0.25 * 0.234375 * flops, 1e-12));
    CU_ASSERT(inside->attention.window == 1024 && inside->attention.sequences == 0.25);
    CU_ASSERT(near(full->bytes + inside->bytes, 2.0 * 8192 * (2 * 4096 + 2 * 1024), 1e-12));
}

/* All layers and the head, forward, are a third of the step's model FLOPs but for half of the
 * attention; backward twice the matrices and 2.5 times the attention. */
static void test_forward_and_backward_flops(void)
{
    struct plan plan = degrees(1, 1);
    struct training_shape shape = shape_of(&llama, &plan);
    struct operation_list list = {.count = 0}, back = {.count = 0};
    transformer_forward(&shape, PART_LAYER, &list);
    transformer_backward(&shape, PART_LAYER, &back);
    double attention = 2.0 * 8192 * 8192 * 4096;
    CU_ASSERT(near(flops(&list, WORK_ATTENTION), attention, 1e-12));
    CU_ASSERT(near(flops(&back, WORK_ATTENTION), 2.5 * attention, 1e-12));
    CU_ASSERT(near(flops(&back, WORK_MATMUL), 2 * flops(&list, WORK_MATMUL), 1e-12));
    double layers = 32 * (flops(&list, WORK_MATMUL) + 2 * attention);
    transformer_forward(&shape, PART_HEAD, &list);
    CU_ASSERT(near(3 * (layers + flops(&list, WORK_MATMUL)),
                   transformer_step_flops(&llama, 8192, 1), 1e-12));
}

static void test_chips_share_the_work(void)
{
    struct plan one = degrees(1, 1), many = degrees(4, 2);
    struct training_shape alone = shape_of(&llama, &one), shared = shape_of(&llama, &many);
    struct operation_list whole = {.count = 0}, part = {.count = 0};
    transformer_forward(&alone, PART_LAYER, &whole);
    transformer_forward(&shared, PART_LAYER, &part);
    CU_ASSERT(near(flops(&whole, WORK_MATMUL), 8 * flops(&part, WORK_MATMUL), 1e-12));
    CU_ASSERT(near(flops(&whole, WORK_ATTENTION), 8 * flops(&part, WORK_ATTENTION), 1e-12));
}

/* With sequence parallelism 8192 x 4096 x 2 bytes = 64 MiB: gathered before and scattered after
 * each of two blocks; backward, each block gathers its gradient and its input and scatters. */
static void test_tensor_exchanges(void)
{
    const double block = 8192.0 * 4096 * 2;
    struct plan plan = degrees(4, 1);
    struct training_shape shape = shape_of(&llama, &plan);
    struct operation_list list = {.count = 0};
    int count;
    transformer_forward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_TENSOR_ALL_GATHER, &count), 2 * block);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_TENSOR_REDUCE_SCATTER, &count), 2 * block);
    transformer_backward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_TENSOR_ALL_GATHER, &count), 4 * block);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_TENSOR_REDUCE_SCATTER, &count), 2 * block);
    CU_ASSERT(find(&list, "input gather")->beside_next);
    CU_ASSERT_FALSE(find(&list, "mlp gradient gather")->beside_next);
    plan.sequence_parallel = false;
    transformer_forward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_TENSOR_ALL_REDUCE, &count), 2 * block);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_TENSOR_ALL_GATHER, &count), 0);
    transformer_backward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_TENSOR_ALL_REDUCE, &count), 2 * block);
    plan = degrees(1, 1);
    transformer_forward(&shape, PART_LAYER, &list);
    exchanged(&list, EXCHANGE_NONE, &count);
    CU_ASSERT_EQUAL(count, list.count);
}

/* K and V of the whole sequence: 2 x 8192 x 2 heads x 128 x 2 bytes, gathered in both passes,
 * their gradients scattered. */
static void test_context_exchanges(void)
{
    const double both = 2.0 * 8192 * 256 * 2;
    struct plan plan = degrees(4, 2);
    struct training_shape shape = shape_of(&llama, &plan);
    struct operation_list list = {.count = 0};
    int count;
    transformer_forward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_CONTEXT_ALL_GATHER, &count), both);
    transformer_backward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_CONTEXT_ALL_GATHER, &count), both);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_CONTEXT_REDUCE_SCATTER, &count), both);
}

/* EP 8, TP 2: a chip routes its 4096 tokens twice, 4096 x 2 x 4096 x 2 bytes, there and back;
 * its one expert gets 8192 of them. Without EP each chip has half of all 8 experts' columns. */
static void test_experts(void)
{
    struct plan plan = degrees(2, 1);
    plan.expert_parallel = 8;
    struct training_shape shape = shape_of(&mixture, &plan);
    struct operation_list list = {.count = 0};
    int count;
    transformer_forward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_EXPERT_ALL_TO_ALL, &count),
                    2 * 4096.0 * 2 * 4096 * 2);
    CU_ASSERT_EQUAL(count, 2);
    const struct work up = find(&list, "experts up")->work;
    CU_ASSERT(up.batch_count == 1 && up.m == 8192 && up.n == 2 * 14336 && up.k == 4096);
    transformer_backward(&shape, PART_LAYER, &list);
    exchanged(&list, EXCHANGE_EXPERT_ALL_TO_ALL, &count);
    CU_ASSERT_EQUAL(count, 2);
    plan.expert_parallel = 1;
    transformer_forward(&shape, PART_LAYER, &list);
    const struct work sliced = find(&list, "experts up")->work;
    CU_ASSERT(sliced.batch_count == 8 && sliced.m == 2048 && sliced.n == 14336);
    CU_ASSERT_EQUAL(sliced.flops, up.flops);
    exchanged(&list, EXCHANGE_EXPERT_ALL_TO_ALL, &count);
    CU_ASSERT_EQUAL(count, 0);
    transformer_forward(&shape, PART_DENSE_LAYER, &list);
    CU_ASSERT_PTR_NOT_NULL(find(&list, "mlp up"));
}

static void test_recompute(void)
{
    struct plan plan = degrees(4, 1);
    struct training_shape shape = shape_of(&llama, &plan);
    struct operation_list forward = {.count = 0}, none = {.count = 0}, list = {.count = 0};
    transformer_forward(&shape, PART_LAYER, &forward);
    transformer_backward(&shape, PART_LAYER, &none);
    plan.recompute = RECOMPUTE_FULL;
    transformer_backward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(list.count, forward.count + none.count);
    plan.recompute = RECOMPUTE_SELECTIVE;
    transformer_backward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(list.count, none.count); /* the flash kernel does so itself */
    plan.flash_attention = false;
    transformer_backward(&shape, PART_LAYER, &list);
    plan.recompute = RECOMPUTE_NONE;
    transformer_backward(&shape, PART_LAYER, &none);
    CU_ASSERT_EQUAL(list.count, none.count + 3); /* scores, softmax, context */
    /* Nothing is skipped: two matmuls of 2 s^2 columns each */
    transformer_forward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(find(&list, "attention scores")->work.flops, 2.0 * 8192 * 8192 * 1024);
    CU_ASSERT_EQUAL(find(&list, "attention context")->work.flops, 2.0 * 8192 * 8192 * 1024);
}

static void test_narrow_dtype(void)
{
    struct plan plan = degrees(4, 1);
    plan.dtype = DTYPE_FP8;
    struct training_shape shape = shape_of(&llama, &plan);
    struct operation_list list = {.count = 0};
    transformer_forward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(find(&list, "qkv")->work.dtype, DTYPE_FP8);
    /* A quarter is read in 2 bytes and written twice in 1; the whole, gathered, is turned. */
    CU_ASSERT_EQUAL(find(&list, "quantise input")->work.bytes, (4.0 / 4 + 2) * 8192 * 4096);
    int count;
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_TENSOR_ALL_GATHER, &count),
                    2 * 1.0 * 8192 * 4096);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_TENSOR_REDUCE_SCATTER, &count),
                    2 * 2.0 * 8192 * 4096);
    CU_ASSERT_EQUAL(find(&list, "attention core")->work.dtype, DTYPE_BF16);
    transformer_forward(&shape, PART_HEAD, &list);
    CU_ASSERT_EQUAL(find(&list, "logits")->work.dtype, DTYPE_BF16);
}

/* Bytes a converted element moves: FP8 by scales of before, by the tensor's largest value, by
 * blocks of 32; FP4 by blocks of 16 and three passes. */
static void test_conversions(void)
{
    struct plan plan = degrees(1, 1);
    CU_ASSERT_EQUAL(operation_conversion_bytes(&plan, DTYPE_BF16, false), 0);
    CU_ASSERT_EQUAL(operation_conversion_bytes(&plan, DTYPE_FP8, false), 2 + 2);
    plan.scaling = SCALING_CURRENT;
    CU_ASSERT_EQUAL(operation_conversion_bytes(&plan, DTYPE_FP8, false), 4 + 2);
    CU_ASSERT_EQUAL(operation_conversion_bytes(&plan, DTYPE_FP8, true), 2);
    plan.scaling = SCALING_BLOCK;
    CU_ASSERT_EQUAL(operation_conversion_bytes(&plan, DTYPE_FP8, false), 2 + 2 * 33.0 / 32);
    CU_ASSERT_EQUAL(operation_conversion_bytes(&plan, DTYPE_FP8, true), 0);
    CU_ASSERT_EQUAL(operation_conversion_bytes(&plan, DTYPE_FP4, false), 6 + 2 * 9.0 / 16);
}

/* 8 experts on 4 chips, 2 a token, 8192 / 2 tokens a chip: sent pairs, padded or not; FP8 on
 * the way there, with a scale of 4 bytes for 128; shared by both chips of a tensor-parallel
 * group. */
static void test_dispatch(void)
{
    struct plan plan = degrees(2, 1);
    plan.expert_parallel = 4;
    struct training_shape shape = shape_of(&mixture, &plan);
    struct operation_list list = {.count = 0};
    int count;
    double pairs = 2 * 8192.0 / 2, row = 4096;
    transformer_forward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_EXPERT_ALL_TO_ALL, &count), 2 * pairs * row * 2);
    CU_ASSERT_EQUAL(find(&list, "experts up")->work.m, pairs / 2);
    plan.expert_capacity = 1.25;
    transformer_forward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(find(&list, "experts up")->work.m, 1.25 * pairs / 2);
    CU_ASSERT_EQUAL(mixture_dropped_fraction(&plan), 0);
    plan.expert_capacity = 0.75;
    CU_ASSERT_EQUAL(mixture_dropped_fraction(&plan), 0.25);
    plan.expert_capacity = 0;
    plan.expert_imbalance = 1.5;
    transformer_forward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(find(&list, "experts up")->work.m, 1.5 * pairs / 2);
    plan.expert_imbalance = 1;
    plan.dispatch_dtype = DTYPE_FP8;
    transformer_forward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_EXPERT_ALL_TO_ALL, &count),
                    pairs * row * (1 + 4.0 / 128 + 2));
    plan.dispatch_dtype = DTYPE_BF16;
    plan.expert_tensor_parallel = 2;
    transformer_forward(&shape, PART_LAYER, &list);
    CU_ASSERT_EQUAL(find(&list, "experts up")->work.m, 2 * pairs / 2);
    CU_ASSERT_EQUAL(find(&list, "experts up")->work.n, 2 * 14336.0 / 2);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_EXPERT_ALL_GATHER, &count), 2 * pairs * row * 2);
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_EXPERT_REDUCE_SCATTER, &count),
                    2 * pairs * row * 2);
}

static void test_ends(void)
{
    struct plan plan = degrees(4, 1);
    struct training_shape shape = shape_of(&llama, &plan);
    struct operation_list list = {.count = 0};
    int count;
    transformer_forward(&shape, PART_EMBEDDING, &list);
    CU_ASSERT_EQUAL(list.count, 1);
    CU_ASSERT_EQUAL(list.items[0].exchange, EXCHANGE_TENSOR_REDUCE_SCATTER);
    transformer_forward(&shape, PART_HEAD, &list);
    CU_ASSERT_EQUAL(find(&list, "logits")->work.n, 128256 / 4);
    /* Maximum, then sum and target, of 8192 tokens in fp32 */
    CU_ASSERT_EQUAL(exchanged(&list, EXCHANGE_TENSOR_ALL_REDUCE, &count), 3.0 * 8192 * 4);
    transformer_backward(&shape, PART_HEAD, &list);
    CU_ASSERT_EQUAL(flops(&list, WORK_MATMUL), 4.0 * 8192 * 4096 * 128256 / 4);
    transformer_backward(&shape, PART_EMBEDDING, &list);
    CU_ASSERT_EQUAL(list.count, 2);
    CU_ASSERT_EQUAL(transformer_boundary_bytes(&shape), 8192.0 * 4096 * 2 / 4);
    /* 4 for the norm; 4 + 24 + 2 for the update */
    transformer_optimizer(&plan, 1e6, &list);
    CU_ASSERT_EQUAL(list.items[0].work.bytes + list.items[1].work.bytes, 34e6);
}

void suite_transformer(void)
{
    static const struct test tests[] = {
        {"FLOPs of a step", test_step_flops},
        {"shapes", test_shapes},
        {"layers with a window", test_window},
        {"forward and backward FLOPs", test_forward_and_backward_flops},
        {"chips share the work", test_chips_share_the_work},
        {"tensor exchanges", test_tensor_exchanges},
        {"context exchanges", test_context_exchanges},
        {"experts", test_experts},
        {"recompute", test_recompute},
        {"narrow dtype", test_narrow_dtype},
        {"conversions by kind of scale", test_conversions},
        {"tokens on their way to experts", test_dispatch},
        {"embedding, head, optimizer", test_ends},
    };
    add_suite("transformer", tests, sizeof tests / sizeof tests[0]);
}
