/* SPDX-License-Identifier: Apache-2.0 */
/* Names become link numbers, sorted for the search. */
#include "hardware/defect.h"

#include <stdlib.h>
#include <string.h>

#include "hardware/fabric.h"

static const double least_factor = 1e-4;

static int by_link(const void *a, const void *b)
{
    const struct link_defect *first = a, *second = b;
    return (first->link > second->link) - (first->link < second->link);
}

double defect_factor(const struct platform *platform, int64_t link)
{
    if (platform->defect_count == 0) {
        return 1;
    }
    struct link_defect key = {link, 0};
    const struct link_defect *found =
        bsearch(&key, platform->defects, (size_t)platform->defect_count, sizeof key, by_link);
    return found == NULL ? 1 : found->factor;
}

struct platform defect_healthy(const struct platform *platform)
{
    struct platform healthy = *platform;
    healthy.defect_count = 0;
    return healthy;
}

/* "u3.nic-05-1_UP" */
static bool find_inner(const struct platform *platform, const char *name, int64_t *link)
{
    char *rest;
    long long domain = strtoll(name + 1, &rest, 10);
    if (rest == name + 1 || *rest != '.' || domain < 0 || domain >= platform->domain_count) {
        return false;
    }
    for (int64_t i = 0; i < platform->link_count; i++) {
        if (strcmp(platform->links[i].name, rest + 1) == 0) {
            *link = domain * platform->link_count + i;
            return true;
        }
    }
    return false;
}

/* "tier1.2.0_UP": tier from 1, group, rail, direction. */
static bool find_trunk(const struct platform *platform, const char *name, int64_t *link)
{
    char *rest;
    long long tier = strtoll(name + 4, &rest, 10) - 1;
    if (*rest != '.' || tier < 0 || tier + 1 >= platform->tier_count) {
        return false;
    }
    long long group = strtoll(rest + 1, &rest, 10);
    if (*rest != '.' || group < 0 ||
        group * platform->tiers[tier].domains >= platform->domain_count) {
        return false;
    }
    long long rail = strtoll(rest + 1, &rest, 10);
    bool up = strcmp(rest, "_UP") == 0;
    struct fabric_trunk trunk = {.tier = tier, .group = group, .rail = rail, .down = !up};
    *link = fabric_trunk_link(&trunk);
    return rail >= 0 && rail < platform->tiers[tier].rails &&
           (up || strcmp(rest, "_DOWN") == 0);
}

static bool take_defect(const struct platform *platform, const char *entry,
                        struct link_defect *defect, struct error *error)
{
    char name[128];
    const char *colon = strrchr(entry, ':');
    size_t length = colon == NULL ? strlen(entry) : (size_t)(colon - entry);
    if (colon == NULL || length == 0 || length >= sizeof name) {
        return error_fill(error, ERROR_INPUT,
                          "degraded_links: '%.80s' is not NAME:FACTOR, such as "
                          "u3.nic-05-1_UP:0.5",
                          entry);
    }
    memcpy(name, entry, length);
    name[length] = 0;
    bool found = name[0] == 'u' ? find_inner(platform, name, &defect->link)
                                : strncmp(name, "tier", 4) == 0 &&
                                      find_trunk(platform, name, &defect->link);
    if (!found) {
        return error_fill(error, ERROR_INPUT,
                          "degraded_links: there is no link '%.80s' among the %lld %ss of %s; "
                          "names are like u0.%s (a link of the first one) and tier1.0.0_UP",
                          name, (long long)platform->domain_count, platform->domain_noun,
                          platform->name,
                          platform->link_count > 0 ? platform->links[0].name : "link_UP");
    }
    char *end;
    defect->factor = strtod(colon + 1, &end);
    if (end == colon + 1 || *end != 0 || !(defect->factor <= 1) ||
        !(defect->factor >= least_factor)) {
        return error_fill(
            error, ERROR_INPUT,
            "degraded_links: %.80s has the factor '%.20s', expected a number from "
            "%g to 1; traffic over a dead link never ends: leave its chip out of "
            "the job instead",
            name, colon + 1, least_factor);
    }
    return true;
}

const struct platform *defect_apply(const struct platform *platform, const char *text,
                                    struct arena *arena, struct error *error)
{
    if (text == NULL || strcmp(text, "none") == 0) {
        return platform;
    }
    struct platform *degraded = arena_alloc(arena, sizeof *degraded);
    *degraded = *platform;
    struct link_defect *defects = NULL;
    int64_t count = 0, capacity = 0;
    char *entries = arena_format(arena, "%s", text), *rest = NULL;
    for (char *entry = strtok_r(entries, ",", &rest); entry != NULL;
         entry = strtok_r(NULL, ",", &rest)) {
        defects = arena_grow(arena, defects, count, &capacity, sizeof *defects);
        if (!take_defect(platform, entry, &defects[count], error)) {
            return NULL;
        }
        count++;
    }
    qsort(defects, (size_t)count, sizeof *defects, by_link);
    for (int64_t i = 1; i < count; i++) {
        if (defects[i].link == defects[i - 1].link) {
            error_fill(error, ERROR_INPUT, "degraded_links: %s is named twice; name it once",
                       fabric_link_name(platform, defects[i].link, arena));
            return NULL;
        }
    }
    degraded->defects = defects;
    degraded->defect_count = count;
    return degraded;
}
