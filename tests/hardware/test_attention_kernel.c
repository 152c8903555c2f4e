/* SPDX-License-Identifier: Apache-2.0 */
/* Attention kernels against arithmetic by hand, on a chip of 100 units and 100 TFLOP/s. */
#include "hardware/attention_kernel.h"

#include <math.h>

#include "support/support.h"

static struct chip round_chip(void)
{
    struct chip chip = {.type = "round",
                        .family = "gpu",
                        .hbm_Bps = 1e12,
                        .hbm_efficiency_fraction = 0.5,
                        .attention_efficiency_fraction = 0.5,
                        .attention_score_s = 1e-10,
                        .attention_block_s = 4e-6,
                        .unit_count = 100};
    chip.array_flops_per_s[DTYPE_BF16] = 100e12;
    return chip;
}

static struct work attention(double queries, double prefix)
{
    return (struct work){.kind = WORK_ATTENTION,
                         .dtype = DTYPE_BF16,
                         .attention = {.sequences = 10,
                                       .heads = 100,
                                       .kv_heads = 10,
                                       .head_dim = 128,
                                       .queries = queries,
                                       .prefix = prefix,
                                       .causal = true,
                                       .cached = true}};
}

/* 512 queries: 4 blocks of 128 that pass 128, 256, 384, 512 keys: 1280 x 128 pairs. With 1000
 * keys before: each block 1000 more, in tiles of 64: 1128 to 1152, 1256 to 1280, 1384 to 1408,
 * 1512 to 1536. Not causal: 4 x 512. A window of 100: from floor(28 / 64), ..., so 128, 256,
 * 256, 256 keys. */
static void test_pairs(void)
{
    struct attention_shape shape = attention(512, 0).attention;
    CU_ASSERT(near(attention_kernel_pairs(&shape), 1280 * 128, 0));
    shape.window = 100;
    CU_ASSERT(near(attention_kernel_pairs(&shape), 896 * 128, 0));
    shape.window = 0;
    shape.prefix = 1000;
    CU_ASSERT(near(attention_kernel_pairs(&shape), (1152 + 1280 + 1408 + 1536) * 128, 0));
    shape.prefix = 0;
    shape.causal = false;
    CU_ASSERT(near(attention_kernel_pairs(&shape), 2048 * 128, 0));
}

/* A key against 128 queries: 128 x (4 x 128 / 0.5 TFLOP/s + 0.1 ns) = 143.9 ns. 1,000 heads of
 * 1,280 keys on 100 units: 12,800 keys each, and a third of the longest block (512 keys) idle.
 * Backward by FLOPs: 5 products for 2. */
static void test_forward_and_backward(void)
{
    struct chip chip = round_chip();
    struct work work = attention(512, 0);
    double key_s = 128 * (512 / 0.5e12 + 1e-10), forward_s = (12800 + 512 / 3.0) * key_s;
    chip.attention_block_s = 0; /* rows of a cache: below */
    CU_ASSERT(near(chip_work_time_s(&chip, &work), forward_s, 1e-12));
    /* Without a cache each of the 4 blocks costs 64 keys more. */
    work.attention.cached = false;
    CU_ASSERT(near(chip_work_time_s(&chip, &work),
                   (12800 + 4 * 64 * 10 + (512 + 64) / 3.0) * key_s, 1e-12));
    work.attention.cached = true;
    work.attention.backward = true;
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 2.5 * forward_s, 1e-12));
    chip.attention_backward = 3;
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 3 * forward_s, 1e-12));
    chip.attention_efficiency_fraction = 0;
    CU_ASSERT(isinf(chip_work_time_s(&chip, &work)));
}

/* Decoding: 10 sequences x 10 KV heads = 100 blocks on 100 units: 4 us, and the bytes: keys and
 * values 2 x 10 x 1024 x 128 x 10 x 2 = 52.4 MB, queries and results 2 x 10 x 128 x 100 x 2 =
 * 0.5 MB, at 0.5 TB/s. A window of 256 leaves a quarter of the keys. */
static void test_decode(void)
{
    struct chip chip = round_chip();
    struct work work = attention(1, 1023);
    work.bytes = attention_kernel_bytes(&work.attention, 2, 2);
    CU_ASSERT(near(work.bytes, 52428800 + 512000, 1e-12));
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 4e-6 + work.bytes / 0.5e12, 1e-12));
    work.attention.window = 256;
    CU_ASSERT(near(attention_kernel_bytes(&work.attention, 2, 2), 13107200 + 512000, 1e-12));
}

/* Whole sequences at their own part of the bandwidth. Written keys and values: 2 x 10 x 512 x
 * 128 x 10 x (2 + 2) = 52.4 MB; read: as many rows x 2 = 26.2 MB; queries and results 262 MB x
 * 2 / 2. */
static void test_prefill_bytes(void)
{
    struct chip chip = round_chip();
    struct work work = attention(512, 0);
    chip.attention_block_s = 0; /* rows of a cache: below */
    double time_s = chip_work_time_s(&chip, &work);
    work.bytes = attention_kernel_bytes(&work.attention, 2, 2);
    CU_ASSERT(near(work.bytes, 52428800 + 26214400 + 262144000, 1e-12));
    chip.attention_memory_fraction = 0.25;
    CU_ASSERT(near(chip_work_time_s(&chip, &work), time_s + work.bytes / 0.25e12, 1e-12));
    work.attention.cached = false; /* in training: read once at 0.5 TB/s, and hidden */
    work.bytes = attention_kernel_bytes(&work.attention, 2, 2);
    CU_ASSERT(near(work.bytes, 26214400 + 262144000, 1e-12));
    time_s += (4 * 64 * 10 + 64 / 3.0) * 128 * (512 / 0.5e12 + 1e-10); /* blocks fill */
    CU_ASSERT(near(chip_work_time_s(&chip, &work), fmax(time_s, work.bytes / 0.5e12), 1e-12));
}

/* A row of the cache for each of 10 x 512 tokens: 4 us / 16 on 100 units each. Byte-wide values
 * of heads of 256: turning takes 4 x 1 us a key and block, more than 128 x (4 x 256 / 0.5
 * TFLOP/s
 * + 0.1 ns) = 275 ns, so forward is (12,800 + 512 / 3) x 4 us. Decoding: 10 x 10 x 1,024 keys x
 * 4 us on 100 units = 4.096 ms hides 105 MB / 0.5 TB/s. */
static void test_cache_rows_and_narrow_values(void)
{
    struct chip chip = round_chip();
    struct work work = attention(512, 0);
    double before_s = attention_kernel_time_s(&chip, &work);
    CU_ASSERT(near(attention_kernel_cache_s(&chip, &work), 5120 * 4e-6 / 16 / 100, 1e-12));
    chip.attention_turn_s = 1e-6;
    CU_ASSERT(near(attention_kernel_time_s(&chip, &work), before_s, 0));
    work.attention.narrow_cache = true;
    work.attention.head_dim = 256;
    CU_ASSERT(near(attention_kernel_time_s(&chip, &work), (12800 + 512 / 3.0) * 4e-6, 1e-12));
    work = attention(1, 1023);
    work.attention.narrow_cache = true;
    work.attention.head_dim = 256;
    work.bytes = attention_kernel_bytes(&work.attention, 2, 1);
    CU_ASSERT(near(attention_kernel_cache_s(&chip, &work), 4.096e-3, 1e-12));
}

void suite_attention_kernel(void);

void suite_attention_kernel(void)
{
    static const struct test tests[] = {
        {"pairs in whole tiles", test_pairs},
        {"forward, backward, no rate", test_forward_and_backward},
        {"decoding", test_decode},
        {"traffic of whole sequences", test_prefill_bytes},
        {"rows of the cache, byte-wide values", test_cache_rows_and_narrow_values},
    };
    add_suite("attention_kernel", tests, sizeof tests / sizeof tests[0]);
}
