/* SPDX-License-Identifier: Apache-2.0 */
/* Chips are dealt to a plan first; domains then get a divisor of them. A mix gives every team
 * the same list of instructions with work of its program's own length, so that exchanges and
 * messages fit together whatever the groups are. */
#include "support/fold_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hardware/dead_chips.h"
#include "hardware/fabric.h"
#include "program/lower_training.h"
#include "support/fold_machine.h"
#include "support/fold_plan.h"

enum { SEQUENCE = 512 };

static void slow_down(struct drawing *drawing, struct job *job)
{
    int64_t count = toss(drawing) ? 0 : 1 + below(drawing, 2);
    for (int64_t i = 0; i < count; i++) {
        job->teams[below(drawing, job->team_count)].slowness = 1.25 + 0.5 * (double)i;
    }
}

/* Training */

static struct job *training_job(struct drawing *drawing, struct error *error)
{
    struct training_shape *shape = arena_alloc(drawing->arena, sizeof *shape);
    struct fold_plan *drawn = arena_alloc(drawing->arena, sizeof *drawn);
    fold_plan_draw(drawn, &drawing->stream, drawing->fold_case->large);
    struct plan *plan = &drawn->plan;
    int64_t chips = fold_plan_chips(plan);
    int64_t tokens = SEQUENCE * plan->data_parallel * drawn->micro_batches;
    fold_machine_draw(drawing, chips, plan->tensor_parallel, 0);
    if (below(drawing, 4) == 0) {
        fold_machine_second_kind(drawing);
    }
    fold_machine_degrade(drawing);
    *shape = (struct training_shape){&drawn->model, plan, SEQUENCE};
    snprintf(drawing->fold_case->text, sizeof drawing->fold_case->text, "%s%s", drawn->text,
             drawing->platform->chip_type_count > 1 ? ", two kinds of chip" : "");
    if (!plan_derive(plan, &drawn->model, chips, SEQUENCE, tokens, error)) {
        return NULL;
    }
    return lower_training(drawing->platform, shape, drawing->arena, error);
}

/* Mixes */

/* Which chip each place of the teams gets: the first ones in order, or any in any order, some
 * left idle. */
static int64_t *deal_chips(struct drawing *drawing)
{
    const struct platform *platform = drawing->platform;
    int64_t count = 0;
    int64_t *dealt = arena_array(drawing->arena, platform_all_chips(platform), sizeof(int64_t));
    for (int64_t i = 0; i < platform_all_chips(platform); i++) {
        if (!dead_chips_among(platform, i, 1)) {
            dealt[count++] = i;
        }
    }
    bool shuffled = below(drawing, 3) == 0;
    drawing->shuffled = shuffled;
    for (int64_t i = count - 1; i > 0 && shuffled; i--) {
        int64_t other = below(drawing, i + 1), chip = dealt[i];
        dealt[i] = dealt[other];
        dealt[other] = chip;
    }
    return dealt;
}

/* All chips of the teams in one list, or chip i of each with chip i of the others. */
static int32_t mix_group(struct drawing *drawing, struct job *job, const int32_t *teams,
                         int64_t count)
{
    int64_t width = job->teams[0].chip_count;
    int32_t *members = arena_array(drawing->arena, count, sizeof(int32_t));
    memcpy(members, teams, (size_t)count * sizeof(int32_t));
    bool parallel = toss(drawing);
    int64_t *chips = arena_array(drawing->arena, width * count, sizeof(int64_t));
    struct group group = {.member_count = count,
                          .teams = members,
                          .subgroup_count = parallel ? width : 1,
                          .subgroup_size = parallel ? count : width * count,
                          .chips = chips};
    for (int64_t m = 0; m < count; m++) {
        for (int64_t i = 0; i < width; i++) {
            chips[parallel ? i * count + m : m * width + i] = job->teams[teams[m]].chips[i];
        }
    }
    return job_group(job, &group);
}

/* Groups of equal size: neighbours, far apart, or at random. */
static void mix_slot(struct drawing *drawing, struct job *job, enum slot slot)
{
    int64_t count = job->team_count;
    int32_t *order = arena_array(drawing->arena, count, sizeof(int32_t));
    int64_t size = 2 + below(drawing, 5);
    size = size < count ? size : count;
    while (count % size != 0) {
        size++;
    }
    int64_t kind = below(drawing, 4), groups = count / size;
    for (int32_t t = 0; t < count; t++) {
        order[kind == 0 ? t : t % groups * size + t / groups] = t;
    }
    for (int64_t i = count - 1; kind == 3 && i > 0; i--) {
        int64_t other = below(drawing, i + 1);
        int32_t kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    for (int64_t first = 0; first < count; first += size) {
        int32_t group = mix_group(drawing, job, order + first, size);
        for (int64_t i = 0; i < size; i++) {
            job->teams[order[first + i]].groups[slot] = group;
        }
    }
}

static void mix_teams(struct drawing *drawing, struct job *job, int64_t width, int32_t programs)
{
    int64_t count = job->team_count, step = 1 + below(drawing, count - 1);
    bool blocks = toss(drawing);
    const int64_t *dealt = deal_chips(drawing);
    job->teams = arena_array(drawing->arena, count, sizeof(struct team));
    for (int32_t t = 0; t < count; t++) {
        struct team *team = &job->teams[t];
        int64_t *chips = arena_array(drawing->arena, width, sizeof(int64_t));
        for (int64_t i = 0; i < width; i++) {
            chips[i] = dealt[t * width + i];
        }
        *team = (struct team){
            .program = (int32_t)(blocks ? t * programs / count : t % programs),
            .chips = chips,
            .chip_count = width,
            .peers = {(int32_t)((t + step) % count), (int32_t)((t - step + count) % count)},
            .slowness = 1,
            .weight = 1};
        for (int slot = 0; slot < SLOT_COUNT; slot++) {
            team->groups[slot] = -1;
        }
    }
    mix_slot(drawing, job, SLOT_DATA);
    mix_slot(drawing, job, SLOT_CONTEXT);
}

static int32_t mix_spec(struct drawing *drawing, struct job *job)
{
    static const enum collective_operation operations[] = {
        COLLECTIVE_ALL_REDUCE, COLLECTIVE_REDUCE_SCATTER, COLLECTIVE_ALL_GATHER,
        COLLECTIVE_ALL_TO_ALL};
    double bytes = 1e4 * (double)(1 + below(drawing, 1000));
    return job_spec(job, operations[below(drawing, 4)], bytes, "auto");
}

/* Work, and perhaps an exchange: of equal kind in all programs, work of their own. */
static void mix_run(struct drawing *drawing, struct job *job, int32_t programs)
{
    bool exchange = toss(drawing);
    struct op ops[2] = {{.name = "work", .part = PART_MATMUL_TIME, .spec = -1},
                        {.name = "exchange", .part = PART_DATA_TIME}};
    ops[1].slot = toss(drawing) ? SLOT_DATA : SLOT_CONTEXT;
    ops[1].spec = mix_spec(drawing, job);
    for (int32_t p = 0; p < programs; p++) {
        int32_t sequence = job_sequence(job, "mixed");
        ops[0].duration_s = 1e-5 * (double)(1 + below(drawing, 20));
        job_op(job, sequence, &ops[0]);
        if (exchange) {
            job_op(job, sequence, &ops[1]);
            job_op(job, sequence, &ops[0]);
        }
        job_instruct(job, p, (struct instruction){INSTRUCTION_RUN, sequence, 0, 0, "run"});
    }
}

static void mix_all(struct job *job, int32_t programs, struct instruction instruction)
{
    for (int32_t p = 0; p < programs; p++) {
        job_instruct(job, p, instruction);
    }
}

static void mix_messages(struct drawing *drawing, struct job *job, int32_t programs)
{
    double bytes = 1e4 * (double)(1 + below(drawing, 1000));
    int32_t spec = job_spec(job, COLLECTIVE_SEND_RECEIVE, bytes, "auto");
    bool back = toss(drawing);
    struct instruction send = {INSTRUCTION_SEND, spec, back ? PEER_PREVIOUS : PEER_NEXT, 0,
                               "send"};
    struct instruction receive = {INSTRUCTION_RECEIVE, 0, back ? PEER_NEXT : PEER_PREVIOUS, 0,
                                  "receive"};
    mix_all(job, programs, send);
    mix_run(drawing, job, programs);
    mix_all(job, programs, receive);
}

static struct job *mixed_job(struct drawing *drawing)
{
    int64_t width = (int64_t)1 << below(drawing, 3);
    int64_t teams =
        drawing->fold_case->large ? 32 + below(drawing, 60) : 4 + below(drawing, 12);
    fold_machine_draw(drawing, width * teams, width, below(drawing, 3));
    fold_machine_degrade(drawing);
    struct job *job = job_create(drawing->platform, drawing->arena);
    int32_t programs = (int32_t)(1 + below(drawing, 2));
    int64_t steps = 3 + below(drawing, 6);
    job->team_count = teams;
    for (int32_t p = 0; p < programs; p++) {
        job_program(job);
    }
    mix_teams(drawing, job, width, programs);
    for (int64_t i = 0; i < steps; i++) {
        int64_t kind = below(drawing, 3);
        int32_t slot = toss(drawing) ? SLOT_DATA : SLOT_CONTEXT;
        if (kind == 0) {
            mix_run(drawing, job, programs);
        } else if (kind == 1) {
            mix_messages(drawing, job, programs);
        } else {
            struct instruction start = {INSTRUCTION_START, mix_spec(drawing, job), slot, -1,
                                        "start"};
            mix_all(job, programs, start);
            mix_run(drawing, job, programs);
            mix_all(job, programs, (struct instruction){INSTRUCTION_WAIT, 0, slot, -1, "wait"});
        }
    }
    snprintf(drawing->fold_case->text, sizeof drawing->fold_case->text,
             "a mix of %lld teams of %lld%s, %d programs, %lld steps", (long long)teams,
             (long long)width, drawing->shuffled ? " anywhere" : "", programs,
             (long long)steps);
    return job;
}

static void describe(struct drawing *drawing)
{
    static const char *const kinds[] = {"stars", "tori", "two racks"};
    const struct cluster *cluster = &drawing->cluster;
    const struct platform *platform = drawing->platform;
    size_t length = strlen(drawing->fold_case->text);
    snprintf(drawing->fold_case->text + length, sizeof drawing->fold_case->text - length,
             " on %lld %s of %lld, NIC of %lld%s, tiers", (long long)cluster->domains,
             kinds[cluster->kind], (long long)cluster->chips, (long long)cluster->nic_chips,
             cluster->nic_inside ? " inside" : "");
    for (int64_t t = 0; t < cluster->tier_count; t++) {
        length = strlen(drawing->fold_case->text);
        snprintf(drawing->fold_case->text + length, sizeof drawing->fold_case->text - length,
                 " %lld:%g/%lld", (long long)cluster->tiers[t].domains,
                 cluster->tiers[t].oversubscription, (long long)cluster->tiers[t].rails);
    }
    length = strlen(drawing->fold_case->text);
    snprintf(drawing->fold_case->text + length, sizeof drawing->fold_case->text - length,
             ", %lld planes, %lld chips dead, %lld spare", (long long)platform->planes,
             (long long)platform->dead_chip_count, (long long)platform->spare_chips);
    for (int64_t i = 0; i < platform->defect_count; i++) {
        length = strlen(drawing->fold_case->text);
        snprintf(drawing->fold_case->text + length, sizeof drawing->fold_case->text - length,
                 ", %s:%g",
                 fabric_link_name(platform, platform->defects[i].link, drawing->arena),
                 platform->defects[i].factor);
    }
}

struct job *fold_case_job(struct fold_case *fold_case, struct arena *arena)
{
    struct drawing drawing = {.fold_case = fold_case, .arena = arena};
    struct error error = {0};
    random_init(&drawing.stream, (uint64_t)fold_case->number, "folding");
    random_init(&drawing.extra, (uint64_t)fold_case->number, "folding besides");
    struct job *job =
        below(&drawing, 5) < 3 ? training_job(&drawing, &error) : mixed_job(&drawing);
    describe(&drawing);
    if (job == NULL) {
        printf("\n    %s: %s", fold_case->text, error.message);
        return NULL;
    }
    slow_down(&drawing, job);
    return job;
}
