/* SPDX-License-Identifier: Apache-2.0 */
#include "study/kernel_works.h"

#include <math.h>
#include <string.h>

#include "hardware/attention_kernel.h"

enum { ELEMENT_BYTES = 2 };
enum { CONTEXT_LAUNCHES = 5, DECODE_LAUNCHES = 6 }; /* of an engine's attention call */
static const double us = 1e-6, ns = 1e-9, giga = 1e9;

static double value(const struct csv *csv, int64_t row, const char *name)
{
    double number = csv_number(csv, row, name);
    return isfinite(number) ? number : 0;
}

struct engine_call engine_call_of(const struct machines *machines, const char *kernel)
{
    const struct csv *csv = machines->calls;
    int64_t row = machines_call(machines, kernel);
    return (struct engine_call){.launches = value(csv, row, "launches"),
                                .convert_launches = value(csv, row, "convert_launches"),
                                .convert_bytes = value(csv, row, "convert_bytes"),
                                .row_s = value(csv, row, "row_ns") * ns,
                                .column_s = value(csv, row, "column_ns") * ns,
                                .host_s = value(csv, row, "host_us") * us,
                                .rate_fraction = value(csv, row, "rate"),
                                .memory_fraction = value(csv, row, "memory"),
                                .all_pairs = strcmp(csv_text(csv, row, "pairs"), "all") == 0,
                                .unit_Bps = value(csv, row, "unit_GBps") * giga};
}

bool number_format_read(const char *text, struct number_format *format)
{
    static const struct {
        const char *name;
        struct number_format format;
    } formats[] = {
        {"bfloat16", {DTYPE_BF16, 2, 2, false, false}},
        {"float16", {DTYPE_BF16, 2, 2, false, false}},
        {"half", {DTYPE_BF16, 2, 2, false, false}},
        {"fp8", {DTYPE_FP8, 1, 1, true, false}},
        {"int8_wo", {DTYPE_BF16, 1, 2, false, false}},
        {"int4_wo", {DTYPE_BF16, 0.5, 2, false, false}},
        {"w4a16", {DTYPE_BF16, 0.5, 2, false, false}},
        {"w4afp8", {DTYPE_FP8, 0.5, 1, true, false}},
        {"w4a8", {DTYPE_FP8, 0.5, 1, true, false}},
        {"nvfp4", {DTYPE_FP4, 0.5, 0.5, true, false}},
        {"mxfp4", {DTYPE_FP4, 0.5, 0.5, true, false}},
        {"mxfp8", {DTYPE_FP8, 1, 1, true, false}},
        {"sq", {DTYPE_BF16, 1, 1, false, true}},
        {"int8", {DTYPE_BF16, 1, 1, false, true}},
    };
    size_t longest = 0;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        size_t length = strlen(formats[i].name);
        if (length > longest && strncmp(text, formats[i].name, length) == 0) {
            longest = length;
            *format = formats[i].format;
        }
    }
    return longest > 0;
}

/* Rows side by side or their bytes, and the longest row's own length. */
static double convert_s(const struct chip *chip, const struct product *product,
                        const struct engine_call *call)
{
    double rows =
        product->converted_rows > 0 ? product->converted_rows : product->batch * product->m;
    double bytes_s = rows * product->k * call->convert_bytes /
                     (chip->hbm_Bps * chip->hbm_efficiency_fraction);
    double rows_s = rows * call->row_s, p = chip->roofline_exponent;
    double both_s = p > 0 && rows_s > 0 && bytes_s > 0
                        ? pow(pow(bytes_s, p) + pow(rows_s, p), 1 / p)
                        : fmax(bytes_s, rows_s);
    return call->convert_launches * chip->op_overhead_s + both_s + product->k * call->column_s;
}

double product_s(const struct chip *chip, const struct product *product,
                 const struct number_format *format, const struct engine_call *call)
{
    double m = product->m, n = product->n, k = product->k;
    double depth = format->half_depth ? k / 2 : k;
    struct work work = {.kind = WORK_MATMUL,
                        .dtype = format->dtype,
                        .flops = 2 * product->batch * m * n * depth,
                        .m = m,
                        .n = n,
                        .k = depth,
                        .batch_count = product->batch,
                        .groups = product->groups,
                        .group_count = product->group_count,
                        .kernel_count = call->launches,
                        .alone = true};
    work.bytes = product->batch * (m * k * format->input_bytes + k * n * format->weight_bytes +
                                   m * n * ELEMENT_BYTES);
    struct chip slower = *chip;
    if (call->rate_fraction > 0) {
        slower.matmul_efficiency_fraction *= call->rate_fraction;
        slower.matmul_efficiency_fp8_fraction *= call->rate_fraction;
    }
    if (call->memory_fraction > 0) {
        slower.hbm_efficiency_fraction *= call->memory_fraction;
    }
    double time_s = chip_work_time_s(&slower, &work);
    return time_s + (format->converted ? convert_s(chip, product, call) : 0);
}

double kernel_vector_s(const struct chip *chip, double elements, double launches)
{
    struct work work = {.kind = WORK_VECTOR,
                        .bytes = elements * ELEMENT_BYTES,
                        .kernel_count = launches,
                        .alone = true};
    return chip_work_time_s(chip, &work);
}

double kernel_attention_s(const struct chip *chip, const struct attention_shape *shape,
                          double kv_bytes)
{
    bool engine = strcmp(chip->family, "gpu") == 0;
    struct work work = {.kind = WORK_ATTENTION,
                        .dtype = DTYPE_BF16,
                        .bytes = attention_kernel_bytes(shape, ELEMENT_BYTES, kv_bytes),
                        .attention = *shape,
                        .kernel_count = !engine              ? 1
                                        : shape->queries > 1 ? CONTEXT_LAUNCHES
                                                             : DECODE_LAUNCHES,
                        .alone = true};
    return chip_work_time_s(chip, &work);
}
