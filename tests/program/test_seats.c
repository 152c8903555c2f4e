/* SPDX-License-Identifier: Apache-2.0 */
/* Spare blocks take the places of dead ones, in order, whole teams at once. */
#include <string.h>

#include "program/seats.h"
#include "support/machine.h"
#include "support/support.h"

/* Five domains of 6, the last spare. */
static struct platform *machine(const int64_t *dead, int64_t count, int64_t taken,
                                struct arena *arena)
{
    struct machine star = {.kind = MACHINE_STAR, .chips = 6, .Bps = 1e9};
    struct platform *platform = machine_create(&star, arena);
    platform->domain_count = 5;
    platform->spare_chips = 6;
    platform->dead_chips = dead;
    platform->dead_chip_count = count;
    platform->reliability.taken_chips = (double)taken;
    return platform;
}

static bool stands(const struct seats *seats, const int64_t *from, const int64_t *to,
                   int64_t count)
{
    bool same = true;
    for (int64_t i = 0; i < count; i++) {
        same &= seats_chip(seats, from[i]) == to[i];
    }
    return same;
}

static void moves(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct seats seats;
    int64_t dead[] = {3, 8, 9};
    struct platform *platform = machine(dead, 3, 1, arena);
    CU_ASSERT(seats_find(&seats, platform, 1, 1, arena, &error) && seats.block == 1);
    CU_ASSERT(
        stands(&seats, (int64_t[]){0, 3, 7, 8, 9, 23}, (int64_t[]){0, 24, 7, 25, 26, 23}, 6));
    CU_ASSERT(seats_find(&seats, platform, 2, 2, arena, &error) && seats.block == 2);
    CU_ASSERT(stands(&seats, (int64_t[]){1, 2, 3, 8, 9}, (int64_t[]){1, 24, 25, 26, 27}, 5));
    int64_t spare[] = {3, 24};
    platform = machine(spare, 2, 1, arena);
    CU_ASSERT(seats_find(&seats, platform, 3, 3, arena, &error) && seats.block == 3);
    CU_ASSERT(stands(&seats, (int64_t[]){2, 3, 5}, (int64_t[]){2, 27, 29}, 3));
    CU_ASSERT(seats_chip(NULL, 3) == 3);
    arena_free(arena);
}

/* A team of four that lies across two domains. */
static void across(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct seats seats;
    int64_t dead[] = {6, 7};
    CU_ASSERT(seats_find(&seats, machine(dead, 2, 2, arena), 4, 4, arena, &error));
    CU_ASSERT(stands(&seats, (int64_t[]){3, 4, 7, 8}, (int64_t[]){3, 24, 27, 8}, 4));
    arena_free(arena);
}

static void too_few(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct seats seats;
    int64_t dead[] = {0, 1, 2, 3, 4, 5, 6};
    CU_ASSERT(!seats_find(&seats, machine(dead, 7, 1, arena), 1, 4, arena, &error));
    CU_ASSERT(error.kind == ERROR_INFEASIBLE);
    CU_ASSERT(strstr(error.message, "7 of 30 chips leave, 23 remain") != NULL);
    CU_ASSERT(strstr(error.message, "spare_chips=10 for a job of 20 chips") != NULL);
    int64_t chips[24];
    CU_ASSERT(!seats_living(machine(dead, 7, 1, arena), chips, 24, &error));
    CU_ASSERT(seats_living(machine(dead, 7, 1, arena), chips, 23, &error));
    CU_ASSERT(chips[0] == 7 && chips[22] == 29);
    arena_free(arena);
}

void suite_seats(void);

void suite_seats(void)
{
    static const struct test tests[] = {
        {"spare blocks take the places of dead ones", moves},
        {"a team across two domains moves whole", across},
        {"too few: how many remain, and what would do", too_few},
    };
    add_suite("seats", tests, sizeof tests / sizeof tests[0]);
}
