/* SPDX-License-Identifier: Apache-2.0 */
/* Torus: the buffer is cut into two parts a dimension; each part runs rings along all
 * dimensions in its own order and direction, so that every link of the torus carries data all
 * the time. Coordinates are the numbers in the chips' names. MODEL.md, "Torus". */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "collective/collective.h"

enum { DIMENSIONS_MAX = 4 };

struct grid {
    int64_t dimensions;
    int64_t size[DIMENSIONS_MAX];
    int64_t stride[DIMENSIONS_MAX]; /* of the place number */
    int64_t *place_of;              /* group position to place */
    int64_t *position_of;           /* place to group position */
};

/* The numbers in a chip's name: "chip-1-0-3" has three. */
static int64_t coordinates(const char *name, int64_t values[DIMENSIONS_MAX])
{
    int64_t count = 0;
    for (const char *at = strchr(name, '-'); at != NULL; at = strchr(at + 1, '-')) {
        if (!isdigit((unsigned char)at[1]) || count == DIMENSIONS_MAX) {
            return 0;
        }
        values[count++] = strtoll(at + 1, NULL, 10);
    }
    return count;
}

static bool whole_domain(const struct collective *collective)
{
    const struct platform *platform = collective->platform;
    if (collective->count != platform->chip_count) {
        return false;
    }
    for (int64_t i = 1; i < collective->count; i++) {
        if (collective->chips[i] / platform->chip_count !=
            collective->chips[0] / platform->chip_count) {
            return false;
        }
    }
    return true;
}

/* Sizes of the grid; false when the names do not span one of two dimensions or more. */
static bool grid_sizes(const struct collective *collective, struct grid *grid)
{
    const struct platform *platform = collective->platform;
    for (int64_t i = 0; i < platform->chip_count; i++) {
        int64_t values[DIMENSIONS_MAX];
        grid->dimensions = coordinates(platform->chip_names[i], values);
        for (int64_t d = 0; d < grid->dimensions; d++) {
            grid->size[d] = values[d] >= grid->size[d] ? values[d] + 1 : grid->size[d];
        }
    }
    int64_t places = 1;
    for (int64_t d = 0; d < grid->dimensions; d++) {
        grid->stride[d] = places;
        places *= grid->size[d];
    }
    return grid->dimensions > 1 && places == platform->chip_count;
}

static int64_t torus_variants(const struct collective *collective)
{
    struct grid grid = {0};
    return collective->operation <= COLLECTIVE_ALL_GATHER && whole_domain(collective) &&
           grid_sizes(collective, &grid);
}

static void grid_places(const struct collective *collective, struct grid *grid,
                        struct arena *arena)
{
    const struct platform *platform = collective->platform;
    grid->place_of = arena_array(arena, collective->count, sizeof(int64_t));
    grid->position_of = arena_array(arena, collective->count, sizeof(int64_t));
    for (int64_t i = 0; i < collective->count; i++) {
        int64_t values[DIMENSIONS_MAX];
        coordinates(platform->chip_names[collective->chips[i] % platform->chip_count], values);
        for (int64_t d = 0; d < grid->dimensions; d++) {
            grid->place_of[i] += values[d] * grid->stride[d];
        }
        grid->position_of[grid->place_of[i]] = i;
    }
}

static int64_t neighbour(const struct grid *grid, int64_t position, int64_t d, bool backwards)
{
    int64_t place = grid->place_of[position];
    int64_t at = place / grid->stride[d] % grid->size[d];
    int64_t to = (at + (backwards ? grid->size[d] - 1 : 1)) % grid->size[d];
    return grid->position_of[place + (to - at) * grid->stride[d]];
}

/* Step k of the reduce-scatter: part r runs along dimension (r + k) mod D, both ways. */
static void step(const struct collective *collective, const struct grid *grid, int64_t k,
                 struct schedule *schedule)
{
    int64_t longest = 0;
    for (int64_t d = 0; d < grid->dimensions; d++) {
        longest = grid->size[d] > longest ? grid->size[d] : longest;
    }
    struct phase *phase = collective_phase(schedule, longest - 1);
    for (int64_t r = 0; r < grid->dimensions; r++) {
        double bytes = collective->bytes / (double)(2 * grid->dimensions);
        for (int64_t before = 0; before < k; before++) {
            bytes /= (double)grid->size[(r + before) % grid->dimensions];
        }
        int64_t d = (r + k) % grid->dimensions;
        double sent = bytes * (double)(grid->size[d] - 1) / (double)grid->size[d];
        for (int64_t i = 0; i < collective->count * 2; i++) {
            int64_t to = neighbour(grid, i / 2, d, i % 2 == 1);
            collective_transfer(schedule, phase, i / 2, to, sent / (double)(longest - 1));
        }
    }
}

static void torus_plan(const struct collective *collective, int64_t variant,
                       struct schedule *schedule)
{
    (void)variant;
    struct grid grid = {0};
    grid_sizes(collective, &grid);
    grid_places(collective, &grid, schedule->arena);
    for (int64_t k = 0; k < grid.dimensions && collective->operation != COLLECTIVE_ALL_GATHER;
         k++) {
        step(collective, &grid, k, schedule);
    }
    for (int64_t k = grid.dimensions - 1;
         k >= 0 && collective->operation != COLLECTIVE_REDUCE_SCATTER; k--) {
        step(collective, &grid, k, schedule);
    }
}

const struct collective_algorithm collective_torus = {"torus", torus_variants, torus_plan};
