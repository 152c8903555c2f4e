/* SPDX-License-Identifier: Apache-2.0 */
/* GPUs deal out tiles of the result to their units in rounds and may cut the sum too; libraries
 * hold kernels of several tile sizes, of which the best is taken. A systolic array holds a tile
 * of one operand and lets columns of the other stream past.
 * MODEL.md, "Matrix multiplication". */
#include "hardware/gemm.h"

#include <math.h>
#include <string.h>

/* What libraries offer: no tile below 64 x 64 (a warp group's share), sums cut in up to 8. */
enum { LEAST_EDGE = 64, MOST_SPLITS = 8, SUM_BYTES = 4 };

struct cut {
    double tile_m, tile_n, splits;
    double row_tiles; /* of all matrices */
};

/* Tiles down the rows of all matrices: the last one of each is as dear as a full one. */
static double row_tiles(const struct work *work, double tile_m)
{
    double tiles = 0;
    for (int64_t g = 0; g < work->group_count; g++) {
        tiles += work->groups[g].count * ceil(work->groups[g].rows / tile_m);
    }
    return work->groups == NULL ? ceil(work->m / tile_m) * work->batch_count : tiles;
}

/* Tensor cores take rows of whole 16-byte words; libraries multiply others on vector units. */
static bool rows_aligned(const struct work *work)
{
    enum { WORD_BYTES = 16 };
    double bytes = dtype_bytes(work->dtype);
    return fmod(work->k * bytes, WORD_BYTES) < bytes / 2 &&
           fmod(work->n * bytes, WORD_BYTES) < bytes / 2;
}

static double efficiency(const struct chip *chip, enum dtype dtype)
{
    if (dtype == DTYPE_FP4 && chip->matmul_efficiency_fp4_fraction > 0) {
        return chip->matmul_efficiency_fp4_fraction;
    }
    bool narrow = dtype == DTYPE_FP8 || dtype == DTYPE_FP4;
    return narrow && chip->matmul_efficiency_fp8_fraction > 0
               ? chip->matmul_efficiency_fp8_fraction
               : chip->matmul_efficiency_fraction;
}

static double flops_per_s(const struct chip *chip, const struct work *work)
{
    double vector_flops_per_s = chip->headline_flops_per_s[DTYPE_FP32];
    if (strcmp(chip->family, "gpu") == 0 && vector_flops_per_s > 0 && !rows_aligned(work)) {
        return vector_flops_per_s * chip->matmul_efficiency_fraction;
    }
    return chip->array_flops_per_s[work->dtype] * efficiency(chip, work->dtype);
}

/* Partial sums of a cut k are written in FP32 and read again, beside the last round. */
static double partial_sums_s(const struct chip *chip, const struct work *work, double splits)
{
    double bytes = work->batch_count * work->m * work->n * SUM_BYTES * splits;
    return splits > 1
               ? chip->op_overhead_s + bytes / (chip->hbm_Bps * chip->hbm_efficiency_fraction)
               : 0;
}

static double gpu_cut_s(const struct chip *chip, const struct work *work, struct cut cut)
{
    double tiles = cut.row_tiles * ceil(work->n / cut.tile_n);
    double rounds = ceil(tiles * cut.splits / chip->unit_count);
    double depth = ceil(work->k / cut.splits / chip->tile_k) * chip->tile_k;
    double unit_flops_per_s = flops_per_s(chip, work) / chip->unit_count;
    double tile_s = 2 * cut.tile_m * cut.tile_n * depth / unit_flops_per_s;
    return rounds * (tile_s + chip->tile_fill_s) + partial_sums_s(chip, work, cut.splits);
}

static double gpu_tile_s(const struct chip *chip, const struct work *work, double tile_m,
                         double tile_n)
{
    double best_s = INFINITY, tiles = row_tiles(work, tile_m);
    for (double splits = 1; splits <= MOST_SPLITS; splits *= 2) {
        struct cut cut = {tile_m, tile_n, splits, tiles};
        best_s = fmin(best_s, gpu_cut_s(chip, work, cut));
    }
    return best_s;
}

/* All tiles whose edges are the longer edge of the chip's own tile, halved any number of times,
 * and that are no larger than it. */
static double gpu_s(const struct chip *chip, const struct work *work)
{
    double longest = fmax(chip->tile_m, chip->tile_n), area = chip->tile_m * chip->tile_n;
    double best_s = gpu_tile_s(chip, work, chip->tile_m, chip->tile_n);
    for (double tile_m = longest; tile_m >= LEAST_EDGE; tile_m /= 2) {
        for (double tile_n = longest; tile_n >= LEAST_EDGE; tile_n /= 2) {
            if (tile_m * tile_n <= area) {
                best_s = fmin(best_s, gpu_tile_s(chip, work, tile_m, tile_n));
            }
        }
    }
    return best_s;
}

/* Formats narrower than 16 bits that run faster do so by a deeper step of the sum (double rows,
 * packed formats): the array takes more of k at a time. */
static double array_depth(const struct chip *chip, const struct work *work)
{
    double ratio = chip->array_flops_per_s[work->dtype] / chip->array_flops_per_s[DTYPE_BF16];
    return chip->tile_k * fmax(1, ratio);
}

/* Held tiles of held x depth, streamed columns in runs of at most tile_n; a run costs at least
 * tile_issue columns, because the next held tile is loaded meanwhile. Tiles of the result are
 * dealt out to cores. */
static double array_held_s(const struct chip *chip, const struct work *work, double held,
                           double streamed)
{
    double run = fmin(chip->tile_n, streamed), depth = array_depth(chip, work);
    while (run / 2 >= chip->tile_issue && run / 2 >= 1 &&
           ceil(held / chip->tile_m) * ceil(streamed / run) * work->batch_count <
               chip->unit_count) {
        run /= 2; /* finer, so that every core has some */
    }
    double tiles = ceil(held / chip->tile_m) * ceil(streamed / run) * work->batch_count;
    double rounds = fmax(1, tiles / chip->unit_count);
    double steps = ceil(work->k / depth);
    double unit_flops_per_s = flops_per_s(chip, work) / chip->unit_count;
    double columns = fmax(run, chip->tile_issue);
    return rounds * steps * 2 * chip->tile_m * depth * columns / unit_flops_per_s;
}

/* Either operand may be held. */
static double array_s(const struct chip *chip, const struct work *work)
{
    return fmin(array_held_s(chip, work, work->m, work->n),
                array_held_s(chip, work, work->n, work->m));
}

double gemm_time_s(const struct chip *chip, const struct work *work)
{
    if (!(work->m * work->n * work->k * work->batch_count > 0)) {
        return work->flops > 0 ? work->flops / flops_per_s(chip, work) : 0;
    }
    if (!(flops_per_s(chip, work) > 0)) {
        return INFINITY;
    }
    return strcmp(chip->family, "gpu") == 0 ? gpu_s(chip, work) : array_s(chip, work);
}
