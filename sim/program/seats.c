/* SPDX-License-Identifier: Apache-2.0 */
/* Whole teams move: what is left of one that lost a chip stays idle. */
#include "program/seats.h"

#include <stdio.h>

#include "hardware/dead_chips.h"

static bool lives(const struct seats *seats, const struct platform *platform, int64_t block)
{
    return !dead_chips_among(platform, block * seats->block, seats->block);
}

/* Blocks of the whole machine that live. */
static int64_t living_blocks(const struct seats *seats, const struct platform *platform)
{
    int64_t count = 0;
    for (int64_t b = 0; b < platform_all_chips(platform) / seats->block; b++) {
        count += lives(seats, platform, b);
    }
    return count;
}

static bool refuse(const struct seats *seats, const struct platform *platform,
                   int64_t copy_chips, struct error *error)
{
    int64_t all = platform_all_chips(platform), remain = all - platform->dead_chip_count;
    int64_t whole = living_blocks(seats, platform) * seats->block;
    int64_t most = whole / copy_chips * copy_chips;
    char remedy[120];
    if (most > 0) {
        snprintf(remedy, sizeof remedy,
                 "set spare_chips=%lld for a job of %lld chips, or give the machine more",
                 (long long)(all - most), (long long)most);
    } else {
        snprintf(remedy, sizeof remedy, "give the machine more chips, and spare_chips of them");
    }
    return error_fill(
        error, ERROR_INFEASIBLE,
        "dead_chips: %lld of %lld chips leave, %lld remain, %lld of them in whole "
        "blocks of %lld that can take a team's place; the job wants %lld and "
        "finds too few spare ones; %s",
        (long long)platform->dead_chip_count, (long long)all, (long long)remain,
        (long long)whole, (long long)seats->block, (long long)platform_chips(platform), remedy);
}

bool seats_find(struct seats *seats, const struct platform *platform, int64_t team_chips,
                int64_t copy_chips, struct arena *arena, struct error *error)
{
    int64_t chips = platform_chips(platform);
    *seats = (struct seats){.block = team_chips};
    int64_t used = (chips - 1) / seats->block + 1, spare = used;
    int64_t blocks = platform_all_chips(platform) / seats->block;
    struct move *moves = arena_array(arena, platform->dead_chip_count + 1, sizeof(struct move));
    for (int64_t i = 0; i < platform->dead_chip_count; i++) {
        int64_t block = platform->dead_chips[i] / seats->block;
        bool known = seats->move_count > 0 && moves[seats->move_count - 1].from == block;
        if (block >= used || known) {
            continue;
        }
        while (spare < blocks && !lives(seats, platform, spare)) {
            spare++;
        }
        if (spare >= blocks) {
            return refuse(seats, platform, copy_chips, error);
        }
        moves[seats->move_count++] = (struct move){block, spare++};
    }
    seats->moves = moves;
    return true;
}

int64_t seats_chip(const struct seats *seats, int64_t chip)
{
    int64_t low = 0, high = seats == NULL ? 0 : seats->move_count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2, from = seats->moves[middle].from;
        if (from == chip / seats->block) {
            return seats->moves[middle].to * seats->block + chip % seats->block;
        }
        low = from < chip / seats->block ? middle + 1 : low;
        high = from < chip / seats->block ? high : middle;
    }
    return chip;
}

bool seats_living(const struct platform *platform, int64_t *chips, int64_t count,
                  struct error *error)
{
    int64_t found = 0;
    for (int64_t c = 0; c < platform_all_chips(platform) && found < count; c++) {
        if (!dead_chips_among(platform, c, 1)) {
            chips[found++] = c;
        }
    }
    return found == count ||
           error_fill(error, ERROR_INFEASIBLE,
                      "dead_chips: %lld of %lld chips remain, and the collective wants %lld; "
                      "change group_chips or --ultraservers",
                      (long long)found, (long long)platform_all_chips(platform),
                      (long long)count);
}
