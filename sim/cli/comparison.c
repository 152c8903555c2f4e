/* SPDX-License-Identifier: Apache-2.0 */
/* Ratios and parts of two results. Times are compared as chip-hours per million tokens, so that
 * machines of different size, and steps of different batch, stand on the same ground. */
#include "cli/comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record/result_file.h"

static const struct table *read_table(const char *path, const char *name,
                                      const struct column *columns, int count,
                                      struct arena *arena, struct error *error)
{
    const struct table *table = result_file_read(path, name, columns, count, arena, error);
    if (table != NULL && table->row_count == 0) {
        error_at(error, ERROR_INPUT, path, 0, 0, "its table '%s' is empty; run it again", name);
        return NULL;
    }
    return table;
}

/* Operands of another width are another computation. */
static bool read_dtype(struct compared *compared, struct arena *arena, struct error *error)
{
    static const struct column columns[] = {
        {"dtype", COLUMN_TEXT, "", "of matmul operands"},
    };
    const char *table = compared->is_measured ? "baseline" : "training/plan";
    struct error none = {.kind = ERROR_NONE};
    const struct table *plan = result_file_read(compared->path, table, columns, 1, arena,
                                                compared->is_measured ? error : &none);
    compared->dtype = plan != NULL && plan->row_count > 0 ? plan->cells[0].text : "";
    return plan != NULL || !compared->is_measured;
}

static const char *name_of(const struct compared *compared, struct arena *arena)
{
    const char *platform = comparison_text(compared, SUMMARY_PLATFORM);
    if (compared->is_measured) {
        return arena_format(arena, "%s, measured", platform);
    }
    return arena_format(arena, "%s x %lld", platform,
                        (long long)comparison_value(compared, SUMMARY_DOMAINS));
}

bool comparison_read(const char *path, struct arena *arena, struct compared *compared,
                     struct error *error)
{
    const char *kind = !result_file_probe(path, error)
                           ? NULL
                           : result_file_read_text(path, "/", "kind", arena, error);
    if (kind == NULL) {
        return false;
    }
    compared->is_measured = strcmp(kind, "baseline") == 0;
    if (!compared->is_measured && strcmp(kind, "training") != 0) {
        return error_at(error, ERROR_INPUT, path, 0, 0,
                        "is the result of a '%s' run, expected training or baseline; trnsim "
                        "report shows such results beside each other",
                        kind);
    }
    compared->path = path;
    compared->summary =
        read_table(path, "summary", summary_columns, SUMMARY_COLUMN_COUNT, arena, error);
    compared->breakdown =
        compared->is_measured
            ? summary_breakdown_table(arena)
            : read_table(path, "training/breakdown", summary_breakdown_columns,
                         BREAKDOWN_COLUMN_COUNT, arena, error);
    if (compared->summary == NULL || compared->breakdown == NULL ||
        !read_dtype(compared, arena, error)) {
        return false;
    }
    compared->name = name_of(compared, arena);
    return true;
}

double comparison_value(const struct compared *compared, enum summary_column column)
{
    const union cell *cell = &compared->summary->cells[column];
    return summary_columns[column].type == COLUMN_I64 ? (double)cell->i64 : cell->f64;
}

const char *comparison_text(const struct compared *compared, enum summary_column column)
{
    return compared->summary->cells[column].text;
}

double comparison_ratio(const struct compared *result, const struct compared *baseline,
                        enum summary_column column)
{
    double below = comparison_value(baseline, column);
    return below > 0 ? comparison_value(result, column) / below : (double)NAN;
}

/* Logarithm of how far measured steps lie from the simulated one, to the column of one end. */
static double distance(const struct compared *compared, enum summary_column end)
{
    return log(comparison_value(compared, end) / comparison_value(compared, SUMMARY_STEP_TIME));
}

struct comparison_range comparison_time_range(const struct compared *result,
                                              const struct compared *baseline)
{
    double down =
        hypot(distance(result, SUMMARY_STEP_LOW), distance(baseline, SUMMARY_STEP_HIGH));
    double up =
        hypot(distance(result, SUMMARY_STEP_HIGH), distance(baseline, SUMMARY_STEP_LOW));
    return (struct comparison_range){.low = exp(-down), .high = exp(up)};
}

struct comparison_range comparison_speed_range(const struct compared *result,
                                               const struct compared *baseline)
{
    struct comparison_range times = comparison_time_range(result, baseline);
    double ratio = comparison_ratio(result, baseline, SUMMARY_TOKENS_PER_S);
    return (struct comparison_range){.low = ratio / times.high, .high = ratio / times.low};
}

struct comparison_range comparison_price_range(const struct compared *result,
                                               const struct compared *baseline)
{
    return (struct comparison_range){.low = comparison_value(result, SUMMARY_COST_LOW) /
                                            comparison_value(baseline, SUMMARY_COST_HIGH),
                                     .high = comparison_value(result, SUMMARY_COST_HIGH) /
                                             comparison_value(baseline, SUMMARY_COST_LOW)};
}

double comparison_usd_per_chip_h(const struct compared *compared)
{
    return comparison_value(compared, SUMMARY_COST_PER_H) /
           comparison_value(compared, SUMMARY_CHIPS);
}

/* Chip-hours that time_s of every chip and step are for a million tokens. */
static double chip_h(const struct compared *compared, double time_s)
{
    double steps = 1e6 / comparison_value(compared, SUMMARY_TOKENS_PER_STEP);
    return steps * comparison_value(compared, SUMMARY_CHIPS) * time_s / 3600;
}

double comparison_chip_h(const struct compared *compared)
{
    return chip_h(compared, comparison_value(compared, SUMMARY_STEP_TIME));
}

static struct comparison_part *find_part(struct comparison_part *parts, int *count,
                                         const char *name)
{
    for (int i = 0; i < *count; i++) {
        if (strcmp(parts[i].part, name) == 0) {
            return &parts[i];
        }
    }
    parts[*count] = (struct comparison_part){.part = name};
    return &parts[(*count)++];
}

static void add_parts(const struct compared *compared, bool is_baseline,
                      struct comparison_part *parts, int *count)
{
    const struct table *table = compared->breakdown;
    for (int64_t row = 0; row < table->row_count; row++) {
        const union cell *cells = &table->cells[row * table->column_count];
        struct comparison_part *part = find_part(parts, count, cells[BREAKDOWN_PART].text);
        double *sum = is_baseline ? &part->baseline_chip_h : &part->chip_h;
        *sum += chip_h(compared, cells[BREAKDOWN_TIME].f64);
    }
}

static int by_difference(const void *a, const void *b)
{
    const struct comparison_part *first = a, *second = b;
    double first_h = fabs(first->chip_h - first->baseline_chip_h);
    double second_h = fabs(second->chip_h - second->baseline_chip_h);
    if (first_h != second_h) {
        return first_h < second_h ? 1 : -1;
    }
    return strcmp(first->part, second->part);
}

struct comparison_part *comparison_parts(const struct compared *result,
                                         const struct compared *baseline, struct arena *arena,
                                         int *count)
{
    int64_t most = result->breakdown->row_count + baseline->breakdown->row_count;
    struct comparison_part *parts = arena_array(arena, most, sizeof *parts);
    *count = 0;
    add_parts(result, false, parts, count);
    add_parts(baseline, true, parts, count);
    qsort(parts, (size_t)*count, sizeof *parts, by_difference);
    return parts;
}

double comparison_break_even(const struct compared *result, const struct compared *baseline)
{
    return comparison_value(baseline, SUMMARY_COST) / comparison_chip_h(result);
}
