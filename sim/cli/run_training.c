/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to "what would this training job take on that machine", and why. */
#include "cli/run_training.h"

#include <math.h>
#include <stdio.h>

#include "base/units.h"
#include "cli/print.h"
#include "record/summary.h"
#include "training/straggler.h"
#include "training/training_tables.h"

static void print_answer(const struct training *training, const struct table *summary)
{
    const union cell *row = summary->cells;
    char text[3][PRINT_SIZE];
    const struct platform *platform = training->platform;
    printf("%s on %s\n", training->scenario->title, platform->title);
    print_field("chips", "%lld (%lld %s%s of %lld)", (long long)row[SUMMARY_CHIPS].i64,
                (long long)platform->domain_count, platform->domain_noun,
                platform->domain_count == 1 ? "" : "s", (long long)platform->chip_count);
    const struct plan *plan = &training->plan;
    print_field("plan",
                "TP %lld%s, PP %lld x %lld, CP %lld, EP %lld, DP %lld, ZeRO-%lld; "
                "%lld microbatch%s of %lld; recompute %s; %s",
                (long long)plan->tensor_parallel, plan->sequence_parallel ? " with SP" : "",
                (long long)plan->pipeline_parallel, (long long)plan->virtual_stages,
                (long long)plan->context_parallel, (long long)plan->expert_parallel,
                (long long)plan->data_parallel, (long long)plan->zero_stage,
                (long long)plan->micro_batches, plan->micro_batches == 1 ? "" : "es",
                (long long)plan->micro_batch, recompute_name(plan->recompute),
                dtype_name(plan->dtype));
    print_field("batch", "%s tokens",
                print_count(text[0], (double)row[SUMMARY_TOKENS_PER_STEP].i64));
    printf("\n");
    print_field("step time", "%s", print_quantity(text[0], row[SUMMARY_STEP_TIME].f64, "s"));
    print_range("  range", row[SUMMARY_STEP_LOW].f64, row[SUMMARY_STEP_HIGH].f64, "s",
                row[SUMMARY_EVIDENCE].text);
    print_field("throughput", "%s tokens/s, %s a chip",
                print_count(text[0], row[SUMMARY_TOKENS_PER_S].f64),
                print_count(text[1], row[SUMMARY_TOKENS_PER_S_PER_CHIP].f64));
    print_field("MFU", "%s of the headline %s peak", print_share(text[0], row[SUMMARY_MFU].f64),
                dtype_name(plan->dtype));
}

static void print_money(const struct run_job *job, const struct table *summary)
{
    const union cell *row = summary->cells;
    char text[3][PRINT_SIZE];
    if (job->price != NULL) {
        print_field("cost", "%s per million tokens (%s to %s; %s price of %s%s)",
                    print_quantity(text[0], row[SUMMARY_COST].f64, "USD"),
                    print_quantity(text[1], row[SUMMARY_COST_LOW].f64, "USD"),
                    print_quantity(text[2], row[SUMMARY_COST_HIGH].f64, "USD"),
                    row[SUMMARY_PRICE_KIND].text, job->book->date,
                    row[SUMMARY_PRICE_IS_ESTIMATE].i64 ? ", an estimate" : "");
    } else {
        print_field("cost", "unknown: no price");
    }
    print_field("energy", "%s per million tokens, %s on average, %s at its peak",
                print_quantity(text[0], row[SUMMARY_ENERGY].f64, "J"),
                print_quantity(text[1], row[SUMMARY_POWER].f64, "W"),
                print_quantity(text[2], row[SUMMARY_PEAK_POWER].f64, "W"));
}

static void print_where(const struct training_tables *tables)
{
    char text[2][PRINT_SIZE];
    printf("\nwhere the time goes (mean over chips)\n");
    for (int64_t r = 0; r < tables->breakdown->row_count; r++) {
        const union cell *row = &tables->breakdown->cells[r * BREAKDOWN_COLUMN_COUNT];
        print_field(row[BREAKDOWN_PART].text, "%-9s %6s",
                    print_quantity(text[0], row[BREAKDOWN_TIME].f64, "s"),
                    print_share(text[1], row[BREAKDOWN_SHARE].f64));
    }
}

static void print_dead(const struct platform *platform)
{
    if (platform->dead_chip_count > 0 || platform->spare_chips > 0) {
        print_field("dead chips",
                    "%lld, with all that leave with one; %lld chips were kept to take places; "
                    "cost and energy are without these",
                    (long long)platform->dead_chip_count, (long long)platform->spare_chips);
    }
}

/* What the slow chips cost: against the same step without them. */
static void print_slowest(const struct training *training)
{
    char text[2][PRINT_SIZE];
    double cost_s = training->execution.time_s - training->healthy_s;
    if (training->healthy_s <= 0) {
        return;
    }
    const struct scenario *scenario = training->scenario;
    print_quantity(text[1], cost_s, "s");
    if (scenario->slow_chips > 0) {
        print_field("slow chips", "%lld at %s of the speed: the slowest cost %s of the step",
                    (long long)scenario->slow_chips,
                    print_share(text[0], scenario->slow_chip_speed), text[1]);
    } else {
        print_field("chip speeds", "%s apart by chance: the slowest cost %s of the step",
                    print_share(text[0], scenario->chip_speed_deviation), text[1]);
    }
}

static void print_memory(const struct training *training)
{
    const struct training_memory *m = &training->memory[training->fullest_stage];
    double capacity = platform_chip(training->platform, 0)->hbm_bytes;
    char text[PRINT_SIZE];
    const struct {
        const char *label;
        double bytes;
    } rows[] = {{"weights", m->weights_bytes},     {"gradients", m->gradients_bytes},
                {"optimizer", m->optimizer_bytes}, {"activations", m->activations_bytes},
                {"workspace", m->workspace_bytes}, {"reserved", m->reserved_bytes},
                {"in all", m->total_bytes}};
    printf("\nmemory of the fullest chip (stage %lld), of %s\n",
           (long long)training->fullest_stage, print_quantity(text, capacity, "B"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_field(rows[i].label, "%s", print_quantity(text, rows[i].bytes, "B"));
    }
}

/* The link that is busiest of its kind, for each kind above a tenth. */
static void print_links(const struct table *links)
{
    const union cell *busiest = NULL;
    for (int64_t r = 0; r < links->row_count; r++) {
        const union cell *row = &links->cells[r * links->column_count];
        if (busiest == NULL || row[4].f64 > busiest[4].f64) {
            busiest = row;
        }
    }
    if (busiest != NULL) {
        char text[PRINT_SIZE];
        print_field("busiest link", "%s, %s of the step", busiest[0].text,
                    print_share(text, busiest[4].f64));
    }
}

static void print_simulated(const struct training *training)
{
    const struct execution *execution = &training->execution;
    long long chips = (long long)platform_chips(training->platform);
    long long teams = (long long)training->job->team_count;
    if (training->fold.team_classes > 0) {
        print_field(
            "simulated",
            "%lld chips folded to %lld that differ (%lld teams, %lld kind%s of domain): "
            "%lld activities, %lld transfers; exact, nothing scaled",
            chips, (long long)training->fold.chip_classes, teams,
            (long long)training->fold.domain_classes,
            training->fold.domain_classes == 1 ? "" : "s", (long long)execution->activities,
            (long long)execution->transfers);
    } else {
        print_field("simulated",
                    "all %lld chips as %lld teams: %lld activities, %lld transfers; nothing "
                    "scaled",
                    chips, teams, (long long)execution->activities,
                    (long long)execution->transfers);
    }
}

static void print_evidence(const struct run_job *job, const struct training *training,
                           const struct training_tables *tables)
{
    char text[2][PRINT_SIZE];
    printf("\nhow it was simulated\n");
    print_field("detail", "%s, %s", run_job_detail_name(job->detail),
                training->scenario->coalesce ? "coalesced" : "every operation by itself");
    print_simulated(training);
    print_links(tables->tables[6]);
    print_field("simulator", "%s, %s", print_quantity(text[0], job->provenance->wall_s, "s"),
                print_quantity(text[1], job->provenance->peak_bytes, "B"));
    run_job_print_timeline(job);
    print_field("result", "%s", job->output);
}

static void warn(const struct run_job *job, const struct training *training)
{
    if (job->request->shared.quiet) {
        return;
    }
    if (training->batch_rounded_up) {
        fprintf(
            stderr,
            "trnsim: warning: the batch was rounded up from %lld to %lld tokens, the next "
            "multiple of data_parallel x micro_batch sequences; set batch_tokens to compare "
            "equal batches\n",
            (long long)training->scenario->batch_tokens,
            (long long)(training->plan.batch_sequences * training->scenario->sequence_tokens));
    }
    if (job->price == NULL && job->book != NULL) {
        fprintf(stderr, "trnsim: warning: %s\n", job->price_missing);
    }
    if (training->platform->chip_type_count > 1) {
        fprintf(stderr, "trnsim: warning: the platform mixes chips; cost and memory "
                        "are those of the first kind\n");
    }
}

static bool print_object(const struct run_job *job, const struct training *training,
                         const struct training_tables *tables, struct error *error)
{
    json_t *object = print_json_row(tables->summary, 0);
    const struct execution *execution = &training->execution;
    if (training->healthy_s > 0) {
        json_object_set_new(object, "slowest_cost_s",
                            json_real(execution->time_s - training->healthy_s));
    }
    if (training->platform->dead_chip_count > 0 || training->platform->spare_chips > 0) {
        json_object_set_new(object, "dead_chips",
                            json_integer(training->platform->dead_chip_count));
        json_object_set_new(object, "spare_chips",
                            json_integer(training->platform->spare_chips));
    }
    json_object_set_new(object, "detail", json_string(run_job_detail_name(job->detail)));
    json_object_set_new(object, "activities", json_integer(execution->activities));
    json_object_set_new(object, "transfers", json_integer(execution->transfers));
    json_object_set_new(object, "flows", json_integer(execution->transfers));
    int64_t classes = training->fold.chip_classes > 0 ? training->fold.chip_classes
                                                      : platform_chips(training->platform);
    json_object_set_new(object, "classes", json_integer(classes));
    json_object_set_new(object, "representatives", json_integer(training->job->team_count));
    if (training->fold.team_classes > 0) {
        json_object_set_new(object, "flow_classes", json_integer(training->fold.flow_classes));
        json_object_set_new(object, "link_classes", json_integer(training->fold.link_classes));
    }
    json_object_set_new(object, "domain_classes", json_integer(training->fold.domain_classes));
    json_object_set_new(object, "simulator_wall_s", json_real(job->provenance->wall_s));
    json_object_set_new(object, "simulator_peak_bytes", json_real(job->provenance->peak_bytes));
    json_object_set_new(object, "batch_rounded_up", json_boolean(training->batch_rounded_up));
    json_object_set_new(object, "plan", print_json_row(tables->tables[1], 0));
    json_object_set_new(object, "breakdown", print_json_table(tables->breakdown));
    json_object_set_new(object, "operations", print_json_table(tables->operations));
    json_object_set_new(object, "memory",
                        print_json_row(tables->memory, training->fullest_stage));
    run_job_add_timeline(job, object);
    json_object_set_new(object, "result", json_string(job->output));
    return print_json(object, error);
}

enum { TRANSFERS_MANY = 200000 };

/* Where little could be folded a run takes long: what is to come. */
static void say_folded(const struct fold_report *fold)
{
    if (fold->transfers >= TRANSFERS_MANY) {
        fprintf(
            stderr,
            "trnsim: folded to %lld classes of teams and %lld of flows%s: %lld transfers to "
            "simulate, which may take minutes\n",
            (long long)fold->team_classes, (long long)fold->flow_classes,
            fold->flows_differ     ? ", without looking further"
            : fold->domains_differ ? ", no two domains alike"
                                   : "",
            (long long)fold->transfers);
    }
}

bool run_training(struct run_job *job, struct error *error)
{
    struct training_options options = {.detail = job->detail, .timeline = job->timeline};
    options.progress = job->request->shared.quiet ? NULL : run_job_progress;
    options.folded = job->request->shared.quiet ? NULL : say_folded;
    struct straggler straggler;
    straggler_start(&straggler, job->platform, job->scenario);
    struct training *training =
        training_run(job->platform, job->scenario, &options, job->arena, error);
    double healthy_s = straggler_healthy_s(&straggler);
    if (options.progress != NULL) {
        run_job_progress(1, 0);
    }
    if (training == NULL) {
        return false;
    }
    training->healthy_s = healthy_s;
    struct training_tables *tables = training_tables(training, job->price, job->arena);
    if (!run_job_write(job, "training", tables->tables, TRAINING_TABLE_COUNT, error)) {
        return false;
    }
    warn(job, training);
    run_job_warn_timeline(job);
    if (job->request->shared.json) {
        return print_object(job, training, tables, error);
    }
    print_answer(training, tables->summary);
    print_dead(training->platform);
    print_slowest(training);
    print_money(job, tables->summary);
    print_where(tables);
    print_memory(training);
    print_evidence(job, training, tables);
    return true;
}
