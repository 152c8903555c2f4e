/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of all points to ranges and a tornado. Dollars are proportional to the price, which
 * is therefore not simulated. */
#include <math.h>
#include <string.h>

#include "cli/uncertainty.h"

static const struct column figure_columns[] = {
    {"figure", COLUMN_TEXT, "", "column of the summary"},
    {"unit", COLUMN_TEXT, "", "of the figure"},
    {"value", COLUMN_F64, "1", "with all inputs at their values, in its own unit"},
    {"mean", COLUMN_F64, "1", "over the samples"},
    {"deviation", COLUMN_F64, "1", "standard deviation of the samples"},
    {"least", COLUMN_F64, "1", "of the samples"},
    {"p05", COLUMN_F64, "1", "5 % of the samples are below"},
    {"p50", COLUMN_F64, "1", "median of the samples"},
    {"p95", COLUMN_F64, "1", "95 % of the samples are below"},
    {"most", COLUMN_F64, "1", "of the samples"},
    {"samples", COLUMN_I64, "1", "that have the figure; the others failed"},
};
static const struct column tornado_columns[] = {
    {"input", COLUMN_TEXT, "", "what is moved, all else at its value"},
    {"figure", COLUMN_TEXT, "", "what it moves"},
    {"low", COLUMN_TEXT, "", "low end of the input"},
    {"high", COLUMN_TEXT, "", "high end of the input"},
    {"figure_low", COLUMN_F64, "1", "the figure with the input at its low end"},
    {"figure_high", COLUMN_F64, "1", "the figure with the input at its high end"},
    {"swing_fraction", COLUMN_F64, "1", "distance of the two, over the figure's value"},
    {"rank_correlation", COLUMN_F64, "1", "Spearman's, of input and figure over the samples"},
    {"source", COLUMN_TEXT, "", "of the range"},
};

/* Whether dollars multiply the figure, or divide it. */
static int power_of_price(const char *column)
{
    return strncmp(column, "cost_usd", 8) == 0     ? 1
           : strcmp(column, "tokens_per_usd") == 0 ? -1
                                                   : 0;
}

static double price_factor(const struct uncertainty_run *run, int64_t point)
{
    const struct uncertainty *all = run->uncertainty;
    if (run->price_input < 0 || run->price == NULL) {
        return 1;
    }
    double fraction = all->fractions[point * all->input_count + run->price_input];
    const struct distribution *price = &run->inputs[run->price_input].distribution;
    return fraction < 0 ? 1
                        : distribution_quantile(price, fraction) / run->price->usd_per_chip_h;
}

static const union cell *row_of(const struct uncertainty_run *run, int64_t point)
{
    const struct sweep_point *found = &run->sweep.store.points[point];
    if (found->same_as >= 0) {
        found = &run->sweep.store.points[found->same_as];
    }
    return found->state == SWEEP_DONE ? found->row : NULL;
}

static double *figures_of(const struct uncertainty_run *run, int column)
{
    int64_t points = run->uncertainty->point_count;
    double *figures = arena_array(run->arena, points, sizeof(double));
    int power = power_of_price(run->sweep.store.columns[column].name);
    for (int64_t p = 0; p < points; p++) {
        /* with nothing but the price varied there is one point */
        const union cell *row = row_of(run, p < run->sweep.sweep->point_count ? p : 0);
        figures[p] = row == NULL ? (double)NAN : row[column].f64;
        figures[p] *= pow(price_factor(run, p), power);
    }
    return figures;
}

/* The price's own range stands in these; here it is an input. */
static bool is_bound(const char *column)
{
    return strcmp(column, "cost_usd_per_million_tokens_low") == 0 ||
           strcmp(column, "cost_usd_per_million_tokens_high") == 0;
}

static bool moves(const struct uncertainty_range *range)
{
    return range->count > 0 && range->most - range->least > 1e-12 * fabs(range->most);
}

static int find_column(const struct uncertainty_run *run, const char *name)
{
    const struct sweep_store *store = &run->sweep.store;
    for (int c = 0; c < store->column_count; c++) {
        if (store->columns[c].type == COLUMN_F64 && strcmp(store->columns[c].name, name) == 0) {
            return c;
        }
    }
    return -1;
}

/* The first of these that the run has. */
static int usual_figure(const struct uncertainty_run *run)
{
    static const char *const names[] = {"cost_usd_per_million_tokens", "tokens_per_s",
                                        "output_tokens_per_s", "step_time_s", "time_s"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int column = find_column(run, names[i]);
        if (column >= 0 && isfinite(figures_of(run, column)[0])) {
            return column;
        }
    }
    return -1;
}

static void add_figure(const struct uncertainty_run *run, int column, struct table *table)
{
    struct uncertainty_range range =
        uncertainty_range(run->uncertainty, figures_of(run, column));
    if (!moves(&range)) {
        return;
    }
    union cell *row = table_append(table);
    row[0].text = run->sweep.store.columns[column].name;
    row[1].text = run->sweep.store.columns[column].unit;
    row[2].f64 = range.value;
    row[3].f64 = range.mean;
    row[4].f64 = range.deviation;
    row[5].f64 = range.least;
    row[6].f64 = range.p05;
    row[7].f64 = range.p50;
    row[8].f64 = range.p95;
    row[9].f64 = range.most;
    row[10].i64 = range.count;
}

static void add_swings(const struct uncertainty_run *run, int column, struct table *table)
{
    const double *figures = figures_of(run, column);
    const struct uncertainty_swing *swings = uncertainty_tornado(run->uncertainty, figures);
    for (int64_t i = 0; i < run->input_count; i++) {
        const struct uncertainty_swing *swing = &swings[i];
        const struct uncertainty_input *input = &run->inputs[swing->input];
        union cell *row = table_append(table);
        row[0].text = input->key;
        row[1].text = run->sweep.store.columns[column].name;
        row[2].text = uncertainty_text(run->uncertainty, 1 + 2 * swing->input, swing->input);
        row[3].text = uncertainty_text(run->uncertainty, 2 + 2 * swing->input, swing->input);
        row[4].f64 = swing->low;
        row[5].f64 = swing->high;
        row[6].f64 = fabs(swing->high - swing->low) / fabs(figures[0]);
        row[7].f64 = swing->rank;
        row[8].text = input->source != NULL ? input->source : "";
    }
}

bool uncertainty_tables(struct uncertainty_run *run, struct table *tables[UNCERTAINTY_TABLES],
                        struct error *error)
{
    const struct sweep_store *store = &run->sweep.store;
    const char *asked = run->request->figure;
    int column = asked != NULL ? find_column(run, asked) : usual_figure(run);
    if (row_of(run, 0) == NULL) {
        return error_fill(error, ERROR_INFEASIBLE, "the run itself failed: %.600s",
                          store->points[0].message);
    }
    if (column < 0) {
        return error_fill(error, ERROR_USAGE,
                          "--figure: the run has no number '%.60s'; docs/RESULTS.md lists the "
                          "columns of its summary",
                          asked == NULL ? "" : asked);
    }
    tables[0] = table_create(run->arena, "uncertainty", "figures over the samples",
                             figure_columns, sizeof figure_columns / sizeof figure_columns[0]);
    tables[1] =
        table_create(run->arena, "uncertainty/tornado", "what moves a figure, most first",
                     tornado_columns, sizeof tornado_columns / sizeof tornado_columns[0]);
    for (int c = 0; c < store->column_count; c++) {
        if (store->columns[c].type == COLUMN_F64 && !is_bound(store->columns[c].name)) {
            add_figure(run, c, tables[0]);
        }
    }
    add_swings(run, column, tables[1]);
    run->figure = store->columns[column].name;
    return true;
}
