/* SPDX-License-Identifier: Apache-2.0 */
/* Every table of a folder, packed or not; all rows of each. Kernels that last less than 50 us
 * are mostly launch and make groups of their own. */
#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "study/kernel_tables.h"
#include "study/measured_kernels.h"

enum { CHUNK = 1 << 16 };
static const double long_s = 50e-6;

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
    struct csv *csv = good ? csv_read(name, arena, error) : NULL;
    if (to >= 0) {
        close(to);
        unlink(name);
    }
    if (!good) {
        error_at(error, ERROR_SYSTEM, path, 0, 0,
                 "the table cannot be unpacked; check the file and the space in /tmp");
    }
    if (csv != NULL) {
        csv->path = path;
    }
    return csv;
}

/* What the device is called: a column of its own, else the file's name. */
static const char *device_of(const struct csv *csv, int64_t row, const char *file)
{
    return csv_column(csv, "device") >= 0 ? csv_text(csv, row, "device") : file;
}

static bool exchange(enum kernel_table table)
{
    return table >= TABLE_COLLECTIVE && table < TABLE_UNKNOWN;
}

static void append(struct measured *measured, struct measured_row *out, const char *file)
{
    enum kernel_table table = (enum kernel_table)out->table;
    const char *group =
        kernel_table_group(table, out->csv, out->row, out->part, measured->arena);
    out->measured = kernel_table_time_s(table, out->csv, out->row, out->part);
    bool brief = out->measured < long_s && !exchange(table);
    out->group = brief ? arena_format(measured->arena, "%s short", group) : group;
    out->id = arena_format(measured->arena, "%s:%d%s", file, out->csv->lines[out->row],
                           out->part > 0 ? "b" : "");
    out->accelerator = device_of(out->csv, out->row, file);
    out->sure = !brief;
    measured->rows = arena_grow(measured->arena, measured->rows, measured->row_count,
                                &measured->row_capacity, sizeof *out);
    measured->rows[measured->row_count++] = *out;
}

/* One row stands for a table that nobody knows. */
static void take(struct measured *measured, const struct csv *csv, const char *file)
{
    enum kernel_table table = kernel_table_of(csv);
    int64_t rows = table == TABLE_UNKNOWN && csv->row_count > 1 ? 1 : csv->row_count;
    for (int64_t row = 0; row < rows; row++) {
        for (int part = 0; part < kernel_table_parts(table); part++) {
            struct measured_row out = {.kind = MEASURED_KERNELS,
                                       .csv = csv,
                                       .row = row,
                                       .unit = "s",
                                       .sweep = file,
                                       .table = (int)table,
                                       .part = part};
            append(measured, &out, file);
        }
    }
}

static bool read_table(struct measured *measured, const char *path, struct error *error)
{
    const char *name = arena_format(measured->arena, "%s", path);
    const char *slash = strrchr(name, '/');
    const struct csv *csv = read_packed(name, measured->arena, error);
    if (csv != NULL) {
        take(measured, csv, slash == NULL ? name : slash + 1);
    }
    return csv != NULL;
}

bool measured_kernels_read(struct measured *measured, const char *folder, struct error *error)
{
    static const char *const patterns[] = {"kernels/*.csv.gz", "kernels/*.csv"};
    bool good = true;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0] && good; i++) {
        glob_t found;
        const char *pattern = arena_format(measured->arena, "%s/%s", folder, patterns[i]);
        if (glob(pattern, 0, NULL, &found) == 0) {
            for (size_t j = 0; j < found.gl_pathc && good; j++) {
                good = read_table(measured, found.gl_pathv[j], error);
            }
            globfree(&found);
        }
    }
    return good;
}
