/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim run: a workload on a machine. */
#include <string.h>

#include "cli/run.h"
#include "cli/run_beside.h"
#include "cli/run_collective.h"
#include "cli/run_paje.h"
#include "cli/run_serving.h"
#include "cli/run_training.h"

enum {
    PLATFORM = COMMAND_KEY,
    DOMAINS,
    PLAN,
    DETAIL,
    PRICES,
    PRICE_KIND_KEY,
    FIND_CAPACITY,
    BESIDE,
    LAYOUT,
    TIMELINE,
    TIMELINE_LIMIT,
    PAJE
};

static bool take_detail(struct run_request *request, const char *text, struct error *error)
{
    for (int detail = 0; detail < DETAIL_COUNT; detail++) {
        if (strcmp(text, run_job_detail_name((enum detail)detail)) == 0) {
            request->detail = (enum detail)detail;
            return true;
        }
    }
    return error_fill(error, ERROR_USAGE,
                      "--detail: found '%s', expected message, flow or folded", text);
}

static bool take_override(struct run_request *request, const char *text, struct error *error)
{
    if (request->override_count == RUN_OVERRIDES) {
        return error_fill(error, ERROR_USAGE,
                          "--set is given more than %d times; write a "
                          "workload file instead",
                          RUN_OVERRIDES);
    }
    request->overrides[request->override_count++] = text;
    return true;
}

static bool take_beside(struct run_request *request, const char *path, struct error *error)
{
    if (request->beside_count == RUN_BESIDE) {
        return error_fill(error, ERROR_USAGE, "--beside is given more than %d times",
                          RUN_BESIDE);
    }
    request->beside[request->beside_count++] = path;
    return true;
}

static bool take_layout(struct run_request *request, const char *text, struct error *error)
{
    for (int layout = 0; layout < MERGE_LAYOUT_COUNT; layout++) {
        if (strcmp(text, merge_layout_name((enum merge_layout)layout)) == 0) {
            request->layout = (enum merge_layout)layout;
            return true;
        }
    }
    return error_fill(error, ERROR_USAGE,
                      "--layout: found '%s', expected blocks, domains or chips", text);
}

static bool take(void *input, int key, char *value, struct error *error)
{
    struct run_request *request = input;
    switch (key) {
    case COMMAND_ARGUMENT:
        request->workload = value;
        return true;
    case PLATFORM:
        request->platform = value;
        return true;
    case DOMAINS:
        return command_count("--ultraservers", value, 1, &request->domains, error);
    case PLAN:
        request->plan = value;
        return true;
    case DETAIL:
        return take_detail(request, value, error);
    case PRICES:
        request->prices = value;
        return true;
    case PRICE_KIND_KEY:
        return price_kind_read(value, &request->price_kind, error);
    case FIND_CAPACITY:
        request->find_capacity = true;
        return true;
    case BESIDE:
        return take_beside(request, value, error);
    case TIMELINE:
        request->timeline = value;
        return true;
    case TIMELINE_LIMIT:
        return command_count("--timeline-limit", value, 1, &request->timeline_limit, error);
    case PAJE:
        request->paje = value;
        return true;
    case LAYOUT:
        return take_layout(request, value, error);
    default:
        return take_override(request, value, error);
    }
}

static const struct command_option options[] = {
    {"platform", PLATFORM, "FILE", "The machine: a file of platforms/"},
    {"ultraservers", DOMAINS, "N",
     "How many of the platform's scale-up domains: UltraServers, racks or servers"},
    {"domains", DOMAINS, NULL, NULL},
    {"plan", PLAN, "FILE",
     "A YAML file whose plan replaces the workload's; auto: the best there is"},
    {"set", 's', "KEY=VALUE",
     "Change one entry of the workload, such as "
     "plan.tensor_parallel=4; may be repeated"},
    {"detail", DETAIL, "LEVEL",
     "message: every step of every collective; flow: one flow a transfer (up to 512 chips); "
     "folded: equal chips once, with the same result (beyond)"},
    {"find-capacity", FIND_CAPACITY, NULL,
     "Of a serving workload: the highest rate that meets its service level"},
    {"beside", BESIDE, "FILE",
     "Another training workload at the same time, on an equal share of the machine; may be "
     "repeated"},
    {"layout", LAYOUT, "LAYOUT",
     "Whose chips are where with --beside: blocks, domains (in turn) or chips (in turn)"},
    {"timeline", TIMELINE, "FILE.json",
     "Draw the run over time, to open in Perfetto: docs/TIMELINE.md"},
    {"timeline-limit", TIMELINE_LIMIT, "N",
     "Draw at most N slices (default 500000): whole tracks are left out"},
    {"paje", PAJE, "FILE.trace",
     "SimGrid's own trace of the links, in the Paje format: docs/TIMELINE.md"},
    {"prices", PRICES, "FILE",
     "The price book (default prices/owner-2026.yaml beside the machine's file, or under "
     "platforms/); none: no cost"},
    {"price-kind", PRICE_KIND_KEY, "KIND",
     "owner, capacity-block, on-demand, reserved, neocloud or spot (default: the first of "
     "these "
     "that the book has)"},
};

static const struct command_syntax syntax = {
    .name = "run",
    .arguments = "WORKLOAD",
    .meaning = "Says what a workload takes on a machine, in time, dollars and joules, and why.",
    .examples =
        "  trnsim run workloads/llama-3.1-405b-pretrain.yaml --platform "
        "platforms/trn3-ultraserver.xml --ultraservers 16\n"
        "  trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/gb200-nvl72.xml "
        "--json\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .least_arguments = 1,
    .most_arguments = 1,
    .shared = COMMAND_JSON | COMMAND_QUIET | COMMAND_SEED | COMMAND_OUTPUT,
    .take = take,
};

bool run_simulate(struct run_job *job, struct error *error)
{
    if (job->request->beside_count > 0) {
        return run_beside(job, error);
    }
    switch (job->scenario->kind) {
    case SCENARIO_COLLECTIVE:
        return run_collective(job, error);
    case SCENARIO_SERVING:
        return run_serving(job, error);
    case SCENARIO_TRAINING:
        break;
    }
    return run_training(job, error);
}

static bool run(const struct run_request *request, struct arena *arena, struct error *error)
{
    struct run_job job = {
        .request = request, .arena = arena, .provenance = run_job_provenance(arena)};
    struct new_file paje;
    bool done = run_job_read(&job, error) && run_paje_open(&job, &paje, error) &&
                run_simulate(&job, error) && run_paje_close(&job, &paje, error);
    if (!done) {
        result_file_abandon(); /* what was being drawn */
    }
    return done;
}

bool run_command(int argc, char **argv, struct error *error)
{
    struct run_request request = {
        .detail = DETAIL_COUNT, .price_kind = PRICE_ANY, .timeline_limit = TIMELINE_SLICES};
    if (!command_parse(&syntax, argc, argv, &request, &request.shared, error)) {
        return false;
    }
    if (request.platform == NULL) {
        return error_fill(
            error, ERROR_USAGE,
            "run needs a machine; add --platform FILE (trnsim platform list shows "
            "those there are)");
    }
    struct arena *arena = arena_create();
    request.prices = price_path(request.prices, request.platform, arena);
    bool done = run(&request, arena, error);
    arena_free(arena);
    return done;
}
