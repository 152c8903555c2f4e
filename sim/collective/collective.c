/* SPDX-License-Identifier: Apache-2.0 */
/* The table of algorithms, the choice among them, and what a schedule costs alone. */
#include "collective/collective.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collective/fluid.h"
#include "hardware/fabric.h"

static const struct collective_algorithm *const algorithms[] = {
    &collective_ring,  &collective_halving_doubling, &collective_direct,
    &collective_torus, &collective_hierarchical,     &collective_tree,
};
enum { ALGORITHM_COUNT = sizeof algorithms / sizeof algorithms[0] };

static const char *const operation_names[] = {
#define COLLECTIVE_NAME(NAME, text) text,
    COLLECTIVE_OPERATIONS(COLLECTIVE_NAME)
#undef COLLECTIVE_NAME
};

const char *collective_operation_name(enum collective_operation operation)
{
    return operation_names[operation];
}

bool collective_operation_read(const char *text, enum collective_operation *operation,
                               struct error *error)
{
    char known[256] = "";
    for (int i = 0; i < COLLECTIVE_OPERATION_COUNT; i++) {
        if (strcmp(text, operation_names[i]) == 0) {
            *operation = (enum collective_operation)i;
            return true;
        }
        strncat(known, i > 0 ? ", " : "", sizeof known - strlen(known) - 1);
        strncat(known, operation_names[i], sizeof known - strlen(known) - 1);
    }
    return error_fill(error, ERROR_INPUT, "operation is '%s', expected one of %s", text, known);
}

struct phase *collective_phase(struct schedule *schedule, int64_t rounds)
{
    schedule->phases = arena_grow(schedule->arena, schedule->phases, schedule->phase_count,
                                  &schedule->phase_capacity, sizeof(struct phase));
    struct phase *phase = &schedule->phases[schedule->phase_count++];
    *phase = (struct phase){.rounds = rounds};
    return phase;
}

void collective_transfer(struct schedule *schedule, struct phase *phase, int64_t from,
                         int64_t to, double bytes)
{
    phase->transfers = arena_grow(schedule->arena, phase->transfers, phase->transfer_count,
                                  &phase->transfer_capacity, sizeof(struct transfer));
    phase->transfers[phase->transfer_count++] = (struct transfer){from, to, bytes};
}

double collective_round_s(const struct collective *collective, const struct phase *phase)
{
    double longest_s = 0;
    for (int64_t i = 0; i < phase->transfer_count; i++) {
        struct fabric_path path;
        fabric_path(collective->platform, collective->chips[phase->transfers[i].from],
                    collective->chips[phase->transfers[i].to], &path);
        double step_s = path.scale_out ? collective->platform->collective_step_scale_out_s
                                       : collective->platform->collective_step_s;
        longest_s = fmax(longest_s, path.latency_s + step_s);
    }
    return longest_s;
}

/* The links of one phase, numbered from 0 as they are met: an open-addressing table. */
struct numbering {
    int64_t *keys; /* from the link's id; 0: free */
    int32_t *numbers;
    int64_t size; /* a power of two */
    int32_t count;
    double *capacity_Bps;
    unsigned char *fatpipe;
};

static void numbering_init(struct numbering *numbering, int64_t most, struct arena *arena)
{
    numbering->size = 16;
    while (numbering->size < most * 2) {
        numbering->size *= 2;
    }
    numbering->keys = arena_array(arena, numbering->size, sizeof(int64_t));
    numbering->numbers = arena_array(arena, numbering->size, sizeof(int32_t));
    numbering->capacity_Bps = arena_array(arena, most, sizeof(double));
    numbering->fatpipe = arena_array(arena, most, 1);
}

static int32_t number_of(struct numbering *numbering, const struct platform *platform,
                         int64_t link)
{
    int64_t key = link < 0 ? -2 * link : 2 * link + 1; /* trunks have negative numbers */
    uint64_t slot = (uint64_t)link * 0x9E3779B97F4A7C15u;
    slot = (slot ^ (slot >> 32)) & (uint64_t)(numbering->size - 1);
    while (numbering->keys[slot] != 0 && numbering->keys[slot] != key) {
        slot = (slot + 1) & (uint64_t)(numbering->size - 1);
    }
    if (numbering->keys[slot] == 0) {
        numbering->keys[slot] = key;
        numbering->numbers[slot] = numbering->count;
        numbering->capacity_Bps[numbering->count] = fabric_link_Bps(platform, link);
        numbering->fatpipe[numbering->count] =
            fabric_link_policy(platform, link) == LINK_FATPIPE;
        numbering->count++;
    }
    return numbering->numbers[slot];
}

static double phase_bytes_s(const struct collective *collective, const struct phase *phase,
                            struct arena *arena)
{
    struct fluid fluid = {.arena = arena, .flow_count = phase->transfer_count};
    fluid.flows = arena_array(arena, phase->transfer_count, sizeof(struct fluid_flow));
    struct fabric_path *paths =
        arena_array(arena, phase->transfer_count, sizeof(struct fabric_path));
    int64_t most = 1;
    for (int64_t i = 0; i < phase->transfer_count; i++) {
        fabric_path(collective->platform, collective->chips[phase->transfers[i].from],
                    collective->chips[phase->transfers[i].to], &paths[i]);
        most += paths[i].link_count;
    }
    struct numbering numbering = {0};
    numbering_init(&numbering, most, arena);
    int32_t *links = arena_array(arena, most, sizeof(int32_t));
    for (int64_t i = 0; i < phase->transfer_count; i++) {
        struct fluid_flow *flow = &fluid.flows[i];
        flow->links = links;
        flow->link_count = paths[i].link_count;
        flow->bytes = phase->transfers[i].bytes * (double)phase->rounds;
        for (int32_t l = 0; l < flow->link_count; l++) {
            *links++ = number_of(&numbering, collective->platform, paths[i].links[l]);
        }
    }
    fluid.capacity_Bps = numbering.capacity_Bps;
    fluid.fatpipe = numbering.fatpipe;
    fluid.link_count = numbering.count;
    return fluid_run(&fluid);
}

double collective_time_s(const struct collective *collective, const struct schedule *schedule)
{
    struct arena *scratch = arena_create();
    double time_s = collective->platform->collective_launch_s;
    for (int64_t s = 0; s < schedule->phase_count; s++) {
        const struct phase *phase = &schedule->phases[s];
        time_s += (double)phase->rounds * collective_round_s(collective, phase) +
                  phase_bytes_s(collective, phase, scratch);
    }
    arena_free(scratch);
    return time_s;
}

double collective_bus_bandwidth_Bps(const struct collective *collective, double time_s)
{
    double count = (double)collective->count;
    double factor = 1; /* broadcast, send-receive */
    if (collective->operation == COLLECTIVE_ALL_REDUCE) {
        factor = 2 * (count - 1) / count;
    } else if (collective->operation <= COLLECTIVE_ALL_TO_ALL) {
        factor = (count - 1) / count;
    }
    return collective->bytes * factor / time_s;
}

static void plan_with(const struct collective_algorithm *algorithm, int64_t variant,
                      const struct collective *collective, struct schedule *schedule)
{
    schedule->algorithm = algorithm->name;
    schedule->phase_count = 0;
    schedule->phases = NULL;
    schedule->phase_capacity = 0;
    algorithm->plan(collective, variant, schedule);
}

/* The fastest variant of the algorithms from 'first' to 'last'; algorithm -1 when none can. */
static struct collective_choice fastest(const struct collective *collective, int first,
                                        int last)
{
    struct arena *scratch = arena_create();
    struct collective_choice best = {-1, 0};
    double best_s = INFINITY;
    for (int a = first; a <= last; a++) {
        int64_t variants = algorithms[a]->variant_count(collective);
        for (int64_t variant = 0; variant < variants; variant++) {
            struct schedule trial = {.arena = scratch};
            plan_with(algorithms[a], variant, collective, &trial);
            double time_s = collective_time_s(collective, &trial);
            if (time_s < best_s * (1 - 1e-9)) {
                best = (struct collective_choice){a, variant};
                best_s = time_s;
            }
        }
    }
    arena_free(scratch);
    return best;
}

static bool refuse(const struct collective *collective, const char *algorithm, bool known_name,
                   struct error *error)
{
    char known[256] = "auto";
    for (int a = 0; a < ALGORITHM_COUNT; a++) {
        if (algorithms[a]->variant_count(collective) > 0) {
            strncat(known, ", ", sizeof known - strlen(known) - 1);
            strncat(known, algorithms[a]->name, sizeof known - strlen(known) - 1);
        }
    }
    const char *operation = operation_names[collective->operation];
    if (!known_name) {
        return error_fill(error, ERROR_INPUT,
                          "there is no algorithm '%s'; for %s over %lld chips expected one of "
                          "%s",
                          algorithm, operation, (long long)collective->count, known);
    }
    return error_fill(error, ERROR_INFEASIBLE,
                      "algorithm '%s' cannot do %s over %lld chips, expected one of %s",
                      algorithm, operation, (long long)collective->count, known);
}

bool collective_choose(const struct collective *collective, const char *algorithm,
                       struct collective_choice *choice, struct error *error)
{
    int first = 0, last = ALGORITHM_COUNT - 1;
    if (strcmp(algorithm, "auto") != 0) {
        while (first < ALGORITHM_COUNT && strcmp(algorithm, algorithms[first]->name) != 0) {
            first++;
        }
        last = first < ALGORITHM_COUNT ? first : -1;
    }
    *choice = fastest(collective, first, last);
    return choice->algorithm >= 0 || refuse(collective, algorithm, last >= 0, error);
}

void collective_plan_choice(const struct collective *collective,
                            const struct collective_choice *choice, struct schedule *schedule)
{
    plan_with(algorithms[choice->algorithm], choice->variant, collective, schedule);
}

bool collective_plan(const struct collective *collective, const char *algorithm,
                     struct schedule *schedule, struct error *error)
{
    struct collective_choice choice;
    if (!collective_choose(collective, algorithm, &choice, error)) {
        return false;
    }
    collective_plan_choice(collective, &choice, schedule);
    return true;
}
