/* SPDX-License-Identifier: Apache-2.0 */
/* A row becomes work (and for 8-bit inputs the conversion before it), and the chip says how
 * long that takes alone. Kernels need no engine. */
#include "study/measured_kernels.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "hardware/attention_kernel.h"
#include "study/kernel_tables.h"
#include "study/measured_reading.h"

enum { FA_TOKENS = 16384, FA_HIDDEN = 2048 }; /* of the FlashAttention benchmarks */
static const double stream_bytes = 1e9;       /* long enough that launches do not count */
static const double backward_passes = 2.5;    /* products: 2 forward, 5 backward */

struct kernel {
    struct work work, before; /* before: kernel_count 0 for none */
};

static bool is_table(const struct measured_row *row)
{
    return row->kind == MEASURED_KERNELS;
}

static double number(const struct measured_row *row, const char *name)
{
    return csv_number(row->csv, row->row, name);
}

static bool begins(const struct csv *csv, int64_t row, const char *name, const char *start)
{
    return strncmp(csv_text(csv, row, name), start, strlen(start)) == 0;
}

static struct work matmul(double m, double n, double k, enum dtype dtype)
{
    return (struct work){.kind = WORK_MATMUL,
                         .dtype = dtype,
                         .flops = 2 * m * n * k,
                         .bytes = (m * k + k * n) * dtype_bytes(dtype) +
                                  m * n * dtype_bytes(DTYPE_BF16),
                         .m = m,
                         .n = n,
                         .k = k,
                         .batch_count = 1,
                         .kernel_count = 1,
                         .alone = true};
}

static struct work attention(struct attention_shape shape, double kv_bytes, double kernels)
{
    return (struct work){.kind = WORK_ATTENTION,
                         .dtype = DTYPE_BF16,
                         .bytes =
                             attention_kernel_bytes(&shape, dtype_bytes(DTYPE_BF16), kv_bytes),
                         .attention = shape,
                         .kernel_count = kernels,
                         .alone = true};
}

/* Rows of compute.csv */

static bool op_is(const struct csv *csv, int64_t row, const char *word)
{
    return reading_holds(csv_text(csv, row, "op"), word);
}

static bool is_gemm(const struct csv *csv, int64_t row)
{
    return op_is(csv, row, "GEMM") || op_is(csv, row, "matmul") ||
           op_is(csv, row, "matrix mult");
}

static bool is_attention(const struct csv *csv, int64_t row)
{
    return begins(csv, row, "op", "attention") || op_is(csv, row, "FlashAttention") ||
           op_is(csv, row, "SDPA");
}

static enum dtype operand_dtype(const struct csv *csv, int64_t row)
{
    const char *text = csv_text(csv, row, "dtype");
    if (reading_holds(text, "fp4")) {
        return DTYPE_FP4;
    }
    if (reading_holds(text, "fp8") || reading_holds(text, "float8") ||
        reading_holds(text, "e4m3")) {
        return DTYPE_FP8;
    }
    return reading_holds(text, "fp32") || reading_holds(text, "float32") ? DTYPE_FP32
                                                                         : DTYPE_BF16;
}

static bool says_no(const char *text)
{
    return strcmp(text, "0") == 0 || strcasecmp(text, "no") == 0 ||
           strcasecmp(text, "false") == 0 || strcasecmp(text, "off") == 0;
}

static struct attention_shape published_attention(const struct csv *csv, int64_t row)
{
    double length = csv_number(csv, row, "seq_len"), width = csv_number(csv, row, "head_dim");
    double heads = FA_HIDDEN / width;
    return (struct attention_shape){.sequences = FA_TOKENS / length,
                                    .heads = heads,
                                    .kv_heads = heads,
                                    .head_dim = width,
                                    .queries = length,
                                    .causal = !says_no(csv_text(csv, row, "causal"))};
}

static bool goes(const struct csv *csv, int64_t row, const char *way)
{
    return reading_holds(csv_text(csv, row, "direction"), way);
}

/* Products of the passes that are timed, in those of a forward one. */
static double passes(const struct csv *csv, int64_t row)
{
    bool backward = goes(csv, row, "bwd") || goes(csv, row, "backward");
    bool forward = goes(csv, row, "fwd") || goes(csv, row, "forward") || !backward;
    return (forward ? 1 : 0) + (backward ? backward_passes : 0);
}

static double attention_flops(const struct csv *csv, int64_t row)
{
    struct attention_shape shape = published_attention(csv, row);
    double pairs = shape.sequences * shape.queries * shape.queries / (shape.causal ? 2 : 1);
    return 4 * pairs * shape.heads * shape.head_dim * passes(csv, row);
}

/* A unit that a value is told in: times in s, rates in FLOP/s or B/s. */
static const struct unit_name {
    const char *text; /* the unit begins so */
    double size;
    bool time;
} unit_names[] = {
    {"us", 1e-6, true},     {"ms", 1e-3, true},       {"ns", 1e-9, true},
    {"s", 1, true},         {"TFLOP", 1e12, false},   {"GFLOP", 1e9, false},
    {"PFLOP", 1e15, false}, {"TOP", 1e12, false},     {"GB/s", 1e9, false},
    {"TB/s", 1e12, false},  {"GiB/s", 0x1p30, false}, {"TiB/s", 0x1p40, false},
    {"GBps", 1e9, false},   {"TBps", 1e12, false},
};

/* NULL when it is none that a time follows from. */
static const struct unit_name *unit_of(const struct csv *csv, int64_t row)
{
    const char *text = csv_text(csv, row, "unit");
    for (size_t i = 0; i < sizeof unit_names / sizeof unit_names[0]; i++) {
        if (strncasecmp(text, unit_names[i].text, strlen(unit_names[i].text)) == 0) {
            return &unit_names[i];
        }
    }
    return NULL;
}

static bool is_bandwidth(const struct csv *csv, int64_t row)
{
    const struct unit_name *unit = unit_of(csv, row);
    return unit != NULL && !unit->time && strpbrk(unit->text, "Bb") != NULL;
}

double measured_kernel_time_s(const struct csv *csv, int64_t row)
{
    const struct unit_name *unit = unit_of(csv, row);
    if (unit == NULL) {
        return (double)NAN;
    }
    double value = csv_number(csv, row, "value") * unit->size;
    if (is_bandwidth(csv, row)) { /* not of one engine of many */
        bool part =
            csv_text(csv, row, "dtype")[0] == '\0' && strstr(csv_text(csv, row, "op"), "DMA");
        return part ? (double)NAN : stream_bytes / value;
    }
    if (!is_gemm(csv, row) && !is_attention(csv, row)) {
        return (double)NAN;
    }
    if (unit->time) {
        return value;
    }
    double groups = (double)csv_count(csv, row, "batch_or_groups", 1);
    double flops = is_gemm(csv, row)
                       ? 2 * csv_number(csv, row, "M") * csv_number(csv, row, "N") *
                             csv_number(csv, row, "K") * groups
                       : attention_flops(csv, row);
    return flops / value;
}

static bool published_kernel(const struct measured_row *row, struct kernel *kernel)
{
    const struct csv *csv = row->csv;
    if (is_gemm(csv, row->row)) {
        kernel->work = matmul(number(row, "M"), number(row, "N"), number(row, "K"),
                              operand_dtype(csv, row->row));
        double groups = (double)csv_count(csv, row->row, "batch_or_groups", 1);
        kernel->work.batch_count = groups;
        kernel->work.flops *= groups;
        kernel->work.bytes *= groups;
    } else if (is_attention(csv, row->row)) {
        struct attention_shape shape = published_attention(csv, row->row);
        kernel->work = attention(shape, dtype_bytes(DTYPE_BF16), 1);
        kernel->work.alone = strstr(csv_text(csv, row->row, "op"), "training step") == NULL;
        kernel->before = kernel->work;
        kernel->before.kernel_count = passes(csv, row->row) > backward_passes ? 1 : 0;
        kernel->work.attention.backward = passes(csv, row->row) >= backward_passes;
    } else {
        kernel->work = (struct work){.kind = WORK_VECTOR, .bytes = stream_bytes};
    }
    return true;
}

/* FlashAttention 2 on a chip whose constants are those of 3, and the like. */
static double generation_fraction(const struct machines *machines, int64_t device,
                                  const struct measured_row *row)
{
    const char *text = strstr(csv_text(row->csv, row->row, "op"), "attention FA");
    int64_t own = csv_count(machines->devices, device, "attention_generation", 0);
    bool older = text != NULL && text[strlen("attention FA")] - '0' == 2 && own == 3;
    return older ? csv_number(machines->devices, device, "older_attention") : 1;
}

bool measured_kernel_simulate(struct machines *machines, const struct measured_row *row,
                              double *time_s, struct error *error)
{
    struct kernel kernel = {.before.kernel_count = 0};
    int64_t device = machines_device(machines, row->accelerator);
    if (device < 0) {
        return error_fill(error, ERROR_INPUT,
                          "device '%.60s' is not in devices.csv; add a row with its platform",
                          row->accelerator);
    }
    const struct platform *platform = machines_device_platform(machines, device, error);
    if (platform == NULL) {
        return false;
    }
    if (is_table(row)) {
        return kernel_table_simulate(machines, platform, row, time_s, error);
    }
    bool known = published_kernel(row, &kernel);
    *time_s = chip_work_time_s(platform->chips[0], &kernel.work);
    if (kernel.before.kernel_count > 0) {
        *time_s += chip_work_time_s(platform->chips[0], &kernel.before);
    }
    *time_s /= generation_fraction(machines, device, row);
    return known;
}
