/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of shapes are large: they are read one after the other, and of each so many rows are
 * kept, spread over the whole table, that medians no longer move. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "study/measured_kernels.h"

enum { MOST_ROWS = 400, CHUNK = 1 << 16 };
static const double long_s = 50e-6; /* shorter ones are mostly launch */

static const char *const patterns[] = {"*_gemm_perf.csv.gz", "*_context_attention_perf.csv.gz",
                                       "*_generation_attention_perf.csv.gz"};
enum { PATTERNS = sizeof patterns / sizeof patterns[0] };
static const char *const formats[] = {"bfloat16", "fp8", "fp8_block"};
enum { FORMATS = sizeof formats / sizeof formats[0] };

static bool unpack(gzFile from, int to)
{
    char chunk[CHUNK];
    int size = gzread(from, chunk, sizeof chunk);
    while (size > 0 && write(to, chunk, (size_t)size) == size) {
        size = gzread(from, chunk, sizeof chunk);
    }
    return size == 0;
}

/* The reader of tables wants a file: the unpacked one has a name for as long as it is read. */
static const struct csv *read_packed(const char *path, struct arena *arena, struct error *error)
{
    char name[] = "/tmp/trnsim-kernels-XXXXXX";
    gzFile from = gzopen(path, "rb");
    int to = mkstemp(name);
    bool good = from != NULL && to >= 0 && unpack(from, to);
    if (from != NULL) {
        gzclose(from);
    }
    const struct csv *csv = good ? csv_read(name, arena, error) : NULL;
    if (to >= 0) {
        close(to);
        unlink(name);
    }
    if (!good) {
        error_at(error, ERROR_SYSTEM, path, 0, 0,
                 "the table cannot be unpacked; check the file and the space in /tmp");
    }
    return csv;
}

static const char *format_of(const struct csv *csv, int64_t row)
{
    bool gemm = csv_column(csv, "gemm_dtype") >= 0;
    return csv_text(csv, row, gemm ? "gemm_dtype" : "kv_cache_dtype");
}

static double latency_s(const struct csv *csv, int64_t row)
{
    return csv_number(csv, row, "latency") * 1e-3;
}

static bool taken(const struct csv *csv, int64_t row, const char *format)
{
    return latency_s(csv, row) > long_s && strcmp(format_of(csv, row), format) == 0;
}

static void append(struct measured *measured, const struct csv *csv, int64_t row,
                   const char *id)
{
    struct measured_row out = {.kind = MEASURED_KERNELS, .csv = csv, .row = row, .unit = "s"};
    out.id = arena_format(measured->arena, "%s:%d", id, csv->lines[row]);
    out.group = arena_format(measured->arena, "%s %s", csv_text(csv, row, "op_name"),
                             format_of(csv, row));
    out.accelerator = csv_text(csv, row, "device");
    out.sweep = id;
    out.sure = true;
    out.measured = latency_s(csv, row);
    measured->rows = arena_grow(measured->arena, measured->rows, measured->row_count,
                                &measured->row_capacity, sizeof out);
    measured->rows[measured->row_count++] = out;
}

/* Every so manieth row of the format. */
static void take(struct measured *measured, const struct csv *csv, const char *format,
                 const char *id)
{
    int64_t count = 0, seen = 0;
    for (int64_t row = 0; row < csv->row_count; row++) {
        count += taken(csv, row, format);
    }
    int64_t step = count / MOST_ROWS + 1;
    for (int64_t row = 0; row < csv->row_count; row++) {
        if (taken(csv, row, format) && seen++ % step == 0) {
            append(measured, csv, row, id);
        }
    }
}

static bool read_table(struct measured *measured, const char *path, struct error *error)
{
    const struct csv *csv = read_packed(path, measured->arena, error);
    const char *slash = strrchr(path, '/');
    for (int i = 0; csv != NULL && i < FORMATS; i++) {
        take(measured, csv, formats[i], slash == NULL ? path : slash + 1);
    }
    return csv != NULL;
}

bool measured_kernels_read(struct measured *measured, const char *folder, struct error *error)
{
    bool good = true;
    for (int i = 0; i < PATTERNS && good; i++) {
        glob_t found;
        const char *pattern =
            arena_format(measured->arena, "%s/kernels/%s", folder, patterns[i]);
        if (glob(pattern, 0, NULL, &found) == 0) {
            for (size_t j = 0; j < found.gl_pathc && good; j++) {
                good = read_table(measured, found.gl_pathv[j], error);
            }
            globfree(&found);
        }
    }
    return good;
}
