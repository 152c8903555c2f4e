/* SPDX-License-Identifier: Apache-2.0 */
/* Single kernels as an engine calls them: a product, an attention call, and what goes with
 * them. MODEL.md, "Kernel tables". */
#pragma once

#include "study/measured.h"

/* What an engine's call needs beside its kernel: a row of calls.csv. */
struct engine_call {
    double launches, convert_launches, convert_bytes; /* bytes moved for an element */
    double row_s, column_s; /* of a converter that handles rows one by one */
    double host_s;          /* calls are issued no faster */
    double rate_fraction;   /* of the chip's own products, or of its links */
    double memory_fraction; /* of the bandwidth that the chip's own products reach; 0: all */
    bool all_pairs;  /* buffers have a row for every pair of token and expert, here or elsewhere
                      */
    double unit_Bps; /* what a unit that copies moves */
};

struct engine_call engine_call_of(const struct machines *machines, const char *kernel);

/* How operands lie in memory and what multiplies them. */
struct number_format {
    enum dtype dtype;    /* of the arithmetic */
    double weight_bytes; /* of a weight's element */
    double input_bytes;  /* of an input's element */
    bool converted;      /* inputs come in 16 bits and are converted first */
    bool half_depth;     /* 8-bit integers: twice BF16's rate, as if k were half */
};

/* "bfloat16", "fp8_block", "int4_wo", ... False when there is no such format. */
bool number_format_read(const char *text, struct number_format *format);

/* Batched m x k by k x n alone on the chip, with the conversion of its input. */
struct product {
    double batch, m, n, k;
    const struct row_group *groups; /* matrices of unlike rows, whose mean m is; or NULL */
    int64_t group_count;
    double converted_rows; /* of the input; 0: all */
};
double product_s(const struct chip *chip, const struct product *product,
                 const struct number_format *format, const struct engine_call *call);

/* Traffic of 16-bit elements. */
double kernel_vector_s(const struct chip *chip, double elements, double launches);

/* An attention call with a cache whose elements have kv_bytes. */
double kernel_attention_s(const struct chip *chip, const struct attention_shape *shape,
                          double kv_bytes);
