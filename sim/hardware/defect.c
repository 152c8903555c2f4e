/* SPDX-License-Identifier: Apache-2.0 */
/* Names become link numbers, sorted for the search. */
#include "hardware/defect.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hardware/dead_chips.h"
#include "hardware/detours.h"
#include "hardware/fabric.h"
#include "hardware/planes.h"

static const double least_factor = 1e-4;

static int by_link(const void *a, const void *b)
{
    const struct link_defect *first = a, *second = b;
    return (first->link > second->link) - (first->link < second->link);
}

static double factor_of(const struct platform *platform, int64_t link)
{
    struct link_defect key = {link, 0};
    const struct link_defect *found =
        bsearch(&key, platform->defects, (size_t)platform->defect_count, sizeof key, by_link);
    return found == NULL ? 1 : found->factor;
}

double defect_own_factor(const struct platform *platform, int64_t link)
{
    if (platform->defect_count == 0) {
        return 1;
    }
    double factor = factor_of(platform, link);
    bool part = platform->split != NULL && planes_of_link(platform, link) > 0;
    return part ? factor * factor_of(platform, planes_link(platform, link, 0)) : factor;
}

double defect_factor(const struct platform *platform, int64_t link)
{
    double factor = defect_own_factor(platform, link);
    int64_t plane = platform->split == NULL ? 0 : planes_of_link(platform, link);
    return plane > 0 ? factor * platform->split->share[plane] : factor;
}

struct platform defect_healthy(const struct platform *platform)
{
    struct platform healthy = *platform;
    healthy.defect_count = 0;
    healthy.split = NULL;
    healthy.detours = NULL;
    return healthy;
}

struct reading {
    const struct platform *platform;
    struct arena *arena;
    struct link_defect *defects;
    int64_t count, capacity;
    double share[PLANES_MOST + 1]; /* of planes as a whole */
    int64_t plane;                 /* of the entry at hand; 0: whole links */
};

static void take(struct reading *reading, int64_t link, double factor)
{
    const struct platform *platform = reading->platform;
    if (reading->plane > 0) {
        if (link >= 0 && !platform->plane_links[link % platform->link_count]) {
            return;
        }
        link = planes_link(platform, link, reading->plane);
    }
    reading->defects = arena_grow(reading->arena, reading->defects, reading->count,
                                  &reading->capacity, sizeof *reading->defects);
    reading->defects[reading->count++] = (struct link_defect){link, factor};
}

/* A name without direction stands for both. */
static bool matches(const char *pattern, const char *name)
{
    size_t length = strlen(pattern);
    bool same = fnmatch(pattern, name, 0) == 0;
    return same || (strncmp(pattern, name, length) == 0 &&
                    (strcmp(name + length, "_UP") == 0 || strcmp(name + length, "_DOWN") == 0));
}

/* "u3.nic-05-1_UP" */
static void take_inner(struct reading *reading, const char *name, double factor)
{
    const struct platform *platform = reading->platform;
    const char *inside;
    int64_t domain = platform_domain_named(platform, name, &inside);
    for (int64_t i = 0; domain >= 0 && i < platform->link_count; i++) {
        if (matches(inside, platform->links[i].name)) {
            take(reading, domain * platform->link_count + i, factor);
        }
    }
}

/* "tier1.2.0_UP": tier from 1, group, rail, direction. */
static void take_trunk(struct reading *reading, const char *name, double factor)
{
    const struct platform *platform = reading->platform;
    long long tier, group, rail;
    int length = 0;
    if (sscanf(name, "tier%lld.%lld.%lld%n", &tier, &group, &rail, &length) < 3 || tier < 1 ||
        tier >= platform->tier_count || group < 0 || rail < 0) {
        return;
    }
    const struct tier *at = &platform->tiers[tier - 1];
    bool there = group * at->domains < platform->domain_count && rail < at->rails;
    for (int down = 0; there && down < 2; down++) {
        struct fabric_trunk trunk = {
            .tier = tier - 1, .group = group, .rail = rail, .down = down != 0};
        if (name[length] == 0 || strcmp(name + length, down ? "_DOWN" : "_UP") == 0) {
            take(reading, fabric_trunk_link(&trunk), factor);
        }
    }
}

/* "0.5" or "17/18". */
static bool read_factor(const char *text, double *factor)
{
    char *end;
    *factor = strtod(text, &end);
    if (end != text && *end == '/') {
        const char *below = end + 1;
        double parts = strtod(below, &end);
        *factor = end == below || !(parts > 0) ? -1 : *factor / parts;
    }
    return end != text && *end == 0 && *factor <= 1 &&
           (*factor >= least_factor || (*factor >= 0 && *factor <= 0));
}

/* Takes ".plane1" from the end of a name, or all of "plane1". */
static bool cut_plane(struct reading *reading, char *name, struct error *error)
{
    char *dot = strrchr(name, '.'), *word = dot == NULL ? name : dot + 1, *end;
    reading->plane = 0;
    if (strncmp(word, "plane", 5) != 0) {
        return true;
    }
    long long plane = strtoll(word + 5, &end, 10),
              planes = (long long)reading->platform->planes;
    if (end == word + 5 || *end != 0 || plane < 0 || plane >= planes || planes < 2) {
        return error_fill(error, ERROR_INPUT,
                          "degraded_links: there is no plane '%.80s': the scale-out network of "
                          "%s has %lld, numbered from 0 (property scale_out.planes)",
                          name, reading->platform->name, planes < 1 ? 1 : planes);
    }
    *(dot == NULL ? name : dot) = 0;
    reading->plane = plane + 1;
    return true;
}

static bool take_defect(struct reading *reading, const char *entry, struct error *error)
{
    const struct platform *platform = reading->platform;
    char name[128];
    const char *colon = strrchr(entry, ':');
    size_t length = colon == NULL ? strlen(entry) : (size_t)(colon - entry);
    double factor;
    if (colon == NULL || length == 0 || length >= sizeof name) {
        return error_fill(error, ERROR_INPUT,
                          "degraded_links: '%.80s' is not NAME:FACTOR, such as "
                          "u3.nic-05-1_UP:0.5",
                          entry);
    }
    memcpy(name, entry, length);
    name[length] = 0;
    if (!read_factor(colon + 1, &factor)) {
        return error_fill(error, ERROR_INPUT,
                          "degraded_links: %.80s has the factor '%.20s', expected a share from "
                          "%g to 1 such as 0.5 or 17/18, or 0 for a dead link",
                          name, colon + 1, least_factor);
    }
    int64_t before = reading->count;
    if (!cut_plane(reading, name, error)) {
        return false;
    }
    if (name[0] == 0) {
        reading->share[reading->plane] = factor;
        return true;
    }
    if (name[0] == 'u') {
        take_inner(reading, name, factor);
    } else if (strncmp(name, "tier", 4) == 0) {
        take_trunk(reading, name, factor);
    }
    return reading->count > before ||
           error_fill(error, ERROR_INPUT,
                      "degraded_links: there is no link '%.80s' among the %lld %ss of %s; "
                      "names are like u0.%s (a link of the first one) and tier1.0.0_UP",
                      name, (long long)platform->domain_count, platform->domain_noun,
                      platform->name,
                      platform->link_count > 0 ? platform->links[0].name : "link_UP");
}

static bool is_none(const char *text)
{
    return text == NULL || strcmp(text, "none") == 0;
}

/* Reads the list of degraded links. */
static bool take_list(struct reading *reading, const char *text, struct error *error)
{
    if (is_none(text)) {
        return true;
    }
    char *entries = arena_format(reading->arena, "%s", text), *rest = NULL;
    for (char *entry = strtok_r(entries, ",", &rest); entry != NULL;
         entry = strtok_r(NULL, ",", &rest)) {
        if (!take_defect(reading, entry, error)) {
            return false;
        }
    }
    struct link_defect *defects = reading->defects;
    if (reading->count > 1) {
        qsort(defects, (size_t)reading->count, sizeof *defects, by_link);
    }
    for (int64_t i = 1; i < reading->count; i++) {
        if (defects[i].link == defects[i - 1].link) {
            return error_fill(
                error, ERROR_INPUT, "degraded_links: %s is named twice; name it once",
                fabric_link_name(reading->platform, defects[i].link, reading->arena));
        }
    }
    return true;
}

static void take_dead(void *argument, int64_t link)
{
    struct reading *reading = argument;
    reading->plane = 0;
    take(reading, link, 0);
}

/* A link that is slow and ends at a dead chip is dead. */
static int64_t join_equal(struct link_defect *defects, int64_t count)
{
    int64_t kept = 0;
    if (count == 0) {
        return 0;
    }
    qsort(defects, (size_t)count, sizeof *defects, by_link);
    for (int64_t i = 0; i < count; i++) {
        if (kept > 0 && defects[kept - 1].link == defects[i].link) {
            defects[kept - 1].factor = fmin(defects[kept - 1].factor, defects[i].factor);
        } else {
            defects[kept++] = defects[i];
        }
    }
    return kept;
}

void defect_set(struct platform *platform, const struct link_defect *defects, int64_t count,
                const double share[PLANES_MOST + 1], struct arena *arena)
{
    struct reading all = {.platform = platform, .arena = arena};
    for (int64_t i = 0; i < count; i++) {
        take(&all, defects[i].link, defects[i].factor);
    }
    dead_chips_links(platform, take_dead, &all);
    platform->defects = all.defects;
    platform->defect_count = join_equal(all.defects, all.count);
    platform->split = planes_split(platform, share, arena);
    platform->detours = detours_find(platform, arena);
}

static bool check_spares(const struct platform *platform, int64_t spares, struct error *error)
{
    return spares < platform_all_chips(platform) ||
           error_fill(error, ERROR_INPUT,
                      "spare_chips is %lld, and the machine has %lld chips: none is left to "
                      "work; keep fewer, or set --ultraservers higher",
                      (long long)spares, (long long)platform_all_chips(platform));
}

const struct platform *defect_apply(const struct platform *platform,
                                    const struct defects *defects, uint64_t seed,
                                    struct arena *arena, struct error *error)
{
    if (is_none(defects->degraded_links) && is_none(defects->dead_chips) &&
        defects->spare_chips == 0) {
        return platform;
    }
    struct platform *degraded = arena_alloc(arena, sizeof *degraded);
    *degraded = *platform;
    struct reading reading = {.platform = degraded, .arena = arena};
    for (int plane = 0; plane <= PLANES_MOST; plane++) {
        reading.share[plane] = 1;
    }
    degraded->plane_links = planes_find_links(degraded, arena);
    if (!check_spares(platform, defects->spare_chips, error) ||
        !dead_chips_find(degraded, defects->dead_chips, seed, arena, error) ||
        !take_list(&reading, defects->degraded_links, error)) {
        return NULL;
    }
    degraded->spare_chips = defects->spare_chips;
    defect_set(degraded, reading.defects, reading.count, reading.share, arena);
    return degraded;
}
