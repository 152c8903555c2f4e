/* SPDX-License-Identifier: Apache-2.0 */
/* One team, one program of one exchange. */
#include "program/lower_collective.h"

#include "program/seats.h"

/* The first chips that live, or that stand first in their domains. */
static int64_t *choose_chips(struct job *job, const struct collective_request *request,
                             struct error *error)
{
    int64_t *list = arena_array(job->arena, request->chips, sizeof(int64_t));
    for (int64_t i = 0; request->per_domain > 0 && i < request->chips; i++) {
        list[i] = i / request->per_domain * job->platform->chip_count + i % request->per_domain;
    }
    return request->per_domain > 0 || seats_living(job->platform, list, request->chips, error)
               ? list
               : NULL;
}

static bool add_team(struct job *job, const struct collective_request *request,
                     struct error *error)
{
    int64_t chips = request->chips;
    int64_t *list = choose_chips(job, request, error);
    if (list == NULL) {
        return false;
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
    return true;
}

int64_t lower_collective_chips(const struct platform *platform, int64_t wanted)
{
    int64_t living = platform_all_chips(platform) - platform->dead_chip_count;
    int64_t working = platform_chips(platform);
    return wanted > 0 ? wanted : living < working ? living : working;
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
    if (!add_team(job, request, error)) {
        return NULL;
    }
    job->teams[0].program = program;
    return job;
}
