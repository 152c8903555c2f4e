/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs in, result out: the parts of a run that do not depend on its kind. */
#include "cli/run_job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "cli/plan_auto.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "engine/engine.h"
#include "hardware/fabric.h"
#include "record/new_file.h"

/* Machines of more chips are folded unless another detail is asked for. */
enum { FLOW_CHIPS_MAX = 512 };

const char *run_job_detail_name(enum detail detail)
{
    static const char *const names[DETAIL_COUNT] = {"message", "flow", "folded"};
    return names[detail];
}

void run_job_progress(double fraction, double now_s)
{
    static struct progress progress;
    if (progress.activity == NULL) {
        progress_start(&progress, "simulating", false);
    }
    if (fraction < 1) {
        progress_update(&progress, fraction, now_s);
    } else {
        progress_end(&progress);
    }
}

static void add_text(struct digest *digest, const char *text)
{
    digest_add(digest, text, strlen(text) + 1);
}

/* results/<workload>-<platform>-<digest>.h5: equal inputs have equal names. */
static const char *default_output(const struct run_job *job)
{
    const struct run_request *request = job->request;
    struct digest digest;
    char text[DIGEST_TEXT_SIZE];
    digest_init(&digest);
    add_text(&digest, job->scenario->text);
    add_text(&digest, job->scenario->model != NULL ? job->scenario->model->text : "");
    digest_add(&digest, job->platform->text, job->platform->text_size);
    if (job->book != NULL) {
        digest_add(&digest, job->book->text, job->book->text_size);
    }
    add_text(&digest, request->plan != NULL ? request->plan : "");
    for (int i = 0; i < request->override_count; i++) {
        add_text(&digest, request->overrides[i]);
    }
    for (int i = 0; i < request->beside_count; i++) {
        add_text(&digest, request->beside[i]);
        add_text(&digest, merge_layout_name(request->layout));
    }
    add_text(&digest,
             arena_format(job->arena, "%lld %d %d %llu", (long long)job->platform->domain_count,
                          (int)job->detail, (int)request->price_kind,
                          (unsigned long long)job->scenario->seed));
    digest_end(&digest, text);
    return arena_format(job->arena, "results/%s-%s-%.12s.h5", job->scenario->name,
                        job->platform->name, text);
}

static bool choose_output(struct run_job *job, struct error *error)
{
    job->output = job->request->shared.output;
    if (job->output == NULL) {
        job->output = default_output(job);
        if (mkdir("results", 0777) != 0 && errno != EEXIST) {
            return error_fill(error, ERROR_SYSTEM,
                              "the folder results/ cannot be made (%s); name a file with -o",
                              strerror(errno));
        }
    }
    return result_file_check(job->output, error);
}

static bool read_prices(struct run_job *job, struct error *error)
{
    const struct run_request *request = job->request;
    if (job->scenario->kind == SCENARIO_COLLECTIVE || request->prices == NULL) {
        return true;
    }
    job->book = price_read(request->prices, job->arena, error);
    return job->book != NULL;
}

/* Slow chips slow the operations of a step; without one the keys would do nothing. */
static bool check_equal_chips(const struct scenario *scenario, struct error *error)
{
    return (scenario->slow_chips == 0 && scenario->chip_speed_deviation == 0) ||
           error_at(error, ERROR_INPUT, scenario->path, 0, 0,
                    "slow_chips and chip_speed_deviation are for training steps; take them out "
                    "of this workload");
}

/* A served load has failures of its own (serving.fleet). */
static bool check_served(const struct scenario *scenario, struct error *error)
{
    const struct defects *defects = &scenario->defects;
    bool whole = strcmp(defects->degraded_links, "none") == 0 &&
                 strcmp(defects->dead_chips, "none") == 0 && defects->spare_chips == 0;
    return whole ? check_equal_chips(scenario, error)
                 : error_at(error, ERROR_INPUT, scenario->path, 0, 0,
                            "degraded_links, dead_chips and spare_chips are for training and "
                            "collectives; a served load takes the keys of serving.fleet");
}

static bool check_machine_keys(const struct scenario *scenario, struct error *error)
{
    switch (scenario->kind) {
    case SCENARIO_COLLECTIVE:
        return check_equal_chips(scenario, error);
    case SCENARIO_SERVING:
        return check_served(scenario, error);
    case SCENARIO_TRAINING:
        break;
    }
    return true;
}

bool run_job_settle(struct run_job *job, struct error *error)
{
    const struct run_request *request = job->request;
    job->detail = request->detail;
    if (job->detail == DETAIL_COUNT) {
        bool large = platform_chips(job->platform) > FLOW_CHIPS_MAX;
        job->detail = large ? DETAIL_FOLDED : DETAIL_FLOW;
    }
    if (!check_machine_keys(job->scenario, error)) {
        return false;
    }
    struct error none = {0};
    if (job->book == NULL) {
        return true;
    }
    job->price = price_find(job->book, job->platform->name, job->platform->chips[0]->type,
                            request->price_kind, &none);
    if (job->price == NULL) {
        snprintf(job->price_missing, sizeof job->price_missing, "%.250s", none.message);
    }
    return true;
}

static void add_fact(struct timeline_fact *facts, int *count, const char *name,
                     const char *text)
{
    facts[(*count)++] = (struct timeline_fact){name, text};
}

/* What stands in the file beside the events. */
static bool prepare_timeline(struct run_job *job, struct error *error)
{
    enum { FACTS = 8 };
    const struct run_request *request = job->request;
    if (request->timeline == NULL) {
        return true;
    }
    struct timeline_fact *facts = arena_array(job->arena, FACTS, sizeof *facts);
    struct timeline_request *timeline = arena_alloc(job->arena, sizeof *timeline);
    *timeline =
        (struct timeline_request){.path = request->timeline,
                                  .slice_limit = request->timeline_limit,
                                  .transfers = job->scenario->kind == SCENARIO_COLLECTIVE,
                                  .facts = facts};
    int *count = &timeline->fact_count;
    add_fact(facts, count, "program", "trnsim " TRNSIM_VERSION);
    add_fact(facts, count, "command", command_line());
    add_fact(facts, count, "workload", job->scenario->title);
    add_fact(facts, count, "platform", job->platform->title);
    add_fact(facts, count, "detail", run_job_detail_name(job->detail));
    add_fact(facts, count, "result", job->output);
    job->timeline = timeline;
    return new_file_check(request->timeline, "timeline", error);
}

void run_job_print_timeline(const struct run_job *job)
{
    if (job->timeline != NULL) {
        print_field("timeline", "%s, %lld slices; open it in Perfetto", job->timeline->path,
                    (long long)job->timeline->slices);
    }
}

void run_job_add_timeline(const struct run_job *job, json_t *object)
{
    if (job->timeline != NULL) {
        json_object_set_new(object, "timeline", json_string(job->timeline->path));
        json_object_set_new(object, "timeline_slices", json_integer(job->timeline->slices));
    }
}

void run_job_warn_timeline(const struct run_job *job)
{
    const struct timeline_request *timeline = job->timeline;
    if (timeline == NULL || job->request->shared.quiet) {
        return;
    }
    if (timeline->drawn < timeline->all) {
        fprintf(stderr,
                "trnsim: warning: the timeline has %lld of %lld tracks, for its limit of %lld "
                "slices; raise --timeline-limit\n",
                (long long)timeline->drawn, (long long)timeline->all,
                (long long)timeline->slice_limit);
    } else if (timeline->arrows_missing) {
        fprintf(stderr,
                "trnsim: warning: arrows or exchanges are missing at the end of the timeline, "
                "for its limit of %lld slices; raise --timeline-limit\n",
                (long long)timeline->slice_limit);
    }
}

struct provenance *run_job_provenance(struct arena *arena)
{
    struct provenance_source source = {.command = command_line(),
                                       .version = TRNSIM_VERSION,
                                       .git = TRNSIM_GIT,
                                       .compiler = TRNSIM_COMPILER,
                                       .simgrid = engine_version(),
                                       .network_model = engine_settings()};
    return provenance_start(&source, arena);
}

static bool read_machine(struct run_job *job, struct error *error)
{
    const struct run_request *request = job->request;
    job->platform = platform_read(request->platform, job->arena, error);
    if (job->platform == NULL) {
        return false;
    }
    if (request->domains > 0) {
        job->platform->domain_count = request->domains;
    }
    return platform_check_domains(job->platform, error);
}

static bool is_searched(const struct run_request *request)
{
    return request->plan != NULL && strcmp(request->plan, "auto") == 0;
}

static bool read_workload(struct run_job *job, struct error *error)
{
    const struct run_request *request = job->request;
    bool plan_first = request->plan != NULL && !is_searched(request);
    job->scenario = scenario_read(request->workload, job->platform->name, request->overrides,
                                  plan_first ? 0 : request->override_count, job->arena, error);
    if (job->scenario == NULL ||
        (plan_first && !scenario_plan_read(job->scenario, request->plan, job->arena, error))) {
        return false;
    }
    for (int i = 0; plan_first && i < request->override_count; i++) {
        if (!scenario_override(job->scenario, request->overrides[i], job->arena, error)) {
            return false;
        }
    }
    if (request->shared.seed_given) {
        job->scenario->seed = request->shared.seed;
    }
    return true;
}

bool run_job_read(struct run_job *job, struct error *error)
{
    const struct run_request *request = job->request;
    if (request->shared.output != NULL && !result_file_check(request->shared.output, error)) {
        return false;
    }
    if (!read_machine(job, error) || !read_workload(job, error) || !read_prices(job, error)) {
        return false;
    }
    return run_job_settle(job, error) && choose_output(job, error) &&
           prepare_timeline(job, error) && (!is_searched(request) || plan_auto(job, error));
}

static int inputs(const struct run_job *job, struct result_input input[4])
{
    int count = 0;
    const struct scenario *scenario = job->scenario;
    input[count++] = (struct result_input){"workload", scenario->path, scenario->text,
                                           strlen(scenario->text)};
    if (scenario->model != NULL) {
        const struct model *model = scenario->model;
        input[count++] =
            (struct result_input){"model", model->path, model->text, strlen(model->text)};
    }
    input[count++] = (struct result_input){"platform", job->platform->path, job->platform->text,
                                           job->platform->text_size};
    if (job->book != NULL) {
        input[count++] = (struct result_input){"prices", job->book->path, job->book->text,
                                               job->book->text_size};
    }
    return count;
}

bool run_job_write(const struct run_job *job, const char *kind, struct table **tables,
                   int table_count, struct error *error)
{
    struct result_input input[4];
    provenance_seed(job->provenance, job->scenario->seed);
    provenance_end(job->provenance);
    struct result result = {.kind = kind,
                            .tables = tables,
                            .table_count = table_count,
                            .inputs = input,
                            .input_count = inputs(job, input),
                            .facts = job->provenance->facts,
                            .fact_count = PROVENANCE_FACTS};
    return result_file_write(job->output, &result, error);
}
