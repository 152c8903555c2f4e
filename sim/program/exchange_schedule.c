/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules are kept by the shape of what they were made for. */
#include <string.h>

#include "hardware/defect.h"
#include "program/exchanges.h"

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash ^= value + 0x9E3779B97F4A7C15u + (hash << 6) + (hash >> 2);
    hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9u;
    hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBu;
    return hash ^ (hash >> 31);
}

/* Rates and latencies along a route of a domain. */
static uint64_t route_shape(const struct platform *platform, int64_t from, int64_t to)
{
    int32_t count;
    const int32_t *links = platform_route(platform, from, to, &count);
    uint64_t hash = 3;
    for (int32_t i = 0; i < count; i++) {
        const struct link *link = &platform->links[links[i]];
        hash = mix(hash, (uint64_t)link->bandwidth_Bps);
        hash = mix(hash, (uint64_t)(link->latency_s * 1e15));
    }
    return hash;
}

/* Two groups of equal shape have equal schedules: their members lie alike, either on the same
 * places of one domain, of the same domains, or each on one place of its own domain with equal
 * ways to the fabric. */
static uint64_t group_shape(const struct collective *collective)
{
    const struct platform *platform = collective->platform;
    int64_t size = platform->chip_count, first = collective->chips[0];
    uint64_t domains = 1, places = 2;
    bool one_domain = true, one_place = true;
    for (int64_t i = 0; i < collective->count; i++) {
        int64_t chip = collective->chips[i];
        one_domain &= chip / size == first / size;
        one_place &= chip % size == first % size;
        domains = mix(domains, (uint64_t)(chip / size));
        places = mix(places, (uint64_t)(chip % size));
    }
    if (one_domain) {
        return places;
    }
    if (!one_place || platform->tier_count == 0) {
        return mix(domains, places);
    }
    uint64_t nics = mix(mix((uint64_t)platform->nic_up_Bps[first % size],
                            (uint64_t)platform->nic_down_Bps[first % size]),
                        mix(route_shape(platform, first % size, size),
                            route_shape(platform, size, first % size)));
    return mix(mix(domains, nics), (uint64_t)(first % size % platform->tiers[0].rails));
}

/* Members whose ways a choice looks at; of larger groups it takes a sample. */
enum { KIND_MEMBERS = 512 };

/* Two groups are of one kind when each member has equal ways to those after it at distances of
 * 1, 2, 4 and so on. A library sees no other difference between them: its choice for one serves
 * all. */
static uint64_t kind(const struct collective *collective)
{
    uint64_t hash = 5;
    int64_t count = collective->count;
    for (int64_t i = 0; i < count && i < KIND_MEMBERS; i++) {
        for (int64_t apart = 1; apart < count; apart *= 2) {
            struct fabric_path path;
            fabric_path(collective->platform, collective->chips[i],
                        collective->chips[(i + apart) % count], &path);
            uint64_t latency = (uint64_t)(path.latency_s * 1e15);
            hash = mix(hash, mix((uint64_t)path.link_count, latency) + path.scale_out);
            for (int32_t l = 0; l < path.link_count; l++) {
                hash =
                    mix(hash, (uint64_t)fabric_link_Bps(collective->platform, path.links[l]));
            }
        }
    }
    return hash;
}

static bool choose(struct job *job, const struct collective *collective, const char *algorithm,
                   struct collective_choice *choice, struct error *error)
{
    uint64_t of_kind = kind(collective);
    for (struct chosen *known = job->chosen; known != NULL; known = known->next) {
        if (known->kind == of_kind && known->operation == collective->operation &&
            known->algorithm == algorithm && known->count == collective->count &&
            known->bytes >= collective->bytes && known->bytes <= collective->bytes) {
            *choice = known->choice;
            return true;
        }
    }
    if (!collective_choose(collective, algorithm, choice, error)) {
        return false;
    }
    struct chosen *chosen = arena_alloc(job->arena, sizeof *chosen);
    *chosen = (struct chosen){of_kind,           collective->operation, algorithm,
                              collective->bytes, collective->count,     *choice,
                              job->chosen};
    job->chosen = chosen;
    return true;
}

/* A pair has but one way, whatever its places: it is told by what a choice looks at. */
static uint64_t shape(const struct collective *collective)
{
    return collective->count == 2 ? kind(collective) : group_shape(collective);
}

static struct planned **planned_at(struct job *job, const struct planned *like)
{
    uint64_t bytes;
    memcpy(&bytes, &like->bytes, sizeof bytes);
    uint64_t key = mix(mix(like->shape, (uint64_t)like->operation), bytes);
    bool fresh;
    int32_t *number =
        number_table_at(&job->plans->seen, mix(key, (uint64_t)like->count), &fresh, job->arena);
    if (fresh) {
        struct plans *plans = job->plans;
        plans->first = arena_grow(job->arena, plans->first, plans->count, &plans->capacity,
                                  sizeof(struct planned *));
        plans->first[plans->count] = NULL;
        *number = (int32_t)plans->count++;
    }
    return &job->plans->first[*number];
}

const struct schedule *exchanges_schedule(struct job *job, const struct collective *collective,
                                          const struct spec *spec, struct error *error)
{
    struct planned wanted = {shape(collective),
                             spec->operation,
                             spec->algorithm,
                             spec->bytes,
                             collective->count,
                             {.arena = job->arena},
                             NULL};
    struct planned **first = planned_at(job, &wanted);
    for (struct planned *planned = *first; planned != NULL; planned = planned->next) {
        if (planned->shape == wanted.shape && planned->operation == spec->operation &&
            planned->algorithm == spec->algorithm && planned->bytes >= spec->bytes &&
            planned->bytes <= spec->bytes && planned->count == collective->count) {
            return &planned->schedule;
        }
    }
    /* Libraries choose by the kind of machine: a degraded link changes no algorithm. */
    struct platform healthy = defect_healthy(collective->platform);
    struct collective known = *collective;
    known.platform = &healthy;
    struct collective_choice choice;
    if (!choose(job, &known, spec->algorithm, &choice, error)) {
        return NULL;
    }
    struct planned *planned = arena_alloc(job->arena, sizeof *planned);
    *planned = wanted;
    planned->next = *first;
    collective_plan_choice(&known, &choice, &planned->schedule);
    *first = planned;
    return &planned->schedule;
}
