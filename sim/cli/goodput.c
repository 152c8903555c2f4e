/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim goodput: months of a training run with failures, from one folded step. MODEL.md,
 * "Goodput". */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/goodput_moves.h"
#include "cli/print.h"
#include "cli/run_job.h"

enum {
    PLATFORM = COMMAND_KEY,
    DOMAINS,
    PRICES,
    PRICE_KIND_KEY,
    DURATION,
    CHECKPOINT,
    INTERVAL,
    DURABLE,
    DETECTION,
    WARM_UP,
    REPAIR,
    SHAPE,
    SPARES,
    SEEDS,
    SEARCH
};

struct request {
    struct run_request run;
    struct campaign_options campaign;
    int64_t seeds;
    bool search;
};

static bool take_time(const char *option, const char *text, double *time_s, struct error *error)
{
    struct error cause = {.kind = ERROR_NONE};
    return units_read(text, UNIT_SECONDS, time_s, &cause) ||
           error_fill(error, ERROR_USAGE, "%s: %s", option, cause.message);
}

/* 0 says within the campaign that it was not given. */
static bool take_interval(const char *text, double *time_s, struct error *error)
{
    return take_time("--interval", text, time_s, error) &&
           (*time_s > 0 ||
            error_fill(error, ERROR_USAGE,
                       "--interval: found '%.40s', expected more than no time; without it "
                       "Daly's optimum is taken",
                       text));
}

static bool take_shape(const char *text, double *shape, struct error *error)
{
    struct error cause = {.kind = ERROR_NONE};
    if (!units_read(text, UNIT_FRACTION, shape, &cause)) {
        return error_fill(error, ERROR_USAGE, "--weibull: %s", cause.message);
    }
    return (*shape >= 0.1 && *shape <= 10) ||
           error_fill(error, ERROR_USAGE, "--weibull: found '%.40s', expected 0.1 to 10", text);
}

static bool take_checkpoint(struct request *request, const char *text, struct error *error)
{
    for (int c = 0; c < CAMPAIGN_CHECKPOINT_COUNT; c++) {
        if (strcmp(text, campaign_checkpoint_name((enum campaign_checkpoint)c)) == 0) {
            request->campaign.checkpoint = (enum campaign_checkpoint)c;
            return true;
        }
    }
    return error_fill(error, ERROR_USAGE,
                      "--checkpoint: found '%s', expected sync, async or memory", text);
}

static bool take_campaign(struct request *request, int key, const char *value,
                          struct error *error)
{
    struct campaign_options *campaign = &request->campaign;
    switch (key) {
    case DURATION:
        return take_time("--duration", value, &campaign->duration_s, error);
    case CHECKPOINT:
        return take_checkpoint(request, value, error);
    case INTERVAL:
        return take_interval(value, &campaign->interval_s, error);
    case DURABLE:
        return command_count("--durable-every", value, 1, &campaign->durable_every, error);
    case DETECTION:
        return take_time("--detection", value, &campaign->detection_s, error);
    case WARM_UP:
        return take_time("--warm-up", value, &campaign->warm_up_s, error);
    case REPAIR:
        return take_time("--repair", value, &campaign->repair_s, error);
    case SHAPE:
        return take_shape(value, &campaign->shape, error);
    case SPARES:
        return command_count("--spares", value, 0, &campaign->spare_domains, error);
    case SEARCH:
        request->search = true;
        return true;
    default:
        return command_count("--seeds", value, 1, &request->seeds, error);
    }
}

static bool take(void *input, int key, char *value, struct error *error)
{
    struct request *request = input;
    struct run_request *run = &request->run;
    switch (key) {
    case COMMAND_ARGUMENT:
        run->workload = value;
        return true;
    case PLATFORM:
        run->platform = value;
        return true;
    case DOMAINS:
        return command_count("--ultraservers", value, 1, &run->domains, error);
    case PRICES:
        run->prices = value;
        return true;
    case PRICE_KIND_KEY:
        return price_kind_read(value, &run->price_kind, error);
    case 's':
        if (run->override_count == RUN_OVERRIDES) {
            return error_fill(error, ERROR_USAGE, "--set is given more than %d times",
                              RUN_OVERRIDES);
        }
        run->overrides[run->override_count++] = value;
        return true;
    default:
        return take_campaign(request, key, value, error);
    }
}

static const struct command_option options[] = {
    {"platform", PLATFORM, "FILE",
     "The machine, with its rates of failure: a file of platforms/"},
    {"ultraservers", DOMAINS, "N",
     "How many of the platform's scale-up domains: UltraServers, racks or servers"},
    {"domains", DOMAINS, NULL, NULL},
    {"set", 's', "KEY=VALUE", "Change one entry of the workload; may be repeated"},
    {"duration", DURATION, "TIME", "Of the run, such as 54d (default 30d)"},
    {"checkpoint", CHECKPOINT, "WAY",
     "sync: the job stands until the store has it; async: until hosts have it (default); "
     "memory: "
     "hosts keep it, each with a copy at a partner"},
    {"interval", INTERVAL, "TIME", "Work between checkpoints (default: Daly's optimum)"},
    {"search", SEARCH, NULL, "Find the best interval by simulation, and take it"},
    {"durable-every", DURABLE, "N",
     "With memory: one checkpoint of so many goes to the store (default 20)"},
    {"detection", DETECTION, "TIME", "Until a failure is seen (default 3min)"},
    {"warm-up", WARM_UP, "TIME", "Of a restart, after loading (default 5min)"},
    {"repair", REPAIR, "TIME", "Until what failed can be used again (default 1d)"},
    {"weibull", SHAPE, "SHAPE",
     "Of the gaps between failures: below 1 they come in bursts (default: the platform's, else "
     "1, "
     "exponential)"},
    {"spares", SPARES, "N", "UltraServers, racks or servers that wait (default: enough)"},
    {"seeds", SEEDS, "N", "Runs that are averaged (default 300)"},
    {"prices", PRICES, "FILE", "The price book, as of trnsim run; none: no cost"},
    {"price-kind", PRICE_KIND_KEY, "KIND", "As of trnsim run"},
};

static const struct command_syntax syntax = {
    .name = "goodput",
    .arguments = "WORKLOAD",
    .meaning =
        "Says what share of weeks or months a training workload makes progress when parts "
        "of the machine fail, what is lost to which cause, and what the run costs.",
    .examples = "  trnsim goodput workloads/llama-3.1-405b-pretrain.yaml --platform "
                "platforms/grand-teton-h100.xml --domains 2048 --duration 54d\n"
                "  trnsim goodput workloads/llama-3.1-405b-pretrain.yaml --platform "
                "platforms/trn3-ultraserver.xml --ultraservers 64 --checkpoint memory --spares "
                "4 --repair 12h\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .least_arguments = 1,
    .most_arguments = 1,
    .shared = COMMAND_JSON | COMMAND_QUIET | COMMAND_SEED | COMMAND_OUTPUT,
    .take = take,
};

static void print_losses(const struct table *table)
{
    char text[3][PRINT_SIZE];
    printf("\nwhat is lost\n");
    for (int64_t r = 0; r < table->row_count; r++) {
        const union cell *row = &table->cells[r * table->column_count];
        if (row[1].f64 > 0) {
            print_field(row[0].text, "%8s of the time, %s, %s chip-hours",
                        print_share(text[0], row[2].f64),
                        print_quantity(text[1], row[1].f64, "s"),
                        print_count(text[2], row[3].f64));
        } else if (row[3].f64 > 0) {
            print_field(row[0].text, "%s chip-hours", print_count(text[2], row[3].f64));
        }
    }
}

static void print_causes(const struct table *table)
{
    char text[5][PRINT_SIZE];
    printf("\nto what\n");
    for (int64_t r = 0; r < table->row_count; r++) {
        const union cell *row = &table->cells[r * table->column_count];
        const char *lost = print_quantity(text[1], row[4].f64, "s");
        const char *chip_hours = print_count(text[2], row[5].f64);
        if (row[3].f64 > 0) {
            print_field(row[0].text, "%s interruptions, %s lost, %s chip-hours (%s to %s)",
                        print_count(text[0], row[3].f64), lost, chip_hours,
                        print_count(text[3], row[6].f64), print_count(text[4], row[7].f64));
        } else {
            print_field(row[0].text, "%s lost, %s chip-hours", lost, chip_hours);
        }
    }
}

static void print_moves(const struct table *table)
{
    enum { MOST = 5 };
    char text[2][PRINT_SIZE];
    printf("\nwhat moves the goodput most\n");
    for (int64_t r = 0; r < table->row_count && r < MOST; r++) {
        const union cell *row = &table->cells[r * table->column_count];
        print_field(row[MOVES_INPUT].text, "%s to %s: %s to %s", row[MOVES_LOW].text,
                    row[MOVES_HIGH].text, print_share(text[0], row[MOVES_AT_LOW].f64),
                    print_share(text[1], row[MOVES_AT_HIGH].f64));
    }
}

static void print_answer(const struct run_job *job, struct table *const *tables)
{
    const union cell *row = tables[0]->cells;
    char text[4][PRINT_SIZE];
    printf("%s on %lld chips, %s\n", job->scenario->title, (long long)row[GOODPUT_CHIPS].i64,
           job->platform->title);
    print_field("goodput", "%s of %s (%s to %s of the seeds)",
                print_share(text[0], row[GOODPUT_GOODPUT].f64),
                print_quantity(text[1], row[GOODPUT_DURATION].f64, "s"),
                print_share(text[2], row[GOODPUT_LOW].f64),
                print_share(text[3], row[GOODPUT_HIGH].f64));
    print_field("effective training", "%s, checkpoints counted in",
                print_share(text[0], row[GOODPUT_EFFECTIVE].f64));
    print_field("tokens", "%s in %s steps of %s", print_count(text[0], row[GOODPUT_TOKENS].f64),
                print_count(text[1], row[GOODPUT_STEPS].f64),
                print_quantity(text[2], row[GOODPUT_STEP].f64, "s"));
    print_field("interruptions", "%s (%s to %s), one every %s",
                print_count(text[0], row[GOODPUT_INTERRUPTIONS].f64),
                print_count(text[1], row[GOODPUT_INTERRUPTIONS_LOW].f64),
                print_count(text[2], row[GOODPUT_INTERRUPTIONS_HIGH].f64),
                print_quantity(text[3], row[GOODPUT_BETWEEN].f64, "s"));
    print_field("checkpoints", "%s, the job stands %s, usable after %s, every %s of work",
                print_quantity(text[0], row[GOODPUT_CHECKPOINT].f64, "B"),
                print_quantity(text[1], row[GOODPUT_STOP].f64, "s"),
                print_quantity(text[2], row[GOODPUT_WRITE].f64, "s"),
                print_quantity(text[3], row[GOODPUT_INTERVAL].f64, "s"));
    print_field("restart", "%s", print_quantity(text[0], row[GOODPUT_RESTART].f64, "s"));
    if (isfinite(row[GOODPUT_COST].f64)) {
        print_field("cost", "%s (%s to %s), %s a million kept tokens",
                    print_quantity(text[0], row[GOODPUT_COST].f64, "USD"),
                    print_quantity(text[1], row[GOODPUT_COST_LOW].f64, "USD"),
                    print_quantity(text[2], row[GOODPUT_COST_HIGH].f64, "USD"),
                    print_quantity(text[3], row[GOODPUT_COST_TOKENS].f64, "USD"));
    }
    print_field("energy", "%s", print_quantity(text[0], row[GOODPUT_ENERGY].f64, "J"));
    print_losses(tables[1]);
    print_causes(tables[2]);
    print_moves(tables[3]);
    print_field("result", "%s", job->output);
}

static bool print_object(const struct run_job *job, struct table *const *tables,
                         struct error *error)
{
    json_t *object = print_json_row(tables[0], 0);
    json_object_set_new(object, "losses", print_json_table(tables[1]));
    json_object_set_new(object, "causes", print_json_table(tables[2]));
    json_object_set_new(object, "tornado", print_json_table(tables[3]));
    json_object_set_new(object, "result", json_string(job->output));
    return print_json(object, error);
}

static bool answer(const struct request *request, struct run_job *job, struct error *error)
{
    struct training_options folded = {.detail = DETAIL_FOLDED};
    struct campaign campaign;
    struct table *tables[GOODPUT_TABLES];
    if (job->scenario->kind != SCENARIO_TRAINING) {
        return error_fill(error, ERROR_USAGE, "goodput is of a training workload");
    }
    const struct training *training =
        training_run(job->platform, job->scenario, &folded, job->arena, error);
    if (training == NULL) {
        return false;
    }
    struct campaign_options asked = request->campaign;
    asked.step_s = training->execution.time_s;
    if (!campaign_of(job->platform, job->scenario->model, &training->plan, &asked, &campaign,
                     error)) {
        return false;
    }
    uint64_t seed = request->run.shared.seed;
    if (request->search) {
        campaign.what.interval_s =
            goodput_search_s(&campaign.what, seed, request->seeds, job->arena);
        campaign_round(&campaign.what, asked.step_s);
    }
    struct goodput result = goodput_simulate(&campaign.what, seed, request->seeds, job->arena);
    goodput_tables(training, &campaign, &result, job->price, tables, job->arena);
    const struct goodput_question question = {.platform = job->platform,
                                              .model = job->scenario->model,
                                              .plan = &training->plan,
                                              .options = asked,
                                              .seed = seed,
                                              .seeds = request->seeds};
    tables[3] = goodput_moves(&question, job->arena, error);
    if (tables[3] == NULL || !run_job_write(job, "goodput", tables, GOODPUT_TABLES, error)) {
        return false;
    }
    if (request->run.shared.json) {
        return print_object(job, tables, error);
    }
    print_answer(job, tables);
    return true;
}

bool goodput_command(int argc, char **argv, struct error *error)
{
    struct request request = {.run = {.detail = DETAIL_FOLDED, .price_kind = PRICE_ANY},
                              .campaign = {.duration_s = 30 * 86400.0,
                                           .checkpoint = CAMPAIGN_ASYNC,
                                           .durable_every = 20,
                                           .detection_s = 180,
                                           .warm_up_s = 300,
                                           .repair_s = 86400},
                              .seeds = 300};
    if (!command_parse(&syntax, argc, argv, &request, &request.run.shared, error)) {
        return false;
    }
    if (request.run.platform == NULL || !(request.campaign.duration_s > 0)) {
        return error_fill(error, ERROR_USAGE,
                          request.run.platform == NULL
                              ? "goodput needs a machine; add --platform FILE"
                              : "--duration: expected more than 0");
    }
    struct arena *arena = arena_create();
    request.run.prices = price_path(request.run.prices, request.run.platform, arena);
    struct run_job job = {
        .request = &request.run, .arena = arena, .provenance = run_job_provenance(arena)};
    bool done = run_job_read(&job, error) && answer(&request, &job, error);
    arena_free(arena);
    return done;
}
