/* SPDX-License-Identifier: Apache-2.0 */
#include "program/fold_kept.h"

/* A job with the programs of another, without teams and groups. */
static struct job *empty_job(const struct job *full, struct arena *arena)
{
    struct job *job = job_create(full->platform, arena);
    job->specs = full->specs;
    job->spec_count = full->spec_count;
    job->sequences = full->sequences;
    job->sequence_count = full->sequence_count;
    job->programs = full->programs;
    job->program_count = full->program_count;
    job->plans = full->plans;
    job->chosen = full->chosen;
    return job;
}

int32_t fold_kept_team(const struct fold_kept *kept, int32_t team)
{
    return team < 0 ? -1 : kept->new_team[kept->teams.first[team]];
}

void fold_kept_teams(struct fold_kept *kept, const struct job *full, struct arena *arena)
{
    kept->full = full;
    kept->arena = arena;
    struct job *job = kept->job = empty_job(full, arena);
    job->teams = arena_array(arena, kept->teams.count, sizeof(struct team));
    kept->new_team = arena_array(arena, full->team_count + 1, sizeof(int32_t));
    for (int32_t t = 0; t < full->team_count; t++) {
        if (kept->teams.first[t] == t) {
            kept->new_team[t] = (int32_t)job->team_count;
            job->teams[job->team_count] = full->teams[t];
            job->teams[job->team_count++].weight = 0;
        }
        job->teams[fold_kept_team(kept, t)].weight += full->teams[t].weight;
    }
}

static void keep_group(struct fold_kept *kept, int32_t index)
{
    const struct group *full = &kept->full->groups[index];
    struct group group = *full;
    group.teams = arena_array(kept->arena, full->member_count, sizeof(int32_t));
    group.member_count = 0;
    for (int64_t m = 0; m < full->member_count; m++) {
        int32_t team = fold_kept_team(kept, full->teams[m]);
        if (kept->member_of[team] != index + 1) {
            kept->member_of[team] = index + 1;
            group.teams[group.member_count++] = team;
        }
    }
    kept->new_group[index] = job_group(kept->job, &group);
}

void fold_kept_groups(struct fold_kept *kept, fold_kept_keep *keep, const void *argument)
{
    const struct job *full = kept->full;
    struct job *job = kept->job;
    kept->new_group = arena_array(kept->arena, full->group_count + 1, sizeof(int32_t));
    kept->member_of = arena_array(kept->arena, job->team_count + 1, sizeof(int32_t));
    for (int32_t g = 0; g < full->group_count; g++) {
        if (keep(argument, g)) {
            keep_group(kept, g);
        }
    }
    for (int64_t t = 0; t < job->team_count; t++) {
        struct team *team = &job->teams[t];
        for (int slot = 0; slot < SLOT_COUNT; slot++) {
            int32_t group = team->groups[slot];
            team->groups[slot] = group < 0 ? -1 : kept->new_group[kept->groups.first[group]];
        }
        for (int peer = 0; peer < PEER_COUNT; peer++) {
            team->peers[peer] = fold_kept_team(kept, team->peers[peer]);
        }
    }
}
