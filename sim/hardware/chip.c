/* SPDX-License-Identifier: Apache-2.0 */
/* Time of one operation: a roofline whose arithmetic side knows how matrix multiplications and
 * attention are cut into tiles (gemm, attention_kernel). MODEL.md, "Roofline". */
#include "hardware/chip.h"

#include <math.h>
#include <string.h>

#include "hardware/attention_kernel.h"
#include "hardware/gemm.h"

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

static double arithmetic_s(const struct chip *chip, const struct work *work)
{
    switch (work->kind) {
    case WORK_MATMUL:
        return gemm_time_s(chip, work);
    case WORK_ATTENTION:
        return attention_kernel_time_s(chip, work);
    case WORK_VECTOR:
    case WORK_OPTIMIZER:
    case WORK_KIND_COUNT:
        break;
    }
    return 0; /* bound by its bytes */
}

/* Steady work on real data draws more power than the chip may: its clock falls. A kernel timed
 * by itself, on data that hardly toggles, shows the full clock. */
static double clock_fraction(const struct chip *chip, const struct work *work)
{
    bool full = work->alone || !(chip->sustained_clock_fraction > 0);
    return full ? 1 : chip->sustained_clock_fraction;
}

/* Arithmetic and traffic hide each other but not at a kernel's ends: the p-norm is the slower
 * of the two when they differ much, more when they are alike. */
static double together_s(const struct chip *chip, double arithmetic, double memory)
{
    double slower = fmax(arithmetic, memory), faster = fmin(arithmetic, memory);
    if (!(chip->roofline_exponent > 0) || !(faster > 0) || isinf(slower)) {
        return slower;
    }
    double p = chip->roofline_exponent;
    return slower * pow(1 + pow(faster / slower, p), 1 / p);
}

/* Conversions that find scales of blocks do so along rows and along columns. */
static double streaming_Bps(const struct chip *chip, const struct work *work)
{
    bool slow = work->block_scales && chip->conversion_efficiency_fraction > 0;
    return chip->hbm_Bps * chip->hbm_efficiency_fraction *
           (slow ? chip->conversion_efficiency_fraction : 1);
}

/* An engine's call writes keys and values to its cache before it reads them: not beside the
 * arithmetic. MODEL.md, "Roofline" */
double chip_work_time_s(const struct chip *chip, const struct work *work)
{
    double busy_s = arithmetic_s(chip, work) / clock_fraction(chip, work);
    double overhead_s = work->kernel_count * chip->op_overhead_s;
    if (work->kind == WORK_ATTENTION && work->attention.cached) {
        return overhead_s + busy_s + attention_kernel_cache_s(chip, work);
    }
    double memory_s = work->bytes / streaming_Bps(chip, work);
    return overhead_s + together_s(chip, busy_s, memory_s);
}
