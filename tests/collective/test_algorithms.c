/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules do what their operation says. They hold counts of bytes, not data, so a chip's
 * knowledge is followed in two ways: whose data has reached it (a bit a chip), and how many
 * bytes of the result it holds, of which it can send no more than it has. A reduce-scatter is
 * an all-gather backwards in time; an all-reduce is one after the other. */
#include "collective/collective.h"

#include <math.h>
#include <stdio.h>

#include "support/machine.h"
#include "support/support.h"

enum { CHIPS_MAX = 64 };
static const double size_bytes = 1e9;

static const struct collective_algorithm *const algorithms[] = {
    &collective_ring,  &collective_halving_doubling, &collective_direct,
    &collective_torus, &collective_hierarchical,     &collective_tree};
enum { ALGORITHM_COUNT = sizeof algorithms / sizeof algorithms[0] };

static int64_t round_count(const struct schedule *schedule)
{
    int64_t count = 0;
    for (int64_t p = 0; p < schedule->phase_count; p++) {
        count += schedule->phases[p].rounds;
    }
    return count;
}

static const struct phase *phase_of(const struct schedule *schedule, int64_t round)
{
    const struct phase *phase = schedule->phases;
    while (round >= phase->rounds) {
        round -= phase++->rounds;
    }
    return phase;
}

/* Whose data has reached whom after all rounds. */
static void spread(const struct schedule *schedule, int64_t count, uint64_t heard[CHIPS_MAX])
{
    uint64_t before[CHIPS_MAX];
    for (int64_t i = 0; i < count; i++) {
        heard[i] = (uint64_t)1 << i;
    }
    for (int64_t k = 0; k < round_count(schedule); k++) {
        const struct phase *phase = phase_of(schedule, k);
        for (int64_t i = 0; i < count; i++) {
            before[i] = heard[i];
        }
        for (int64_t t = 0; t < phase->transfer_count; t++) {
            heard[phase->transfers[t].to] |= before[phase->transfers[t].from];
        }
    }
}

struct rounds { /* the rounds [first, end) of a schedule, perhaps backwards in time */
    const struct schedule *schedule;
    int64_t first, end;
    bool backwards;
};

/* Lets data pass through the rounds; false when a chip sends what it does not have. */
static bool pass(const struct rounds *rounds, int64_t count, double held_bytes[CHIPS_MAX])
{
    for (int64_t k = 0; k < rounds->end - rounds->first; k++) {
        const struct phase *phase = phase_of(
            rounds->schedule, rounds->backwards ? rounds->end - 1 - k : rounds->first + k);
        double gained_bytes[CHIPS_MAX] = {0};
        for (int64_t t = 0; t < phase->transfer_count; t++) {
            const struct transfer *transfer = &phase->transfers[t];
            int64_t from = rounds->backwards ? transfer->to : transfer->from;
            int64_t to = rounds->backwards ? transfer->from : transfer->to;
            if (transfer->bytes > held_bytes[from] * (1 + 1e-9)) {
                return false;
            }
            gained_bytes[to] += transfer->bytes;
        }
        for (int64_t i = 0; i < count; i++) {
            held_bytes[i] += gained_bytes[i];
        }
    }
    return true;
}

static bool all_hold(const double held_bytes[CHIPS_MAX], int64_t count)
{
    bool all = true;
    for (int64_t i = 0; i < count; i++) {
        all = all && near(held_bytes[i], size_bytes, 1e-9);
    }
    return all;
}

/* Every chip begins with its part and ends with everything, exactly once. */
static bool gathers(const struct rounds *rounds, int64_t count)
{
    double held_bytes[CHIPS_MAX];
    for (int64_t i = 0; i < count; i++) {
        held_bytes[i] = size_bytes / (double)count;
    }
    return pass(rounds, count, held_bytes) && all_hold(held_bytes, count);
}

/* The first chip begins with everything. */
static bool broadcasts(const struct rounds *rounds, int64_t count)
{
    double held_bytes[CHIPS_MAX] = {size_bytes};
    return pass(rounds, count, held_bytes) && all_hold(held_bytes, count);
}

static bool exchanges_all_pairs(const struct schedule *schedule, int64_t count)
{
    static double sent_bytes[CHIPS_MAX][CHIPS_MAX];
    bool right = true;
    for (int64_t i = 0; i < count * count; i++) {
        sent_bytes[i / count][i % count] = 0;
    }
    for (int64_t k = 0; k < round_count(schedule); k++) {
        const struct phase *phase = phase_of(schedule, k);
        for (int64_t t = 0; t < phase->transfer_count; t++) {
            const struct transfer *transfer = &phase->transfers[t];
            sent_bytes[transfer->from][transfer->to] += transfer->bytes;
        }
    }
    for (int64_t i = 0; i < count * count; i++) {
        double due_bytes = i / count == i % count ? 0 : size_bytes / (double)count;
        right = right && near(sent_bytes[i / count][i % count], due_bytes, 1e-9);
    }
    return right;
}

static bool all_reduces(const struct schedule *schedule, int64_t count)
{
    int64_t end = round_count(schedule);
    struct rounds reduce = {schedule, 0, end / 2, true};
    struct rounds gather = {schedule, end / 2, end, false};
    bool tree = schedule->algorithm == collective_tree.name;
    return end % 2 == 0 && (tree ? broadcasts(&reduce, count) : gathers(&reduce, count)) &&
           (tree ? broadcasts(&gather, count) : gathers(&gather, count));
}

static bool does(const struct collective *collective, const struct schedule *schedule)
{
    struct rounds all = {schedule, 0, round_count(schedule), false};
    switch (collective->operation) {
    case COLLECTIVE_ALL_REDUCE:
        return all_reduces(schedule, collective->count);
    case COLLECTIVE_REDUCE_SCATTER:
        all.backwards = true;
        return gathers(&all, collective->count);
    case COLLECTIVE_ALL_GATHER:
        return gathers(&all, collective->count);
    case COLLECTIVE_ALL_TO_ALL:
        return exchanges_all_pairs(schedule, collective->count);
    case COLLECTIVE_BROADCAST:
    case COLLECTIVE_SEND_RECEIVE:
        return broadcasts(&all, collective->count);
    case COLLECTIVE_OPERATION_COUNT:
        break;
    }
    return false;
}

static bool everyone_heard(const struct collective *collective, const struct schedule *schedule)
{
    uint64_t heard[CHIPS_MAX];
    bool from_first = collective->operation >= COLLECTIVE_BROADCAST, right = true;
    uint64_t all = ~(uint64_t)0 >> (64 - collective->count), due = from_first ? 1 : all;
    spread(schedule, collective->count, heard);
    for (int64_t i = 0; i < collective->count; i++) {
        right = right && (heard[i] & due) == due;
    }
    return right;
}

/* Bytes that every chip sends and receives in the algorithms that need no more than the least:
 * 2(n-1)/n S for an all-reduce, (n-1)/n S for its halves and an all-to-all. */
static bool sends_the_least(const struct collective *collective,
                            const struct schedule *schedule)
{
    double sent_bytes[CHIPS_MAX] = {0}, received_bytes[CHIPS_MAX] = {0};
    double count = (double)collective->count;
    double due_bytes = size_bytes * (count - 1) / count *
                       (collective->operation == COLLECTIVE_ALL_REDUCE ? 2 : 1);
    bool right = true;
    for (int64_t k = 0; k < round_count(schedule); k++) {
        const struct phase *phase = phase_of(schedule, k);
        for (int64_t t = 0; t < phase->transfer_count; t++) {
            sent_bytes[phase->transfers[t].from] += phase->transfers[t].bytes;
            received_bytes[phase->transfers[t].to] += phase->transfers[t].bytes;
        }
    }
    for (int64_t i = 0; i < collective->count; i++) {
        right = right && near(sent_bytes[i], due_bytes, 1e-9) &&
                near(received_bytes[i], due_bytes, 1e-9);
    }
    return right;
}

static bool check(const struct collective *collective,
                  const struct collective_algorithm *algorithm, int64_t variant)
{
    struct arena *arena = arena_create();
    struct schedule schedule = {.arena = arena, .algorithm = algorithm->name};
    algorithm->plan(collective, variant, &schedule);
    bool even = collective->operation < COLLECTIVE_BROADCAST && algorithm != &collective_tree;
    bool right = does(collective, &schedule) && everyone_heard(collective, &schedule) &&
                 (!even || sends_the_least(collective, &schedule));
    if (!right) {
        printf("\n    %s, %s, %lld chips, variant %lld", algorithm->name,
               collective_operation_name(collective->operation), (long long)collective->count,
               (long long)variant);
    }
    arena_free(arena);
    return right;
}

/* All operations, algorithms and their variants over the first chips of a machine. Returns how
 * many schedules there were. */
static int check_all(const struct platform *platform, int64_t count)
{
    int64_t chips[CHIPS_MAX];
    int schedules = 0;
    for (int64_t i = 0; i < count; i++) {
        chips[i] = i;
    }
    for (int operation = 0; operation < COLLECTIVE_OPERATION_COUNT; operation++) {
        struct collective collective = {(enum collective_operation)operation, size_bytes,
                                        platform, chips, count};
        for (int a = 0; a < ALGORITHM_COUNT; a++) {
            int64_t variants = algorithms[a]->variant_count(&collective);
            for (int64_t variant = 0; variant < variants; variant++, schedules++) {
                CU_ASSERT(check(&collective, algorithms[a], variant));
            }
        }
    }
    return schedules;
}

static void test_all_group_sizes(void)
{
    struct arena *arena = arena_create();
    struct machine star = {.kind = MACHINE_STAR, .chips = CHIPS_MAX, .Bps = 1e11};
    struct platform *platform = machine_create(&star, arena);
    for (int64_t count = 2; count <= CHIPS_MAX; count++) {
        /* ring x 3, direct x 5, tree x 2 at least */
        CU_ASSERT(check_all(platform, count) >= 10);
    }
    /* 8 chips: besides 3 of halving-doubling, blocks of 2 and 4, mirrored or not, x 3 */
    CU_ASSERT(check_all(platform, 8) >= 10 + 3 + 4 * 3);
    /* 2 chips: ring x 3, direct x 6, tree x 2, halving-doubling x 3 */
    CU_ASSERT(check_all(platform, 2) >= 14);
    arena_free(arena);
}

/* The 4x4 and 4x4x4 torus of the shipped machines: 3 schedules of their own. */
static void test_torus(void)
{
    static const char *const paths[] = {SOURCE_FOLDER "/platforms/trn1.32xlarge.xml",
                                        SOURCE_FOLDER "/platforms/trn2.48xlarge.xml",
                                        SOURCE_FOLDER "/platforms/trn2-ultraserver.xml"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct arena *arena = arena_create();
        struct error error = {0};
        struct platform *platform = platform_read(paths[i], arena, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
        struct machine star = {
            .kind = MACHINE_STAR, .chips = platform->chip_count, .Bps = 1e11};
        CU_ASSERT_EQUAL(check_all(platform, platform->chip_count),
                        3 + check_all(machine_create(&star, arena), platform->chip_count));
        arena_free(arena);
    }
}

void suite_algorithms(void)
{
    static const struct test tests[] = {
        {"every chip gets what it must, for 2 to 64 chips", test_all_group_sizes},
        {"on a torus too", test_torus},
    };
    add_suite("algorithms", tests, sizeof tests / sizeof tests[0]);
}
