/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/goodput_tables.h"

#include <math.h>

#include "economics/cost.h"
#include "record/summary.h"

#define GOODPUT_ROW(NAME, column, type, unit, meaning) {column, COLUMN_##type, unit, meaning},
static const struct column summary_columns_of_run[] = {GOODPUT_COLUMNS(GOODPUT_ROW)};
static const struct column loss_columns[] = {
    {"loss", COLUMN_TEXT, "", "what the time went into instead of progress"},
    {"time_s", COLUMN_F64, "s", "of the whole job, mean over seeds"},
    {"share_fraction", COLUMN_F64, "1", "of the run"},
    {"chip_hours", COLUMN_F64, "1", "of all chips"},
};
static const struct column cause_columns[] = {
    {"cause", COLUMN_TEXT, "", "what fails"},
    {"components", COLUMN_F64, "1", "of that kind in the job"},
    {"mean_to_failure_s", COLUMN_F64, "s", "of one of them"},
    {"interruptions", COLUMN_F64, "1", "mean over seeds"},
    {"lost_s", COLUMN_F64, "s", "of the job: detection, restart, rework, waiting, slowness"},
    {"lost_chip_hours", COLUMN_F64, "1", "of the job, and of chips under repair"},
    {"lost_chip_hours_low", COLUMN_F64, "1", "2.5 % of the seeds are below"},
    {"lost_chip_hours_high", COLUMN_F64, "1", "97.5 % of the seeds are below"},
};

static void fill(const struct training *training, const struct campaign *campaign,
                 const struct goodput *result, const struct price *price,
                 const union cell *step, union cell *row)
{
    const struct goodput_case *what = &campaign->what;
    struct cost_range cost =
        cost_of_chips(price, platform_chips(training->platform), what->duration_s);
    double saving = result->loss.checkpoint_h * 3600 / what->duration_s;
    row[GOODPUT_PLATFORM].text = training->platform->name;
    row[GOODPUT_WORKLOAD].text = training->scenario->name;
    row[GOODPUT_CHIPS].i64 = platform_chips(training->platform);
    row[GOODPUT_DURATION].f64 = what->duration_s;
    row[GOODPUT_STEP].f64 = step[SUMMARY_STEP_TIME].f64;
    row[GOODPUT_GOODPUT].f64 = result->goodput_fraction;
    row[GOODPUT_LOW].f64 = result->low_fraction;
    row[GOODPUT_HIGH].f64 = result->high_fraction;
    row[GOODPUT_EFFECTIVE].f64 = result->goodput_fraction + saving;
    row[GOODPUT_STEPS].f64 =
        result->goodput_fraction * what->duration_s / step[SUMMARY_STEP_TIME].f64;
    row[GOODPUT_TOKENS].f64 =
        row[GOODPUT_STEPS].f64 * (double)step[SUMMARY_TOKENS_PER_STEP].i64;
    row[GOODPUT_INTERRUPTIONS].f64 = result->interruptions;
    row[GOODPUT_INTERRUPTIONS_LOW].f64 = result->low_interruptions;
    row[GOODPUT_INTERRUPTIONS_HIGH].f64 = result->high_interruptions;
    row[GOODPUT_BETWEEN].f64 = result->mean_between_s;
    row[GOODPUT_CHECKPOINT].f64 = campaign->checkpoint_bytes;
    row[GOODPUT_STOP].f64 = what->stop_s;
    row[GOODPUT_WRITE].f64 = what->write_s;
    row[GOODPUT_INTERVAL].f64 = result->interval_s;
    row[GOODPUT_RESTART].f64 = what->restart_s;
    row[GOODPUT_COST].f64 = cost.usd;
    row[GOODPUT_COST_LOW].f64 = cost.low_usd;
    row[GOODPUT_COST_HIGH].f64 = cost.high_usd;
    row[GOODPUT_COST_TOKENS].f64 = cost.usd / row[GOODPUT_TOKENS].f64 * 1e6;
    row[GOODPUT_ENERGY].f64 = step[SUMMARY_POWER].f64 * what->duration_s;
}

static struct table *losses(const struct campaign *campaign, const struct goodput *result,
                            struct arena *arena)
{
    const struct goodput_loss *loss = &result->loss;
    const struct {
        const char *name;
        double hours;
    } rows[] = {{"checkpoints", loss->checkpoint_h},
                {"until a failure is seen", loss->detection_h},
                {"waiting for spares", loss->waiting_h},
                {"restarts: load and warm-up", loss->restart_h},
                {"work done again", loss->rework_h},
                {"slow chips", loss->slow_h}};
    double chips = campaign->what.job_chips;
    struct table *table =
        table_create(arena, "goodput/losses", "time that is no progress", loss_columns, 4);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        union cell *row = table_append(table);
        row[0].text = rows[i].name;
        row[1].f64 = rows[i].hours * 3600;
        row[2].f64 = rows[i].hours * 3600 / campaign->what.duration_s;
        row[3].f64 = rows[i].hours * chips;
    }
    union cell *repair = table_append(table);
    repair[0].text = "under repair, not in the job";
    repair[1].f64 = repair[2].f64 = 0;
    repair[3].f64 = result->repair_chip_h;
    return table;
}

static struct table *causes(const struct campaign *campaign, const struct goodput *result,
                            struct arena *arena)
{
    struct table *table = table_create(arena, "goodput/causes", "what fails, and what it costs",
                                       cause_columns, 8);
    for (int i = 0; i < campaign->what.failure_count; i++) {
        const struct goodput_failure *failure = &campaign->what.failures[i];
        union cell *row = table_append(table);
        row[0].text = failure->cause;
        row[1].f64 = failure->count;
        row[2].f64 = failure->mean_s;
        row[3].f64 = result->interruptions_of[i];
        row[4].f64 = result->lost_h_of[i] * 3600;
        row[5].f64 = result->lost_chip_h_of[i];
        row[6].f64 = result->low_chip_h_of[i];
        row[7].f64 = result->high_chip_h_of[i];
    }
    double saved_h = result->loss.checkpoint_h, chip_h = saved_h * campaign->what.job_chips;
    union cell *row = table_append(table); /* so that causes and kinds of loss have one sum */
    row[0].text = "no failure: checkpoints";
    row[1].f64 = row[2].f64 = (double)NAN;
    row[3].f64 = 0;
    row[4].f64 = saved_h * 3600;
    row[5].f64 = row[6].f64 = row[7].f64 = chip_h;
    return table;
}

void goodput_tables(const struct training *training, const struct campaign *campaign,
                    const struct goodput *result, const struct price *price,
                    struct table *tables[GOODPUT_TABLES], struct arena *arena)
{
    const struct training_tables *step = training_tables(training, price, arena);
    tables[0] = table_create(arena, "summary", "the numbers a person wants first",
                             summary_columns_of_run, GOODPUT_COLUMN_COUNT);
    fill(training, campaign, result, price, step->summary->cells, table_append(tables[0]));
    tables[1] = losses(campaign, result, arena);
    tables[2] = causes(campaign, result, arena);
}
