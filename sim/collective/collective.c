/* SPDX-License-Identifier: Apache-2.0 */
/* The table of algorithms, the choice among them, and what a schedule costs alone. */
#include "collective/collective.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collective/cost.h"

static const struct collective_algorithm *const algorithms[] = {
    &collective_ring,      &collective_halving_doubling, &collective_direct,
    &collective_torus,     &collective_hierarchical,     &collective_tree,
    &collective_in_switch, &collective_double_tree,      &collective_kangaring,
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

/* Of a large phase the transfers from the first members, which stand for all: the choice is
 * about equal loads on equal domains, and must be quick. */
enum { SAMPLE_MEMBERS = 512, SAMPLE_ABOVE = 4096 };

static void make_room(const struct schedule *schedule, struct phase *phase)
{
    if (phase->transfer_capacity == 0) {
        bool few = schedule->sampled && schedule->member_count > SAMPLE_ABOVE;
        phase->transfer_capacity = few ? SAMPLE_ABOVE : schedule->member_count + 1;
        phase->transfers =
            arena_array(schedule->arena, phase->transfer_capacity, sizeof(struct transfer));
    }
    phase->transfers = arena_grow(schedule->arena, phase->transfers, phase->transfer_count,
                                  &phase->transfer_capacity, sizeof(struct transfer));
}

void collective_transfer(struct schedule *schedule, struct phase *phase, int64_t from,
                         int64_t to, double bytes)
{
    if (schedule->sampled && from >= SAMPLE_MEMBERS && phase->transfer_count >= SAMPLE_ABOVE) {
        phase->left_out++;
        return;
    }
    make_room(schedule, phase);
    phase->transfers[phase->transfer_count++] = (struct transfer){from, to, bytes};
}

/* The whole phase if it is small. */
static void reduce_to_sample(struct phase *phase)
{
    if (phase->transfer_count + phase->left_out <= SAMPLE_ABOVE) {
        return;
    }
    int64_t kept = 0;
    for (int64_t i = 0; i < phase->transfer_count; i++) {
        if (phase->transfers[i].from < SAMPLE_MEMBERS) {
            phase->transfers[kept++] = phase->transfers[i];
        }
    }
    phase->transfer_count = kept;
}

bool collective_layout(const struct collective *collective, struct collective_layout *layout)
{
    int64_t size = collective->platform->chip_count, count = collective->count;
    int64_t members = 1;
    while (members < count &&
           collective->chips[members] / size == collective->chips[0] / size) {
        members++;
    }
    for (int64_t i = 1; i < count; i++) {
        bool same = collective->chips[i] / size == collective->chips[i - 1] / size;
        if (same != (i % members != 0)) {
            return false;
        }
    }
    *layout = (struct collective_layout){members, count / members};
    return count % members == 0;
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
    schedule->protocol = NULL;
    schedule->in_switch = false;
    schedule->phase_count = 0;
    schedule->phases = NULL;
    schedule->phase_capacity = 0;
    schedule->member_count = collective->count;
    algorithm->plan(collective, variant, schedule);
}

/* Whether the platform's library chooses this algorithm by itself: a word of its list. The list
 * is about what combines or gathers; the other operations have few ways of which all are open.
 */
static bool chosen_by_library(const struct collective *collective, const char *name)
{
    return cost_word_in(collective->platform->collective_algorithms, name) ||
           collective->operation >= COLLECTIVE_ALL_TO_ALL;
}

struct search {
    struct collective_choice best;
    double best_s;
};

/* Tries one shape of an algorithm by all protocols. */
static void try_shape(const struct collective *collective, struct collective_choice choice,
                      struct search *search)
{
    struct arena *scratch = arena_create();
    struct schedule trial = {.arena = scratch, .sampled = true};
    plan_with(algorithms[choice.algorithm], choice.variant, collective, &trial);
    struct cost_ways *ways = arena_array(scratch, trial.phase_count + 1, sizeof *ways);
    double bytes_s = 0;
    for (int64_t s = 0; s < trial.phase_count; s++) {
        reduce_to_sample(&trial.phases[s]);
        cost_ways(collective, &trial.phases[s], &ways[s]);
        bytes_s += cost_bytes_s(collective, &trial.phases[s], scratch);
    }
    int64_t protocols = cost_protocol_count(collective, &trial);
    for (choice.protocol = 0; choice.protocol < protocols; choice.protocol++) {
        if (!cost_protocol_serves(collective, &trial, choice.protocol)) {
            continue;
        }
        double time_s = bytes_s / cost_efficiency(collective, &trial, choice.protocol);
        for (int64_t s = 0; s < trial.phase_count; s++) {
            time_s +=
                (double)trial.phases[s].rounds *
                cost_round_s(collective, &trial, &trial.phases[s], &ways[s], choice.protocol);
        }
        if (time_s < search->best_s * (1 - 1e-9)) {
            *search = (struct search){choice, time_s};
        }
    }
    arena_free(scratch);
}

/* A full mesh of more chips is not tried unless it is asked for: no library that we know builds
 * one for sums and gathers, and its flows grow with the square. An all-to-all has no other way.
 */
enum { MESH_CHIPS_MAX = 64 };

static bool mesh_is_too_large(const struct collective *collective, int algorithm)
{
    return algorithms[algorithm] == &collective_direct &&
           collective->operation <= COLLECTIVE_ALL_GATHER && collective->count > MESH_CHIPS_MAX;
}

/* The fastest variant of the algorithms from 'first' to 'last'; algorithm -1 when none can. */
static struct collective_choice fastest(const struct collective *collective, int first,
                                        int last)
{
    struct search search = {{-1, 0, 0}, INFINITY};
    for (int a = first; a <= last; a++) {
        if (first != last && (mesh_is_too_large(collective, a) ||
                              !chosen_by_library(collective, algorithms[a]->name))) {
            continue;
        }
        int64_t variants = algorithms[a]->variant_count(collective);
        for (int64_t variant = 0; variant < variants; variant++) {
            try_shape(collective, (struct collective_choice){a, variant, 0}, &search);
        }
    }
    return search.best;
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
    cost_settle(collective, schedule, choice->protocol);
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
