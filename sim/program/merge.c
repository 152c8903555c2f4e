/* SPDX-License-Identifier: Apache-2.0 */
/* Everything of a part is copied with its numbers moved behind those of the parts before it. */
#include "program/merge.h"

const char *merge_layout_name(enum merge_layout layout)
{
    static const char *const names[] = {"blocks", "domains", "chips"};
    return names[layout];
}

int64_t merge_chip(const struct platform *platform, enum merge_layout layout,
                   int64_t part_count, int64_t place, int64_t chip)
{
    int64_t size = platform->chip_count;
    switch (layout) {
    case MERGE_DOMAINS:
        return (chip / size * part_count + place) * size + chip % size;
    case MERGE_CHIPS:
        return chip * part_count + place;
    case MERGE_BLOCKS:
    case MERGE_LAYOUT_COUNT:
        break;
    }
    return platform->domain_count / part_count * size * place + chip;
}

struct merging {
    struct job *job;
    enum merge_layout layout;
    int64_t part_count;
    const struct merge_part *part;
    int32_t first_sequence, first_program, first_team, first_group;
    int32_t *specs; /* the part's, in the new list */
};

static const int64_t *move_chips(const struct merging *merging, const int64_t *chips,
                                 int64_t count)
{
    int64_t *moved = arena_array(merging->job->arena, count, sizeof(int64_t));
    for (int64_t i = 0; i < count; i++) {
        moved[i] = merge_chip(merging->job->platform, merging->layout, merging->part_count,
                              merging->part->place, chips[i]);
    }
    return moved;
}

static void copy_specs(struct merging *merging)
{
    const struct job *from = merging->part->job;
    merging->specs = arena_array(merging->job->arena, from->spec_count + 1, sizeof(int32_t));
    for (int64_t s = 0; s < from->spec_count; s++) {
        const struct spec *spec = &from->specs[s];
        merging->specs[s] =
            job_spec(merging->job, spec->operation, spec->bytes, spec->algorithm);
    }
}

static void copy_sequences(const struct merging *merging)
{
    const struct job *from = merging->part->job;
    for (int64_t s = 0; s < from->sequence_count; s++) {
        const struct sequence *sequence = &from->sequences[s];
        int32_t copy = job_sequence(merging->job, sequence->name);
        for (int64_t o = 0; o < sequence->op_count; o++) {
            struct op op = sequence->ops[o];
            op.spec = op.spec < 0 ? -1 : merging->specs[op.spec];
            job_op(merging->job, copy, &op);
        }
    }
}

static struct instruction moved_instruction(const struct merging *merging,
                                            struct instruction instruction)
{
    switch (instruction.kind) {
    case INSTRUCTION_RUN:
        instruction.what += merging->first_sequence;
        break;
    case INSTRUCTION_START:
    case INSTRUCTION_SEND:
        instruction.what = merging->specs[instruction.what];
        break;
    case INSTRUCTION_WAIT:
    case INSTRUCTION_RECEIVE:
        break;
    }
    return instruction;
}

static void copy_programs(const struct merging *merging)
{
    const struct job *from = merging->part->job;
    for (int64_t p = 0; p < from->program_count; p++) {
        const struct program *program = &from->programs[p];
        int32_t copy = job_program(merging->job);
        for (int64_t i = 0; i < program->count * merging->part->steps; i++) {
            job_instruct(merging->job, copy,
                         moved_instruction(merging, program->instructions[i % program->count]));
        }
    }
}

static int32_t moved(int32_t number, int32_t first)
{
    return number < 0 ? number : number + first;
}

static void copy_teams(const struct merging *merging)
{
    const struct job *from = merging->part->job;
    for (int64_t t = 0; t < from->team_count; t++) {
        struct team *team = &merging->job->teams[merging->job->team_count++];
        *team = from->teams[t];
        team->program += merging->first_program;
        team->chips = move_chips(merging, team->chips, team->chip_count);
        for (int slot = 0; slot < SLOT_COUNT; slot++) {
            team->groups[slot] = moved(team->groups[slot], merging->first_group);
        }
        for (int peer = 0; peer < PEER_COUNT; peer++) {
            team->peers[peer] = moved(team->peers[peer], merging->first_team);
        }
    }
}

static void copy_groups(const struct merging *merging)
{
    const struct job *from = merging->part->job;
    for (int64_t g = 0; g < from->group_count; g++) {
        struct group group = from->groups[g];
        const int32_t *teams = group.teams;
        group.teams = arena_array(merging->job->arena, group.member_count, sizeof(int32_t));
        for (int64_t m = 0; m < group.member_count; m++) {
            group.teams[m] = teams[m] + merging->first_team;
        }
        group.chips =
            move_chips(merging, group.chips, group.subgroup_count * group.subgroup_size);
        job_group(merging->job, &group);
    }
}

struct job *merge_jobs(const struct platform *platform, enum merge_layout layout,
                       int64_t part_count, const struct merge_part *list, int64_t count,
                       int32_t *program_end, struct arena *arena)
{
    struct job *job = job_create(platform, arena);
    int64_t teams = 0;
    for (int64_t i = 0; i < count; i++) {
        teams += list[i].job->team_count;
    }
    job->teams = arena_array(arena, teams, sizeof(struct team));
    for (int64_t i = 0; i < count; i++) {
        struct merging merging = {.job = job,
                                  .layout = layout,
                                  .part_count = part_count,
                                  .part = &list[i],
                                  .first_sequence = (int32_t)job->sequence_count,
                                  .first_program = (int32_t)job->program_count,
                                  .first_team = (int32_t)job->team_count,
                                  .first_group = (int32_t)job->group_count};
        copy_specs(&merging);
        copy_sequences(&merging);
        copy_programs(&merging);
        copy_teams(&merging);
        copy_groups(&merging);
        program_end[i] = (int32_t)job->program_count;
    }
    return job;
}
