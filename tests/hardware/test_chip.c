/* SPDX-License-Identifier: Apache-2.0 */
/* Times of operations against arithmetic by hand, on a chip of round numbers: 100 TFLOP/s in
 * BF16 at 80 %, 1 TB/s of memory at 50 %, 2 us a kernel. */
#include <math.h>
#include <string.h>

#include "hardware/chip.h"
#include "support/support.h"

static struct chip round_chip(const char *family)
{
    struct chip chip = {.type = "round",
                        .family = family,
                        .hbm_Bps = 1e12,
                        .matmul_efficiency_fraction = 0.8,
                        .attention_efficiency_fraction = 0.5,
                        .hbm_efficiency_fraction = 0.5,
                        .op_overhead_s = 2e-6,
                        .tile_m = 128,
                        .tile_n = 256,
                        .tile_k = 64,
                        .unit_count = 100};
    chip.array_flops_per_s[DTYPE_BF16] = 100e12;
    return chip;
}

static struct work matmul(double m, double n, double k, double batch_count)
{
    return (struct work){.kind = WORK_MATMUL,
                         .dtype = DTYPE_BF16,
                         .flops = 2 * m * n * k * batch_count,
                         .m = m,
                         .n = n,
                         .k = k,
                         .batch_count = batch_count,
                         .kernel_count = 1};
}

static void test_names(void)
{
    struct error error = {.kind = ERROR_NONE};
    enum dtype dtype = DTYPE_FP32;
    CU_ASSERT(dtype_read("fp16", &dtype, &error));
    CU_ASSERT_EQUAL(dtype, DTYPE_BF16);
    for (enum dtype i = 0; i < DTYPE_COUNT; i++) {
        CU_ASSERT(dtype_read(dtype_name(i), &dtype, &error));
        CU_ASSERT_EQUAL(dtype, i);
    }
    CU_ASSERT(near(dtype_bytes(DTYPE_FP4), 0.5, 0) && near(dtype_bytes(DTYPE_FP32), 4, 0));
    CU_ASSERT_FALSE(dtype_read("int8", &dtype, &error));
    CU_ASSERT_STRING_EQUAL(error.message,
                           "there is no dtype 'int8'; use fp4, fp8, bf16, fp16 or fp32");
    CU_ASSERT_STRING_EQUAL(work_kind_name(WORK_ATTENTION), "attention");
}

/* Arithmetic without a shape: 160 GFLOP / 80 TFLOP/s = 2 ms; memory: 2 GB / 0.5 TB/s = 4 ms. */
static void test_roofline(void)
{
    struct chip chip = round_chip("gpu");
    struct work work = {.kind = WORK_MATMUL,
                        .dtype = DTYPE_BF16,
                        .flops = 160e9,
                        .bytes = 1e6,
                        .kernel_count = 3};
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 2e-3 + 6e-6, 1e-12));
    work.bytes = 2e9;
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 4e-3 + 6e-6, 1e-12));
}

/* Attention: 100 GFLOP / 50 TFLOP/s = 2 ms. A vector operation: only its 1 GB / 0.5 TB/s = 2
 * ms. */
static void test_kinds(void)
{
    struct chip chip = round_chip("gpu");
    struct work work = {.kind = WORK_ATTENTION, .dtype = DTYPE_BF16, .flops = 100e9};
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 2e-3, 1e-12));
    work = (struct work){.kind = WORK_VECTOR, .dtype = DTYPE_FP32, .flops = 1e15, .bytes = 1e9};
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 2e-3, 1e-12));
    work.kind = WORK_OPTIMIZER;
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 2e-3, 1e-12));
}

static void test_no_peak(void)
{
    struct chip chip = round_chip("gpu");
    struct work work = matmul(128, 128, 128, 1);
    work.dtype = DTYPE_FP8;
    CU_ASSERT(isinf(chip_work_time_s(&chip, &work)));
}

/* 1280 x 2560: 10 x 10 tiles of 128 x 256 on 100 units: one full round, nothing lost.
 * 1408 x 2560: 11 x 10 = 110 tiles. Whole tiles: 2 rounds, 55 % useful. Halved in n: 11 x 20 =
 * 220 tiles in 3 rounds of half the work: 110 / 150 = 73.3 %. Halved in m too: 22 x 20 = 440 in
 * 5 quarter rounds: 110 / 125 = 88 %. Halved in n again: 22 x 40 = 880 in 9 eighths: 97.8 %. */
static void test_gpu_rounds(void)
{
    struct chip chip = round_chip("gpu");
    struct work full = matmul(1280, 2560, 4096, 1), more = matmul(1408, 2560, 4096, 1);
    CU_ASSERT(near(chip_work_time_s(&chip, &full), 2e-6 + full.flops / 80e12, 1e-12));
    CU_ASSERT(
        near(chip_work_time_s(&chip, &more), 2e-6 + more.flops / 80e12 * 900 / 880, 1e-12));
}

/* 64 x 32 x 1000: one tile of 64 x 64, so one of 100 units: 2 x 64 x 64 x 1024 / 0.8 TFLOP/s =
 * 10.5 us. The sum cut in 8 (125, padded to 128): 1.31 us on 8 units, a second kernel of 2 us
 * and 64 x 32 x 4 B x 8 = 64 KiB at 0.5 TB/s. */
static void test_gpu_small(void)
{
    struct chip chip = round_chip("gpu");
    struct work work = matmul(64, 32, 1000, 1);
    double tile_s = 2.0 * 64 * 64 * 128 / 0.8e12, sums_s = 2e-6 + 65536 / 0.5e12;
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 2e-6 + tile_s + sums_s, 1e-12));
}

/* A round's fill: 100 tiles are one round, 101 two. The p-norm of equal halves with p = 2 is
 * sqrt(2) times one. Steady work at 90 % of the clock: 1 / 0.9. */
static void test_fill_exponent_clock(void)
{
    struct chip chip = round_chip("gpu");
    struct work work = matmul(1280, 2560, 65536, 1);
    double plain_s = work.flops / 80e12;
    chip.tile_fill_s = 1e-6;
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 2e-6 + plain_s + 1e-6, 1e-9));
    chip.tile_fill_s = 0;
    chip.roofline_exponent = 2;
    work.bytes = plain_s * 0.5e12;
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 2e-6 + plain_s * sqrt(2), 1e-9));
    work.bytes = 0;
    chip.sustained_clock_fraction = 0.9;
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 2e-6 + plain_s / 0.9, 1e-9));
    work.alone = true;
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 2e-6 + plain_s, 1e-9));
}

/* FP8 at its own efficiency: 200 TFLOP/s x 0.6. */
/* 1 GB in 2 ms of streaming; at half of that with scales of blocks, in 4 ms. */
static void test_conversion(void)
{
    struct chip chip = round_chip("gpu");
    struct work work = {.kind = WORK_VECTOR, .dtype = DTYPE_BF16, .bytes = 1e9};
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 2e-3, 1e-12));
    work.block_scales = true;
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 2e-3, 1e-12));
    chip.conversion_efficiency_fraction = 0.5;
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 4e-3, 1e-12));
}

/* FP4 goes by FP8's efficiency unless it has its own. */
static void test_four_bits(void)
{
    struct chip chip = round_chip("gpu");
    struct work work = matmul(1280, 2560, 6400, 1);
    chip.array_flops_per_s[DTYPE_FP4] = 400e12;
    work.dtype = DTYPE_FP4;
    double plain_s = chip_work_time_s(&chip, &work) - chip.op_overhead_s;
    chip.matmul_efficiency_fp8_fraction = 0.4;
    double narrow_s = chip_work_time_s(&chip, &work) - chip.op_overhead_s;
    chip.matmul_efficiency_fp4_fraction = 0.2;
    double own_s = chip_work_time_s(&chip, &work) - chip.op_overhead_s;
    CU_ASSERT(near(narrow_s, 2 * plain_s, 1e-12) && near(own_s, 4 * plain_s, 1e-12));
}

static void test_narrow(void)
{
    struct chip chip = round_chip("gpu");
    chip.array_flops_per_s[DTYPE_FP8] = 200e12;
    chip.matmul_efficiency_fp8_fraction = 0.6;
    struct work work = matmul(1280, 2560, 65536, 1);
    work.dtype = DTYPE_FP8;
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 2e-6 + work.flops / 120e12, 1e-9));
}

/* An array of 8 cores, tiles of 128 x 512 x 128. 1024 x 4096 x 1024: 64 tiles in 8 rounds: no
 * loss. k = 192 is padded to 256: 75 %. One token (m = 1): it is the streamed operand, 64
 * columns at least, so 1/64 is useful: 32 tiles of 128 in 4 rounds. */
static void test_array(void)
{
    struct chip chip = round_chip("trainium");
    chip.tile_n = 512;
    chip.tile_k = 128;
    chip.tile_issue = 64;
    chip.unit_count = 8;
    struct work full = matmul(1024, 4096, 1024, 1), odd = matmul(1024, 4096, 192, 1);
    struct work token = matmul(1, 4096, 1024, 1);
    CU_ASSERT(near(chip_work_time_s(&chip, &full), 2e-6 + full.flops / 80e12, 1e-12));
    CU_ASSERT(near(chip_work_time_s(&chip, &odd), 2e-6 + odd.flops / 80e12 / 0.75, 1e-12));
    CU_ASSERT(near(chip_work_time_s(&chip, &token), 2e-6 + token.flops / 80e12 * 64, 1e-12));
}

/* A batch fills units: 100 products of one tile each are one full round. */
static void test_batch(void)
{
    struct chip chip = round_chip("gpu");
    struct work work = matmul(128, 256, 512, 100);
    CU_ASSERT(near(chip_work_time_s(&chip, &work), 2e-6 + work.flops / 80e12, 1e-12));
}

/* More of anything is never faster, for a thousand shapes of a fixed sequence. */
static void test_monotonous(void)
{
    struct chip chip = round_chip("gpu"), wide = chip;
    wide.array_flops_per_s[DTYPE_BF16] *= 1.5;
    unsigned state = 1;
    for (int i = 0; i < 1000; i++) {
        double sizes[3];
        for (int j = 0; j < 3; j++) {
            state = state * 1664525u + 1013904223u;
            sizes[j] = 1 + (state >> 20);
        }
        struct work work = matmul(sizes[0], sizes[1], sizes[2], 1);
        struct work taller = matmul(sizes[0] + 1, sizes[1], sizes[2], 1);
        double time_s = chip_work_time_s(&chip, &work);
        CU_ASSERT(time_s <= chip_work_time_s(&chip, &taller) * (1 + 1e-12));
        CU_ASSERT(chip_work_time_s(&wide, &work) <= time_s);
        CU_ASSERT(time_s >= work.flops / 80e12);
    }
}

void suite_chip(void);

void suite_chip(void)
{
    static const struct test tests[] = {
        {"names and sizes of dtypes", test_names},
        {"the slower of arithmetic and memory, and launches", test_roofline},
        {"attention and vector operations", test_kinds},
        {"no peak, no end", test_no_peak},
        {"GPU tiles in rounds over units", test_gpu_rounds},
        {"a small product leaves units idle", test_gpu_small},
        {"filling, hiding and the clock", test_fill_exponent_clock},
        {"narrow formats have their own efficiency", test_narrow},
        {"so have four bits", test_four_bits},
        {"conversions with scales of blocks are slow", test_conversion},
        {"systolic arrays pad", test_array},
        {"a batch fills units", test_batch},
        {"more work is never faster", test_monotonous},
    };
    add_suite("chip", tests, sizeof tests / sizeof tests[0]);
}
