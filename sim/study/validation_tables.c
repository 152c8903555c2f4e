/* SPDX-License-Identifier: Apache-2.0 */
/* A validation as tables: groups, rows, and the rows without a figure. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/validation.h"

static const struct column group_columns[] = {
    {"kind", COLUMN_TEXT, "1", "Kind of measurement"},
    {"group", COLUMN_TEXT, "1", "Group of rows; all: every row of high confidence"},
    {"accelerator", COLUMN_TEXT, "1", "Accelerator"},
    {"rows", COLUMN_I64, "1", "Rows that count"},
    {"median_abs_error_fraction", COLUMN_F64, "1", "Median of absolute errors"},
    {"mean_abs_error_fraction", COLUMN_F64, "1", "Mean of absolute errors"},
    {"p90_abs_error_fraction", COLUMN_F64, "1", "90th percentile of absolute errors"},
    {"worst_abs_error_fraction", COLUMN_F64, "1", "Largest absolute error"},
    {"bias_fraction", COLUMN_F64, "1", "Mean of signed errors"},
    {"spearman", COLUMN_F64, "1", "Rank correlation inside sweeps"},
};

static const struct column row_columns[] = {
    {"kind", COLUMN_TEXT, "1", "Kind of measurement"},
    {"group", COLUMN_TEXT, "1", "Group of rows"},
    {"id", COLUMN_TEXT, "1", "The row"},
    {"accelerator", COLUMN_TEXT, "1", "Accelerator"},
    {"platform", COLUMN_TEXT, "1", "Platform file that it was simulated on"},
    {"measured", COLUMN_F64, "1", "What was measured, in the row's unit"},
    {"simulated", COLUMN_F64, "1", "What the simulation says, in the same unit"},
    {"unit", COLUMN_TEXT, "1", "Unit of both"},
    {"error_fraction", COLUMN_F64, "1", "simulated / measured - 1"},
    {"suspects", COLUMN_TEXT, "1", "Parts of the step that take most of it"},
    {"assumed", COLUMN_TEXT, "1",
     "What stands for a model, an engine or an algorithm that is not there"},
};

static const struct column missing_columns[] = {
    {"id", COLUMN_TEXT, "1", "The row"},
    {"kind", COLUMN_TEXT, "1", "Kind of measurement"},
    {"group", COLUMN_TEXT, "1", "Group of rows"},
    {"reason", COLUMN_TEXT, "1", "Why it has no figure"},
    {"counts", COLUMN_I64, "1", "1: counts as an error of 100 %; 0: a needed column is empty"},
};

const char *validation_suspects(const struct outcome *outcome, struct arena *arena)
{
    enum { NAMED = 3 };
    bool told[PART_OF_TIME_COUNT] = {false};
    const char *text = "";
    for (int n = 0; n < NAMED && outcome->step_s > 0; n++) {
        int most = 0;
        for (int p = 1; p < PART_OF_TIME_COUNT; p++) {
            most = told[most] || (!told[p] && outcome->part_s[p] > outcome->part_s[most])
                       ? p
                       : most;
        }
        told[most] = true;
        text = arena_format(arena, "%s%s%s %.0f %%", text, n > 0 ? ", " : "",
                            job_part_name((enum part_of_time)most),
                            100 * outcome->part_s[most] / outcome->step_s);
    }
    return text;
}

static void add_group(struct table *table, const struct validation_group *group)
{
    union cell *cells = table_append(table);
    cells[0].text = group->kind;
    cells[1].text = group->group;
    cells[2].text = group->accelerator;
    cells[3].i64 = group->rows;
    const double figures[] = {group->median, group->mean, group->p90,
                              group->worst,  group->bias, group->spearman};
    for (int i = 0; i < 6; i++) {
        cells[4 + i].f64 = figures[i];
    }
}

static void add_row(struct table *table, const struct validation *validation, int64_t index)
{
    const struct measured_row *row = &validation->measured->rows[index];
    const struct outcome *outcome = &validation->outcomes[index];
    union cell *cells = table_append(table);
    cells[0].text = measured_kind_name(row->kind);
    cells[1].text = row->group;
    cells[2].text = row->id;
    cells[3].text = row->accelerator;
    cells[4].text = outcome->platform;
    cells[5].f64 = row->measured;
    cells[6].f64 = outcome->simulated;
    cells[7].text = row->unit;
    cells[8].f64 = validation_error(validation, index);
    cells[9].text = validation_suspects(outcome, table->arena);
    cells[10].text = outcome->assumed;
}

static void add_missing(struct table *table, const struct validation *validation, int64_t index)
{
    const struct measured_row *row = &validation->measured->rows[index];
    const struct outcome *outcome = &validation->outcomes[index];
    union cell *cells = table_append(table);
    cells[0].text = row->id;
    cells[1].text = measured_kind_name(row->kind);
    cells[2].text = row->group;
    cells[3].text = outcome->reason;
    cells[4].i64 = !outcome->blank;
}

#define COLUMNS(list) list, (int)(sizeof list / sizeof list[0])

void validation_tables(const struct validation *validation,
                       struct table *tables[VALIDATION_TABLE_COUNT], struct arena *arena)
{
    tables[0] = table_create(arena, "validation/groups", "Errors by group and accelerator",
                             COLUMNS(group_columns));
    tables[1] = table_create(arena, "validation/rows", "Simulated and measured, row by row",
                             COLUMNS(row_columns));
    tables[2] = table_create(arena, "validation/not_simulated", "Rows without a figure",
                             COLUMNS(missing_columns));
    for (int64_t g = 0; g < validation->group_count; g++) {
        add_group(tables[0], &validation->groups[g]);
    }
    for (int64_t i = 0; i < validation->measured->row_count; i++) {
        if (validation->outcomes[i].done) {
            add_row(tables[1], validation, i);
        } else {
            add_missing(tables[2], validation, i);
        }
    }
}
