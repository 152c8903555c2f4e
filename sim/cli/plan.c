/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim plan: the best plan for a workload on a machine, and why it is the best. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "base/units.h"
#include "cli/plan_serving.h"
#include "cli/plan_tables.h"
#include "cli/print.h"
#include "cli/run_job.h"
#include "hardware/platform_schema.h"
#include "study/statistics.h"
#include "study/sweep_pool.h"

enum { PLATFORM = COMMAND_KEY, DOMAINS, OBJECTIVE, TOP, CHECK, PRICES, DETAIL, JOBS = 'j' };

struct plan_request {
    struct run_request run;
    enum search_objective objective;
    int64_t top, check, jobs;
};

struct plan_job {
    const struct plan_request *request;
    struct run_job run;
    struct search search;
    struct search_simulation top; /* best first, once ranked */
    struct search_simulation check;
    double spearman; /* of the plans that were simulated */
    int64_t checked; /* of check.count; the others were refused */
};

static bool take(void *input, int key, char *value, struct error *error)
{
    struct plan_request *request = input;
    switch (key) {
    case COMMAND_ARGUMENT:
        request->run.workload = value;
        return true;
    case PLATFORM:
        request->run.platform = value;
        return true;
    case DOMAINS:
        return command_count("--ultraservers", value, 1, &request->run.domains, error);
    case OBJECTIVE:
        return search_objective_read(value, &request->objective, error);
    case TOP:
        return command_count("--top", value, 1, &request->top, error) &&
               (request->top <= SEARCH_BEST ||
                error_fill(error, ERROR_USAGE, "--top: found '%s', expected %d or less", value,
                           SEARCH_BEST));
    case CHECK:
        return command_count("--check", value, 3, &request->check, error);
    case JOBS:
        return command_count("--jobs", value, 1, &request->jobs, error);
    case PRICES:
        request->run.prices = value;
        return true;
    default:
        if (request->run.override_count == RUN_OVERRIDES) {
            return error_fill(error, ERROR_USAGE,
                              "--set is given too often; write a workload "
                              "file instead");
        }
        request->run.overrides[request->run.override_count++] = value;
        return true;
    }
}

static const struct command_option options[] = {
    {"platform", PLATFORM, "FILE", "The machine: a file of platforms/"},
    {"ultraservers", DOMAINS, "N", "How many of the platform's scale-up domains"},
    {"domains", DOMAINS, NULL, NULL},
    {"objective", OBJECTIVE, "WHAT", "What is to be small: time (default), usd or joule"},
    {"top", TOP, "K", "How many of the best are simulated and shown (default 5)"},
    {"check", CHECK, "N",
     "Also simulate N random feasible plans, and say how well the estimate orders them"},
    {"jobs", JOBS, "N", "Processes that simulate at once (default: all processors)"},
    {"set", 's', "KEY=VALUE", "Change one entry of the workload; may be repeated"},
    {"prices", PRICES, "FILE", "The price book; none: no cost"},
};

static const struct command_syntax syntax = {
    .name = "plan",
    .arguments = "WORKLOAD",
    .meaning =
        "Finds the plan with which a training workload takes least time, money or "
        "energy, or the fleet that serves most within its service level: estimates every "
        "plan that fits, simulates the best, says why one wins.",
    .examples = "  trnsim plan workloads/llama-3-8b-pretrain.yaml --platform "
                "platforms/trn2-ultraserver.xml\n"
                "  trnsim plan workloads/llama-3.1-405b-pretrain.yaml --platform "
                "platforms/trn3-ultraserver.xml --ultraservers 16 --top 10 --json\n"
                "  trnsim plan workloads/serve-llama-3-70b-conv.yaml --platform "
                "platforms/hgx-h100.xml --objective usd\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .least_arguments = 1,
    .most_arguments = 1,
    .shared = COMMAND_JSON | COMMAND_QUIET | COMMAND_SEED | COMMAND_OUTPUT,
    .take = take,
};

static bool check_order(struct plan_job *job, struct error *error)
{
    struct search *search = &job->search;
    struct arena *arena = job->run.arena;
    int64_t count = job->request->check, done = 0;
    struct search_point *points = arena_array(arena, count, sizeof *points);
    struct random_stream stream;
    random_init(&stream, job->request->run.shared.seed, "plans");
    for (int64_t i = 0; i < count; i++) {
        points[i] = search->points[random_below(&stream, search->count)];
    }
    job->check = search_simulation_of(search, points, count);
    job->check.jobs = sweep_pool_jobs(job->request->jobs);
    if (!search_simulate(&job->check, error)) {
        return false;
    }
    double *estimated = arena_array(arena, count, sizeof(double));
    double *simulated = arena_array(arena, count, sizeof(double));
    for (int64_t i = 0; i < count; i++) {
        if (job->check.results[i].done) {
            estimated[done] = points[i].time_s;
            simulated[done++] = job->check.results[i].time_s;
        }
    }
    job->checked = done;
    job->spearman = statistics_spearman(estimated, simulated, done, arena);
    return plan_tables_check(&job->check, job->request->run.shared.output, arena, error);
}

/* The part of the step by which a plan falls behind the winner most. */
static void print_lack(const struct plan_job *job, int64_t index)
{
    const struct search_result *winner = &job->top.results[0];
    const struct search_result *other = &job->top.results[index];
    int most = 0, least = 0;
    for (int p = 1; p < PART_OF_TIME_COUNT; p++) {
        double lag_s = other->part_s[p] - winner->part_s[p];
        most = lag_s > other->part_s[most] - winner->part_s[most] ? p : most;
        least = lag_s < other->part_s[least] - winner->part_s[least] ? p : least;
    }
    char text[3][PRINT_SIZE];
    double lag_s = other->part_s[most] - winner->part_s[most];
    double gain_s = winner->part_s[least] - other->part_s[least];
    double least_s = 1e-6 * winner->time_s; /* told */
    if (lag_s > least_s) {
        print_field("", "+%s: %s %s more%s%s%s%s",
                    print_share(text[0], other->time_s / winner->time_s - 1),
                    job_part_name((enum part_of_time)most), print_quantity(text[1], lag_s, "s"),
                    gain_s > least_s ? ", " : "",
                    gain_s > least_s ? job_part_name((enum part_of_time)least) : "",
                    gain_s > least_s ? " less by " : "",
                    gain_s > least_s ? print_quantity(text[2], gain_s, "s") : "");
    }
}

static void print_reason(const struct plan_job *job)
{
    const struct search_result *winner = &job->top.results[0];
    char text[2][PRINT_SIZE];
    printf("\nwhere the winner's step goes\n");
    for (int p = 0; p < PART_OF_TIME_COUNT; p++) {
        if (winner->part_s[p] > 0.001 * winner->time_s) {
            print_field(job_part_name((enum part_of_time)p), "%-9s %6s",
                        print_quantity(text[0], winner->part_s[p], "s"),
                        print_share(text[1], winner->part_s[p] / winner->time_s));
        }
    }
}

/* Refused plans are told, since the correlation does not know them. */
static void print_check(const struct plan_job *job)
{
    enum { SHOWN = 5 };
    int64_t refused = job->check.count - job->checked, shown = 0;
    if (job->check.count == 0) {
        return;
    }
    print_field("check",
                "rank correlation %.4f between estimate and simulation of %lld random plans%s",
                job->spearman, (long long)job->checked,
                refused > 0 ? arena_format(job->run.arena, "; %lld more were not simulated",
                                           (long long)refused)
                            : "");
    for (int64_t i = 0; i < job->check.count && shown < SHOWN; i++) {
        if (!job->check.results[i].done) {
            print_field("", "%s",
                        plan_tables_text(&job->search, &job->check.points[i], job->run.arena));
            print_field("", "not simulated: %s", job->check.results[i].message);
            shown++;
        }
    }
}

/* Only where money was asked for: on one machine it goes with time. */
static const char *cost_text(const struct search *search, const struct search_result *result)
{
    return search->objective == SEARCH_USD
               ? arena_format(search->arena, ", %.4g USD per million tokens",
                              result->cost_usd_per_million_tokens)
               : "";
}

/* The host's link decides for plans that offload, and where it is an estimate it is said, with
 * what the best plan without it is estimated to need. */
static void print_offload(const struct plan_job *job)
{
    const struct search *search = &job->search;
    const struct property *link = platform_property(search->platform, "storage.host.bandwidth");
    char text[2][PRINT_SIZE];
    if (!search_offloads(&job->top.points[0]) || link == NULL || link->source == NULL ||
        !platform_schema_estimate(link->source)) {
        return;
    }
    print_field("estimated",
                "the winner offloads over a host link of %s a chip, which is an "
                "estimate; the best plan without: %s%s",
                link->text,
                search->plain.time_s > 0
                    ? print_share(text[0], search_value(search, &search->plain) /
                                                   search_value(search, &job->top.points[0]) -
                                               1)
                    : "none fits",
                search->plain.time_s > 0 ? " more, by the estimate" : "");
    if (search->plain.time_s > 0) {
        print_field("", "%s", plan_tables_text(search, &search->plain, job->run.arena));
    }
}

static void print_answer(const struct plan_job *job)
{
    const struct search *search = &job->search;
    char text[4][PRINT_SIZE];
    printf("%s on %s, %lld chips\n", search->scenario->title, search->platform->title,
           (long long)platform_chips(search->platform));
    print_field("plans", "%lld feasible of %lld that divide the machine",
                (long long)search->count, (long long)search->considered);
    if (search->interrupted) {
        print_field("interrupted", "the search was stopped; plans found until then are ranked");
    }
    print_field("search", "%s, %s feasible plans/s, %lld exchanges priced",
                print_quantity(text[0], search->wall_s, "s"),
                print_count(text[1], (double)search->count / search->wall_s),
                (long long)search->priced);
    print_check(job);
    printf("\nthe best by simulation, for least %s\n",
           search_objective_name(search->objective));
    for (int64_t i = 0; i < job->top.count; i++) {
        const struct search_result *result = &job->top.results[i];
        const struct search_point *point = &job->top.points[i];
        char place[24];
        snprintf(place, sizeof place, "%lld", (long long)i + 1);
        print_field(place, "%s", plan_tables_text(search, point, job->run.arena));
        if (!result->done) {
            print_field("", "not simulated: %s", result->message);
            continue;
        }
        print_field("", "step %s (estimate %s%s), %s per step, %s a chip%s",
                    print_quantity(text[0], result->time_s, "s"),
                    print_quantity(text[1], point->time_s, "s"),
                    result->whole ? "" : "; of one replica",
                    print_quantity(text[2], result->energy_J, "J"),
                    print_quantity(text[3], (double)point->memory_bytes, "B"),
                    cost_text(search, result));
        if (i > 0) {
            print_lack(job, i);
        }
    }
    print_offload(job);
    print_reason(job);
    print_field("result", "%s", job->run.output);
}

static bool print_object(const struct plan_job *job, struct table *top, struct error *error)
{
    const struct search *search = &job->search;
    json_t *object = plan_object(&job->run, search->platform, search->objective,
                                 search->considered, search->count, search->wall_s);
    json_object_set_new(object, "interrupted", json_boolean(search->interrupted));
    json_object_set_new(object, "spearman",
                        job->checked > 0 ? json_real(job->spearman) : json_null());
    json_object_set_new(object, "check_simulated", json_integer(job->checked));
    json_object_set_new(object, "check_refused", json_integer(job->check.count - job->checked));
    json_object_set_new(object, "top", print_json_table(top));
    json_object_set_new(object, "result", json_string(job->run.output));
    return print_json(object, error);
}

static bool search_plans(struct plan_job *job, struct error *error)
{
    struct search *search = &job->search;
    *search = (struct search){.platform = job->run.platform,
                              .scenario = job->run.scenario,
                              .objective = job->request->objective,
                              .arena = job->run.arena};
    if (!search_run(search, error)) {
        return false;
    }
    int64_t shown = job->request->top;
    struct search_decision decision = {.finalists =
                                           shown > SEARCH_FINALISTS ? shown : SEARCH_FINALISTS,
                                       .whole = shown,
                                       .jobs = sweep_pool_jobs(job->request->jobs),
                                       .price = job->run.price};
    if (!search_decide(search, &decision, &job->top, error)) {
        return false;
    }
    job->top.count = job->top.count < shown ? job->top.count : shown;
    return job->request->check == 0 || check_order(job, error);
}

static bool plan_run(struct plan_job *job, struct error *error)
{
    job->run.provenance = run_job_provenance(job->run.arena);
    if (!run_job_read(&job->run, error)) {
        return false;
    }
    if (job->request->objective == SEARCH_USD && job->run.price == NULL) {
        return error_fill(error, ERROR_USAGE, "--objective usd needs a price%s%s",
                          job->run.price_missing[0] != '\0' ? ": "
                                                            : "; leave --prices none out",
                          job->run.price_missing);
    }
    if (job->run.scenario->kind == SCENARIO_SERVING) {
        struct plan_serving_request request = {job->request->objective, job->request->top,
                                               sweep_pool_jobs(job->request->jobs)};
        return plan_serving(&job->run, &request, error);
    }
    if (job->run.scenario->kind != SCENARIO_TRAINING) {
        return error_at(error, ERROR_USAGE, job->run.scenario->path, 0, 0,
                        "is no training or serving workload, which plan needs");
    }
    if (!search_plans(job, error)) {
        return false;
    }
    struct table *tables[2] = {plan_tables_top(&job->top, job->run.arena),
                               plan_tables_all(&job->search, job->run.arena)};
    if (!run_job_write(&job->run, "plan", tables, 2, error)) {
        return false;
    }
    if (job->request->run.shared.json) {
        return print_object(job, tables[0], error);
    }
    print_answer(job);
    return true;
}

bool plan_command(int argc, char **argv, struct error *error)
{
    struct plan_request request = {.run = {.detail = DETAIL_COUNT, .price_kind = PRICE_ANY},
                                   .top = 5};
    if (!command_parse(&syntax, argc, argv, &request, &request.run.shared, error)) {
        return false;
    }
    if (request.run.platform == NULL) {
        return error_fill(
            error, ERROR_USAGE,
            "plan needs a machine; add --platform FILE (trnsim platform list shows "
            "those there are)");
    }
    struct arena *arena = arena_create();
    request.run.prices = price_path(request.run.prices, request.run.platform, arena);
    struct plan_job job = {
        .request = &request, .run = {.request = &request.run, .arena = arena}, .spearman = NAN};
    bool done = plan_run(&job, error);
    arena_free(arena);
    return done;
}
