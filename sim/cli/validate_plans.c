/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/validate_plans.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plan_tables.h"
#include "cli/print.h"
#include "study/plan_rank.h"

enum {
    COLUMN_ID,
    COLUMN_GROUP,
    COLUMN_ACCELERATOR,
    COLUMN_CHIPS,
    COLUMN_FEASIBLE,
    COLUMN_RANK,
    COLUMN_ALIKE,
    COLUMN_RANK_ALIKE,
    COLUMN_OWN,
    COLUMN_BEST,
    COLUMN_GAIN,
    COLUMN_PLAN,
    COLUMN_REASON,
    COLUMNS
};

static const struct column columns[COLUMNS] = {
    {"id", COLUMN_TEXT, "", "The row"},
    {"group", COLUMN_TEXT, "", "Group of rows"},
    {"accelerator", COLUMN_TEXT, "", "Accelerator"},
    {"chips", COLUMN_I64, "1", "Chips"},
    {"plans_feasible", COLUMN_I64, "1", "Plans that divide the machine and fit its memory"},
    {"rank", COLUMN_I64, "1", "Of the row's own plan by the estimate; 0: not among them"},
    {"plans_alike", COLUMN_I64, "1",
     "Of these, plans that only divide chips, layers and batch otherwise"},
    {"rank_alike", COLUMN_I64, "1", "Of the row's own plan among them"},
    {"own_step_s", COLUMN_F64, "s", "Simulated step of the row's own plan"},
    {"best_step_s", COLUMN_F64, "s", "Simulated step of the best plan found"},
    {"gain_fraction", COLUMN_F64, "1", "own / best - 1; negative: the search found no better"},
    {"best_plan", COLUMN_TEXT, "", "The best plan found"},
    {"reason", COLUMN_TEXT, "", "Why there is no rank or no step"},
};

static void fill(const struct plan_rank *rank, union cell *row, struct arena *arena)
{
    row[COLUMN_CHIPS].i64 = rank->chips;
    row[COLUMN_FEASIBLE].i64 = rank->feasible;
    row[COLUMN_RANK].i64 = rank->rank;
    row[COLUMN_ALIKE].i64 = rank->alike;
    row[COLUMN_RANK_ALIKE].i64 = rank->rank_alike;
    row[COLUMN_OWN].f64 = rank->own_s;
    row[COLUMN_BEST].f64 = rank->best_s;
    row[COLUMN_GAIN].f64 = rank->own_s / rank->best_s - 1;
    row[COLUMN_PLAN].text = plan_tables_text(&rank->search, &rank->best, arena);
    row[COLUMN_REASON].text = arena_text(arena, rank->reason);
}

static void print_line(const union cell *row)
{
    char text[2][PRINT_SIZE], rank[24] = "-", alike[48] = "-";
    if (row[COLUMN_RANK].i64 > 0) {
        snprintf(rank, sizeof rank, "%lld", (long long)row[COLUMN_RANK].i64);
        snprintf(alike, sizeof alike, "%lld/%lld", (long long)row[COLUMN_RANK_ALIKE].i64,
                 (long long)row[COLUMN_ALIKE].i64);
    }
    printf("%-8s %-22.22s %6lld %9lld %9s %11s", row[COLUMN_ID].text, row[COLUMN_GROUP].text,
           (long long)row[COLUMN_CHIPS].i64, (long long)row[COLUMN_FEASIBLE].i64, rank, alike);
    if (isfinite(row[COLUMN_GAIN].f64)) {
        printf(" %9s %9s %+7.1f %%", print_quantity(text[0], row[COLUMN_OWN].f64, "s"),
               print_quantity(text[1], row[COLUMN_BEST].f64, "s"), 100 * row[COLUMN_GAIN].f64);
    }
    printf("  %s\n", row[COLUMN_REASON].text);
    fflush(stdout);
}

static bool add_row(struct machines *machines, const struct measured_row *measured, int jobs,
                    struct table *table, struct error *error)
{
    struct arena *scratch = arena_create();
    struct error why = {.kind = ERROR_NONE};
    struct plan_rank rank = {.own_s = (double)NAN, .best_s = (double)NAN};
    union cell *row = table_append(table);
    row[COLUMN_ID].text = measured->id;
    row[COLUMN_GROUP].text = measured->group;
    row[COLUMN_ACCELERATOR].text = measured->accelerator;
    const struct training_case *what =
        measured_training_case(machines, measured, scratch, &why);
    if (what != NULL && plan_rank_row(what, jobs, &rank, scratch, &why)) {
        fill(&rank, row, table->arena);
    } else {
        row[COLUMN_CHIPS].i64 = rank.chips;
        row[COLUMN_OWN].f64 = row[COLUMN_BEST].f64 = row[COLUMN_GAIN].f64 = (double)NAN;
        row[COLUMN_PLAN].text = "";
        row[COLUMN_REASON].text = arena_text(table->arena, why.message);
    }
    arena_free(scratch);
    return why.kind != ERROR_INTERRUPTED || error_fill(error, ERROR_INTERRUPTED, "interrupted");
}

static int by_share(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void print_sum(const struct table *table)
{
    int64_t compared = 0, found = 0, faster = 0;
    double *shares = arena_array(table->arena, table->row_count + 1, sizeof *shares);
    for (int64_t i = 0; i < table->row_count; i++) {
        const union cell *row = &table->cells[i * table->column_count];
        compared += isfinite(row[COLUMN_GAIN].f64);
        faster += row[COLUMN_GAIN].f64 > -1e-6;
        if (row[COLUMN_RANK].i64 > 0) {
            shares[found++] =
                (double)row[COLUMN_RANK_ALIKE].i64 / (double)row[COLUMN_ALIKE].i64;
        }
    }
    qsort(shares, (size_t)found, sizeof *shares, by_share);
    printf("\n%lld rows, %lld compared: in %lld the plan found is at least as fast\n",
           (long long)table->row_count, (long long)compared, (long long)faster);
    if (found > 0) {
        printf("%lld of their own plans are among those searched; of plans that only divide "
               "chips, layers and batch otherwise the median one is in the best %.2g %%\n",
               (long long)found, 100 * shares[found / 2]);
    }
}

struct table *validate_plans(struct machines *machines, const struct measured *measured,
                             int jobs, bool print, struct arena *arena, struct error *error)
{
    struct table *table = table_create(
        arena, "plans", "measured rows and the best plan found for each", columns, COLUMNS);
    if (print) {
        printf("%-8s %-22s %6s %9s %9s %11s %9s %9s %9s\n", "row", "group", "chips", "feasible",
               "rank", "alike", "own", "best", "gain");
    }
    for (int64_t i = 0; i < measured->row_count; i++) {
        const struct measured_row *row = &measured->rows[i];
        bool training = row->kind == MEASURED_TRAINING || row->kind == MEASURED_VTRAIN;
        if (!training) {
            continue;
        }
        if (!add_row(machines, row, jobs, table, error)) {
            return NULL;
        }
        if (print) {
            print_line(&table->cells[(table->row_count - 1) * table->column_count]);
        }
    }
    if (print) {
        print_sum(table);
    }
    return table;
}
