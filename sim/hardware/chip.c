/* SPDX-License-Identifier: Apache-2.0 */
/* Time of one operation: a roofline whose arithmetic side knows how a matrix multiplication is
 * cut into tiles. The tile sizes and rates are the chip's own, from its platform file.
 * MODEL.md, "Roofline" and "Matrix multiplication". */
#include "hardware/chip.h"

#include <math.h>
#include <string.h>

enum { TILE_HALVINGS = 3 };

static const struct {
    const char *name;
    double bytes;
} dtypes[DTYPE_COUNT] = {
    [DTYPE_FP4] = {"fp4", 0.5},
    [DTYPE_FP8] = {"fp8", 1},
    [DTYPE_BF16] = {"bf16", 2},
    [DTYPE_FP32] = {"fp32", 4},
};

const char *dtype_name(enum dtype dtype)
{
    return dtypes[dtype].name;
}

double dtype_bytes(enum dtype dtype)
{
    return dtypes[dtype].bytes;
}

bool dtype_read(const char *text, enum dtype *dtype, struct error *error)
{
    const char *name = strcmp(text, "fp16") == 0 ? "bf16" : text;
    for (enum dtype i = 0; i < DTYPE_COUNT; i++) {
        if (strcmp(name, dtypes[i].name) == 0) {
            *dtype = i;
            return true;
        }
    }
    return error_fill(error, ERROR_INPUT,
                      "there is no dtype '%.40s'; use fp4, fp8, bf16, fp16 or fp32", text);
}

#define WORK_NAME(NAME, text) text,
const char *work_kind_name(enum work_kind kind)
{
    static const char *const names[] = {WORK_KINDS(WORK_NAME)};
    return names[kind];
}
#undef WORK_NAME

/* The part of the units' time that is useful when tiles of tile_m by tile_n are dealt out in
 * rounds: padding at the edges and the last round cost as much as full tiles and rounds. */
static double tiling_fraction(const struct chip *chip, const struct work *work, double tile_m,
                              double tile_n)
{
    double tiles = ceil(work->m / tile_m) * ceil(work->n / tile_n) * work->batch_count;
    double rounds = ceil(tiles / chip->unit_count);
    double useful = work->m * work->n * work->batch_count;
    return useful / (rounds * chip->unit_count * tile_m * tile_n);
}

/* GPU libraries hold kernels of several tile sizes and take the one that fits: halved in n,
 * then in m, in turn. */
static double gpu_fraction(const struct chip *chip, const struct work *work)
{
    double best = 0;
    double tile_m = chip->tile_m, tile_n = chip->tile_n;
    for (int halvings = 0; halvings <= TILE_HALVINGS; halvings++) {
        best = fmax(best, tiling_fraction(chip, work, tile_m, tile_n));
        if (halvings % 2 == 0) {
            tile_n /= 2;
        } else {
            tile_m /= 2;
        }
    }
    return best;
}

/* A systolic array cannot be made smaller along the operand that it holds (tile_m) and along
 * the sum (tile_k); the other operand streams past and may be cut finer. Either operand may be
 * held. */
static double array_fraction(const struct chip *chip, const struct work *work)
{
    double best = 0;
    double tile_n = chip->tile_n;
    for (int halvings = 0; halvings <= TILE_HALVINGS; halvings++) {
        best = fmax(best, tiling_fraction(chip, work, chip->tile_m, tile_n));
        best = fmax(best, tiling_fraction(chip, work, tile_n, chip->tile_m));
        tile_n /= 2;
    }
    return best * work->k / (ceil(work->k / chip->tile_k) * chip->tile_k);
}

/* MODEL.md, "Matrix multiplication" */
static double shape_fraction(const struct chip *chip, const struct work *work)
{
    if (!(work->m * work->n * work->k * work->batch_count > 0)) {
        return 1; /* no shape was given */
    }
    return strcmp(chip->family, "gpu") == 0 ? gpu_fraction(chip, work)
                                            : array_fraction(chip, work);
}

static double arithmetic_s(const struct chip *chip, const struct work *work)
{
    double rate_flops_per_s = chip->array_flops_per_s[work->dtype];
    switch (work->kind) {
    case WORK_MATMUL:
        rate_flops_per_s *= chip->matmul_efficiency_fraction * shape_fraction(chip, work);
        break;
    case WORK_ATTENTION:
        rate_flops_per_s *= chip->attention_efficiency_fraction;
        break;
    case WORK_VECTOR:
    case WORK_OPTIMIZER:
    case WORK_KIND_COUNT:
        return 0; /* bound by its bytes */
    }
    return work->flops > 0 ? work->flops / rate_flops_per_s : 0;
}

/* MODEL.md, "Roofline" */
double chip_work_time_s(const struct chip *chip, const struct work *work)
{
    double memory_s = work->bytes / (chip->hbm_Bps * chip->hbm_efficiency_fraction);
    return work->kernel_count * chip->op_overhead_s + fmax(arithmetic_s(chip, work), memory_s);
}
