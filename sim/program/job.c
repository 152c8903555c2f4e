/* SPDX-License-Identifier: Apache-2.0 */
/* Building a job: lists that grow. The planning of its exchanges is in exchanges.c. */
#include "program/job.h"

#include <string.h>

static const char *const part_names[] = {
#define PART_NAME(NAME, text) text,
    PARTS(PART_NAME)
#undef PART_NAME
};

const char *job_part_name(enum part_of_time part)
{
    return part_names[part];
}

struct job *job_create(const struct platform *platform, struct arena *arena)
{
    struct job *job = arena_alloc(arena, sizeof *job);
    job->arena = arena;
    job->platform = platform;
    job->plans = arena_alloc(arena, sizeof *job->plans);
    network_init(&job->network, platform, arena);
    return job;
}

int32_t job_spec(struct job *job, enum collective_operation operation, double bytes,
                 const char *algorithm)
{
    for (int64_t i = 0; i < job->spec_count; i++) {
        const struct spec *spec = &job->specs[i];
        if (spec->operation == operation && spec->bytes >= bytes && spec->bytes <= bytes &&
            strcmp(spec->algorithm, algorithm) == 0) {
            return (int32_t)i;
        }
    }
    job->specs = arena_grow(job->arena, job->specs, job->spec_count, &job->spec_capacity,
                            sizeof(struct spec));
    job->specs[job->spec_count] = (struct spec){operation, bytes, algorithm};
    return (int32_t)job->spec_count++;
}

int32_t job_sequence(struct job *job, const char *name)
{
    job->sequences = arena_grow(job->arena, job->sequences, job->sequence_count,
                                &job->sequence_capacity, sizeof(struct sequence));
    job->sequences[job->sequence_count] = (struct sequence){.name = name};
    return (int32_t)job->sequence_count++;
}

void job_op(struct job *job, int32_t sequence, const struct op *op)
{
    struct sequence *target = &job->sequences[sequence];
    target->ops = arena_grow(job->arena, target->ops, target->op_count, &target->op_capacity,
                             sizeof(struct op));
    target->ops[target->op_count++] = *op;
}

int32_t job_program(struct job *job)
{
    job->programs = arena_grow(job->arena, job->programs, job->program_count,
                               &job->program_capacity, sizeof(struct program));
    job->programs[job->program_count] = (struct program){0};
    return (int32_t)job->program_count++;
}

void job_instruct(struct job *job, int32_t program, struct instruction instruction)
{
    struct program *target = &job->programs[program];
    target->instructions = arena_grow(job->arena, target->instructions, target->count,
                                      &target->capacity, sizeof(struct instruction));
    target->instructions[target->count++] = instruction;
}

int32_t job_group(struct job *job, const struct group *group)
{
    job->groups = arena_grow(job->arena, job->groups, job->group_count, &job->group_capacity,
                             sizeof(struct group));
    job->groups[job->group_count] = *group;
    return (int32_t)job->group_count++;
}

struct traffic *job_exchange(const struct job *job, int32_t group, int32_t spec)
{
    return job->exchanges[group * job->spec_count + spec];
}

struct traffic *job_message(const struct job *job, int32_t team, int32_t peer, int32_t spec)
{
    return job->messages[(team * PEER_COUNT + peer) * job->spec_count + spec];
}
