/* SPDX-License-Identifier: Apache-2.0 */
/* A chip: what it can compute, hold, move and burn, and the time it takes for one operation.
 * Equations: docs/MODEL.md, "Roofline" and "Matrix multiplication". Values come from platform
 * files with their sources. */
#pragma once

#include <stdint.h>

#include "base/error.h"

enum dtype { DTYPE_FP4, DTYPE_FP8, DTYPE_BF16, DTYPE_FP32, DTYPE_COUNT };

/* What an operation is; also the rows of the time breakdown. */
#define WORK_KINDS(X)                                                                          \
    X(MATMUL, "matmul")                                                                        \
    X(ATTENTION, "attention")                                                                  \
    X(VECTOR, "vector")                                                                        \
    X(OPTIMIZER, "optimizer")
#define WORK_ENUM(NAME, text) WORK_##NAME,
enum work_kind { WORK_KINDS(WORK_ENUM) WORK_KIND_COUNT };
#undef WORK_ENUM

/* One operation as it is asked of one chip. A matmul is batch_count times m x k by k x n. */
struct work {
    enum work_kind kind;
    enum dtype dtype;
    double flops;                /* a multiply-add is two */
    double bytes;                /* HBM traffic, read and written */
    double m, n, k, batch_count; /* of a matmul; 0 when it is none */
    double kernel_count;         /* launches: op_overhead_s is charged once each */
};

struct chip {
    const char *type;   /* "trn3" */
    const char *title;  /* "AWS Trainium3" */
    const char *family; /* "trainium", "gpu", "tpu": see "Matrix multiplication" */
    double
        headline_flops_per_s[DTYPE_COUNT]; /* dense peak as published; 0 when not supported */
    double array_flops_per_s[DTYPE_COUNT]; /* what the arrays can do: the roofline */
    double hbm_bytes, hbm_Bps;
    double matmul_efficiency_fraction;    /* of the array peak, large aligned GEMM */
    double attention_efficiency_fraction; /* of the array peak, flash attention */
    double hbm_efficiency_fraction;
    double op_overhead_s;                  /* per kernel, not hidden */
    double tile_m, tile_n, tile_k;         /* GEMM tile of one unit */
    double unit_count;                     /* SMs or cores that take tiles */
    double communication_compute_fraction; /* of compute lost while collectives overlap */
    double reserved_bytes;                 /* of HBM, by driver, runtime and libraries */
    double idle_W, tdp_W;
};

const char *dtype_name(enum dtype dtype);                                  /* "bf16" */
bool dtype_read(const char *text, enum dtype *dtype, struct error *error); /* fp16 is bf16 */
double dtype_bytes(enum dtype dtype);
const char *work_kind_name(enum work_kind kind);

/* Time of one operation on a healthy chip: overhead plus the slower of arithmetic and memory
 * traffic. Infinity when the chip has no peak for the dtype. MODEL.md, "Roofline". */
double chip_work_time_s(const struct chip *chip, const struct work *work);
