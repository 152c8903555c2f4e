/* SPDX-License-Identifier: Apache-2.0 */
/* One team, one program of one exchange. */
#include "program/lower_collective.h"

static void add_team(struct job *job, const struct collective_request *request)
{
    int64_t chips = request->chips, size = job->platform->chip_count;
    int64_t in_domain = request->per_domain > 0 ? request->per_domain : size;
    int64_t *list = arena_array(job->arena, chips, sizeof(int64_t));
    for (int64_t i = 0; i < chips; i++) {
        list[i] = i / in_domain * size + i % in_domain;
    }
    job->teams = arena_array(job->arena, 1, sizeof(struct team));
    job->team_count = 1;
    int32_t *member = arena_array(job->arena, 1, sizeof(int32_t));
    struct group group = {1, member, 1, chips, list, true};
    job->teams[0] = (struct team){
        .chips = list, .chip_count = chips, .slowness = 1, .weight = 1, .peers = {-1, -1}};
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        job->teams[0].groups[slot] = -1;
    }
    job->teams[0].groups[SLOT_TENSOR] = job_group(job, &group);
}

struct job *lower_collective(const struct platform *platform,
                             const struct collective_request *request, struct arena *arena,
                             struct error *error)
{
    if (request->chips < 2 || request->chips > platform_chips(platform)) {
        error_fill(
            error, ERROR_INFEASIBLE,
            "the collective wants %lld chips, the machine has %lld and a collective needs "
            "at least 2; change group_chips or --ultraservers",
            (long long)request->chips, (long long)platform_chips(platform));
        return NULL;
    }
    struct job *job = job_create(platform, arena);
    const char *name = collective_operation_name(request->operation);
    int32_t spec = job_spec(job, request->operation, request->bytes, request->algorithm);
    int32_t sequence = job_sequence(job, name);
    struct op op = {name, PART_TENSOR_TIME, 0, spec, SLOT_TENSOR, false, 0, 0};
    job_op(job, sequence, &op);
    int32_t program = job_program(job);
    struct instruction run = {INSTRUCTION_RUN, sequence, 0, -1, name};
    job_instruct(job, program, run);
    add_team(job, request);
    job->teams[0].program = program;
    return job;
}
