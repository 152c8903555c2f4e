/* SPDX-License-Identifier: Apache-2.0 */
/* A chip: what it can compute, hold, move and burn, and the time it takes for one operation.
 * Equations: docs/MODEL.md, "Roofline", "Matrix multiplication" and "Attention kernels". Values
 * come from platform files with their sources. */
#pragma once

#include <stdbool.h>
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

/* A fused attention kernel on one chip: every query head of every sequence sees the keys from
 * position 0, or from window before itself, up to itself. heads 0: the work is none. */
struct attention_shape {
    double sequences, heads, kv_heads, head_dim;
    double queries;    /* of one sequence; 1: a step of decoding */
    double prefix;     /* keys that stand before the first query */
    double window;     /* 0: all keys */
    bool causal;       /* false: every query sees prefix + queries keys */
    bool cached;       /* an engine's call: keys and values go to a cache and come from it */
    bool narrow_cache; /* whose elements have a byte */
    bool backward;
};

/* Matrices of a grouped matmul that have equally many rows; count may be how many on average.
 */
struct row_group {
    double rows, count;
};

/* One operation as it is asked of one chip. A matmul is batch_count times m x k by k x n. */
struct work {
    enum work_kind kind;
    enum dtype dtype;
    double flops;                   /* a multiply-add is two */
    double bytes;                   /* HBM traffic, read and written */
    double m, n, k, batch_count;    /* of a matmul; 0 when it is none */
    const struct row_group *groups; /* of a grouped matmul, whose m is their mean; or NULL */
    int64_t group_count;
    double kernel_count; /* launches: op_overhead_s is charged once each */
    struct attention_shape attention;
    bool block_scales; /* a conversion to a narrow dtype that finds scales of blocks */
    bool alone;        /* timed by itself on idle data, as kernel tables are: full clock */
};

struct chip {
    const char *type;   /* "trn3" */
    const char *title;  /* "AWS Trainium3" */
    const char *family; /* "trainium", "gpu", "tpu": see "Matrix multiplication" */
    double
        headline_flops_per_s[DTYPE_COUNT]; /* dense peak as published; 0 when not supported */
    double array_flops_per_s[DTYPE_COUNT]; /* what the arrays can do: the roofline */
    double hbm_bytes, hbm_Bps;
    double matmul_efficiency_fraction;     /* of the array peak, full tiles at full clock */
    double matmul_efficiency_fp8_fraction; /* the same below 16 bits; 0: no other */
    double matmul_efficiency_fp4_fraction; /* the same of 4 bits; 0: as above */
    double tile_fill_s;                    /* pipeline filled and drained, once a round */
    double roofline_exponent; /* how arithmetic and traffic add up; 0: the slower */
    double hbm_efficiency_fraction;
    double conversion_efficiency_fraction; /* of streaming, with scales of blocks; 0: all */
    double op_overhead_s;                  /* per kernel, not hidden */
    double sustained_clock_fraction;       /* of the rate under steady load; 0: all of it */
    double attention_efficiency_fraction;  /* of the array peak, products of flash attention */
    double attention_score_s;              /* one score on one unit, beside its products */
    double attention_memory_fraction;      /* of hbm_Bps, whole sequences; 0: no other */
    double attention_backward;             /* time over that of the forward pass; 0: by FLOPs */
    double attention_block_s;              /* decoding: one sequence and KV head on one unit */
    double attention_turn_s; /* a byte-wide key and value of 128 columns on one unit; 0: none */
    double tile_m, tile_n, tile_k;         /* GEMM tile of one unit */
    double tile_issue;                     /* least columns that a step of an array costs */
    double unit_count;                     /* SMs or cores that take tiles */
    double communication_compute_fraction; /* of compute lost while collectives overlap */
    double reserved_bytes;                 /* of HBM, by driver, runtime and libraries */
    double idle_W, tdp_W;
    double evidence; /* measured over simulated: read with its range by evidence.h */
};

const char *dtype_name(enum dtype dtype);                                  /* "bf16" */
bool dtype_read(const char *text, enum dtype *dtype, struct error *error); /* fp16 is bf16 */
double dtype_bytes(enum dtype dtype);
const char *work_kind_name(enum work_kind kind);

/* Time of one operation on a healthy chip: overhead plus arithmetic and memory traffic, which
 * hide each other. Infinity when the chip has no peak for the dtype. MODEL.md, "Roofline". */
double chip_work_time_s(const struct chip *chip, const struct work *work);
