/* SPDX-License-Identifier: Apache-2.0 */
/* What of a table's row is the measurement. Times are seconds; rates become the time that they
 * imply for the row's own batch. docs/ACCURACY.md, "What is compared". */
#include "study/measured.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "study/measured_collectives.h"
#include "study/measured_inference.h"
#include "study/measured_kernels.h"
#include "study/measured_training.h"

static const struct {
    const char *name, *file;
} kinds[] = {
#define MEASURED_FILE(NAME, text, file) {text, file},
    MEASURED_KINDS(MEASURED_FILE)
#undef MEASURED_FILE
};

const char *measured_kind_name(enum measured_kind kind)
{
    return kinds[kind].name;
}

/* Up to what stands in brackets or behind a comma. */
static const char *first_hardware(const char *text, struct arena *arena)
{
    size_t length = strcspn(text, "(,");
    while (length > 0 && text[length - 1] == ' ') {
        length--;
    }
    return arena_format(arena, "%.*s", (int)length, text);
}

/* Of the two figures of a row of serving, each a row here. */
static void describe_inference(struct measured_row *out, struct arena *arena)
{
    const struct csv *csv = out->csv;
    const char *hardware = csv_text(csv, out->row, "hardware");
    enum inference_metric metric =
        measured_inference_metric(csv, out->row, out->first, &out->measured);
    bool cloud = strncmp(hardware, "trn", 3) == 0 || strncmp(hardware, "inf", 3) == 0;
    out->sector = cloud ? "AWS" : "GPU";
    out->accelerator = first_hardware(hardware, arena);
    out->group = csv_text(csv, out->row, "family");
    out->sure = strcmp(csv_text(csv, out->row, "confidence"), "low") != 0;
    out->unit = metric == METRIC_OUTPUT_RATE ? "tokens/s" : "s";
    if (metric == METRIC_NONE) {
        out->measured = (double)NAN;
    }
    if (out->first) {
        out->id = arena_format(arena, "%s:ttft", out->id);
        out->group = arena_format(arena, "%s ttft", out->group);
    }
}

static struct measured_row describe(enum measured_kind kind, const struct csv *csv, int64_t row,
                                    bool first, struct arena *arena)
{
    struct measured_row out = {
        .kind = kind, .csv = csv, .row = row, .unit = "s", .first = first, .sector = ""};
    out.id = csv_text(csv, row, "id");
    out.group = csv_text(csv, row, "group");
    out.accelerator = csv_text(csv, row, "accelerator");
    out.sure = strcmp(csv_text(csv, row, "confidence"), "high") == 0;
    if (out.id[0] == '\0') {
        out.id = arena_format(arena, "%s:%d", kinds[kind].name, csv->lines[row]);
    }
    if (kind == MEASURED_VTRAIN) {
        out.group = "vtrain";
        out.accelerator = "A100-80GB";
        out.sure = true;
        out.measured = csv_number(csv, row, "iter_time_ms") / 1e3;
    } else if (kind == MEASURED_TRAINING) {
        out.measured = measured_training_time_s(csv, row);
    } else if (kind == MEASURED_COLLECTIVES) {
        out.measured = measured_collective_time_s(csv, row);
    } else if (kind == MEASURED_COMPUTE) {
        out.accelerator = csv_text(csv, row, "device");
        out.measured = measured_kernel_time_s(csv, row);
    } else if (kind == MEASURED_INFERENCE) {
        describe_inference(&out, arena);
    } else {
        out.measured = (double)NAN;
    }
    out.sweep = arena_format(arena, "%s %s", out.group, csv_text(csv, row, "scaling_series"));
    return out;
}

static bool wanted(const struct measured_row *row, const char *const *names, int name_count)
{
    for (int i = 0; i < name_count; i++) {
        if (strcmp(names[i], kinds[row->kind].name) == 0 || strcmp(names[i], row->group) == 0) {
            return true;
        }
    }
    return name_count == 0;
}

static void take_row(struct measured *measured, const struct measured_row *row,
                     const char *const *names, int name_count)
{
    if (wanted(row, names, name_count)) {
        measured->rows = arena_grow(measured->arena, measured->rows, measured->row_count,
                                    &measured->row_capacity, sizeof *row);
        measured->rows[measured->row_count++] = *row;
    }
}

static void take_table(struct measured *measured, enum measured_kind kind,
                       const struct csv *csv, const char *const *names, int name_count)
{
    for (int64_t row = 0; row < csv->row_count; row++) {
        if (csv_count(csv, row, "primary", 1) != 1) {
            continue;
        }
        struct measured_row main = describe(kind, csv, row, false, measured->arena);
        struct measured_row first = main;
        if (kind == MEASURED_INFERENCE) {
            first = describe(kind, csv, row, true, measured->arena);
        }
        if (isfinite(main.measured) || !first.first || !isfinite(first.measured)) {
            take_row(measured, &main, names, name_count);
        }
        if (first.first && isfinite(first.measured)) {
            take_row(measured, &first, names, name_count);
        }
    }
}

/* Large tables, read only when asked for as a kind, or when everything is. */
static bool take_kernels(struct measured *measured, const char *folder,
                         const char *const *names, int name_count, struct error *error)
{
    struct measured_row any = {.kind = MEASURED_KERNELS, .group = ""};
    return !wanted(&any, names, name_count) || measured_kernels_read(measured, folder, error);
}

static bool known(const struct measured *measured, const char *name)
{
    for (int kind = 0; kind < MEASURED_KIND_COUNT; kind++) {
        if (strcmp(name, kinds[kind].name) == 0) {
            return true;
        }
    }
    for (int64_t i = 0; i < measured->row_count; i++) {
        if (strcmp(name, measured->rows[i].group) == 0) {
            return true;
        }
    }
    return false;
}

struct measured *measured_read(const char *folder, const char *const *names, int name_count,
                               struct arena *arena, struct error *error)
{
    struct measured *measured = arena_alloc(arena, sizeof *measured);
    measured->arena = arena;
    int tables = 0;
    for (enum measured_kind kind = 0; kind < MEASURED_KIND_COUNT; kind++) {
        const char *path = arena_format(arena, "%s/%s", folder, kinds[kind].file);
        if (access(path, F_OK) != 0) {
            continue;
        }
        if (kind == MEASURED_KERNELS) {
            tables++;
            if (!take_kernels(measured, folder, names, name_count, error)) {
                return NULL;
            }
            continue;
        }
        const struct csv *csv = csv_read(path, arena, error);
        if (csv == NULL) {
            return NULL;
        }
        take_table(measured, kind, csv, names, name_count);
        tables++;
    }
    if (tables == 0) {
        error_at(error, ERROR_INPUT, folder, 0, 0,
                 "no table of measurements, expected training.csv, collectives.csv, "
                 "compute.csv or inference.csv; give --data FOLDER");
        return NULL;
    }
    for (int i = 0; i < name_count; i++) {
        if (!known(measured, names[i])) {
            error_fill(error, ERROR_USAGE,
                       "no measured rows of kind or group '%s' in %s; the kinds are training, "
                       "vtrain, collectives, compute, inference and kernels",
                       names[i], folder);
            return NULL;
        }
    }
    return measured;
}
