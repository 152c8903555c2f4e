/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors of the summary and of the breakdown of a training step. */
#include "record/summary.h"

#define SUMMARY_COLUMN(NAME, column, type, unit, meaning)                                      \
    [SUMMARY_##NAME] = {column, COLUMN_##type, unit, meaning},
const struct column summary_columns[SUMMARY_COLUMN_COUNT] = {SUMMARY_COLUMNS(SUMMARY_COLUMN)};

const struct column summary_breakdown_columns[BREAKDOWN_COLUMN_COUNT] = {
    [BREAKDOWN_PART] = {"part", COLUMN_TEXT, "", "kind of work, exposed communication, bubble"},
    [BREAKDOWN_TIME] = {"time_s", COLUMN_F64, "s",
                        "time of the step that it took, mean over chips"},
    [BREAKDOWN_SHARE] = {"share_fraction", COLUMN_F64, "1", "its share of the step"},
};

struct table *summary_table(struct arena *arena)
{
    struct table *table = table_create(arena, "summary", "the numbers a person wants first",
                                       summary_columns, SUMMARY_COLUMN_COUNT);
    union cell *cells = table_append(table);
    cells[SUMMARY_PLATFORM].text = "";
    cells[SUMMARY_WORKLOAD].text = "";
    cells[SUMMARY_PRICE_KIND].text = "";
    return table;
}

struct table *summary_breakdown_table(struct arena *arena)
{
    return table_create(arena, "training/breakdown", "what the time of one step went into",
                        summary_breakdown_columns, BREAKDOWN_COLUMN_COUNT);
}
