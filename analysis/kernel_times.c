/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's own kernel times for tables of shapes: a shared library that fit_kernels.py
 * builds and calls, so that constants are fitted on the code that uses them. */
#include "hardware/attention_kernel.h"
#include "hardware/chip.h"

/* What the tables' engine needs to convert an element: two passes over 16 bits, one byte out,
 * and what its converter loses against streaming (n = 128 rows are almost nothing else). */
#define CONVERT_BYTES 6.5

/* In the order of fit_kernels.py's CHIP_FIELDS. */
static struct chip chip_of(const double *v)
{
    struct chip chip = {.family = v[0] > 0 ? "gpu" : "tpu", .hbm_Bps = v[3]};
    chip.array_flops_per_s[DTYPE_BF16] = v[1];
    chip.array_flops_per_s[DTYPE_FP8] = v[2];
    chip.tile_m = v[4];
    chip.tile_n = v[5];
    chip.tile_k = v[6];
    chip.tile_issue = v[7];
    chip.unit_count = v[8];
    chip.matmul_efficiency_fraction = v[9];
    chip.matmul_efficiency_fp8_fraction = v[10];
    chip.attention_memory_fraction = v[11];
    chip.tile_fill_s = v[12];
    chip.roofline_exponent = v[13];
    chip.hbm_efficiency_fraction = v[14];
    chip.op_overhead_s = v[15];
    chip.sustained_clock_fraction = v[16];
    chip.attention_efficiency_fraction = v[17];
    chip.attention_score_s = v[18];
    chip.attention_backward = v[19];
    chip.attention_block_s = v[20];
    chip.attention_turn_s = v[21];
    return chip;
}

void gemm_times(const double *chip_values, const double *rows, int count, double *times);
void attention_times(const double *chip_values, const double *rows, int count, double *times);

/* Rows of m, n, k, narrow (1: FP8), alone, quantised (1: the input is converted before). */
void gemm_times(const double *chip_values, const double *rows, int count, double *times)
{
    struct chip chip = chip_of(chip_values);
    for (int i = 0; i < count; i++) {
        const double *row = &rows[i * 6];
        enum dtype dtype = row[3] > 0 ? DTYPE_FP8 : DTYPE_BF16;
        double element = dtype_bytes(dtype), m = row[0], n = row[1], k = row[2];
        struct work work = {.kind = WORK_MATMUL,
                            .dtype = dtype,
                            .flops = 2 * m * n * k,
                            .bytes = (m * k + k * n) * element + m * n * 2,
                            .m = m,
                            .n = n,
                            .k = k,
                            .batch_count = 1,
                            .kernel_count = 1,
                            .alone = row[4] > 0};
        struct work convert = {
            .kind = WORK_VECTOR, .bytes = m * k * CONVERT_BYTES, .kernel_count = 2};
        times[i] = chip_work_time_s(&chip, &work);
        if (row[5] > 0) {
            times[i] += chip_work_time_s(&chip, &convert);
        }
    }
}

/* Rows of sequences, queries, heads, kv_heads, head_dim, prefix, window, causal, kv_bytes,
 * backward, alone, kernel_count, cached. */
void attention_times(const double *chip_values, const double *rows, int count, double *times)
{
    struct chip chip = chip_of(chip_values);
    for (int i = 0; i < count; i++) {
        const double *row = &rows[i * 13];
        struct attention_shape shape = {.sequences = row[0],
                                        .queries = row[1],
                                        .heads = row[2],
                                        .kv_heads = row[3],
                                        .head_dim = row[4],
                                        .prefix = row[5],
                                        .window = row[6],
                                        .causal = row[7] > 0,
                                        .cached = row[12] > 0,
                                        .narrow_cache = row[8]<2, .backward = row[9]> 0};
        struct work work = {.kind = WORK_ATTENTION,
                            .dtype = DTYPE_BF16,
                            .bytes = attention_kernel_bytes(&shape, 2, row[8]),
                            .kernel_count = row[11],
                            .attention = shape,
                            .alone = row[10] > 0};
        times[i] = chip_work_time_s(&chip, &work);
    }
}
