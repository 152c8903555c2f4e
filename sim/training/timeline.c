/* SPDX-License-Identifier: Apache-2.0 */
/* Which teams are drawn and where: a pipeline is a process, its stages are threads. All teams
 * come with the parts of their instructions as far as the limit allows; the first of them,
 * while there is still room, with every operation. */
#include "training/timeline.h"

#include <stdio.h>
#include <string.h>

#include "economics/energy.h"
#include "program/placement.h"
#include "training/timeline_parts.h"

/* "chips 0-7", "chips 0, 8 ... 56", "chips 3, 9 and 6 more" */
static const char *chips_text(struct arena *arena, const int64_t *chips, int64_t count)
{
    if (count == 1) {
        return arena_format(arena, "chip %lld", (long long)chips[0]);
    }
    int64_t stride = chips[1] - chips[0];
    for (int64_t i = 1; i < count; i++) {
        if (chips[i] - chips[i - 1] != stride) {
            return arena_format(arena, "chips %lld, %lld and %lld more", (long long)chips[0],
                                (long long)chips[1], (long long)count - 2);
        }
    }
    return arena_format(arena, stride == 1 ? "chips %lld-%lld" : "chips %lld ... %lld",
                        (long long)chips[0], (long long)chips[count - 1]);
}

static const char *stands_for(struct arena *arena, const struct team *team)
{
    if (team->weight == 1) {
        return "";
    }
    return arena_format(arena, ", stands for %lld teams of %lld chips", (long long)team->weight,
                        (long long)team->chip_count);
}

static const char *slowness(struct arena *arena, const struct team *team)
{
    return team->slowness == 1
               ? ""
               : arena_format(arena, ", at %.3g of the speed", 1 / team->slowness);
}

static void name_team(struct timeline *timeline, int64_t index, const char *what,
                      int64_t number)
{
    const struct team *team = &timeline->job->teams[index];
    struct arena *arena = timeline->arena;
    const char *name = arena_format(arena, "%s %lld: %s%s%s", what, (long long)number,
                                    chips_text(arena, team->chips, team->chip_count),
                                    stands_for(arena, team), slowness(arena, team));
    const char *details = arena_format(
        arena, "\"teams\":%lld,\"chips\":%lld,\"each_operation\":%s", (long long)team->weight,
        (long long)team->chip_count, timeline->teams[index].by_op ? "true" : "false");
    timeline_file_thread(timeline->file, timeline->teams[index].track, name, details);
}

static const char *pipeline_name(const struct timeline *timeline, int32_t first, int64_t number)
{
    const struct plan *plan = timeline->request->plan;
    if (plan == NULL) {
        return arena_format(timeline->arena, "pipeline %lld", (long long)number);
    }
    struct place place = placement_of_chip(plan, timeline->job->teams[first].seat);
    if (plan->context_parallel > 1) {
        return arena_format(timeline->arena, "model copy %lld, context part %lld",
                            (long long)place.data, (long long)place.context);
    }
    return arena_format(timeline->arena, "model copy %lld", (long long)place.data);
}

/* Teams in the order in which they are drawn: pipeline by pipeline, stage by stage. */
static int64_t order_teams(const struct job *job, int32_t *order, int64_t *place)
{
    unsigned char *seen = arena_array(job->arena, job->team_count + 1, 1);
    int64_t count = 0;
    for (int32_t t = 0; t < job->team_count; t++) {
        int64_t stage = 0;
        for (int32_t at = t; at >= 0 && !seen[at]; at = job->teams[at].peers[PEER_NEXT]) {
            seen[at] = 1;
            place[count] = stage++;
            order[count++] = at;
        }
    }
    return count;
}

/* What messages and exchanges of the teams that are drawn may need. */
static int64_t reserve(const struct timeline *timeline, const int32_t *order, int64_t shown)
{
    const struct job *job = timeline->job;
    int64_t count = timeline->request->slice_limit / 8;
    for (int64_t i = 0; i < shown; i++) {
        const struct program *program = &job->programs[job->teams[order[i]].program];
        for (int64_t n = 0; n < program->count; n++) {
            count += 2 * (program->instructions[n].kind == INSTRUCTION_SEND);
        }
    }
    return count;
}

static void choose_teams(struct timeline *timeline, const int32_t *order)
{
    const struct job *job = timeline->job;
    int64_t shown = 0;
    for (; shown < job->team_count; shown++) {
        int64_t slices = timeline_teams_slices(job, job->teams[order[shown]].program, false);
        if (slices > timeline->budget) {
            break;
        }
        timeline->budget -= slices;
        timeline->teams[order[shown]].shown = true;
    }
    int64_t spare = timeline->budget - reserve(timeline, order, shown);
    for (int64_t i = 0; i < shown; i++) {
        int32_t program = job->teams[order[i]].program;
        int64_t more = timeline_teams_slices(job, program, true) -
                       timeline_teams_slices(job, program, false);
        more = more > 0 ? more : 0;
        if (more > spare) {
            break;
        }
        spare -= more;
        timeline->budget -= more;
        timeline->teams[order[i]].by_op = true;
        timeline->request->detailed++;
    }
    timeline->request->drawn = shown;
    timeline->request->all = job->team_count;
}

static void name_teams(struct timeline *timeline, const int32_t *order, const int64_t *place)
{
    const struct job *job = timeline->job;
    bool pipelines = job->team_count > 0 && job->teams[0].peers[PEER_NEXT] >= 0;
    int32_t process = TIMELINE_FIRST_PIPELINE - 1, thread = 0;
    for (int64_t i = 0; i < timeline->request->drawn; i++) {
        if (i == 0 || (pipelines && place[i] == 0)) {
            process++;
            thread = 0;
            const char *name =
                pipelines ? pipeline_name(timeline, order[i], process - TIMELINE_FIRST_PIPELINE)
                          : "model copies";
            timeline_file_process(timeline->file, process, name, NULL);
        }
        timeline->teams[order[i]].track = (struct timeline_track){process, ++thread};
        name_team(timeline, order[i], pipelines ? "stage" : "copy", thread - 1);
    }
    if (timeline->request->drawn < job->team_count) {
        const char *name = arena_format(
            timeline->arena, "not drawn: %lld of %lld teams, for the limit of %lld slices",
            (long long)(job->team_count - timeline->request->drawn), (long long)job->team_count,
            (long long)timeline->request->slice_limit);
        timeline_file_process(timeline->file, process + 1, name, NULL);
    }
}

/* MODEL.md, "Energy" */
static void prepare_power(struct timeline *timeline)
{
    const struct platform *platform = timeline->job->platform;
    const struct chip *chip = platform_chip(platform, 0);
    double idle_W = platform_power_W(platform, chip->idle_W);
    timeline->base_W = (double)platform_chips(platform) * idle_W;
    for (int part = 0; part < PART_BUBBLE_TIME; part++) {
        double share = part < WORK_KIND_COUNT ? energy_work_share((enum work_kind)part)
                                              : energy_communication_share();
        double active_W = chip->idle_W + (chip->tdp_W - chip->idle_W) * share;
        timeline->part_W[part] = platform_power_W(platform, active_W) - idle_W;
    }
}

static struct timeline *start(struct timeline_request *request, const struct job *job,
                              struct error *error)
{
    struct arena *arena = job->arena;
    struct timeline *timeline = arena_alloc(arena, sizeof *timeline);
    *timeline = (struct timeline){
        .request = request, .job = job, .arena = arena, .budget = request->slice_limit};
    timeline->file = timeline_file_open(request->path, arena, error);
    if (timeline->file == NULL) {
        return NULL;
    }
    timeline->teams = arena_array(arena, job->team_count + 1, sizeof(struct drawn_team));
    timeline->groups = arena_array(arena, job->group_count + 1, sizeof(struct drawn_group));
    prepare_power(timeline);
    timeline_file_process(timeline->file, TIMELINE_MACHINE, "machine: power and links", NULL);
    timeline_teams_watch(timeline);
    timeline_transfers_start(timeline);
    if (!request->transfers) {
        int32_t *order = arena_array(arena, job->team_count + 1, sizeof *order);
        int64_t *place = arena_array(arena, job->team_count + 1, sizeof *place);
        order_teams(job, order, place);
        choose_teams(timeline, order);
        name_teams(timeline, order, place);
    }
    return timeline;
}

static bool end(struct timeline *timeline, const struct execution *execution,
                struct error *error)
{
    struct timeline_request *request = timeline->request;
    timeline_teams_end(timeline, execution);
    timeline_transfers_end(timeline, execution->time_s);
    request->slices = timeline_file_slices(timeline->file);
    request->arrows_missing = timeline->no_more_arrows || timeline->no_more_exchanges;
    return timeline_file_close(timeline->file, request->facts, request->fact_count, error);
}

bool timeline_run(struct timeline_request *request, const struct job *job,
                  const struct executor_options *options, struct execution *execution,
                  struct error *error)
{
    struct executor_options watched = *options;
    if (request == NULL) {
        return executor_run(job, options, execution, job->arena, error);
    }
    struct timeline *timeline = start(request, job, error);
    if (timeline == NULL) {
        return false;
    }
    watched.watch = &timeline->watch;
    return executor_run(job, &watched, execution, job->arena, error) &&
           end(timeline, execution, error);
}
