/* SPDX-License-Identifier: Apache-2.0 */
/* A domain with dead links has a table of next stops: the route of the file where it is whole,
 * else over the chips that make the way shortest in links. Domains with the same dead links
 * share a table. What may be chosen depends on places and dead links alone, never on the number
 * of a domain: equal domains have equal ways. */
#include "hardware/detours.h"

#include <stdlib.h>
#include <string.h>

#include "hardware/defect.h"
#include "hardware/fabric.h"
#include "hardware/planes.h"

struct detour_table {
    int64_t domain;
    int64_t first, count; /* its links among the defects */
    int16_t *next;        /* [row x row]: as in the table of routes; -1: no way */
    bool apart;           /* some chips do not reach each other inside */
    bool leaves, enters;  /* a chip has its way to the fabric, from it */
};

struct detours {
    struct detour_table *tables; /* by domain */
    int64_t count;
    bool trunks; /* a trunk is dead */
    bool rails;  /* some tier has several */
};

static int64_t rows(const struct platform *platform)
{
    return platform->chip_count + 1;
}

struct making { /* the table of one domain */
    const struct platform *platform;
    const unsigned char *dead; /* [link of the domain] */
    struct detour_table *table;
    int32_t *links;       /* [row x row]: of the route; 0: none, or a dead one */
    int32_t *distance;    /* [row]: links to the target */
    unsigned char *known; /* [row] */
};

static void measure_routes(struct making *making)
{
    int64_t count = rows(making->platform);
    for (int64_t i = 0; i < count * count; i++) {
        int32_t length;
        const int32_t *links = platform_route(making->platform, i / count, i % count, &length);
        making->links[i] = length;
        for (int32_t l = 0; l < length; l++) {
            making->links[i] = making->dead[links[l]] ? 0 : making->links[i];
        }
    }
}

static int64_t nearest(const struct making *making)
{
    int64_t best = -1;
    for (int64_t i = 0; i < rows(making->platform); i++) {
        if (!making->known[i] && making->distance[i] < INT32_MAX &&
            (best < 0 || making->distance[i] < making->distance[best])) {
            best = i;
        }
    }
    return best;
}

/* Links to a target: along whole routes as in the file, else the fewest. No way leads over the
 * fabric: its rails and trunks are another matter. */
static void measure_distances(struct making *making, int64_t target)
{
    int64_t count = rows(making->platform);
    for (int64_t i = 0; i < count; i++) {
        int32_t links = making->links[i * count + target];
        making->distance[i] = i == target ? 0 : links > 0 ? links : INT32_MAX;
        making->known[i] = i == target;
    }
    for (int64_t at = nearest(making); at >= 0; at = nearest(making)) {
        making->known[at] = 1;
        for (int64_t i = 0; at < count - 1 && i < count; i++) {
            int32_t links = making->links[i * count + at];
            if (!making->known[i] && links > 0 && making->links[i * count + target] == 0 &&
                links + making->distance[at] < making->distance[i]) {
                making->distance[i] = links + making->distance[at];
            }
        }
    }
}

/* Of several ways as short, pairs of chips take different ones. */
static int16_t next_stop(const struct making *making, int64_t from, int64_t target)
{
    int64_t chips = making->platform->chip_count, count = chips + 1;
    for (int64_t k = 0; k < chips; k++) {
        int64_t by = (from + target + k) % chips;
        int32_t links = making->links[from * count + by];
        if (links > 0 && making->distance[by] < INT32_MAX &&
            links + making->distance[by] == making->distance[from]) {
            return (int16_t)by;
        }
    }
    return -1;
}

static void fill_column(struct making *making, int64_t target)
{
    int64_t count = rows(making->platform), fabric = count - 1;
    struct detour_table *table = making->table;
    bool whole = true;
    for (int64_t i = 0; i < count; i++) {
        bool live = i == target || making->links[i * count + target] > 0;
        table->next[i * count + target] = (int16_t)(live ? target : -1);
        whole &= live;
    }
    if (!whole) {
        measure_distances(making, target);
    }
    for (int64_t i = 0; !whole && i < count; i++) {
        int16_t *next = &table->next[i * count + target];
        *next = *next < 0 ? next_stop(making, i, target) : *next;
        table->apart |= *next < 0 && i != fabric && target != fabric;
    }
}

static void make_table(const struct platform *platform, struct detour_table *table,
                       struct arena *arena)
{
    struct arena *scratch = arena_create();
    int64_t count = rows(platform);
    unsigned char *dead = arena_array(scratch, platform->link_count + 1, 1);
    struct making making = {.platform = platform,
                            .dead = dead,
                            .table = table,
                            .links = arena_array(scratch, count * count, sizeof(int32_t)),
                            .distance = arena_array(scratch, count, sizeof(int32_t)),
                            .known = arena_array(scratch, count, 1)};
    for (int64_t i = table->first; i < table->first + table->count; i++) {
        const struct link_defect *defect = &platform->defects[i];
        dead[defect->link % platform->link_count] = defect->factor <= 0;
    }
    table->next = arena_array(arena, count * count, sizeof(int16_t));
    measure_routes(&making);
    for (int64_t target = 0; target < count; target++) {
        fill_column(&making, target);
    }
    int64_t fabric = count - 1;
    for (int64_t chip = 0; chip < fabric; chip++) {
        table->leaves |= table->next[chip * count + fabric] == fabric;
        table->enters |= table->next[fabric * count + chip] == chip;
    }
    arena_free(scratch);
}

static bool same_dead(const struct platform *platform, const struct detour_table *a,
                      const struct detour_table *b)
{
    bool same = a->count == b->count;
    for (int64_t i = 0; same && i < a->count; i++) {
        const struct link_defect *one = &platform->defects[a->first + i];
        const struct link_defect *other = &platform->defects[b->first + i];
        same = one->link % platform->link_count == other->link % platform->link_count &&
               (one->factor <= 0) == (other->factor <= 0);
    }
    return same;
}

/* Takes what an earlier domain with the same dead links has. */
static bool take_table(const struct platform *platform, struct detours *detours,
                       struct detour_table *table)
{
    for (int64_t i = 0; i < detours->count; i++) {
        struct detour_table known = detours->tables[i];
        if (same_dead(platform, &known, table)) {
            known.domain = table->domain;
            *table = known;
            return true;
        }
    }
    return false;
}

/* The domain of a defect; those of one plane's links stand behind all others. */
static int64_t domain_of(const struct platform *platform, int64_t defect)
{
    int64_t link = platform->defects[defect].link;
    bool part = link >= 0 && planes_of_link(platform, link) > 0;
    return part ? INT64_MAX : fabric_link_domain(platform, link);
}

/* Where the defects of one domain end, from the first-th on, and whether one is a dead link. */
static int64_t end_of_domain(const struct platform *platform, int64_t first, bool *dead)
{
    int64_t end = first, domain = domain_of(platform, first);
    *dead = false;
    for (; end < platform->defect_count && domain_of(platform, end) == domain; end++) {
        bool whole = planes_of_link(platform, platform->defects[end].link) == 0;
        *dead |= whole && platform->defects[end].factor <= 0;
    }
    return end;
}

const struct detours *detours_find(const struct platform *platform, struct arena *arena)
{
    struct detours *detours = arena_alloc(arena, sizeof *detours);
    *detours = (struct detours){
        .tables = arena_array(arena, platform->defect_count + 1, sizeof(struct detour_table))};
    for (int64_t t = 0; t < platform->tier_count; t++) {
        detours->rails |= platform->tiers[t].rails > 1;
    }
    int64_t end;
    for (int64_t i = 0; i < platform->defect_count; i = end) {
        bool dead;
        int64_t domain = domain_of(platform, i);
        end = end_of_domain(platform, i, &dead);
        detours->trunks |= dead && domain < 0;
        if (dead && domain >= 0) {
            struct detour_table table = {.domain = domain, .first = i, .count = end - i};
            if (!take_table(platform, detours, &table)) {
                make_table(platform, &table, arena);
            }
            detours->tables[detours->count++] = table;
        }
    }
    bool parted = platform->split != NULL && platform->split->apart;
    return detours->count > 0 || detours->trunks || parted ? detours : NULL;
}

/* Ways */

static int by_domain(const void *a, const void *b)
{
    const struct detour_table *first = a, *second = b;
    return (first->domain > second->domain) - (first->domain < second->domain);
}

/* NULL: no link of the domain is dead. */
static const struct detour_table *table_in(const struct platform *platform, int64_t domain)
{
    const struct detours *detours = platform->detours;
    struct detour_table key = {.domain = domain};
    return detours == NULL
               ? NULL
               : bsearch(&key, detours->tables, (size_t)detours->count, sizeof key, by_domain);
}

static const struct detour_table *table_of(const struct platform *platform, int64_t chip)
{
    return table_in(platform, chip / platform->chip_count);
}

bool detours_in(const struct platform *platform, int64_t domain)
{
    const struct detours *detours = platform->detours;
    return (detours != NULL && (detours->trunks || planes_parted(platform, domain))) ||
           table_in(platform, domain) != NULL;
}

bool detours_between(const struct platform *platform, int64_t from_domain, int64_t to_domain)
{
    const struct detours *detours = platform->detours;
    return detours != NULL &&
           ((detours->trunks && from_domain != to_domain) ||
            (planes_parted(platform, from_domain) && planes_parted(platform, to_domain)) ||
            table_in(platform, from_domain) != NULL || table_in(platform, to_domain) != NULL);
}

static bool trunks_live(const struct platform *platform, int64_t from, int64_t to)
{
    int64_t meeting = fabric_meeting_tier(platform, from, to);
    bool live = fabric_planes_meet(platform, from, to);
    for (int64_t t = 0; t < meeting && live && platform->detours->trunks; t++) {
        struct fabric_trunk up = fabric_trunk_above(platform, t, from, false);
        struct fabric_trunk down = fabric_trunk_above(platform, t, to, true);
        live = defect_factor(platform, fabric_trunk_link(&up)) > 0 &&
               defect_factor(platform, fabric_trunk_link(&down)) > 0;
    }
    return live;
}

bool detours_touch(const struct platform *platform, int64_t from, int64_t to)
{
    bool apart = from / platform->chip_count != to / platform->chip_count;
    return table_of(platform, from) != NULL || table_of(platform, to) != NULL ||
           (apart && !trunks_live(platform, from, to));
}

bool detours_leave_domain(const struct detours *detours)
{
    for (int64_t i = 0; i < detours->count; i++) {
        if (detours->tables[i].apart) {
            return true;
        }
    }
    return false;
}

/* Where to go next inside a domain, by rows of the table of routes; -1: nowhere. */
static int64_t next_of(const struct platform *platform, const struct detour_table *table,
                       int64_t from, int64_t to)
{
    return table == NULL ? to : table->next[from * rows(platform) + to];
}

/* Appends the stops after a chip on its way to another of its domain. */
static bool go_on(const struct platform *platform, int64_t from, int64_t to,
                  struct detour *detour)
{
    const struct detour_table *table = table_of(platform, from);
    int64_t chips = platform->chip_count, at = from % chips, home = from - at;
    while (at != to % chips) {
        at = next_of(platform, table, at, to % chips);
        if (at < 0 || detour->count == DETOUR_STOPS) {
            return false;
        }
        detour->stops[detour->count++] = home + at;
    }
    return true;
}

static bool short_enough(const struct platform *platform, const struct detour *detour)
{
    int64_t chips = platform->chip_count, links = 0;
    for (int32_t i = 1; i < detour->count; i++) {
        int32_t count = 0;
        if (i != detour->entry) {
            platform_route(platform, detour->stops[i - 1] % chips, detour->stops[i] % chips,
                           &count);
        }
        links += count;
    }
    return links <= DETOUR_LINKS;
}

/* Out by one chip's NIC and in by another's. */
static bool go_by(const struct platform *platform, const int64_t ends[2], int64_t leave,
                  int64_t enter, struct detour *detour)
{
    int64_t chips = platform->chip_count;
    if (leave == enter || !trunks_live(platform, leave, enter) ||
        next_of(platform, table_of(platform, leave), leave % chips, chips) != chips ||
        next_of(platform, table_of(platform, enter), chips, enter % chips) != enter % chips) {
        return false;
    }
    *detour = (struct detour){.stops = {ends[0]}, .count = 1};
    if (!go_on(platform, ends[0], leave, detour) || detour->count == DETOUR_STOPS) {
        return false;
    }
    detour->entry = detour->count;
    detour->stops[detour->count++] = enter;
    return go_on(platform, enter, ends[1], detour) && short_enough(platform, detour);
}

/* The chip so many places after another one of its domain. */
static int64_t after(const struct platform *platform, int64_t chip, int64_t places)
{
    int64_t chips = platform->chip_count, place = chip % chips;
    return chip - place + (place + places) % chips;
}

/* Whether it is worth looking for NICs. */
static bool may_leave(const struct platform *platform, int64_t from, int64_t to)
{
    const struct detour_table *out = table_of(platform, from), *in = table_of(platform, to);
    return platform->tier_count > 0 && (out == NULL || out->leaves) &&
           (in == NULL || in->enters) &&
           (platform->detours->rails || planes_parted(platform, from / platform->chip_count) ||
            trunks_live(platform, from, to));
}

/* The own NICs, else those of chips that follow in the domain, as few places away as can be; of
 * the sender first. */
static bool go_over_fabric(const struct platform *platform, int64_t from, int64_t to,
                           struct detour *detour)
{
    int64_t ends[2] = {from, to}, last = platform->chip_count - 1;
    for (int64_t away = 0; may_leave(platform, from, to) && away <= 2 * last; away++) {
        for (int64_t i = away < last ? away : last; i >= 0 && away - i <= last; i--) {
            if (go_by(platform, ends, after(platform, from, i), after(platform, to, away - i),
                      detour)) {
                return true;
            }
        }
    }
    return false;
}

bool detours_way(const struct platform *platform, int64_t from, int64_t to,
                 struct detour *detour)
{
    *detour = (struct detour){.stops = {from}, .count = 1};
    bool inside = from / platform->chip_count == to / platform->chip_count;
    return (inside && go_on(platform, from, to, detour) && short_enough(platform, detour)) ||
           go_over_fabric(platform, from, to, detour);
}
