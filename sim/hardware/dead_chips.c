/* SPDX-License-Identifier: Apache-2.0 */
/* Chips are sorted for the search. A link dies with a chip when it begins or ends there: when
 * it is the first on a way from the chip, or the last on a way to it. One that several chips
 * share lives until the last of them is dead. */
#include "hardware/dead_chips.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/order.h"
#include "base/random.h"

int64_t dead_chips_block(const struct platform *platform)
{
    int64_t chips = platform->chip_count, taken = (int64_t)platform->reliability.taken_chips;
    return taken < 1 ? 1 : taken <= chips && chips % taken == 0 ? taken : chips;
}

/* The place of a chip among the dead, or where it would be. */
static int64_t place_of(const struct platform *platform, int64_t chip)
{
    int64_t low = 0, high = platform->dead_chip_count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (platform->dead_chips[middle] < chip) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool dead_chips_among(const struct platform *platform, int64_t first, int64_t count)
{
    int64_t place = place_of(platform, first);
    return place < platform->dead_chip_count && platform->dead_chips[place] < first + count;
}

/* Which */

struct reading {
    const struct platform *platform;
    struct arena *arena;
    int64_t *blocks;
    int64_t count, capacity;
};

static void take_chip(struct reading *reading, int64_t chip)
{
    reading->blocks = arena_grow(reading->arena, reading->blocks, reading->count,
                                 &reading->capacity, sizeof(int64_t));
    reading->blocks[reading->count++] = chip / dead_chips_block(reading->platform);
}

static bool take_number(struct reading *reading, const char *text, uint64_t seed,
                        struct error *error)
{
    int64_t chips = platform_all_chips(reading->platform);
    char *end;
    long long wanted = strtoll(text, &end, 10);
    if (*end != 0 || wanted < 0 || wanted > chips) {
        return error_fill(error, ERROR_INPUT,
                          "dead_chips is '%.40s', expected a number of chips up to %lld (those "
                          "of the machine), or names such as u0.%s",
                          text, (long long)chips, reading->platform->chip_names[0]);
    }
    struct random_stream stream;
    random_init(&stream, seed, "dead chips");
    for (int64_t chip = 0; chip < chips && wanted > 0; chip++) { /* Knuth's algorithm S */
        if (random_below(&stream, chips - chip) < wanted) {
            take_chip(reading, chip);
            wanted--;
        }
    }
    return true;
}

/* "u3.chip-05-1" */
static bool take_names(struct reading *reading, const char *name, struct error *error)
{
    const struct platform *platform = reading->platform;
    int64_t before = reading->count;
    const char *inside;
    int64_t domain = platform_domain_named(platform, name, &inside);
    for (int64_t i = 0; domain >= 0 && i < platform->chip_count; i++) {
        if (fnmatch(inside, platform->chip_names[i], 0) == 0) {
            take_chip(reading, domain * platform->chip_count + i);
        }
    }
    return reading->count > before ||
           error_fill(
               error, ERROR_INPUT,
               "dead_chips: there is no chip '%.80s' among the %lld %ss of %s; names are "
               "like u0.%s, or give a number to be drawn by seed",
               name, (long long)platform->domain_count, platform->domain_noun, platform->name,
               platform->chip_names[0]);
}

/* All chips of the blocks, each once. */
static void list_chips(struct reading *reading, struct platform *platform)
{
    int64_t block = dead_chips_block(platform), count = 0;
    qsort(reading->blocks, (size_t)reading->count, sizeof(int64_t), order_int64);
    int64_t *chips = arena_array(reading->arena, reading->count * block + 1, sizeof(int64_t));
    for (int64_t b = 0; b < reading->count; b++) {
        for (int64_t i = 0;
             (b == 0 || reading->blocks[b] != reading->blocks[b - 1]) && i < block; i++) {
            chips[count++] = reading->blocks[b] * block + i;
        }
    }
    platform->dead_chips = chips;
    platform->dead_chip_count = count;
}

bool dead_chips_find(struct platform *platform, const char *text, uint64_t seed,
                     struct arena *arena, struct error *error)
{
    struct reading reading = {.platform = platform, .arena = arena};
    if (text == NULL || strcmp(text, "none") == 0 || strcmp(text, "0") == 0) {
        return true;
    }
    if (isdigit((unsigned char)text[0]) || text[0] == '-') {
        if (!take_number(&reading, text, seed, error)) {
            return false;
        }
    } else {
        char *names = arena_format(arena, "%s", text), *rest = NULL;
        for (char *name = strtok_r(names, ",", &rest); name != NULL;
             name = strtok_r(NULL, ",", &rest)) {
            if (!take_names(&reading, name, error)) {
                return false;
            }
        }
    }
    list_chips(&reading, platform);
    return true;
}

/* Their links */

enum { BEGINS, ENDS, SIDES };

struct dying {
    const struct platform *platform;
    unsigned char *touches[SIDES]; /* [chip x link]: a way of the chip begins, ends with it */
    int32_t *left[SIDES];          /* [link]: living chips of those; -1: there never was one */
    unsigned char *dead;           /* [chip]: of the domain looked at */
    unsigned char *needed;         /* [link] */
};

static void find_touches(struct dying *dying)
{
    const struct platform *platform = dying->platform;
    int64_t chips = platform->chip_count, rows = chips + 1, links = platform->link_count;
    for (int64_t way = 0; way < rows * rows; way++) {
        int32_t count;
        const int32_t *list = platform_route(platform, way / rows, way % rows, &count);
        if (count > 0 && way / rows < chips) {
            dying->touches[BEGINS][way / rows * links + list[0]] = 1;
        }
        if (count > 0 && way % rows < chips) {
            dying->touches[ENDS][way % rows * links + list[count - 1]] = 1;
        }
    }
}

static void count_left(struct dying *dying)
{
    int64_t links = dying->platform->link_count;
    for (int side = 0; side < SIDES; side++) {
        for (int64_t link = 0; link < links; link++) {
            int32_t all = 0, living = 0;
            for (int64_t chip = 0; chip < dying->platform->chip_count; chip++) {
                all += dying->touches[side][chip * links + link];
                living += dying->touches[side][chip * links + link] && !dying->dead[chip];
            }
            dying->left[side][link] = all == 0 ? -1 : living;
        }
    }
}

static void find_needed(struct dying *dying)
{
    const struct platform *platform = dying->platform;
    int64_t chips = platform->chip_count, rows = chips + 1;
    memset(dying->needed, 0, (size_t)platform->link_count);
    for (int64_t way = 0; way < rows * rows; way++) {
        int64_t from = way / rows, to = way % rows;
        int32_t count;
        const int32_t *list = platform_route(platform, from, to, &count);
        bool living =
            (from == chips || !dying->dead[from]) && (to == chips || !dying->dead[to]);
        for (int32_t i = 0; living && i < count; i++) {
            dying->needed[list[i]] =
                dying->left[BEGINS][list[i]] == 0 || dying->left[ENDS][list[i]] == 0;
        }
    }
}

/* The dead chips of one domain, from the first-th of all on; returns where they end. */
static int64_t mark_domain(struct dying *dying, int64_t first)
{
    const struct platform *platform = dying->platform;
    int64_t domain = platform->dead_chips[first] / platform->chip_count, i = first;
    memset(dying->dead, 0, (size_t)platform->chip_count);
    while (i < platform->dead_chip_count &&
           platform->dead_chips[i] / platform->chip_count == domain) {
        dying->dead[platform->dead_chips[i++] % platform->chip_count] = 1;
    }
    return i;
}

void dead_chips_links(const struct platform *platform, dead_chips_take *take, void *argument)
{
    struct arena *arena = arena_create();
    int64_t chips = platform->chip_count, links = platform->link_count;
    struct dying dying = {.platform = platform,
                          .dead = arena_array(arena, chips, 1),
                          .needed = arena_array(arena, links + 1, 1)};
    for (int side = 0; side < SIDES; side++) {
        dying.touches[side] = arena_array(arena, chips * links + 1, 1);
        dying.left[side] = arena_array(arena, links + 1, sizeof(int32_t));
    }
    if (platform->dead_chip_count > 0) {
        find_touches(&dying);
    }
    int64_t end;
    for (int64_t first = 0; first < platform->dead_chip_count; first = end) {
        int64_t domain = platform->dead_chips[first] / chips;
        end = mark_domain(&dying, first);
        if (end - first < chips) {
            count_left(&dying);
            find_needed(&dying);
        }
        for (int64_t link = 0; end - first < chips && link < links; link++) {
            if (dying.needed[link]) {
                take(argument, domain * links + link);
            }
        }
    }
    arena_free(arena);
}
